"""Adjustment of p-values for several comparisons at once: of the chance of any false one, and of the share of them."""

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from fhr.errors import FHRError

__all__ = ["FDRMethod", "benjamini_hochberg", "benjamini_yekutieli", "false_discovery_rate_at", "holm"]

FDRMethod = Literal["hochberg", "yekutieli"]
"""Procedures that hold the false discovery rate: of Benjamini and Hochberg, or Benjamini and Yekutieli."""


def holm(p_values: ArrayLike) -> np.ndarray:
    """Holm's adjusted p-values: the running maximum, from the smallest up, of (m - rank + 1) p, at most 1.

    Rejecting those of at most a keeps the probability of any false rejection at most a, whatever their dependence.

    Args:
        p_values: (m,), in [0, 1]; NaN where a comparison could not be made.

    Returns:
        (m,), in the given order; NaN stays NaN and does not count in m.

    Raises:
        FHRError: another shape, or a value outside [0, 1].

    Source:
        Holm 1979, Scand. J. Statist. 6:65.

    Example:
        >>> holm([0.01, 0.04, 0.03])
        array([0.03, 0.06, 0.06])
    """

    def adjusted(p: np.ndarray) -> np.ndarray:
        order = np.argsort(p, kind="stable")
        back = np.empty(len(p))
        back[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1)
        return back

    return _where_made(p_values, adjusted)


def benjamini_hochberg(p_values: ArrayLike) -> np.ndarray:
    r"""Benjamini and Hochberg's adjusted p-values: the least :math:`m\,t / \#\{p \le t\}` over t of at least the own p.

    Rejecting those of at most a keeps the expected share of false ones among the rejected at most a, where the p-values
    are independent or positively dependent on each true null (PRDS). P-values of one calibration set, of scores that
    were fitted without it and the tested, are (Bates et al. 2023), which is why this is the default for
    p-values by rank.

    Args:
        p_values: (m,), in [0, 1]; NaN where a comparison could not be made.

    Returns:
        (m,), in the given order; NaN stays NaN and does not count in m.

    Raises:
        FHRError: another shape, or a value outside [0, 1].

    Source:
        Benjamini and Hochberg 1995, J. R. Statist. Soc. B 57:289; Bates, Candès, Lei, Romano and Sesia 2023, Ann.
        Statist. 51:149, arXiv:2104.08279.

    Example:
        >>> benjamini_hochberg([0.01, 0.04, 0.03])
        array([0.03, 0.04, 0.04])
    """
    return _where_made(p_values, lambda p: _rate_at(p, p, 1.0))


def benjamini_yekutieli(p_values: ArrayLike) -> np.ndarray:
    r"""Benjamini and Yekutieli's adjusted p-values: those of `benjamini_hochberg`, :math:`\sum_{i=1}^m 1/i` times.

    Rejecting those of at most a keeps the expected share of false ones among the rejected at most a, whatever their
    dependence. That costs power: the factor is 2.9 for ten p-values and 6.8 for five hundred.

    Args:
        p_values: (m,), in [0, 1]; NaN where a comparison could not be made.

    Returns:
        (m,), in the given order, at most 1; NaN stays NaN and does not count in m.

    Raises:
        FHRError: another shape, or a value outside [0, 1].

    Source:
        Benjamini and Yekutieli 2001, Ann. Statist. 29:1165, doi:10.1214/aos/1013699998.

    Example:
        >>> benjamini_yekutieli([0.01, 0.04, 0.03]).round(3)
        array([0.055, 0.073, 0.073])
    """
    return _where_made(p_values, lambda p: _rate_at(p, p, _harmonic(len(p))))


def false_discovery_rate_at(p_values: ArrayLike, at: ArrayLike, *, method: FDRMethod = "hochberg") -> np.ndarray:
    r"""False discovery rate of rejecting the p-values of a family up to a threshold t.

    .. math:: q(t) = \min_{t' \ge t} m\,c\,t' / \#\{p \le t'\}

    At a p-value of the family it is that one adjusted. It places what belongs to no family beside one: the second
    nearest match of a query takes the rate of its p in the family of the nearest matches.

    Args:
        p_values: (m,) of the family, in [0, 1]; NaN does not count.
        at: thresholds, of any shape, in [0, 1]; NaN stays NaN.
        method: `hochberg`, c = 1, or `yekutieli`, c the sum of 1/i up to m.

    Returns:
        Shaped as `at`, at most 1; 1 for an empty family.

    Raises:
        FHRError: a family of another shape, a value outside [0, 1], or another method.

    Example:
        >>> false_discovery_rate_at([0.01, 0.04, 0.6], [0.01, 0.02, 0.05])
        array([0.03 , 0.06 , 0.075])
    """
    if method not in get_args(FDRMethod):
        raise FHRError(f"method={method!r}; choose from {', '.join(map(repr, get_args(FDRMethod)))}")
    family, thresholds = _checked(p_values), np.asarray(at, dtype=np.float64)
    family = family[~np.isnan(family)]
    factor = _harmonic(len(family)) if method == "yekutieli" else 1.0
    return _where_made(thresholds.ravel(), lambda t: _rate_at(family, t, factor)).reshape(thresholds.shape)


def _rate_at(p: np.ndarray, at: np.ndarray, factor: float) -> np.ndarray:
    if not len(p):
        return np.ones_like(at)
    ordered = np.sort(p)
    count = np.searchsorted(ordered, ordered, side="right")
    least = np.minimum.accumulate((ordered / count)[::-1])[::-1]  # of the family's own, from each to the largest
    here = np.searchsorted(ordered, at, side="right")
    own = np.where(here > 0, at / np.maximum(here, 1), np.inf)
    beyond = np.append(least, np.inf)[np.searchsorted(ordered, at, side="left")]
    return np.minimum(len(p) * factor * np.minimum(own, beyond), 1)


def _harmonic(m: int) -> float:
    return float((1 / np.arange(1, m + 1)).sum())


def _where_made(p_values: ArrayLike, adjusted: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    p = _checked(p_values)
    made = ~np.isnan(p)
    found = np.full(len(p), np.nan)
    found[made] = adjusted(p[made])
    return found


def _checked(p_values: ArrayLike) -> np.ndarray:
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 1 or (p < 0).any() or (p > 1).any():
        raise FHRError(f"p-values {np.array2string(p, threshold=6)}; give a list of numbers in [0, 1]")
    return p
