"""Exact fractional Gaussian noise by circulant embedding.

The stationary covariance is embedded in a circulant matrix, which the FFT diagonalises: every realisation has exactly
the asked covariance at the price of one FFT.
"""

from math import isfinite

import numpy as np
from scipy import fft

from fhr.errors import FHRError

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
    if n < 1:
        raise FHRError(f"n={n} samples were asked for; give n of at least 1")
    if not 0 < hurst < 1:
        raise FHRError(f"hurst={hurst} is outside (0, 1); give a Hurst exponent strictly between 0 and 1")
    if not (isfinite(sigma) and sigma >= 0):
        raise FHRError(f"sigma={sigma} is not a standard deviation; give a finite number of at least 0")
    shape = (size,) if isinstance(size, int) else tuple(size)
    if any(length < 0 for length in shape):
        raise FHRError(f"size={size} has a negative length; give the shape of the batch, () for one realisation")
    if isinstance(seed, int) and seed < 0:
        raise FHRError(f"seed={seed} is negative; give an integer of at least 0 or a numpy.random.Generator")

    rng = np.random.default_rng(seed)
    half = fft.next_fast_len(n, real=True)
    root = np.sqrt(_eigenvalues(half, hurst))
    spectrum = rng.standard_normal((*shape, half + 1)) + 1j * rng.standard_normal((*shape, half + 1))
    spectrum *= np.sqrt(0.5)
    # The two frequencies that are their own mirror image are real, with the whole unit variance.
    ends = [0, half]
    spectrum[..., ends] = np.sqrt(2) * spectrum[..., ends].real
    noise = fft.irfft(spectrum * root, 2 * half, norm="ortho")
    return np.ascontiguousarray(noise[..., :n]) * sigma


def _eigenvalues(half: int, hurst: float) -> np.ndarray:
    """Eigenvalues of the circulant of length 2 * half that holds the covariance at lags 0..half, (half + 1,)."""
    powers = np.arange(half + 2, dtype=np.float64) ** (2 * hurst)
    covariance = np.empty(half + 1)
    covariance[0] = 1.0
    covariance[1:] = 0.5 * (powers[2:] - 2 * powers[1:-1] + powers[:-2])
    row = np.concatenate([covariance, covariance[-2:0:-1]])
    eigenvalues: np.ndarray = np.maximum(fft.rfft(row).real, 0.0)
    return eigenvalues
