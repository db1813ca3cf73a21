"""Order of time stamps: those that go back are never sorted in silence; the message says what it looks like."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from fhr.errors import FHRError, FormatError

__all__ = ["WITHOUT_TIMES", "in_order"]

WITHOUT_TIMES = "read without the times (columns={'time': None}) at a known fs"
_MAX_TIME = 1e20  # in any unit: beyond it no clock counts
_HOUR = 3600.0
_WRAPS = {  # periods after which clocks and counters start anew, in s, ms and min, and what they lack
    60.0: "the minutes or hours",
    **{_HOUR * unit: "the hours" for unit in (1.0, 1e3)},
    **{12 * _HOUR * unit: "AM or PM" for unit in (1.0, 1e3, 1 / 60)},
    **{24 * _HOUR * unit: "the date" for unit in (1.0, 1e3, 1 / 60)},
    **{2.0**bits: "what has passed before" for bits in (16, 32)},
}
_LATE = 0.01  # of the period that rows may lack where it ends
_SPRING = (3, 4, 9, 10)  # months in which clocks are set forward, north and south
_SUNDAY, _NIGHT = 6, (1, 4)  # day and hours at which they are


def in_order(
    time: np.ndarray, *, order: str | None, began: str | None, row_of: Callable[[int], str], where: str
) -> tuple[np.ndarray, dict[str, Any]]:
    """Rows in the order of time, and what was done for the history.

    Args:
        time: (n,), time stamps as they stand in the file.
        order: "time" sorts the rows; None refuses rows that go back.
        began: the first time as an ISO date, where the stamps are dates and `time` is in s.
        row_of: the name of a row, for messages.
        where: the file, for messages.

    Raises:
        FormatError: a stamp that is missing, goes back, or jumps as a clock that is set to summer time.
        FHRError: an unknown order.
    """
    if order not in (None, "time"):
        raise FHRError(f"order={order!r}; give 'time' to sort the rows by their times, or leave it out")
    told = np.abs(time) < _MAX_TIME
    if not told.all():
        raise FormatError(f"{where}: {row_of(int(np.argmin(told)))} has no time; remove the row, or {WITHOUT_TIMES}")
    rows = np.arange(len(time))
    steps = np.diff(time)
    if not (falls := steps < 0).any():
        _refuse_summer_time(time, steps, began, row_of, where)
        return rows, {}
    if order == "time":
        rows = np.argsort(time, kind="stable")
        _refuse_summer_time(time[rows], np.diff(time[rows]), began, lambda i: row_of(int(rows[i])), where)
        return rows, {"rows_sorted": int((rows != np.arange(len(time))).sum())}
    row = int(np.argmax(falls)) + 1
    said = f"{where}: {row_of(row)} goes back in time, from {time[row - 1]:.10g} to {time[row]:.10g}"
    raise FormatError(f"{said}: {_likely(time, steps, row, began)}")


def _likely(time: np.ndarray, steps: np.ndarray, row: int, began: str | None) -> str:
    """What a step back looks like, and what to do."""
    usual = float(np.median(np.abs(steps)))
    back = -float(steps[row - 1])
    apart = np.diff(np.sort(time))
    if len(steps) > 1 and (steps <= 0).all():
        likely = "the times fall to the end; give order='time' if the newest row comes first; if they count down, "
    elif (lacks := _lacking(time, steps, usual, began)) is not None:
        likely = f"a clock that starts anew there; write the times with {lacks}, or "
    elif began is not None and abs(back - _HOUR) <= 2 * usual:
        likely = "an hour, as a clock that is set to winter time; write the times with their offset from UTC, or "
    elif row > 1 and abs(time[row] - time[0]) <= 0.5 * usual:
        likely = "they start again; split a file of several recordings there, or, if the rows go on, "
    elif apart.min() > 0.5 * float(np.median(apart)):
        likely = "rows are out of order; give order='time' to sort them, or "
    else:
        likely = "a clock that was set back, or rows that stand twice; split the file there, or, if the rows go on, "
    return likely + WITHOUT_TIMES


def _lacking(time: np.ndarray, steps: np.ndarray, usual: float, began: str | None) -> str | None:
    """What a clock lacks that has started anew once or more, after as long each time; None where it is no such clock.

    Rows that sorting would put in a row without a gap may as well be out of order.
    """
    falls = steps[steps < 0]
    if len(falls) == 1 and 0 <= time[0] - time[-1] <= 2 * usual:
        return None
    for period, lacks in _WRAPS.items():
        late = falls + period - usual  # rows that are missing at the change
        near = (late > -usual) & (late < max(_LATE * period, 2 * usual))
        if near.all() and period > 100 * usual and not (began is not None and period == _HOUR):
            return lacks
    return None


def _refuse_summer_time(
    time: np.ndarray, steps: np.ndarray, began: str | None, row_of: Callable[[int], str], where: str
) -> None:
    """Refuse local dates that jump by an hour at night on a Sunday of spring: a gap or a change of the clock."""
    if began is None or not (far := np.abs(steps - _HOUR) <= _HOUR / 2).any():
        return
    usual = float(np.median(steps[steps > 0]))
    for jump in np.flatnonzero(far & (np.abs(steps - _HOUR - usual) <= usual)):
        start = datetime.fromisoformat(began)
        lands = start + timedelta(seconds=float(time[jump + 1] - time.min()))
        into_hour = lands.minute * 60 + lands.second + lands.microsecond / 1e6
        night = _NIGHT[0] <= lands.hour <= _NIGHT[1] and into_hour <= usual
        if start.tzinfo is None and lands.month in _SPRING and lands.weekday() == _SUNDAY and night:
            raise FormatError(
                f"{where}: {row_of(int(jump) + 1)} is an hour later than the row before, at {lands:%Y-%m-%d %H:%M}: a "
                "gap, or a clock that is set to summer time; write the times with their offset from UTC, or "
                f"{WITHOUT_TIMES}"
            )
