"""Poincaré plot: the two widths of the cloud of successive samples."""

import numpy as np
from numpy.typing import ArrayLike

from .inputs import checked_count, some_signals

__all__ = ["poincare"]

_MIN_PAIRS = 50


def poincare(x: ArrayLike, *, lag: int = 1) -> np.ndarray:
    r"""SD1, SD2 and SD1 / SD2 of the points :math:`(x_t, x_{t + lag})`, across and along the line of identity.

    .. math:: SD1 = \mathrm{sd}(x_{t+lag} - x_t) / \sqrt 2, \quad SD2 = \mathrm{sd}(x_{t+lag} + x_t) / \sqrt 2

    with the population's standard deviation, over the pairs that were both measured.

    Args:
        x: (..., time); NaN is missing.
        lag: samples, at least 1.

    Returns:
        float64 (..., 3): SD1 and SD2 in the unit of x, and their ratio; NaN with fewer than 50 pairs, the ratio also
        where SD2 is 0.

    Raises:
        SignalError: no time axis, or an infinite sample.
        FHRError: a lag below 1.

    Source:
        Brennan, Palaniswami and Kamen 2001, IEEE Trans Biomed Eng 48:1342-1347, doi:10.1109/10.959330.

    >>> poincare(np.tile([140.0, 142.0], 100)).round(3).tolist()
    [1.414, 0.0, nan]
    """
    lag = checked_count("lag", lag)

    def some(rows: np.ndarray) -> np.ndarray:
        first, second = rows[:, :-lag], rows[:, lag:]
        widths = np.full((2, len(rows)), np.nan)
        for width, points in zip(widths, (second - first, second + first), strict=True):
            both = ~np.isnan(points)
            n = both.sum(axis=-1)
            n = np.where(n < _MIN_PAIRS, np.nan, n)
            off = points - (np.where(both, points, 0.0).sum(axis=-1) / n)[:, None]
            width[:] = np.sqrt(np.where(both, off**2, 0.0).sum(axis=-1) / n) / np.sqrt(2)
        across, along = widths
        ratio = np.divide(across, along, out=np.full(len(rows), np.nan), where=along > 0)
        return np.stack([across, along, ratio], axis=-1)

    return some_signals(x, some, 3)
