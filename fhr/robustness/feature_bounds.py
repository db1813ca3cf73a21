"""Bounds of the features of changed traces: order statistics, and what stays because nothing of it was changed.

What no bound is known of may be anything. `fhr.robustness.kernel_bounds` takes it from here to the score.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import inf
from typing import NamedTuple

import numpy as np

from fhr.errors import CheckpointError, FHRError, SignalError
from fhr.features.median_deviation import MIN_MEASURED, detrended
from fhr.features.nested_windows import ENOUGH, Part, parts_of
from fhr.features.robust_statistics import is_valid
from fhr.features.wide_quantiles import FRACTIONS, wide_parts
from fhr.preprocessing import block_factor, block_mean

from .changed_samples import SampleChange, line_bounds, quantile_bounds, spread_bounds
from .one_parameter import WITHOUT_ACTIVITY
from .reader import FeatureReader
from .traces import Traces

__all__ = ["BOUNDED", "feature_bounds", "offset_bounds"]

_LOWEST, _HIGHEST = 50.0, 210.0  # bpm, both excluded: `is_valid`
_SLACK = 1e-4  # bpm and log bpm: changed samples are float32, which is 1e-5 bpm, and statistics are sums of them
_RATE = 1.0  # Hz


class _Seconds(NamedTuple):
    """A window second by second, from measured samples at another rate.

    Attributes:
        x: (second,), means, bpm; NaN is missing.
        n: (second,), measured samples.
        spread: (second,), by how much the mean may move where some samples of the second go missing, bpm.
        factor: samples a second.
        measured: samples of the whole trace, of which this may be the end.
    """

    x: np.ndarray
    n: np.ndarray
    spread: np.ndarray
    factor: int
    measured: int


def feature_bounds(reader: FeatureReader, traces: Traces, threat: str, size: float) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest features (n, k) of traces that a threat changes by no more than a size.

    Known are order statistics, wide quantiles and signal loss; of uterine activity, every feature that is computed
    without it stays. What is not known is between -inf and inf.

    Args:
        reader: of statistics at 1 Hz.
        traces: n windows.
        threat: of `BOUNDED`.
        size: bpm or s; of `uc_gain`, any: bounds hold for whatever happens to uterine activity.

    Raises:
        FHRError: another threat, or a size below 0.
        CheckpointError: a reader of no statistics, or of statistics at another rate than 1 Hz.
        SignalError: a window in which nothing was measured.
    """
    if threat not in BOUNDED:
        raise FHRError(f"bounds of features against {threat!r}; there are some against {', '.join(BOUNDED)}")
    if not size >= 0:
        raise FHRError(f"{threat} of size {size}; give 0 or more")
    if threat == "uc_gain":
        return _whatever_the_activity(reader, traces)
    if threat == "offset":
        return offset_bounds(reader, traces, np.full(len(traces), -size), np.full(len(traces), size))
    return _bounds(reader, traces, lambda seconds: (BOUNDED[threat](seconds, size), (0.0, 0.0)))


