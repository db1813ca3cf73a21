"""Means of a signal by seconds: the grid on which events are looked for, whatever the sampling rate."""

import numpy as np
from scipy.ndimage import gaussian_filter1d

__all__ = ["by_second", "smoothed"]

_LEAST = 0.02  # of the kernel's weight must lie on what is known


def by_second(signal: np.ndarray, fs: float) -> np.ndarray:
    """Average the known samples of each second from the start (m,); NaN where none is known.

    Args:
        signal: (n,), NaN is missing.
        fs: sampling rate, 1 Hz or more. A last second that is not whole counts.
    """
    known = ~np.isnan(signal)
    index = (np.arange(len(signal)) / fs).astype(np.intp)
    count = np.bincount(index, known)
    total = np.bincount(index, np.where(known, signal, 0.0))
    return np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)


def smoothed(signal: np.ndarray, spread: float) -> np.ndarray:
    """Smooth by a Gaussian the known values around each second (m,); NaN where next to nothing is known.

    Args:
        signal: (m,) by seconds, NaN is missing.
        spread: standard deviation, s.
    """
    known = ~np.isnan(signal)
    weight, total = (
        gaussian_filter1d(x, spread, mode="constant", truncate=3.0)
        for x in (known.astype(np.float64), np.where(known, signal, 0.0))
    )
    return np.divide(total, weight, out=np.full(len(signal), np.nan), where=weight > _LEAST)
