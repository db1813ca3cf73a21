"""Dependence of answers on chance: the spread and disagreement of retrainings of a network on the same records."""

from collections.abc import Hashable, Sequence
from itertools import combinations, product
from math import comb, prod, sqrt

import numpy as np
from numpy.typing import ArrayLike

from fhr.compute import stream
from fhr.errors import FHRError

from .inputs import checked_probabilities

__all__ = ["flip_rate", "flip_rate_of_average", "retraining_spread"]

_MOST_HALVES = 200  # the rate is then known to some hundredths


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


def flip_rate_of_average(
    probabilities: ArrayLike,
    threshold: float,
    *,
    average: ArrayLike | None = None,
    strata: Sequence[Hashable] | None = None,
    seed: int = 0,
) -> np.ndarray:
    """Probability that the average of as many other retrainings decides otherwise: 2 q (1 - q), by half samples.

    The mean over half of R retrainings strays from the mean over all with the variance sigma^2 / R, which is that of
    the mean over all about its expectation. So q, the share of half samples whose mean reaches the threshold, estimates
    how often a new average would, and 2 q (1 - q) how often two of them disagree. It is coarse where R is small: 4
    retrainings have 6 halves.

    Each stratum is halved by itself, so that what differs between strata by design (their records) is not taken for
    chance; a stratum of an odd number has its deviations brought to the right size, those of a single retraining are
    halved together. Half samples come with their complements.

    Args:
        probabilities: (R, n), in [0, 1]; one row a retraining.
        threshold: that the mean is compared with.
        average: (n,), the probability that is decided by, where it is not the mean of the rows; half samples then
            deviate from it as their means do from the mean of the rows.
        strata: of each retraining; None for a single one.
        seed: of the half samples, 200 of which are drawn where there are more.

    Returns:
        (n,), in [0, 0.5].

    Raises:
        FHRError: fewer than two retrainings, another shape, another number of strata, or values not finite or outside
            [0, 1].

    Source:
        McCarthy 1969, Rev. Int. Stat. Inst. 37:239, doi:10.2307/1402116 (balanced half samples).

    Example:
        >>> flip_rate_of_average([[0.1, 0.2], [0.2, 0.2], [0.3, 0.9], [0.2, 0.9]], 0.25).round(2)
        array([0.44, 0.28])
    """
    p = np.asarray(probabilities)
    r = _retrainings(p, "probabilities")
    p = checked_probabilities(p, p.shape[1], repeats=True)
    weights = _half_samples(_strata(["all"] * r if strata is None else list(strata), r), r, seed)
    mean = p.mean(axis=0) if average is None else np.asarray(average, dtype=np.float64)
    at_risk = (mean + weights @ (p - p.mean(axis=0)) >= threshold - 1e-12).mean(axis=0)
    return np.asarray(2 * at_risk * (1 - at_risk))


def _strata(given: list[Hashable], r: int) -> list[np.ndarray]:
    """Rows of each stratum of two or more; single ones are put together, a last one to the first stratum."""
    if len(given) != r:
        raise FHRError(f"{len(given)} strata of {r} retrainings; give one for each")
    rows = [[i for i, other in enumerate(given) if other == one] for one in dict.fromkeys(given)]
    alone, strata = [i for one in rows if len(one) == 1 for i in one], [one for one in rows if len(one) > 1]
    if len(alone) == 1 and strata:
        strata[0] = sorted([*strata[0], *alone])
    elif alone:
        strata.append(alone)
    return [np.array(one) for one in strata]


def _half_samples(strata: list[np.ndarray], r: int, seed: int) -> np.ndarray:
    """Weights (h, R): the deviation of a half's mean from the mean of all is their product with the retrainings'."""
    halves = prod(comb(len(rows), len(rows) // 2) for rows in strata)
    parts = []
    if halves <= _MOST_HALVES:
        every = [[np.isin(rows, half) for half in combinations(rows, len(rows) // 2)] for rows in strata]
        chosen = [np.array(one) for one in zip(*product(*every), strict=True)]
    else:
        generator = stream(seed, "halves of networks")
        draws = (generator.random((_MOST_HALVES // 2, len(rows))).argsort(axis=1) for rows in strata)
        chosen = [order < order.shape[1] // 2 for order in draws]
    for rows, taken in zip(strata, chosen, strict=True):
        k, h = len(rows), len(rows) // 2
        weights = np.zeros((len(taken), r))
        # The mean over h of k strays by sigma^2 (1 / h - 1 / k); wanted is sigma^2 / k.
        weights[:, rows] = (taken / h - 1 / k) * (k / r) * sqrt(h / (k - h))
        parts.append(weights)
    deviations = np.sum(parts, axis=0)
    return np.concatenate([deviations, -deviations])


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
