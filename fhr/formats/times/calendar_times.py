"""Times as numbers that count from a date: Unix time, days of spreadsheets and MATLAB, dates written as digits."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

__all__ = ["CalendarTimes", "calendar_times"]

_DIGITS = (19e12, 21e12)  # dates and times as whole numbers, 20200203100000
_EPOCH = (946_684_800.0, 4_102_444_800.0)  # s since 1970: the years 2000 to 2099
_DAYS = {25_569: (36_526.0, 73_051.0), 719_529: (730_486.0, 767_011.0)}  # of spreadsheets, of MATLAB: 1970-01-01, and
# the days of the same years
_DAYS_1904 = {24_107: (35_064.0, 71_589.0), 719_529: _DAYS[719_529]}  # in spreadsheets that count from 1904
_EPOCH_UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_SLOWEST = 60.0  # s between rows
_STEP = (0.1, 2.0)  # s between rows where nothing else tells the unit
_MOST_DAYS = 3.0  # that a recording lasts which begins at 0
_DAY = 86_400.0


class CalendarTimes(NamedTuple):
    """Times of samples.

    Attributes:
        values: float64 (n,), NaN where missing; seconds from the first where they count from a date.
        unit: of the values, for `place`; None where it is to be guessed.
        start: date and time of the earliest in ISO form, where it is known.
        notes: what was guessed, for the history.
    """

    values: np.ndarray
    unit: str | None
    start: str | None
    notes: dict[str, Any]


def calendar_times(values: np.ndarray, unit: str | None, *, since_1904: bool = False) -> CalendarTimes:
    """Times as seconds from the first where they count from 1970 or in days; else as they are, in their unit.

    Args:
        values: (n,), NaN where missing.
        unit: that is told; None where none is.
        since_1904: whether days of spreadsheets count from 1904 here, and not from 1900.
    """
    told = values[np.isfinite(values)]
    if len(told) > 1:
        if unit is None and told.min() >= _DIGITS[0] and told.max() < _DIGITS[1]:
            return _digits(values)
        first, step = float(told.min()), float(np.ptp(told)) / (len(told) - 1)
        for name, scale in _EPOCH_UNITS.items():
            if unit in (None, name) and _EPOCH[0] <= first * scale < _EPOCH[1] and step * scale <= _SLOWEST:
                start = pd.Timestamp(round(first * scale * 1e6), unit="us").isoformat(sep=" ") + "+00:00"
                return CalendarTimes((values - first) * scale, "s", start, {"times_since_1970_in": name})
        days = _DAYS_1904 if since_1904 else _DAYS
        unix = next((day for day, (low, high) in days.items() if low <= first < high), None)
        short = unit is None and _STEP[0] <= step * _DAY <= (_STEP[1] if unix is None else _SLOWEST)
        if unit == "day" or (short and (unix is not None or first < _MOST_DAYS)):
            began: str | None = None
            if unix is not None:
                began = pd.Timestamp(round((first - unix) * _DAY * 1e3), unit="ms").isoformat(sep=" ")
                values = values - first
            return CalendarTimes(values * _DAY, "s", began, {"times_in": "days"})
    return CalendarTimes(values, unit, None, {})


def _digits(values: np.ndarray) -> CalendarTimes:
    """Times of dates as whole numbers, with a fraction of a second."""
    there = np.isfinite(values)
    whole = np.floor(values[there])
    stamps = pd.to_datetime(pd.Series(whole.astype(np.int64)).astype(str), format="%Y%m%d%H%M%S", errors="coerce")
    if stamps.isna().any():
        return CalendarTimes(values, None, None, {})
    seconds = np.full(len(values), np.nan)
    seconds[there] = (stamps - stamps.min()).dt.total_seconds().to_numpy() + np.round(values[there] - whole, 2)
    begin = float(np.nanmin(seconds))
    start = stamps.min() + pd.Timedelta(round(begin * 1e6), "us")
    return CalendarTimes(seconds - begin, "s", start.isoformat(sep=" "), {"times_in": "digits of dates"})