def offset_bounds(
    reader: FeatureReader, traces: Traces, least: np.ndarray, most: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest features (n, k) of traces with an offset anywhere between two (n,), bpm; see `feature_bounds`.

    Levels move by the offset, differences stay, unless a second comes to lie outside of 50 to 210 bpm.
    """
    pairs = iter(zip(least, most, strict=True))
    return _bounds(reader, traces, lambda seconds: (SampleChange(0.0, 0.0), next(pairs)))


def _bounds(
    reader: FeatureReader,
    traces: Traces,
    change_of: Callable[[_Seconds], tuple[SampleChange, tuple[float, float]]],
) -> tuple[np.ndarray, np.ndarray]:
    features = reader.predictor.features
    if features is None or features.fs != _RATE:
        raise CheckpointError("bounds are known of statistics at 1 Hz, and the model has none; smooth it at random")
    groups = np.array(features.column_groups)
    low = np.full((len(traces), len(groups)), -inf)
    high = -low
    births = groups == "covariates"
    low[:, births] = high[:, births] = reader.features(traces)[:, births] if births.any() else 0.0
    fhr, _ = reader.signals(traces, features.minutes)
    for i, samples in enumerate(fhr.astype(np.float64)):
        if np.isnan(samples).all():
            raise SignalError(f"{traces.names[i]}: nothing was measured; leave the window out")
        measured = int((traces.measured[i] > 0).sum())
        seconds = _by_second(samples, block_factor(traces.fs, _RATE), measured)
        change, offset = change_of(seconds)
        for group, bounds in _OF_GROUP.items():
            if (columns := groups == group).any():
                least, most = bounds(seconds, change, offset)
                low[i, columns], high[i, columns] = least.ravel() - _SLACK, most.ravel() + _SLACK
    return low, high


def _whatever_the_activity(reader: FeatureReader, traces: Traces) -> tuple[np.ndarray, np.ndarray]:
    features = reader.predictor.features
    if features is None:
        raise CheckpointError("bounds are known of statistics of the signal, and the model reads none")
    known = np.isin(features.column_groups, [*WITHOUT_ACTIVITY, "covariates"])
    rows = reader.features(traces)
    return np.where(known, rows, -inf), np.where(known, rows, inf)


def _by_second(samples: np.ndarray, factor: int, measured: int) -> _Seconds:
    x = block_mean(samples, factor)
    blocks = samples[len(samples) - factor * len(x) :].reshape(-1, factor)
    off = np.abs(blocks - x[:, None])
    spread = np.where(np.isnan(off), 0.0, off).max(axis=1)
    return _Seconds(x, np.count_nonzero(~np.isnan(blocks), axis=1), spread, factor, measured)


def _error_rms(seconds: _Seconds, size: float) -> SampleChange:
    # The square of the mean error of a second is at most the sum of squares in it over the number of samples.
    fewest = seconds.n[seconds.n > 0].min()
    return SampleChange(square=size**2 * seconds.measured / fewest * (1 + 1e-6))


def _error_peak(seconds: _Seconds, size: float) -> SampleChange:
    return SampleChange(peak=size * (1 + 1e-6))


def _block_loss(seconds: _Seconds, size: float) -> SampleChange:
    lost = int(size * seconds.factor * (1 + 1e-9))
    if seconds.factor == 1:
        return SampleChange(0.0, 0.0, lost)
    # Some samples of the first and of the last second may be left, and their mean is another one.
    return _partly_lost(seconds, (lost - 1) // seconds.factor + 2 if lost else 0, min(lost, 2))


def _scattered_loss(seconds: _Seconds, size: float) -> SampleChange:
    lost = int(size * seconds.factor * (1 + 1e-9))
    count = np.sort(seconds.n[seconds.n > 0])
    return _partly_lost(seconds, int(np.searchsorted(np.cumsum(count), lost, side="right")), lost)


def _partly_lost(seconds: _Seconds, lost: int, partly: int) -> SampleChange:
    spread = np.sort(seconds.spread)[len(seconds.spread) - partly :]
    return SampleChange(float(spread.max(initial=0.0)), float((spread**2).sum()), lost, partly)


BOUNDED: Mapping[str, Callable[[_Seconds, float], SampleChange]] = {
    "error_rms": _error_rms,
    "error_peak": _error_peak,
    "offset": _error_peak,
    "block_loss": _block_loss,
    "scattered_loss": _scattered_loss,
    "uc_gain": lambda seconds, size: SampleChange(0.0, 0.0),
}
"""Threats against which features are bounded, and what each does to the seconds of a window."""


def _leaving(x: np.ndarray, change: SampleChange, offset: tuple[float, float]) -> int:
    """Most seconds (n,) that a change brings out of what `order_statistics` looks at."""
    if change.moving is not None:
        return 0  # to a mean of some of the samples of a second, which all lie inside
    margin = np.sort(np.minimum(x - _LOWEST, _HIGHEST - x))
    within = np.searchsorted(margin, change.peak + max(abs(end) for end in offset) + _SLACK, side="right")
    if offset == (0.0, 0.0):
        within = min(within, np.searchsorted(np.cumsum(margin**2), change.square + _SLACK, side="right"))
    return int(within) if change.peak or offset != (0.0, 0.0) else 0


def _order_statistics(
    seconds: _Seconds, change: SampleChange, offset: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    x = seconds.x
    known = x[~np.isnan(x)]
    parts = parts_of(len(x) / 60)
    if not is_valid(known).all():
        free = np.full((len(parts), 6), inf)
        return -free, free
    if leaving := _leaving(known, change, offset):
        peak = change.peak + max(abs(end) for end in offset)
        square = change.square if offset == (0.0, 0.0) else inf
        change, offset = SampleChange(peak, square, change.lost + leaving), (0.0, 0.0)

    def of_part(part: np.ndarray, lost: int) -> np.ndarray:
        one = _Part(part, replace(change, lost=lost), offset)
        start, end = one.line
        return np.array([one.log_spread, start, end, one.beyond_median(0.05), one.beyond_median(0.95), one.median])

    return _of_parts(x, parts, round(MIN_MEASURED), change.lost, of_part)


def _wide_quantiles(
    seconds: _Seconds, change: SampleChange, offset: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    def of_part(part: np.ndarray, lost: int) -> np.ndarray:
        one = _Part(part, replace(change, lost=lost), offset)
        return np.array([one.median, one.slope, one.log_spread, *map(one.beyond_median, FRACTIONS)])

    return _of_parts(seconds.x, wide_parts(len(seconds.x) / 60), ENOUGH, change.lost, of_part)


def _signal_loss(seconds: _Seconds, change: SampleChange, offset: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    x = seconds.x
    known = x[~np.isnan(x)]
    lost = change.lost + _leaving(known, change, offset)
    lengths = np.array([round((part.end - part.start) * 60) for part in parts_of(len(x) / 60)])
    left = np.array([np.count_nonzero(is_valid(x[-length:])) for length in lengths])
    entering = np.array([np.count_nonzero(~np.isnan(x[-length:])) for length in lengths])
    return 1 - entering / lengths, 1 - np.maximum(left - lost, 0) / lengths


def _of_parts(
    x: np.ndarray,
    parts: tuple[Part, ...],
    enough: int,
    lost: int,
    of_part: Callable[[np.ndarray, int], np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """Bounds (part, statistic); of a part that may come to have too little also those of the wider one: `filled`."""
    found: list[np.ndarray] = []  # (statistic, 2)
    for part in parts:
        here = x[round(part.start * 60) : round(part.end * 60)]
        spare = int(np.count_nonzero(~np.isnan(here))) - enough
        bounds = [of_part(here, min(lost, spare))] if spare >= 0 else []
        if spare < lost:
            nothing = np.tile([-inf, inf], (len(found[0]) if found else _statistics_of(of_part), 1))
            bounds.append(nothing if part.wider is None else found[part.wider])
        found.append(np.stack([np.min(bounds, axis=0)[:, 0], np.max(bounds, axis=0)[:, 1]], axis=1))
    both = np.stack(found)
    return both[..., 0], both[..., 1]


def _statistics_of(of_part: Callable[[np.ndarray, int], np.ndarray]) -> int:
    return len(of_part(np.arange(100.0), 0))


class _Part:
    """Bounds (lowest, highest) of the statistics of the changed seconds (n,) of a part; NaN is missing."""

    def __init__(self, x: np.ndarray, change: SampleChange, offset: tuple[float, float]) -> None:
        at = np.flatnonzero(~np.isnan(x))
        self._change, self._offset = change, np.array(offset)
        self._times, self._known, self._ends = at / 60, x[at], np.array([0.0, len(x) / 60])
        self._ordered = np.sort(self._known)
        (slope,), (residual,) = detrended(x[None], _RATE)
        self._slope, self._residual = slope, residual[at]
        self._moves, self._slope_moves = line_bounds(self._times, self._known, self._ends, change)
        self._quantile = {0.5: np.array(quantile_bounds(self._ordered, 0.5, change))}

    @property
    def median(self) -> np.ndarray:
        return self._quantile[0.5] + self._offset

    def beyond_median(self, fraction: float) -> np.ndarray:
        return np.array(quantile_bounds(self._ordered, fraction, self._change)) - self._quantile[0.5][::-1]

    @property
    def line(self) -> list[np.ndarray]:
        """At the start and at the end of the part."""
        level = self._known.mean() + self._slope * (self._ends - self._times.mean())
        return [one + np.array([-move, move]) + self._offset for one, move in zip(level, self._moves, strict=True)]

    @property
    def slope(self) -> np.ndarray:
        return self._slope + np.array([-self._slope_moves, self._slope_moves])

    @property
    def log_spread(self) -> np.ndarray:
        found = spread_bounds(self._times, self._residual, self._change, self._slope_moves)
        return np.log(0.5 + np.array(found))


_OF_GROUP = {
    "order_statistics": _order_statistics,
    "signal_loss": _signal_loss,
    "wide_quantiles": _wide_quantiles,
}
