"""Fractional Brownian motion: the running sum of fractional Gaussian noise."""

import numpy as np

from fhr.errors import FHRError

from .fractional_gaussian_noise import fgn

__all__ = ["fbm"]


def fbm(
    n: int,
    hurst: float,
    *,
    size: int | tuple[int, ...] = (),
    sigma: float = 1.0,
    seed: int | np.random.Generator = 0,
) -> np.ndarray:
    r"""Fractional Brownian motion at the times 0, 1, ..., n - 1, starting at 0.

    :math:`B(0) = 0`, :math:`B(t) = \sum_{k<t} X_k` with X fractional Gaussian noise, so that
    :math:`\mathrm{E}[B(s) B(t)] = \frac{\sigma^2}{2} (s^{2H} + t^{2H} - |s - t|^{2H})`. n samples hold n - 1
    increments, which are exactly what `fgn(n - 1, ...)` gives for the same arguments.

    Args:
        n: samples per realisation, the starting 0 included; at least 1.
        hurst: Hurst exponent H, strictly between 0 and 1.
        size: shape of the batch of independent realisations; () gives a single one.
        sigma: standard deviation of one increment, at least 0.
        seed: a non-negative integer, or a `numpy.random.Generator`, which then advances.

    Returns:
        float64 array (*size, n); its first sample is 0.

    Raises:
        FHRError: n below 1, hurst outside (0, 1), sigma negative or not finite, a negative size or seed.

    Source:
        Mandelbrot and Van Ness 1968, SIAM Review 10:422-437, doi:10.1137/1010093; increments as in `fgn`.

    >>> float(fbm(5, 0.3, seed=1)[0])
    0.0
    """
    if n < 1:
        raise FHRError(f"n={n} samples were asked for; give n of at least 1")
    increments = fgn(max(n - 1, 1), hurst, size=size, sigma=sigma, seed=seed)
    motion = np.zeros((*increments.shape[:-1], n))
    motion[..., 1:] = np.cumsum(increments[..., : n - 1], axis=-1)
    return motion
