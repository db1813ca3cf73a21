"""Time stamps that stand several times: clocks of whole seconds or minutes, with several samples in each.

The rows of one time are spread evenly over the step of the clock, as far as their numbers tell the rate and none is
missing where its place cannot be told: the rows of a first time that is incomplete are its last, those of a last time
its first.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from fhr.errors import FormatError

from .order import WITHOUT_TIMES

__all__ = ["refuse_turns", "spread"]

_STEPS = 0.01  # of the clock, within which times are whole numbers of it
_WHOLE = 0.005
_MOST = 0.75  # of the times have the usual number of rows
_EXTRA = 5  # times with more rows than their neighbours, at least, that show a rate that is no multiple of the clock's
_CANDIDATES = 32
_OPEN, _NEAR = 1e-3, 1e-6  # samples: an end that is left out, and rounding errors
_STRAYS = 0.25  # of the changes of time, at most, with a late or early row where gaps are to be counted, too
_CHANGES, _SIDE, _STEP_THAT_STAYS = 8, 8, 0.6  # back and forth; times on either side of a step, and rows that it moves
_TURNS, _SHARED, _FEW = 0.5, 0.1, 4  # changes of channel, and rows of several, as parts of the rows of the rarest
# channel; and the rows that show nothing
_LIKE_NOISE = 2.0  # bpm or mmHg between neighbours, and less
_ALIKE = 2.0  # rows a time apart differ this many times less than neighbours: recordings side by side


class _Clock(NamedTuple):
    """Times that stand in a file, each with its rows.

    Attributes:
        first: (n_times,), the first row of each time.
        counts: (n_times,), its number of rows.
        ticks: (n_times,), steps of the clock from the first time.
        step: of the clock, s.
        opens: (n_times,), True where the time before is missing.
    """

    first: np.ndarray
    counts: np.ndarray
    ticks: np.ndarray
    step: float
    opens: np.ndarray

    @property
    def inner(self) -> np.ndarray:
        """Times whose neighbours are both there: they have all their rows."""
        return ~self.opens & ~np.append(self.opens[1:], True)


def spread(
    stamps: np.ndarray,
    *,
    fs: float | None,
    tolerance: float | None,
    values: Sequence[np.ndarray],
    row_of: Callable[[int], str],
    where: str,
) -> tuple[np.ndarray, float]:
    """Sample of each row, the first 0, and the sampling rate, Hz, of stamps that do not fall and stand several times.

    Args:
        stamps: float64 (n,), s, from 0.
        fs: rate, Hz; None takes what the numbers of rows tell.
        tolerance: seconds that a row may stand off; at least half a step of the clock puts the rows of a time that has
            too few at its begin.
        values: channels (n,): rows that are copies, or of recordings side by side, are told from samples by them.
        row_of: the time and name of a row, for messages.
        where: the file, for messages.

    Raises:
        FormatError: rows that stand twice, or whose sample cannot be told.
    """
    clock = _clock_of(stamps)
    twice = int(np.argmax(clock.counts > 1)) if clock is not None else int(np.argmax(np.diff(stamps) == 0))
    row = int(clock.first[twice]) if clock is not None else twice
    doubled = FormatError(f"{where}: the time {row_of(row)} stands twice; keep one row a time, or {WITHOUT_TIMES}")
    if clock is None:
        raise doubled
    rate = fs if fs is not None else _rate_of(clock)
    if rate is None:
        if clock.counts.max() > 1 and (clock.counts > 1).mean() > 0.5:
            raise FormatError(
                f"{where}: several rows have one time, as {row_of(row)}, and their numbers tell no "
                f"sampling rate; give fs, in Hz, or {WITHOUT_TIMES}"
            )
        raise doubled
    per_time = clock.step * rate
    whole = round(per_time)
    if per_time < 1 + _NEAR or (whole == 1 and not _alternate(clock)):
        raise doubled
    _refuse_copies(clock, values, fs, row_of, where)
    index = _exactly(clock, per_time)
    if index is None and abs(per_time - whole) < _NEAR * whole:
        index = _nearly(clock, whole)
        if index is None and tolerance is not None and tolerance >= clock.step / 2:
            index = _from_begins(clock, whole)
    if index is None:
        raise _unclear(clock, per_time, row_of, where)
    return index - index[0], rate


def refuse_turns(values: Sequence[np.ndarray], row_of: Callable[[int], str], where: str) -> None:
    """Refuse channels that take turns, each in rows of its own: the step between rows is that of none of them.

    Args:
        values: channels (n,) in the order of the file; NaN and 0 are blank.
        row_of: the name of a row, for messages.
        where: the file, for messages.

    Raises:
        FormatError: such channels.
    """
    filled = [there for channel in values if (there := _filled(channel)).any()]
    if len(filled) < 2:
        return
    together = np.sum(filled, axis=0)
    owner = np.argmax(filled, axis=0)[together == 1]
    rarest = min(int(there.sum()) for there in filled)
    if (together > 1).sum() <= _SHARED * rarest and (np.diff(owner) != 0).sum() > max(_FEW, _TURNS * rarest):
        raise FormatError(
            f"{where}: the channels take turns from {row_of(int(np.argmax(together == 1)))} on, each in rows of its "
            "own; write the values of one time into one row, or each channel into a file and join the two"
        )


def _filled(channel: np.ndarray) -> np.ndarray:
    return np.asarray(~np.isnan(channel) & (channel != 0))


def _clock_of(stamps: np.ndarray) -> _Clock | None:
    """The clock that all times are whole numbers of steps of; None where there is none."""
    new = np.concatenate([[True], np.diff(stamps) > 0])
    first = np.flatnonzero(new)
    times = stamps[first]
    if len(times) < 2:
        return None
    step = float(np.diff(times).min())
    ticks = np.rint(times / step)
    if np.abs(times / step - ticks).max() > _STEPS:
        return None
    counts = np.diff(np.append(first, len(stamps)))
    return _Clock(first, counts, ticks, step, np.concatenate([[True], np.diff(ticks) > 1]))


def _rate_of(clock: _Clock) -> float | None:
    """Rate that the numbers of rows tell."""
    counts = clock.counts[clock.inner]
    if not len(counts):  # two times, both perhaps incomplete
        alike = len(clock.counts) == 2 and clock.counts[0] == clock.counts[1] and not clock.opens[1]
        return float(clock.counts[0]) / clock.step if alike else None
    if (counts == counts[0]).all():
        return float(counts[0]) / clock.step
    rate = float(counts.mean()) / clock.step
    usual = int(np.bincount(counts).argmax())
    if abs(usual / clock.step / rate - 1) <= _WHOLE:
        return usual / clock.step  # a few times have too few rows or too many
    if _alternate(clock):
        for candidate in (float(round(rate)), round(rate, 1)):
            if candidate and abs(candidate / rate - 1) <= _WHOLE:
                return candidate
    return usual / clock.step if (counts == usual).mean() >= _MOST else None


def _alternate(clock: _Clock) -> bool:
    """True if times with fewer and more rows take turns, and are not single rows that are missing or stand twice."""
    counts = clock.counts[clock.inner]
    if not len(counts):
        return False
    more, fewer = int((counts > counts.min()).sum()), int((counts < counts.max()).sum())
    return min(more, fewer) >= _EXTRA and int(np.ptp(counts)) <= 2


def _runs(clock: _Clock) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Stretches of times without a gap: that of each time, and of each the first time and the number of rows."""
    starts = np.flatnonzero(clock.opens)
    return np.cumsum(clock.opens) - 1, starts, np.add.reduceat(clock.counts, starts)


