"""Proper scores: smallest when the probability given is the probability believed."""

import numpy as np
from numpy.typing import ArrayLike

from .inputs import checked_labels, checked_probabilities

__all__ = ["brier", "brier_by_counts", "brier_skill", "brier_skill_by_counts"]


def brier(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """Brier score: mean of (p - y)^2. Defined for one class and for a constant probability too.

    Args:
        labels: (n,), 0 or 1.
        probabilities: (n,), in [0, 1].

    Returns:
        In [0, 1]; 0 is best.

    Raises:
        OutcomeError: labels that are not 0 or 1.
        FHRError: probabilities of another shape, not finite, or outside [0, 1].

    Source:
        Brier 1950, Mon. Weather Rev. 78:1.

    Example:
        >>> brier([0, 1], [0.5, 1.0])
        0.125
    """
    return float(brier_by_counts(*_every_record_once(labels, probabilities))[0])


def brier_skill(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """Brier skill: 1 - brier / (q (1 - q)), q the prevalence of these same labels.

    Arguments and errors as in `brier`.

    Returns:
        At most 1; 0 is what the prevalence given to everyone earns; NaN where there is one class only.

    Example:
        >>> brier_skill([0, 1], [0.5, 0.5])
        0.0
    """
    return float(brier_skill_by_counts(*_every_record_once(labels, probabilities))[0])


def brier_by_counts(labels: np.ndarray, probabilities: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """`brier` of each resample, (m,); counts (m, n) says how often each record was drawn."""
    return counts @ np.square(probabilities - labels) / counts.sum(axis=1)


def brier_skill_by_counts(labels: np.ndarray, probabilities: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """`brier_skill` of each resample, (m,)."""
    prevalence = counts @ labels / counts.sum(axis=1)
    spread = prevalence * (1 - prevalence)
    loss = brier_by_counts(labels, probabilities, counts)
    return np.where(spread > 0, 1 - loss / np.where(spread > 0, spread, 1), np.nan)


def _every_record_once(labels: ArrayLike, probabilities: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    y = checked_labels(labels)
    return y, checked_probabilities(probabilities, len(y)), np.ones((1, len(y)), dtype=np.int64)
