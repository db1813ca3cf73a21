"""Poincaré plot: the two widths of the cloud of successive samples."""

import numpy as np
from numpy.typing import ArrayLike

from .inputs import checked_count, each_signal

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

    def one(row: np.ndarray) -> tuple[float, float, float]:
        first, second = row[:-lag], row[lag:]
        both = ~np.isnan(first) & ~np.isnan(second)
        if both.sum() < _MIN_PAIRS:
            return np.nan, np.nan, np.nan
        first, second = first[both], second[both]
        across, along = np.std(second - first) / np.sqrt(2), np.std(second + first) / np.sqrt(2)
        return across, along, across / along if along > 0 else np.nan

    return each_signal(x, one, 3)
