"""Sample entropy of a signal with gaps."""

from math import isfinite

import numpy as np
from numpy.typing import ArrayLike

from fhr.errors import FHRError

from .inputs import checked_count, some_signals
from .template_matches import template_matches, whole_templates

__all__ = ["checked_tolerance", "deviation", "sample_entropy", "template_entropy"]

_MIN_TEMPLATES = 100
_AT_ONCE = 1 << 14  # samples: more leave the cache, and few are mostly the calls


def sample_entropy(x: ArrayLike, *, m: int = 2, r: float = 0.2) -> np.ndarray:
    r"""Sample entropy, :math:`-\log(A / B)`: how seldom runs that are alike for m samples stay so for one more.

    B counts the pairs of templates :math:`(x_i, ..., x_{i+m-1})` whose largest difference is at most
    :math:`r \cdot \mathrm{sd}(x)`, with the population's standard deviation of all measured samples; A the pairs that
    are still alike with :math:`x_{i+m}`. Self-matches do not count. Only the positions i whose m + 1 samples were all
    measured are templates, for A and B alike: none reaches across a gap.

    Args:
        x: (..., time); NaN is missing.
        m: samples of a template, at least 1.
        r: tolerance as a fraction of the standard deviation, at least 0.

    Returns:
        float64 (...), nats; NaN with fewer than 100 templates, if no pair matches for m + 1 samples, or if the signal
        is constant.

    Raises:
        SignalError: no time axis, or an infinite sample.
        FHRError: m below 1, or r that is negative or not finite.

    Source:
        Richman and Moorman 2000, Am J Physiol Heart Circ Physiol 278:H2039-H2049,
        doi:10.1152/ajpheart.2000.278.6.H2039. They set no least number of templates; 10^m to 20^m samples is the rule
        of Pincus and Goldberger 1994, doi:10.1152/ajpheart.1994.266.4.H1643.

    >>> sample_entropy(np.sin(np.arange(3000) * 2 * np.pi / 100)).round(3).item()
    0.163
    """
    m, r = checked_count("m", m), checked_tolerance(r)
    return some_signals(x, lambda rows: template_entropy(rows, m, r * deviation(rows)))


def checked_tolerance(r: float) -> float:
    """Check a tolerance, as a fraction of the standard deviation.

    Raises:
        FHRError: it is negative or not finite.
    """
    if not (isfinite(r) and r >= 0):
        raise FHRError(f"r={r}; give a tolerance of at least 0, a fraction of the standard deviation such as 0.2")
    return float(r)


def deviation(x: np.ndarray) -> np.ndarray:
    """Population standard deviation of the measured samples of x (signal, n); NaN without any."""
    measured = (row[~np.isnan(row)] for row in x)
    return np.array([np.std(row) if len(row) else np.nan for row in measured])


def template_entropy(x: np.ndarray, m: int, tolerance: np.ndarray) -> np.ndarray:
    """Sample entropy of x (signal, n) at tolerances in the unit of x; NaN as `sample_entropy` says."""
    entropy = np.full(len(x), np.nan)
    some = np.flatnonzero(np.count_nonzero(whole_templates(x, m), axis=-1) >= _MIN_TEMPLATES)
    step = max(_AT_ONCE // max(x.shape[-1], 1), 1)
    for one in (some[start : start + step] for start in range(0, len(some), step)):
        shorter, longer = template_matches(x[one], m, tolerance[one])
        varied = np.fmax.reduce(x[one], axis=-1) > np.fmin.reduce(x[one], axis=-1)
        entropy[one] = -np.log(np.where(varied & (longer > 0), longer, np.nan) / np.maximum(shorter, 1))
    return entropy
