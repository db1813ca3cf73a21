"""Signals as every feature takes them: (..., time) with NaN for missing, some worked on at once."""

from collections.abc import Callable
from math import prod

import numpy as np
from numpy.typing import ArrayLike

from fhr.errors import FHRError, SignalError
from fhr.recording import floating

__all__ = ["checked_count", "checked_rate", "some_signals"]

_AT_ONCE = 1 << 16  # samples, 1/2 MiB: more leave the cache


def some_signals(x: ArrayLike, function: Callable[[np.ndarray], ArrayLike], *shape: int) -> np.ndarray:
    """Apply `function`, of (signal, time) to (signal, *shape), to some signals at once, as many as the cache holds.

    Returns:
        float64 (..., *shape) of x (..., time).

    Raises:
        SignalError: no time axis, or a sample that is infinite.
    """
    signals = floating(x).astype(np.float64, copy=False)
    if signals.ndim == 0:
        raise SignalError("the signal is a single number; give shape (time,) or (..., time)")
    if np.isinf(signals).any():
        raise SignalError(f"{int(np.isinf(signals).sum())} samples are infinite; missing samples are NaN")
    batch = signals.shape[:-1]
    rows = signals.reshape(prod(batch), signals.shape[-1])
    results = np.empty((len(rows), *shape))
    step = max(_AT_ONCE // max(rows.shape[1], 1), 1)
    for start in range(0, len(rows), step):
        results[start : start + step] = np.asarray(function(rows[start : start + step]))
    return results.reshape((*batch, *shape))


def checked_count(name: str, value: int, *, least: int = 1) -> int:
    """Check a whole number of at least `least`.

    Raises:
        FHRError: anything else.
    """
    if not np.isfinite(value) or int(value) != value or value < least:
        raise FHRError(f"{name}={value}; give a whole number of at least {least}")
    return int(value)


def checked_rate(fs: float) -> float:
    """Check a sampling rate, Hz.

    Raises:
        SignalError: it is not a positive number.
    """
    if not (np.isfinite(fs) and fs > 0):
        raise SignalError(f"sampling rate fs={fs} Hz; it must be a positive number")
    return float(fs)
