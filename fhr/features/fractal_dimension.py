"""Higuchi's fractal dimension, over the pairs of samples that were both measured."""

import numpy as np
from numpy.typing import ArrayLike

from .inputs import checked_count, some_signals

__all__ = ["higuchi"]

_MIN_PAIRS = 10


def higuchi(x: ArrayLike, *, kmax: int = 10) -> np.ndarray:
    r"""Fractal dimension D of the curve, from its length at coarser and coarser steps, :math:`L(k) \sim k^{-D}`.

    .. math:: L(k) = \frac{n - 1}{k^2} \cdot \frac{1}{k} \sum_{i=1}^{k} \mathrm{mean}_j |x_{i+jk} - x_{i+(j-1)k}|

    and -D is the least-squares slope of log L against log k, k = 1, ..., kmax. Where both samples of a pair were not
    measured it is left out of the mean. D is 1 for smooth curves, 2 - H for fractional Brownian motion, 2 for noise.

    Args:
        x: (..., time); NaN is missing.
        kmax: longest step in samples, at least 2.

    Returns:
        float64 (...); NaN if any of the k offsets of any step k has fewer than 10 pairs, or the signal is constant.

    Raises:
        SignalError: no time axis, or an infinite sample.
        FHRError: kmax below 2.

    Source:
        Higuchi 1988, Physica D 31:277-283, doi:10.1016/0167-2789(88)90081-4.

    >>> higuchi(np.arange(500.0)).round(6).item()
    1.0
    """
    kmax = checked_count("kmax", kmax, least=2)
    log_k = np.log(np.arange(1, kmax + 1)) - np.mean(np.log(np.arange(1, kmax + 1)))

    def some(rows: np.ndarray) -> np.ndarray:
        length = np.empty((len(rows), kmax))
        for k in range(1, kmax + 1):
            step = np.abs(rows[:, k:] - rows[:, :-k])
            both = ~np.isnan(step)
            step[~both] = 0.0
            pairs, total = np.empty((2, k, len(rows)))
            for i in range(k):
                pairs[i], total[i] = np.count_nonzero(both[:, i::k], axis=-1), step[:, i::k].sum(axis=-1)
            length[:, k - 1] = (total / np.where(pairs < _MIN_PAIRS, np.nan, pairs)).mean(axis=0) / k**2
        length[~(length > 0).all(axis=-1)] = np.nan
        return -np.sum(np.log(length) * log_k, axis=-1) / (log_k @ log_k)

    return some_signals(x, some)
