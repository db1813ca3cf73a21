"""The log-normal multiplicative cascade: a random measure whose scaling is known in closed form."""

import numpy as np

from fhr.errors import FHRError

from .circulant_embedding import batch_shape

__all__ = ["cascade"]


def cascade(
    n: int,
    *,
    c2: float,
    integral_scale: int | None = None,
    size: int | tuple[int, ...] = (),
    seed: int | np.random.Generator = 0,
) -> np.ndarray:
    r"""Density of a canonical dyadic log-normal cascade: positive, with mean 1.

    An interval of L samples with density 1 is halved again and again down to single samples, and at each halving the
    density of each half is multiplied by an independent W with :math:`\ln W \sim N(-s^2 / 2, s^2)`, :math:`s^2 = -c_2
    \ln 2`, so that :math:`\mathrm{E} W = 1` and :math:`\log_2 \mathrm{E} W^q = -\frac{c_2}{2} (q^2 - q)`.
    The measure of a dyadic interval of l samples, which `numpy.cumsum(density, axis=-1)` sums up, has
    :math:`\mathrm{E} \mu^q \propto l^{\zeta(q)}` with

    .. math:: \zeta(q) = q - \log_2 \mathrm{E} W^q = c_1 q + c_2 \frac{q^2}{2},\qquad c_1 = 1 - \frac{c_2}{2},

    and all further log-cumulants 0. Since the cascade stops at one sample, intervals of few samples lack the
    fluctuation of what would be finer: proportionality is reached within some octaves.

    Args:
        n: samples per realisation, at least 1.
        c2: second log-cumulant of the running sum, above -2 (from there on the measure vanishes) and at most 0.
        integral_scale: L in samples, a power of 2; by default the least that holds n. A longer realisation is made of
            independent cascades of L samples, one after another; it is cut where its n samples end.
        size: shape of the batch of independent realisations; () gives a single one.
        seed: a non-negative integer, or a `numpy.random.Generator`, which then advances.

    Returns:
        float64 array (*size, n), above 0.

    Raises:
        FHRError: n below 1, c2 outside (-2, 0], an integral scale that is no power of 2, a negative size or seed.

    Source:
        Mandelbrot 1974, J. Fluid Mech. 62:331-358, doi:10.1017/S0022112074000711; Kahane and Peyriere 1976, Adv. Math.
        22:131-145, doi:10.1016/0001-8708(76)90151-1. Left out: conservative cascades, in which the two halves keep the
        whole's measure; cascades that are stationary in time (see `mrw`).

    >>> density = cascade(1000, c2=-0.1, size=2, seed=1)
    >>> measure = np.cumsum(density, axis=-1)
    >>> measure.shape, bool((density > 0).all())
    ((2, 1000), True)
    """
    shape = batch_shape(n, size, seed)
    if not -2 < c2 <= 0:
        raise FHRError(f"c2={c2} is outside (-2, 0]; give a second log-cumulant in it, such as -0.05")
    scale = 1 << (n - 1).bit_length() if integral_scale is None else integral_scale
    if scale not in {1 << octave for octave in range(63)}:
        raise FHRError(f"integral_scale={integral_scale} is not a power of 2; give 1, 2, 4, ... samples")

    rng = np.random.default_rng(seed)
    variance = -c2 * np.log(2)
    log_density = np.zeros((*shape, -(-n // scale), 1))
    for _ in range(scale.bit_length() - 1):
        halves = np.repeat(log_density, 2, axis=-1)
        log_density = halves + rng.normal(-variance / 2, np.sqrt(variance), halves.shape)
    return np.exp(log_density).reshape(*shape, -(-n // scale) * scale)[..., :n].copy()
