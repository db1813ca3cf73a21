"""Measurements of real windows that passports of several generators share."""

import hashlib
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from fhr.metrics import shifted_differences
from fhr.synthesis import window_statistics

__all__ = ["RealMeasures"]

Name = TypeVar("Name")


class RealMeasures:
    """Measurements of real windows, made once however many generators are compared with them.

    A window is known by its samples, so that generators that are fitted to other records can share them.
    """

    def __init__(self) -> None:
        self._statistics: dict[bytes, np.ndarray] = {}
        self._differences: dict[tuple[bytes, bytes], np.ndarray] = {}

    def statistics(self, signals: np.ndarray) -> np.ndarray:
        """`fhr.synthesis.window_statistics` of windows (window, 2, time), FHR and UC."""
        names = [_digest(one) for one in signals]
        _add(self._statistics, names, lambda new: window_statistics(signals[new, 0], signals[new, 1]))
        return np.stack([self._statistics[name] for name in names])

    def differences(self, windows: np.ndarray, others: np.ndarray, *, fs: float) -> np.ndarray:
        """`fhr.metrics.shifted_differences` (window, stretch, other) of windows (window, time) at fs Hz."""
        given = _digest(windows)
        names = [(given, _digest(one)) for one in others]
        _add(
            self._differences,
            names,
            lambda new: np.moveaxis(shifted_differences(windows, others[new], fs=fs), -1, 0),
        )
        return np.stack([self._differences[name] for name in names], axis=-1)


def _add(known: dict[Name, np.ndarray], names: list[Name], measured: Callable[[list[int]], np.ndarray]) -> None:
    """Add what is not known yet."""
    if new := [i for i, name in enumerate(names) if name not in known]:
        known.update(zip((names[i] for i in new), measured(new), strict=True))


def _digest(signals: np.ndarray) -> bytes:
    return hashlib.sha256(np.ascontiguousarray(signals).tobytes()).digest()
