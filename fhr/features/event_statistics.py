"""Statistics of baseline, events and contractions of fetal heart rate, in nested parts of a window."""

import numpy as np

from fhr.morphology import Events, Found, find_each
from fhr.preprocessing import fill_runs

from .column import Column
from .masked_smoothing import bands
from .nested_windows import ENOUGH, Part, filled, of_each_part, parts_of

__all__ = ["event_statistics", "event_statistics_columns"]

_HOUR = 3600.0  # s
_WIDTH = 20.0  # s of the smoothing that fast changes are taken about
_EARLIEST, _LATEST = -30.0, 120.0  # s from the peak of a contraction to a nadir that goes with it
_LATE = 25.0  # s
_RESOLUTION = 0.05  # bpm, in logarithms

_STATISTICS = (
    Column("decelerations", "1/h", "decelerations per hour of FHR"),
    Column("deceleration_area", "log bpm min/h", "log(1 + area of decelerations, per hour of FHR, / 100 bpm s)"),
    Column("mean_depth", "bpm", "mean depth of decelerations; 0 without one"),
    Column("largest_depth", "bpm", "largest depth of a deceleration; 0 without one"),
    Column("mean_length", "log s", "log(10 + mean length of decelerations)"),
    Column("largest_length", "log s", "log(10 + largest length of a deceleration)"),
    Column("recovery", "log s", "log(10 + mean time from nadir to end)"),
    Column("fall", "log s", "log(5 + mean time from onset to nadir)"),
    Column("time_below", "1", "share of the measured time within decelerations"),
    Column("accelerations", "1/h", "accelerations per hour of FHR"),
    Column("acceleration_area", "bpm s/h", "area of accelerations per hour of FHR"),
    Column("baseline_mean", "bpm", "mean of the baseline"),
    Column("baseline_sd", "bpm", "standard deviation of the baseline"),
    Column("baseline_min", "bpm", "lowest baseline"),
    Column("baseline_max", "bpm", "highest baseline"),
    Column("contractions", "1/h", "contractions per hour of UC"),
    Column("contraction_length", "s", "mean length of contractions"),
    Column("lag", "s", "mean time from the peak of a contraction to the nadir nearest to it"),
    Column("late", "1", "share of these times that are above 25 s"),
    Column("answered", "1", "share of contractions with a nadir from 30 s before to 120 s after their peak"),
    Column("fast_spread", "log bpm", "log(0.05 + median absolute deviation) about a smoothing over 20 s"),
    Column("fast_step", "log bpm", "log(0.05 + mean change from one second to the next) outside events"),
)
_HEART, _UTERUS = 15, 20  # columns before these come from FHR, and from UC


def _parts(minutes: float) -> tuple[Part, ...]:
    return parts_of(minutes, first=True)


def event_statistics_columns(minutes: float) -> tuple[Column, ...]:
    """Name, unit and meaning of each column of `event_statistics` of windows of `minutes`."""
    return of_each_part(_STATISTICS, _parts(minutes))


def event_statistics(fhr: np.ndarray, uc: np.ndarray, seconds: np.ndarray, *, fs: float) -> np.ndarray:
    """Statistics of what `fhr.morphology.find` finds in each window, by the parts that it lies in.

    Baseline and events are those of the whole window; nothing before or after it is looked at. An event belongs to the
    parts in which its peak lies, so that one at an edge keeps its length. Counts and areas are per hour of what was
    measured, since signal is lost where the outcome is poor.

    Args:
        fhr: (window, n) cleaned, bpm; NaN is missing.
        uc: (window, n) any unit; NaN is missing.
        seconds: (window, m) FHR with one value a second, bpm.
        fs: sampling rate of fhr and uc, 1 Hz or more.

    Returns:
        float64 (window, column), see `event_statistics_columns`; the parts are the whole window, its last 60, 30 and
        20 min and the first and second 20 min. A part with less than 60 measured seconds, of UC for contractions, or
        without the events of which a mean is taken, takes the next wider part's; NaN where the whole has none. Without
        a baseline, in windows with less than 2 min of FHR in all, what is told of events and baseline is NaN.
    """
    parts = _parts(seconds.shape[-1] / 60)
    values = np.full((len(seconds), len(parts), len(_STATISTICS)), np.nan)
    (fast,) = bands(seconds, (0.0, _WIDTH))
    for i, found in enumerate(find_each(fhr, uc, fs)):
        second = _BySecond(seconds[i], fast[i], found, fs)
        for k, part in enumerate(parts):
            values[i, k] = second.statistics(part.start * 60, part.end * 60)
    return filled(values, parts)


