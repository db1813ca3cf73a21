"""Median absolute deviation of fetal heart rate about its straight line."""

import numpy as np
from numpy.typing import ArrayLike

from .inputs import checked_rate, some_signals
from .sorted_samples import median

__all__ = ["MIN_MEASURED", "detrended", "least_squares_line", "log_mad", "mad"]

MIN_MEASURED = 50.0
"""Seconds of measured signal below which no line is fitted."""


def mad(fhr: ArrayLike, *, fs: float = 4.0) -> np.ndarray:
    """Log median absolute deviation of FHR from its least-squares line, log(0.5 + median |r - median r|).

    r is the measured FHR minus its least-squares line in time. The constant of 0.5 bpm keeps flat signals finite.
    It is the `mad` of `order_statistics`, of the whole signal.

    Args:
        fhr: (..., time), bpm; NaN is missing.
        fs: sampling rate, Hz.

    Returns:
        float64 (...), log bpm, at least log 0.5; NaN with less than 50 s of measured signal.

    Raises:
        SignalError: no time axis, an infinite sample, or a rate that is not positive.

    Source:
        The definition is this package's own, as one of the statistics that a model has to beat.

    >>> mad(140 + np.tile([-5.0, 5.0], 7200)).round(2).item()  # log 5.5
    1.7
    """
    rate = checked_rate(fs)

    def some(rows: np.ndarray) -> np.ndarray:
        few = np.count_nonzero(~np.isnan(rows), axis=-1) < max(MIN_MEASURED * rate, 2)
        return np.where(few, np.nan, log_mad(detrended(rows, rate)[1]))

    return some_signals(fhr, some)


def detrended(rows: np.ndarray, rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Slope (signal,) per minute and residuals (signal, n) of the least-squares line of the measured samples.

    Args:
        rows: (signal, n); NaN is missing.
        rate: Hz.
    """
    measured, t = ~np.isnan(rows), np.arange(rows.shape[1]) / (60 * rate)
    n = np.maximum(np.count_nonzero(measured, axis=-1), 1)[:, None]
    centre = np.where(measured, t, 0.0).sum(axis=-1, keepdims=True) / n
    level = np.where(measured, rows, 0.0).sum(axis=-1, keepdims=True) / n
    x, off = rows - level, np.where(measured, t - centre, 0.0)
    square = np.maximum((off**2).sum(axis=-1, keepdims=True), np.finfo(np.float64).tiny)  # 0 without two samples
    slope = np.where(measured, off * x, 0.0).sum(axis=-1, keepdims=True) / square
    return slope[:, 0], x - slope * (t - centre)


def least_squares_line(t: np.ndarray, x: np.ndarray) -> tuple[float, float]:
    """Value at t = 0 and slope of the line through x (n,) at the times t (n,), of which two differ."""
    centre, level = t.mean(), x.mean()
    slope = np.sum((t - centre) * (x - level)) / np.sum((t - centre) ** 2)
    return level - slope * centre, slope


def log_mad(r: np.ndarray) -> np.ndarray:
    """log(0.5 + median |r - median r|) of the measured samples of each signal (signal, n); NaN without any."""
    return np.log(0.5 + median(np.abs(r - median(r)[:, None])))
