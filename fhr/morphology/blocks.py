"""Blocks of time: means and spreads of a signal by blocks counted back from its end, and masks of ranges."""

from functools import lru_cache

import numpy as np

from fhr.preprocessing import fill_runs

from .events import Events

__all__ = ["NOWHERE", "both", "epoch_means", "mean", "median", "medians", "range_mask", "spread"]

NOWHERE = np.empty((0, 2))


def epoch_means(signal: np.ndarray, fs: float, seconds: float) -> np.ndarray:
    """Means over epochs of `seconds` counted back from the end, in order of time; NaN with less than half known.

    An epoch need not be a whole number of samples: a sample belongs to the epoch that it begins in.
    """
    n = len(signal)
    length = max(1.0, float(fs) * seconds)
    count = int(n / length + 1e-9)
    epoch = _epochs(n, length)
    known = ~np.isnan(signal)
    # One more than the whole epochs: it takes what is left over at the start.
    number = np.bincount(epoch, known, count + 1)[:count]
    total = np.bincount(epoch, np.where(known, signal, 0.0), count + 1)[:count]
    enough = number >= max(1, 0.5 * length - 0.5)
    return np.divide(total, number, out=np.full(count, np.nan), where=enough)[::-1]


@lru_cache(maxsize=4)
def _epochs(n: int, length: float) -> np.ndarray:
    """Number of the epoch, counted back from the end, that each of n samples belongs to."""
    return ((np.arange(n - 1, -1, -1) + 1e-9) / length).astype(np.int64)


def spread(signal: np.ndarray, length: int, quantiles: tuple[float, float]) -> np.ndarray:
    """Distance between two quantiles of each block of `length`, counted back from the end; half must be known."""
    count = len(signal) // length
    rows = np.sort(signal[len(signal) - count * length :].reshape(count, length), axis=1)  # NaN goes last
    known = (~np.isnan(rows)).sum(axis=1)
    enough = known >= max(2, length / 2)
    width = np.full(count, np.nan)
    row = np.flatnonzero(enough)

    def at(quantile: float) -> np.ndarray:
        position = quantile * (known[row] - 1)
        below = position.astype(np.int64)
        above = np.minimum(below + 1, known[row] - 1)
        part: np.ndarray = rows[row, below] + (position - below) * (rows[row, above] - rows[row, below])
        return part

    width[row] = at(quantiles[1]) - at(quantiles[0])
    return width


def both(events: Events, ranges: np.ndarray) -> np.ndarray:
    """Concatenate start and end (k, 2) of the events and the ranges."""
    return np.concatenate([np.stack([events.start, events.end], axis=1), ranges])


def range_mask(ranges: np.ndarray, n: int, fs: float) -> np.ndarray:
    """Flags of the samples (n,) that lie in one of the ranges (k, 2), s."""
    edges = np.clip(np.round(ranges * fs), 0, n).astype(np.int64)
    return fill_runs(edges[:, 0], edges[:, 1], n)


def median(values: np.ndarray) -> float:
    """Median of the known values; NaN for none. Many times as fast as `numpy.nanmedian`."""
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else np.nan


def medians(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Median of the known values of each row (m, k), NaN for none, and how many are known (m,)."""
    ordered, known = np.sort(rows, axis=-1), (~np.isnan(rows)).sum(axis=-1)  # NaN goes last
    each, last = np.arange(len(rows)), np.maximum(known - 1, 0)
    return (ordered[each, last // 2] + ordered[each, (last + 1) // 2]) / 2, known


def mean(values: np.ndarray) -> float:
    """Mean of the known values; NaN for none."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else np.nan
