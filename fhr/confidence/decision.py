"""The decision "at risk": probability >= threshold, where a tie stays a tie whatever the rounding of the scores."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["Threshold"]

# Relative to the threshold. A threshold is the probability of a held-out record; scores that are far from 0 are rounded
# to some thousandths of their spread, where a probability moves by some 1e-4 of itself.
_ROUNDING = 1e-4


@dataclass(frozen=True)
class Threshold:
    """Threshold of a decision.

    Attributes:
        value: a probability, at the prevalence of the held-out records.

    Example:
        >>> Threshold(0.3).reached_by([0.2, 0.29999999, 0.3]).tolist()
        [False, True, True]
    """

    value: float

    @classmethod
    def mean(cls, thresholds: Sequence[float | None]) -> "Threshold | None":
        """The mean of the thresholds of several inner folds; None where there are none or one lacks it."""
        known = [threshold for threshold in thresholds if threshold is not None]
        return cls(float(np.mean(known))) if known and len(known) == len(thresholds) else None

    @property
    def least(self) -> float:
        """The least probability that is taken for the threshold or above it.

        It is lower by rounding alone. Without that the decision about the very record that gave the threshold, or about
        one that equals it, would turn with the batch size.
        """
        return self.value * (1 - _ROUNDING)

    def reached_by(self, probabilities: ArrayLike) -> np.ndarray:
        """Decide which probabilities, of any shape, are at or above it."""
        return np.asarray(np.asarray(probabilities) >= self.least)
