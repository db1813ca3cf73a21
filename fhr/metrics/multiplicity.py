"""Adjustment of p-values for several comparisons at once."""

import numpy as np
from numpy.typing import ArrayLike

from fhr.errors import FHRError

__all__ = ["holm"]


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
    p = np.asarray(p_values, dtype=np.float64)
    made = np.isfinite(p)
    if p.ndim != 1 or np.isinf(p).any() or (p[made] < 0).any() or (p[made] > 1).any():
        raise FHRError(f"p-values {np.array2string(p, threshold=6)}; give a list of numbers in [0, 1]")
    order, m = np.argsort(p[made], kind="stable"), int(made.sum())
    ranked = np.minimum(np.maximum.accumulate(p[made][order] * np.arange(m, 0, -1)), 1)
    adjusted, back = np.full(len(p), np.nan), np.empty(m)
    back[order] = ranked
    adjusted[made] = back
    return adjusted
