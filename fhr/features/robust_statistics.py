"""Order statistics of the last minutes of fetal heart rate: the line that any model has to beat."""

from collections.abc import Sequence
from math import prod

import numpy as np
from numpy.typing import ArrayLike

from fhr.errors import SignalError
from fhr.recording import floating

from .median_deviation import MIN_MEASURED, least_squares_line, log_mad

__all__ = ["ORDER_STATISTICS", "order_statistic_names", "order_statistics"]

_STATISTICS = ("mad", "start", "end", "loss", "p5", "p95", "median")
_LOWEST, _HIGHEST = 50.0, 210.0  # bpm, both excluded


def order_statistic_names(minutes: Sequence[float] = (20, 30, 60)) -> tuple[str, ...]:
    """Names of the columns of `order_statistics`: mad_20, start_20, ..., median_60."""
    return tuple(f"{statistic}_{m:g}" for m in minutes for statistic in _STATISTICS)


ORDER_STATISTICS = order_statistic_names()
"""mad_20, start_20, end_20, loss_20, p5_20, p95_20, median_20, and the same of 30 and 60 minutes."""


def order_statistics(fhr: ArrayLike, *, fs: float = 4.0, minutes: Sequence[float] = (20, 30, 60)) -> np.ndarray:
    """Seven statistics of each of the last `minutes`, over the samples with 50 < FHR < 210 bpm.

    With t in minutes from the start of the window and r the valid FHR minus its least-squares line in t:

    - mad: log(0.5 + median |r - median r|), log bpm;
    - start, end: the line at the start and at the end of the window, bpm;
    - loss: fraction of samples that are not valid;
    - p5, p95: 5th and 95th percentile of valid FHR minus its median, bpm;
    - median: bpm.

    A window with less than 50 s of valid samples (200 at 4 Hz) has NaN for all but loss: fill it with the median of the
    training fold, since a constant of your own tells a model how much signal was lost. A recording shorter than a
    window is taken whole.

    Args:
        fhr: (..., n), bpm; missing samples are NaN or 0.
        fs: sampling rate, Hz.
        minutes: lengths of the windows, counted back from the last sample.

    Returns:
        float64 (..., 7 * len(minutes)), in the order of `order_statistic_names(minutes)`.

    Raises:
        SignalError: no time axis, fs or minutes that are not positive.

    Example:
        >>> fhr = 140 + np.tile([-5.0, 5.0], 7200)
        >>> dict(zip(ORDER_STATISTICS, order_statistics(fhr).round(2).tolist()))["mad_60"]  # log 5.5
        1.7
    """
    signal = floating(fhr).astype(np.float64, copy=False)
    if signal.ndim == 0:
        raise SignalError("fhr is a single number; give a signal of shape (n,) or (..., n)")
    if not (np.isfinite(fs) and fs > 0):
        raise SignalError(f"sampling rate fs={fs} Hz; it must be a positive number")
    if not minutes or any(not m > 0 for m in minutes):
        raise SignalError(f"minutes={tuple(minutes)}; give one or more positive lengths, such as (20, 30, 60)")
    lengths = [round(m * 60 * fs) for m in minutes]
    if min(lengths) < 1:
        raise SignalError(f"minutes={tuple(minutes)} at fs={fs} Hz hold no sample; give longer windows")
    batch = signal.shape[:-1]
    signals = signal.reshape(prod(batch), signal.shape[-1])
    table = np.empty((len(signals), len(lengths), len(_STATISTICS)))
    for one, row in zip(signals, table, strict=True):
        for k, length in enumerate(lengths):
            row[k] = _window(one[-length:], fs)
    return table.reshape(*batch, len(lengths) * len(_STATISTICS))


def is_valid(fhr: np.ndarray) -> np.ndarray:
    """Flags of the samples between 50 and 210 bpm, both excluded."""
    valid: np.ndarray = (fhr > _LOWEST) & (fhr < _HIGHEST)
    return valid


def _window(fhr: np.ndarray, fs: float) -> tuple[float, ...]:
    valid = is_valid(fhr)
    n = int(valid.sum())
    loss = 1 - n / len(fhr) if len(fhr) else 1.0
    if n < max(MIN_MEASURED * fs, 2):  # a line needs two samples
        return (np.nan, np.nan, np.nan, loss, np.nan, np.nan, np.nan)
    t, x = np.flatnonzero(valid) / (60 * fs), fhr[valid]
    start, slope = least_squares_line(t, x)
    mad = float(log_mad((x - (start + slope * t))[None])[0])
    p5, median, p95 = np.percentile(x, [5, 50, 95])
    return (mad, start, start + slope * len(fhr) / (60 * fs), loss, p5 - median, p95 - median, median)