def _following(begins: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Samples of rows that follow one another from each begin."""
    ends = np.cumsum(sizes)
    return (np.repeat(begins - (ends - sizes), sizes) + np.arange(int(ends[-1]))).astype(np.int64)


def _exactly(clock: _Clock, per_time: float) -> np.ndarray | None:
    """Samples of an exact clock, of which the rows of a stretch follow one another; None where they cannot.

    Sample k stands at tick m where m <= (k + phase) / per_time < m + 1. Times that were rounded may have samples
    halfway: they go to even ticks where each tick has a whole number of samples, and to either elsewhere, where that
    moves none.
    """
    run, starts, sizes = _runs(clock)
    count = clock.first - clock.first[starts][run]
    least, most = clock.ticks * per_time - count, (clock.ticks + 1) * per_time - (count + clock.counts - 1)
    ends = [(least, most - _OPEN)]
    if abs(per_time - round(per_time)) > _OPEN:
        ends.append((least - _OPEN, most + _OPEN))
    elif _alternate(clock):
        ends += [(least + odd, most - odd) for odd in (_OPEN * (clock.ticks % 2), _OPEN * ((clock.ticks + 1) % 2))]
    for low, high in ends:
        low, high = np.maximum.reduceat(low, starts), np.minimum.reduceat(high, starts)
        width = high - low
        if (width < -_NEAR).any() or (width > 1 + _NEAR).any():
            continue
        for phase in low[np.argsort(width)[:_CANDIDATES]] % 1:
            ahead = np.ceil(low - phase - _NEAR)
            if (ahead + phase <= high + _NEAR).all():
                return _following(ahead, sizes)
    return None


def _nearly(clock: _Clock, per_time: int) -> np.ndarray | None:
    """Samples where some rows came late or early and stand at the next time or the one before; None where unclear.

    What such rows lend to a neighbour comes back; a row that is missing or stands twice moves all that follow.
    """
    run, starts, sizes = _runs(clock)
    last = np.append(starts[1:], len(run)) - 1
    inside = np.flatnonzero(~clock.opens)
    moved = clock.first[inside] - clock.first[starts][run[inside]]
    moved = moved - per_time * (clock.ticks[inside] - clock.ticks[starts][run[inside]])
    begins = per_time * clock.ticks[starts]
    if (clock.counts[[*starts, *last]] > per_time + 1).any():
        return None
    strays = 0
    for one in range(len(starts)):
        mine = moved[run[inside] == one] if len(starts) > 1 else moved
        if not len(mine):
            if sizes[one] != per_time:
                return None
            continue
        usual = np.median(mine)
        if usual != np.floor(usual) or np.ptp(mine) > 1 or (np.ptp(mine) and not _returns(mine)):
            return None
        strays += int((mine != usual).sum())
        begins[one] -= usual
    if len(starts) > 1 and strays > _STRAYS * len(moved):
        return None
    return _following(begins, sizes)


def _returns(moved: np.ndarray) -> bool:
    """True if numbers of rows change and change back, without a step that stays."""
    if moved[0] != moved[-1] and int((np.diff(moved) != 0).sum()) < _CHANGES:
        return False
    before = np.arange(_SIDE, len(moved) - _SIDE + 1)
    total = np.concatenate([[0], np.cumsum(moved)])
    step = total[before] / before - (total[-1] - total[before]) / (len(moved) - before)
    return bool((np.abs(step) < _STEP_THAT_STAYS).all())


def _from_begins(clock: _Clock, per_time: int) -> np.ndarray | None:
    """Samples where the rows of each time are its first, and those of the first of a stretch its last."""
    if clock.counts.max() > per_time:
        return None
    closes = np.append(clock.opens[1:], True)
    begins = clock.ticks * per_time + np.where(clock.opens & ~closes, per_time - clock.counts, 0)
    return _following(begins, clock.counts)


def _unclear(clock: _Clock, per_time: float, row_of: Callable[[int], str], where: str) -> FormatError:
    whole = round(per_time)
    if abs(per_time - whole) > _NEAR * whole:
        return FormatError(
            f"{where}: {int(per_time)} and {int(per_time) + 1} rows a time are usual at "
            f"{per_time / clock.step:.4g} Hz, and where rows are missing or stand twice cannot be told; correct "
            f"fs, or {WITHOUT_TIMES}"
        )
    few, closes = clock.counts < whole, np.append(clock.opens[1:], True)
    kinds = (clock.counts > whole, few & clock.inner, few & clock.opens & closes, few)
    time = next((int(np.argmax(those)) for those in kinds if those.any()), 0)
    count = "1 row has" if clock.counts[time] == 1 else f"{clock.counts[time]} rows have"
    said = f"{where}: {count} the time {row_of(int(clock.first[time]))}, and {whole} are usual; "
    if clock.counts[time] > whole:
        return FormatError(f"{said}remove what stands twice, or {WITHOUT_TIMES}")
    return FormatError(
        f"{said}which is missing cannot be told: give tolerance={clock.step:.4g} to take them as the first of their "
        f"time, or {WITHOUT_TIMES}"
    )


def _refuse_copies(
    clock: _Clock,
    values: Sequence[np.ndarray],
    fs: float | None,
    row_of: Callable[[int], str],
    where: str,
) -> None:
    """Refuse rows of one time that are copies of one row, or of several recordings."""
    usual = int(np.bincount(clock.counts).argmax())
    if usual < 2 or not values:
        return
    n = int(clock.counts.sum())
    new = np.zeros(n, bool)
    new[clock.first] = True
    row = row_of(int(clock.first[np.argmax(clock.counts > 1)]))
    within = outside = False
    for channel in values:
        changed = (channel[1:] != channel[:-1]) & ~(np.isnan(channel[1:]) & np.isnan(channel[:-1]))
        within |= bool(changed[~new[1:]].any())
        outside |= bool(changed[new[1:]].any())
    if fs is None and outside and not within:
        raise FormatError(
            f"{where}: the rows of one time are copies, from {row} on: the same sample {usual} times, or {usual} "
            "samples; keep one row a time, or give fs, in Hz"
        )
    of_time = np.add.reduceat(np.any([_filled(channel) for channel in values], axis=0).astype(int), clock.first)
    if of_time.max() == 1:
        raise FormatError(
            f"{where}: {usual} rows have one time, from {row} on, and one of them holds a value; remove the others"
        )
    for channel in values:
        near, far = (np.abs(channel[lag:] - channel[:-lag]) for lag in (1, usual))
        near, far = near[~np.isnan(near)], far[~np.isnan(far)]
        if len(near) and len(far) and np.median(near) > max(_LIKE_NOISE, _ALIKE * np.median(far)):
            raise FormatError(
                f"{where}: the rows of one time, from {row} on, look like {usual} recordings side by side; write each "
                "into a file of its own"
            )