class _BySecond:
    """One window, second by second, with what was found in it."""

    def __init__(self, x: np.ndarray, fast: np.ndarray, found: Found, fs: float) -> None:
        n = len(x)
        self.found, self.fast, self.measured = found, fast, ~np.isnan(x)
        self.looked_at = not np.isnan(found.baseline).all()
        middle = np.minimum(((np.arange(n) + 0.5) * fs).astype(np.intp), len(found.baseline) - 1)
        self.baseline = np.where(self.measured, found.baseline[middle], np.nan)
        self.below = _within(found.decelerations.start, found.decelerations.end, n)
        eventful = self.below | _within(found.accelerations.start, found.accelerations.end, n)
        self.step = np.abs(np.diff(x, prepend=np.nan))
        self.step[eventful] = np.nan
        self.uc_measured = ~_within(found.uc_uncertain[:, 0], found.uc_uncertain[:, 1], n)
        self.lag, self.answered = _lags(found.contractions.peak, found.decelerations.peak)

    def statistics(self, start: float, end: float) -> np.ndarray:
        """`_STATISTICS` of the part from `start` to `end`, s."""
        here = slice(round(start), round(end))
        row = np.full(len(_STATISTICS), np.nan)
        measured = self.measured[here]
        if (n := int(measured.sum())) >= ENOUGH:
            if self.looked_at:
                row[:_HEART] = self._of_heart(start, end, here, n)
            fast, step = (v[here][~np.isnan(v[here])] for v in (self.fast, self.step))
            if len(fast) >= ENOUGH:
                row[_UTERUS] = np.log(_RESOLUTION + np.median(np.abs(fast - np.median(fast))))
            if len(step) >= ENOUGH:
                row[_UTERUS + 1] = np.log(_RESOLUTION + step.mean())
        if (n := int(self.uc_measured[here].sum())) >= ENOUGH:
            row[_HEART:_UTERUS] = self._of_uterus(start, end, n)
        return row

    def _of_heart(self, start: float, end: float, here: slice, n: int) -> list[float]:
        falls, rises = (_inside(e, start, end) for e in (self.found.decelerations, self.found.accelerations))
        length = falls.end - falls.start
        level = self.baseline[here][~np.isnan(self.baseline[here])]
        return [
            len(length) * _HOUR / n,
            np.log1p(falls.area.sum() * _HOUR / n / 100),
            _mean(falls.amplitude, 0.0),
            falls.amplitude.max(initial=0.0),
            np.log(10 + _mean(length, 0.0)),
            np.log(10 + length.max(initial=0.0)),
            np.log(10 + _mean(falls.end - falls.peak, 0.0)),
            np.log(5 + _mean(falls.peak - falls.start, 0.0)),
            self.below[here][self.measured[here]].mean(),
            len(rises.start) * _HOUR / n,
            rises.area.sum() * _HOUR / n,
            *([level.mean(), level.std(), level.min(), level.max()] if len(level) else [np.nan] * 4),
        ]

    def _of_uterus(self, start: float, end: float, n: int) -> list[float]:
        contractions, falls = self.found.contractions, self.found.decelerations
        lag = self.lag[(falls.peak >= start) & (falls.peak < end)]
        lag = lag[~np.isnan(lag)]
        some = (contractions.peak >= start) & (contractions.peak < end)
        return [
            some.sum() * _HOUR / n,
            _mean((contractions.end - contractions.start)[some]),
            _mean(lag),
            _mean(lag > _LATE),
            _mean(self.answered[some]),
        ]


def _lags(contractions: np.ndarray, nadirs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Time (nadir,) from the nearest contraction that it can go with, NaN without; and whether each one has a nadir."""
    after = nadirs[:, None] - contractions
    goes = (after >= _EARLIEST) & (after <= _LATEST)
    lag = np.full(len(nadirs), np.nan)
    if goes.size:
        nearest = np.abs(np.where(goes, after, np.inf)).argmin(axis=1)
        lag = np.where(goes.any(axis=1), after[np.arange(len(nadirs)), nearest], np.nan)
    return lag, goes.any(axis=0)


def _within(start: np.ndarray, end: np.ndarray, n: int) -> np.ndarray:
    """Seconds (n,) whose middle lies in one of the stretches."""
    first, last = (np.clip(np.ceil(t - 0.5), 0, n).astype(np.intp) for t in (start, end))
    return fill_runs(first, last, n)


def _inside(events: Events, start: float, end: float) -> Events:
    return events.where((events.peak >= start) & (events.peak < end))


def _mean(x: np.ndarray, without: float = np.nan) -> float:
    return float(x.sum() / len(x)) if len(x) else without
