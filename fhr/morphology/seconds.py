"""Means of a signal by seconds: the grid on which events are looked for, whatever the sampling rate."""

from functools import lru_cache
from math import prod

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft
from scipy.ndimage import correlate1d

__all__ = ["by_second", "gaussian", "smoothed"]

_LEAST = 0.02  # of the kernel's weight must lie on what is known
_WIDE = 64  # samples of a kernel above which Fourier transforms are faster


def by_second(signal: np.ndarray, fs: float) -> np.ndarray:
    """Average the known samples of each second from the start (..., m); NaN where none is known.

    Args:
        signal: (..., n), NaN is missing.
        fs: sampling rate, 1 Hz or more. A last second that is not whole counts.
    """
    rows = signal.reshape(prod(signal.shape[:-1]), signal.shape[-1])
    known = ~np.isnan(rows)
    index = (np.arange(rows.shape[1]) / fs).astype(np.intp)
    m = int(index[-1]) + 1 if len(index) else 0
    place = (index + m * np.arange(len(rows))[:, None]).ravel()
    count = np.bincount(place, known.ravel(), len(rows) * m)
    total = np.bincount(place, np.where(known, rows, 0.0).ravel(), len(rows) * m)
    means = np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)
    return means.reshape(*signal.shape[:-1], m)


def smoothed(signal: np.ndarray, spread: float) -> np.ndarray:
    """Smooth by a Gaussian the known values around each second (..., m); NaN where next to nothing is known.

    Args:
        signal: (..., m) by seconds, NaN is missing.
        spread: standard deviation, s.
    """
    known = ~np.isnan(signal)
    both = np.stack([known.astype(np.float64), np.where(known, signal, 0.0)])
    kernel = gaussian(spread)
    if len(kernel) > _WIDE:
        weight, total = _convolved(both, kernel)
    else:
        weight, total = correlate1d(both, kernel, mode="constant")
    return np.divide(total, weight, out=np.full(signal.shape, np.nan), where=weight > _LEAST)


def _convolved(signal: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Convolve by Fourier transforms along the last axis, zeros beyond the ends; the length stays.

    `scipy.signal.fftconvolve` gives the same numbers, but its import takes more than a second.
    """
    n, whole = signal.shape[-1], signal.shape[-1] + len(kernel) - 1
    fast = next_fast_len(whole, real=True)
    found: np.ndarray = irfft(rfft(signal, fast) * rfft(kernel, fast), fast)
    start = (whole - n) // 2
    return found[..., start : start + n]


@lru_cache(maxsize=32)
def gaussian(spread: float) -> np.ndarray:
    """A Gaussian out to three times its standard deviation, in samples; its sum is 1."""
    reach = int(3 * spread + 0.5)
    weight = np.exp(-0.5 / (spread * spread) * np.arange(-reach, reach + 1) ** 2)
    return weight / weight.sum()
