"""Correlations of two signals, and the excess of their leaders' joint cumulants from finite resolution."""

import torch

from .cumulants import gamma_shape

__all__ = ["correlation", "joint_excess", "multifractal_correlation"]


def correlation(xx: torch.Tensor, xy: torch.Tensor, yy: torch.Tensor) -> torch.Tensor:
    """Correlation xy / sqrt(xx yy) from sums of products, -1 to 1; 0 where a signal has no power."""
    tiny = torch.finfo(xx.dtype).tiny
    return (xy / xx.clamp(min=tiny).sqrt() / yy.clamp(min=tiny).sqrt()).clamp(-1, 1)


def multifractal_correlation(c20: torch.Tensor, c11: torch.Tensor, c02: torch.Tensor) -> torch.Tensor:
    """Multifractal correlation -c11 / sqrt(c20 c02), NaN where c20 or c02 is not negative."""
    defined = (c20 < 0) & (c02 < 0)
    return torch.where(defined, -c11 / torch.where(defined, c20 * c02, 1.0).sqrt(), torch.nan)


def joint_excess(first: torch.Tensor, second: torch.Tensor, coherence: torch.Tensor, p: float) -> torch.Tensor:
    r"""Excess that finite resolution adds to C_20, C_11 and C_02 of log-p-leaders at each scale.

    As in `fhr.multiscale.cumulants.resolution_excess` for one signal, a p-leader is taken for a sum of
    :math:`3 \cdot 2^i` independent Gaussian coefficients of scale j - i. Between two signals whose coefficients are
    correlated by :math:`r_j`, the relative covariance of the leaders' p-th powers is

    .. math:: \frac{1}{k_j} = \frac{v_p}{3} \frac{\sum_i 2^{-i} r_{j-i}^2 S^x_{j-i} S^y_{j-i}}
        {\sum_i S^x_{j-i} \sum_i S^y_{j-i}}

    (for p = 2 exactly; else :math:`r^2` stands for the correlation of :math:`|d_x|^p` and :math:`|d_y|^p`), and
    :math:`(\psi'(k_j) - \psi'(k_{j_2})) / p^2` is what C_11 holds of it: nothing for signals without linear
    correlation, as much as C_20 for a signal with itself.

    Args:
        first: S_j = <|d_j|^p> (scale, batch) of the scales 1, 2, ..., j2 of the first signals.
        second: the same of the second signals.
        coherence: r_j^2, (scale, batch).
        p: at most 2, as there.

    Returns:
        (j2, 3, batch).

    Source:
        This package's own.
    """
    found = []
    for x, y, r2 in ((first, first, None), (first, second, coherence), (second, second, None)):
        excess = torch.polygamma(1, gamma_shape(x, y, r2, p)) / p**2
        found.append(excess - excess[-1])
    return torch.stack(found, dim=1)
