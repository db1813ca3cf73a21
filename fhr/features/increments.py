"""Increments of fetal heart rate and uterine activity: their size, skewness and tails at three distances in time."""

import numpy as np
from numpy.typing import ArrayLike

from fhr.errors import FHRError

from .column import Column
from .inputs import checked_rate, some_signals
from .nested_windows import ENOUGH

__all__ = ["INCREMENT_COLUMNS", "increment_features", "increment_moments"]

_DISTANCES = (1.0, 5.0, 30.0)  # s
_LEAST_SIZE = 1e-6  # bpm or units of UC, of increments that vary
_RESOLUTION = 0.05  # bpm or units of UC, in logarithms

INCREMENT_COLUMNS = tuple(
    Column(f"{prefix}increment_{kind}_{distance:g}s", unit, f"{words} of the changes of {channel} over {distance:g} s")
    for channel, prefix, unit_of_size in (("FHR", "", "bpm"), ("UC", "uc_", "unit"))
    for kind, unit, words in (
        ("size", f"log {unit_of_size}", "log(0.05 + standard deviation)"),
        ("skewness", "1", "skewness"),
        ("kurtosis", "1", "excess kurtosis"),
    )
    for distance in _DISTANCES
)
"""Name, unit and description of each column of `increment_features`."""


def increment_moments(x: ArrayLike, *, fs: float = 4.0, distance: float = 5.0) -> np.ndarray:
    r"""Standard deviation, skewness and excess kurtosis of the increments :math:`x(t + \tau) - x(t)`.

    Only pairs of which both samples are known count, so that gaps thin the increments out and bend none. Played
    backwards, a signal has the same standard deviation and kurtosis, and the opposite skewness: it is what a surrogate
    with the spectrum of a signal loses first. Falls that are faster than their recoveries have a negative one.

    Args:
        x: (..., time); NaN is missing.
        fs: sampling rate, Hz.
        distance: s, rounded to samples.

    Returns:
        float64 (..., 3), in units of x, 1 and 1; NaN with pairs for less than 60 s, skewness and kurtosis also where
        the increments do not vary.

    Raises:
        SignalError: no time axis, an infinite sample, or a rate that is not positive.
        FHRError: a distance of less than one sample.

    >>> t = np.arange(1201)
    >>> increment_moments(140 - 10.0 * (t % 6), fs=1.0, distance=1.0).round(2).tolist()  # five steps down, one up
    [22.36, 1.79, 1.2]
    """
    rate = checked_rate(fs)
    step = round(distance * rate) if np.isfinite(distance) else 0
    if step < 1:
        raise FHRError(f"distance={distance} s at fs={fs:g} Hz; give one of at least a sample")

    def some(rows: np.ndarray) -> np.ndarray:
        change = rows[:, step:] - rows[:, :-step]
        known = ~np.isnan(change)
        n = np.count_nonzero(known, axis=-1)
        n = np.where(n < max(ENOUGH * rate, 2), np.nan, n)
        mean = np.where(known, change, 0.0).sum(axis=-1) / n
        off = np.where(known, change - mean[:, None], 0.0)
        squared = off * off
        second, third, fourth = (p.sum(axis=-1) / n for p in (squared, squared * off, squared * squared))
        size = np.sqrt(second)
        varies = np.where(size > _LEAST_SIZE, second, np.nan)
        return np.stack([size, third / varies**1.5, fourth / varies**2 - 3], axis=-1)

    return some_signals(x, some, 3)


def increment_features(fhr: np.ndarray, uc: np.ndarray, *, fs: float) -> np.ndarray:
    """Compute `INCREMENT_COLUMNS` of each window by `increment_moments`.

    Args:
        fhr: (window, n) cleaned, bpm; NaN is missing.
        uc: (window, n) any unit; NaN is missing.
        fs: sampling rate, Hz.

    Returns:
        float64 (window, column).
    """
    both = np.stack([fhr, uc], axis=1)
    moments = np.stack([increment_moments(both, fs=fs, distance=distance) for distance in _DISTANCES], axis=-1)
    moments[..., 0, :] = np.log(_RESOLUTION + moments[..., 0, :])  # (window, channel, moment, distance)
    return moments.reshape(len(fhr), len(INCREMENT_COLUMNS))
