"""Cumulants of log-leaders at each scale, and their excess from finite resolution."""

from math import exp, lgamma, log, pi, sqrt

import torch

__all__ = ["N_CUMULANTS", "cumulants_of_moments", "gamma_shape", "octaves_seen", "resolution_excess"]

N_CUMULANTS = 4  # the largest order


def cumulants_of_moments(mean: torch.Tensor, raw: list[torch.Tensor]) -> torch.Tensor:
    """Cumulants (order, ...) from the mean that was subtracted and the raw moments of what is left.

    Args:
        mean: (...).
        raw: moments of order 1, 2, ..., each (...), of the deviations.
    """
    m1 = raw[0]
    found = [mean + m1]
    if len(raw) > 1:
        found.append(raw[1] - m1**2)
    if len(raw) > 2:
        found.append(raw[2] - 3 * m1 * raw[1] + 2 * m1**3)
    if len(raw) > 3:
        found.append(raw[3] - 4 * m1 * raw[2] - 3 * raw[1] ** 2 + 12 * m1**2 * raw[1] - 6 * m1**4)
    return torch.stack(found)


def octaves_seen(eta: torch.Tensor, j: int, p: float) -> torch.Tensor:
    r"""Deficit of the mean log-p-leader of scale j, which sees j octaves only, up to a constant.

    .. math:: \frac{1}{p} \ln \frac{1 - 2^{-j \eta(p)}}{1 - 2^{-\eta(p)}}

    Source:
        Leonarduzzi, Wendt, Abry, Jaffard, Melot 2017, IEEE Trans. Signal Process. 65:3359-3368.
    """
    ratio = (1 - torch.exp2(-j * eta)) / (1 - torch.exp2(-eta))
    return torch.where(eta.abs() > 1e-9, torch.log(ratio), log(j)) / p


def resolution_excess(power: torch.Tensor, p: float, order: int) -> torch.Tensor:
    r"""Excess that finite resolution adds to the cumulants 2, 3, ... of log-p-leaders at each scale.

    A p-leader sums :math:`3 \cdot 2^i` coefficients of scale j - i for i = 0, ..., j - 1. Were they independent and
    Gaussian with the measured :math:`S_j = \langle |d_j|^p \rangle`, then

    .. math:: \frac{1}{k_j} = \frac{\mathrm{Var} L_j^p}{(\mathrm{E} L_j^p)^2} =
        \frac{v_p}{3} \frac{\sum_i 2^{-i} S_{j-i}^2}{(\sum_i S_{j-i})^2}, \qquad
        v_p = \frac{\sqrt\pi\, \Gamma(p + 1/2)}{\Gamma((p + 1)/2)^2} - 1 .

    It falls with j while further octaves come in, and a multifractal analysis would read that as c2 < 0: -0.006 for
    fractional Brownian motion of H = 0.3 and p = 2. With a gamma law of shape k for L^p, cumulant m of its logarithm
    is the polygamma function :math:`\psi^{(m-1)}(k)`; subtracting
    :math:`(\psi^{(m-1)}(k_j) - \psi^{(m-1)}(k_{j_2})) / p^m` takes each scale to the resolution of the coarsest.

    For p > 2 the powers are so heavy-tailed that few coefficients make no gamma law: there it is not used.

    Args:
        power: S_j (scale, batch) of the scales 1, 2, ..., j2.
        p: at most 2.
        order: of the last cumulant.

    Returns:
        (j2, order - 1, batch), of the scales 1, 2, ..., j2 and the cumulants 2 to `order`.

    Source:
        This package's own; the correction of the mean is `octaves_seen`.
    """
    k = gamma_shape(power, power, None, p)
    excess = torch.stack([torch.polygamma(m - 1, k) / p**m for m in range(2, order + 1)], dim=1)
    return excess - excess[-1]


def gamma_shape(first: torch.Tensor, second: torch.Tensor, coherence: torch.Tensor | None, p: float) -> torch.Tensor:
    """Shape k of the gamma law of L^p at each scale (scale, batch), from the powers S_j of one signal or of two.

    Args:
        first: S_j (scale, batch) of the scales 1, 2, ..., j2.
        second: the same of another signal, or of the same one.
        coherence: squared correlation of the coefficients of both, (scale, batch); None for one signal with itself.
        p: at most 2.
    """
    v = sqrt(pi) * exp(lgamma(p + 0.5) - 2 * lgamma((p + 1) / 2)) - 1
    tiny = torch.finfo(first.dtype).tiny
    # Scaled, so that products of two powers stay within the dtype's range.
    x, y = (power / power.amax(0).clamp(min=tiny) for power in (first, second))
    squares, found = torch.zeros_like(x[0]), []
    for common in x * y if coherence is None else coherence * x * y:
        squares = squares / 2 + common
        found.append(squares)
    relative = v / 3 * torch.stack(found) / (x.cumsum(0) * y.cumsum(0)).clamp(min=tiny)
    return 1 / relative.clamp(min=1e-12)
