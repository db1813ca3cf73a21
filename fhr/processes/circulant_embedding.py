"""Stationary Gaussian sequences by circulant embedding, and the arguments that every process here shares.

The stationary covariance is embedded in a circulant matrix, which the FFT diagonalises: every realisation has exactly
the asked covariance at the price of one FFT.
"""

import numpy as np
from scipy import fft

from fhr.errors import FHRError

__all__ = ["batch_shape", "stationary_gaussian"]


def stationary_gaussian(covariance: np.ndarray, n: int, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Draw zero-mean Gaussian sequences with a stationary covariance.

    A covariance that is non-negative, decreasing and convex in the lag always has a non-negative definite embedding, at
    any length; so has that of fractional Gaussian noise. Any other is checked here.

    Args:
        covariance: (half + 1,) at the lags 0, ..., half, with half of at least n - 1 and a length that the FFT likes.
        n: samples per realisation.
        shape: shape of the batch.
        rng: the generator, which advances.

    Returns:
        float64 array (*shape, n).

    Raises:
        FHRError: the embedding has an eigenvalue below zero by more than rounding, so that exactness is lost.

    Source:
        Davies and Harte 1987, Biometrika 74:95-101, doi:10.1093/biomet/74.1.95; Dietrich and Newsam 1997, SIAM J. Sci.
        Comput. 18:1088-1107, doi:10.1137/S1064827592240555. Left out: Dietrich and Newsam's second, independent
        realisation from the imaginary part (a real FFT of half the work is used instead).
    """
    half = len(covariance) - 1
    eigenvalues = fft.rfft(np.concatenate([covariance, covariance[-2:0:-1]])).real
    if eigenvalues.min() < -1e-9 * np.abs(eigenvalues).max():
        raise FHRError(
            f"the covariance has a circulant embedding with the eigenvalue {eigenvalues.min():.2g}, which no "
            "random sequence has; give a convex covariance or one at more lags"
        )
    spectrum = rng.standard_normal((*shape, half + 1)) + 1j * rng.standard_normal((*shape, half + 1))
    spectrum *= np.sqrt(0.5)
    # The two frequencies that are their own mirror image are real, with the whole unit variance.
    ends = [0, half]
    spectrum[..., ends] = np.sqrt(2) * spectrum[..., ends].real
    sequence = fft.irfft(spectrum * np.sqrt(np.maximum(eigenvalues, 0.0)), 2 * half, norm="ortho")
    return np.ascontiguousarray(sequence[..., :n])


def batch_shape(n: int, size: int | tuple[int, ...], seed: int | np.random.Generator) -> tuple[int, ...]:
    """Check the three arguments that every process takes, and give the shape of the batch.

    Raises:
        FHRError: n below 1, a negative length in size, a negative seed.
    """
    if n < 1:
        raise FHRError(f"n={n} samples were asked for; give n of at least 1")
    shape = (size,) if isinstance(size, int) else tuple(size)
    if any(length < 0 for length in shape):
        raise FHRError(f"size={size} has a negative length; give the shape of the batch, () for one realisation")
    if isinstance(seed, int) and seed < 0:
        raise FHRError(f"seed={seed} is negative; give an integer of at least 0 or a numpy.random.Generator")
    return shape
