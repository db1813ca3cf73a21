"""Means of a signal by seconds: the grid on which events are looked for, whatever the sampling rate."""

from functools import lru_cache
from math import prod

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft
from scipy.ndimage import correlate1d

from fhr.preprocessing import block_mean

__all__ = ["by_second", "gaussian", "smoothed"]

_LEAST = 0.02  # of the kernel's weight must lie on what is known
_FEW = range(1, 8)  # samples a second that `block_mean` adds one after another
_WIDE = 64  # samples of a kernel above which Fourier transforms are faster


def by_second(signal: np.ndarray, fs: float) -> np.ndarray:
    """Average the known samples of each second from the start (..., m); NaN where none is known.

    Args:
        signal: (..., n), NaN is missing.
        fs: sampling rate, 1 Hz or more. A last second that is not whole counts.
    """
    if fs in _FEW and signal.shape[-1] % fs == 0:
        return block_mean(signal, int(fs))  # the same sums in the same order, many times as fast
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
    rows = signal.reshape(prod(signal.shape[:-1]), signal.shape[-1])
    known = ~np.isnan(rows)
    other = (known[1:] != known[:-1]).any(axis=-1)  # rows on end that miss the same samples share their weights
    anew = np.append(True, other)[: len(rows)]
    kernel = gaussian(spread)
    both = np.concatenate([known[anew], np.where(known, rows, 0.0)])
    smooth = _convolved(both, kernel) if len(kernel) > _WIDE else correlate1d(both, kernel, mode="constant")
    n = len(smooth) - len(rows)
    weight, total = smooth[:n][np.cumsum(anew) - 1], smooth[n:]
    means = np.divide(total, weight, out=np.full(rows.shape, np.nan), where=weight > _LEAST)
    return means.reshape(signal.shape)


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
