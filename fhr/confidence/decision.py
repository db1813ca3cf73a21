"""The decision "at risk": probability >= threshold, where a tie stays a tie whatever the rounding of the scores."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["Decisions", "decide", "reaches"]

# Relative to the threshold. The scores of a network differ by some 1e-7 of their size from one batch size, processor or
# device to another; where their size is a hundred times their spread (minus the predicted pH), a probability moves by
# some 1e-5 of itself. No reader can tell such probabilities apart.
_ROUNDING = 1e-4


class Decisions(NamedTuple):
    """Decisions on n births.

    Attributes:
        at_risk: bool (n,), of the mean probability.
        by_network: bool (network, n), of the probability of each network alone.
    """

    at_risk: np.ndarray
    by_network: np.ndarray


def reaches(probabilities: ArrayLike, threshold: ArrayLike) -> np.ndarray:
    """Decide which probabilities are at or above a threshold, or below it by rounding alone.

    A threshold is the probability of a held-out record. Without the second half, the decision about that very record,
    or about one that equals it, would turn with the batch size.

    Args:
        probabilities: of any shape.
        threshold: of a shape that broadcasts with them.

    Example:
        >>> reaches([0.2, 0.29999999, 0.3], 0.3).tolist()
        [False, True, True]
    """
    return np.asarray(np.asarray(probabilities) >= np.asarray(threshold) * (1 - _ROUNDING))


def decide(probabilities: np.ndarray, thresholds: Sequence[float | None]) -> Decisions | None:
    """Decisions by the thresholds of the networks, and by their mean for the mean probability; None where one lacks it.

    Args:
        probabilities: (network, n), at the prevalence of the held-out records.
        thresholds: of each network.
    """
    known = [threshold for threshold in thresholds if threshold is not None]
    if not known or len(known) < len(thresholds):
        return None
    each = np.array(known)[:, None]
    return Decisions(reaches(probabilities.mean(axis=0), each.mean()), reaches(probabilities, each))
