"""Exact fractional Gaussian noise by circulant embedding."""

from math import isfinite

import numpy as np
from scipy import fft

from fhr.errors import FHRError

from .circulant_embedding import batch_shape, stationary_gaussian

__all__ = ["fgn"]


def fgn(
    n: int,
    hurst: float,
    *,
    size: int | tuple[int, ...] = (),
    sigma: float = 1.0,
    seed: int | np.random.Generator = 0,
) -> np.ndarray:
    r"""Fractional Gaussian noise, the increments of fractional Brownian motion.

    Zero-mean Gaussian with autocovariance
    :math:`\gamma(k) = \frac{\sigma^2}{2} (|k+1|^{2H} - 2|k|^{2H} + |k-1|^{2H})`; H = 0.5 is white noise, H > 0.5 is
    persistent, H < 0.5 antipersistent. Exact for every H in (0, 1) and every n: the embedding is non-negative
    definite, so eigenvalues below zero are rounding error and are set to zero.

    Args:
        n: samples per realisation, at least 1.
        hurst: Hurst exponent H, strictly between 0 and 1.
        size: shape of the batch of independent realisations; () gives a single one.
        sigma: standard deviation of each sample, at least 0.
        seed: a non-negative integer, or a `numpy.random.Generator`, which then advances.

    Returns:
        float64 array (*size, n).

    Raises:
        FHRError: n below 1, hurst outside (0, 1), sigma negative or not finite, a negative size or seed.

    Source:
        Davies and Harte 1987, Biometrika 74:95-101, doi:10.1093/biomet/74.1.95; Dietrich and Newsam 1997, SIAM J. Sci.
        Comput. 18:1088-1107, doi:10.1137/S1064827592240555. Left out: Dietrich and Newsam's second, independent
        realisation from the imaginary part (a real FFT of half the work is used instead).

    >>> fgn(4, 0.8, size=(2, 3)).shape
    (2, 3, 4)
    """
    shape = batch_shape(n, size, seed)
    if not 0 < hurst < 1:
        raise FHRError(f"hurst={hurst} is outside (0, 1); give a Hurst exponent strictly between 0 and 1")
    if not (isfinite(sigma) and sigma >= 0):
        raise FHRError(f"sigma={sigma} is not a standard deviation; give a finite number of at least 0")
    lags = fft.next_fast_len(n, real=True)
    return stationary_gaussian(_covariance(lags, hurst), n, shape, np.random.default_rng(seed)) * sigma


def _covariance(lags: int, hurst: float) -> np.ndarray:
    """The autocovariance at the lags 0..lags, (lags + 1,)."""
    powers = np.arange(lags + 2, dtype=np.float64) ** (2 * hurst)
    covariance = np.ones(lags + 1)
    covariance[1:] = 0.5 * (powers[2:] - 2 * powers[1:-1] + powers[:-2])
    return covariance
