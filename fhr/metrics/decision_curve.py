"""Net benefit of acting on a probability, beside that of treating everyone, or no one."""

import numpy as np
from numpy.typing import ArrayLike

from fhr.errors import FHRError

from .inputs import checked_labels, checked_probabilities

__all__ = [
    "THRESHOLDS",
    "mean_net_benefit",
    "mean_net_benefit_by_counts",
    "net_benefit",
    "net_benefit_at",
    "net_benefit_at_by_counts",
    "net_benefit_by_counts",
    "net_benefit_of_treating_all",
]

THRESHOLDS = tuple(percent / 100 for percent in range(2, 31))
"""Risks at which clinicians might act: 2 to 30%, in steps of 1%."""


def net_benefit(labels: ArrayLike, probabilities: ArrayLike, thresholds: ArrayLike) -> np.ndarray:
    """Net benefit TP / n - FP / n * t / (1 - t), where all records with p >= t are treated.

    In true positives per record: t / (1 - t) is what a needless intervention costs in units of a timely one for
    someone who would intervene from the risk t on. Compare with `net_benefit_of_treating_all`, and with 0, which is
    what treating no one is worth.

    Args:
        labels: (n,), 0 or 1.
        probabilities: (n,), in [0, 1].
        thresholds: (k,), in (0, 1).

    Returns:
        (k,), at most the prevalence.

    Raises:
        OutcomeError: labels that are not 0 or 1.
        FHRError: probabilities of another shape, not finite, or outside [0, 1]; a threshold outside (0, 1).

    Source:
        Vickers and Elkin 2006, Med. Decis. Making 26:565, doi:10.1177/0272989X06295361.

    Example:
        >>> net_benefit([0, 0, 0, 1], [0.1, 0.2, 0.6, 0.7], [0.2, 0.5])
        array([0.125, 0.   ])
    """
    return np.array([net_benefit_at(labels, probabilities, t) for t in _checked(thresholds)])


def net_benefit_at(labels: ArrayLike, probabilities: ArrayLike, threshold: float) -> float:
    """`net_benefit` at one threshold."""
    y = checked_labels(labels)
    p = checked_probabilities(probabilities, len(y))
    return float(net_benefit_at_by_counts(y, p, np.ones((1, len(y)), dtype=np.int64), threshold)[0])


def net_benefit_of_treating_all(labels: ArrayLike, thresholds: ArrayLike) -> np.ndarray:
    """Net benefit of treating all, q - (1 - q) t / (1 - t), at prevalence q for thresholds t (k,); 0 where t = q.

    Raises:
        OutcomeError: labels that are not 0 or 1.
        FHRError: a threshold outside (0, 1).
    """
    prevalence, t = checked_labels(labels).mean(), _checked(thresholds)
    return np.asarray(prevalence - (1 - prevalence) * t / (1 - t))


def mean_net_benefit(labels: ArrayLike, probabilities: ArrayLike, thresholds: ArrayLike = THRESHOLDS) -> float:
    """Net benefit averaged over the thresholds, 2 to 30% where none are given; arguments as of `net_benefit`.

    A single number for those who would act at different risks, all thresholds counted alike. Compare with the average
    of `net_benefit_of_treating_all` at the same thresholds, and with 0.
    """
    return float(net_benefit(labels, probabilities, thresholds).mean())


def mean_net_benefit_by_counts(
    labels: np.ndarray, probabilities: np.ndarray, counts: np.ndarray, thresholds: ArrayLike = THRESHOLDS
) -> np.ndarray:
    """`mean_net_benefit` of each resample, (m,); counts (m, n) says how often each record was drawn."""
    return np.asarray(counts @ _worth(labels, probabilities, thresholds).mean(axis=0) / counts.sum(axis=1))


def net_benefit_by_counts(
    labels: np.ndarray, probabilities: np.ndarray, counts: np.ndarray, thresholds: ArrayLike = THRESHOLDS
) -> np.ndarray:
    """`net_benefit` of each resample, (k, m); counts (m, n) says how often each record was drawn."""
    return np.asarray(_worth(labels, probabilities, thresholds) @ counts.T / counts.sum(axis=1))


def net_benefit_at_by_counts(
    labels: np.ndarray, probabilities: np.ndarray, counts: np.ndarray, threshold: float
) -> np.ndarray:
    """`net_benefit_at` of each resample, (m,); counts (m, n) says how often each record was drawn."""
    (worth,) = _worth(labels, probabilities, [threshold])
    return np.asarray(counts @ worth / counts.sum(axis=1))


def _worth(labels: np.ndarray, probabilities: np.ndarray, thresholds: ArrayLike) -> np.ndarray:
    """What each record adds to n times the net benefit, (k, n)."""
    t = _checked(thresholds)[:, None]
    return np.where(labels == 1, 1.0, -t / (1 - t)) * (probabilities >= t)


def _checked(thresholds: ArrayLike) -> np.ndarray:
    t = np.asarray(thresholds, dtype=np.float64)
    if t.ndim != 1 or not np.all((t > 0) & (t < 1)):
        raise FHRError(f"thresholds {np.array2string(t, threshold=6)}; give a list of risks in (0, 1), such as [0.1]")
    return t
