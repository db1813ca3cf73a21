"""The multifractal random walk: a Gaussian walk whose volatility is correlated logarithmically in time."""

from math import isfinite

import numpy as np
from scipy import fft

from fhr.errors import FHRError

from .circulant_embedding import batch_shape, stationary_gaussian
from .fractional_gaussian_noise import fgn

__all__ = ["mrw"]


def mrw(
    n: int,
    *,
    c2: float,
    hurst: float = 0.5,
    integral_scale: float | None = None,
    size: int | tuple[int, ...] = (),
    sigma: float = 1.0,
    seed: int | np.random.Generator = 0,
) -> np.ndarray:
    r"""Multifractal random walk at the times 0, 1, ..., n - 1, starting at 0.

    :math:`X(t) = \sum_{k<t} \epsilon_k e^{\omega_k}` with :math:`\epsilon` the noise of `fgn(n - 1, hurst)` and, apart
    from it, :math:`\omega` stationary Gaussian with :math:`\mathrm{Cov}(\omega_i, \omega_{i+k}) = \lambda^2
    \ln \frac{L}{|k| + 1}` for |k| < L, 0 beyond, and mean :math:`-\lambda^2 \ln L`, so that each increment has the
    variance :math:`\sigma^2`; :math:`\lambda^2 = -c_2`, L the integral scale. The covariance is exact.

    Between one sample and L, :math:`\mathrm{E}|X(t + l) - X(t)|^q \propto l^{\zeta(q)}` with
    :math:`\zeta(q) = c_1 q + c_2 q^2 / 2`, all further log-cumulants 0, and

    - hurst = 0.5: :math:`c_1 = 1/2 + \lambda^2`;
    - hurst > 0.5: :math:`c_1 = \max(H + \lambda^2 / 2,\ 1/2 + \lambda^2)` in the limit of many samples. The first
      part stems from the long memory and leads where :math:`\lambda^2 < 2H - 1`; near the equality the
      scaling is mixed, and slow to settle;
    - hurst < 0.5 needs c2 = 0: a product with :math:`e^\omega` breaks the cancellation that makes noise
      antipersistent, and at large scales the walk would be that of hurst = 0.5;
    - c2 = 0: fractional Brownian motion, :math:`c_1 = H`.

    Moments are finite for q below :math:`1 / \lambda^2`; averages over one realisation follow :math:`\zeta` only for
    :math:`|q| < \sqrt{2 / \lambda^2}` and are linear in q beyond.

    Args:
        n: samples per realisation, the starting 0 included; at least 1.
        c2: second log-cumulant, above -0.5 (from there on the walk degenerates in the limit) and at most 0.
        hurst: Hurst exponent H of the noise, strictly between 0 and 1; at least 0.5 unless c2 is 0.
        integral_scale: L in samples, at least 1: beyond it increments are independent but for the memory of the
            noise, and moments scale as those of fractional Brownian motion. n by default.
        size: shape of the batch of independent realisations; () gives a single one.
        sigma: standard deviation of one increment, at least 0.
        seed: a non-negative integer, or a `numpy.random.Generator`, which then advances.

    Returns:
        float64 array (*size, n); its first sample is 0.

    Raises:
        FHRError: n below 1, c2 outside (-0.5, 0], hurst outside (0, 1) or below 0.5 with a negative c2, an integral
            scale below 1, sigma negative or not finite, a negative size or seed.

    Source:
        Bacry, Delour and Muzy 2001, Phys. Rev. E 64:026103, doi:10.1103/PhysRevE.64.026103; for hurst > 0.5 also Abry,
        Chainais, Coutin and Pipiras 2009, IEEE Trans. Inf. Theory 55:3825-3846, doi:10.1109/TIT.2009.2023708. Left
        out: fractional integration of the walk, which would reach every c1 at the price of exact increments.

    >>> walk = mrw(1000, c2=-0.05, size=2, seed=1)
    >>> walk.shape, walk[:, 0].tolist()
    ((2, 1000), [0.0, 0.0])
    """
    shape = batch_shape(n, size, seed)
    if not -0.5 < c2 <= 0:
        raise FHRError(f"c2={c2} is outside (-0.5, 0]; give a second log-cumulant in it, such as -0.05")
    if c2 < 0 and 0 < hurst < 0.5:
        raise FHRError(
            f"hurst={hurst} with c2={c2}: antipersistent noise loses its scaling when it is multiplied; give hurst of "
            "at least 0.5, or c2=0"
        )
    scale = n if integral_scale is None else integral_scale
    if not (isfinite(scale) and scale >= 1):
        raise FHRError(f"integral_scale={integral_scale} is not a length in samples; give a number of at least 1")

    rng = np.random.default_rng(seed)
    steps = max(n - 1, 1)
    noise = fgn(steps, hurst, size=size, sigma=sigma, seed=rng)
    lags = np.arange(fft.next_fast_len(steps, real=True) + 1)
    # Convex and decreasing in the lag, hence its circulant embedding has no negative eigenvalue.
    covariance = -c2 * np.log(np.maximum(scale / (lags + 1), 1.0))
    omega = stationary_gaussian(covariance, steps, shape, rng) + c2 * np.log(scale)
    walk = np.zeros((*shape, n))
    walk[..., 1:] = np.cumsum(noise * np.exp(omega), axis=-1)[..., : n - 1]
    return walk
