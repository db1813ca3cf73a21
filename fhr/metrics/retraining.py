"""Dependence of answers on chance: the spread and disagreement of retrainings of a network on the same records."""

import numpy as np
from numpy.typing import ArrayLike

from fhr.errors import FHRError

from .inputs import checked_probabilities

__all__ = ["flip_rate", "retraining_spread"]


def flip_rate(decisions: ArrayLike) -> np.ndarray:
    """Probability that two retrainings decide differently about a record: 2 k (R - k) / (R (R - 1)), k of R alarms.

    The share of the pairs of retrainings that disagree, and so unbiased for two new ones. Its mean over records is the
    share of records on which two retrainings disagree.

    Args:
        decisions: (R, n), bool or 0 and 1; one row a retraining, R at least 2.

    Returns:
        (n,), in [0, 1]; 0 where all agree, R / (2 (R - 1)) at most, for an even R.

    Raises:
        FHRError: fewer than two retrainings, another shape, or values other than 0 and 1.

    Example:
        >>> flip_rate([[1, 0, 1], [1, 0, 0], [1, 0, 0]]).round(3)
        array([0.   , 0.   , 0.667])
    """
    d = np.asarray(decisions)
    r = _retrainings(d, "decisions")
    if not np.isin(d, (0, 1)).all():
        raise FHRError("decisions hold other values than 0 and 1; compare the probabilities with a threshold first")
    alarms = d.astype(np.int64).sum(axis=0)
    return np.asarray(2 * alarms * (r - alarms) / (r * (r - 1)))


def retraining_spread(probabilities: ArrayLike) -> np.ndarray:
    """Standard deviation of the probability of each record over retrainings, with R - 1 below the root.

    Args:
        probabilities: (R, n), in [0, 1]; one row a retraining, R at least 2.

    Returns:
        (n,).

    Raises:
        FHRError: fewer than two retrainings, another shape, values not finite or outside [0, 1].
    """
    p = np.asarray(probabilities)
    _retrainings(p, "probabilities")
    return np.asarray(checked_probabilities(p, p.shape[1], repeats=True).std(axis=0, ddof=1))


def _retrainings(array: np.ndarray, name: str) -> int:
    if array.ndim != 2 or array.shape[0] < 2 or array.shape[1] == 0:
        raise FHRError(f"{name} have shape {array.shape}; give (retrainings, n) with at least two retrainings")
    return len(array)
