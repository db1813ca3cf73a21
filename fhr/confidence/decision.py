"""The decision "at risk": probability >= threshold, where a tie stays a tie whatever the rounding of the scores."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from fhr.calibration import Calibrator, Reference
from fhr.calibration.ties import rounding

__all__ = ["Decisions", "calibrated", "decide"]

# The mean of equal thresholds differs from each of them in the last digits.
_LAST_DIGITS = 1e-12


class Decisions(NamedTuple):
    """Decisions on n births.

    Attributes:
        at_risk: bool (n,), of the mean probability.
        by_network: bool (network, n), of the probability of each network alone.
    """

    at_risk: np.ndarray
    by_network: np.ndarray


def calibrated(scores: np.ndarray, calibrators: Sequence[Calibrator]) -> np.ndarray:
    """Probabilities (network, n) from the scores (network, n), each row by its own calibrator."""
    return np.array([calibrator.predict(row) for calibrator, row in zip(calibrators, scores, strict=True)])


def decide(scores: np.ndarray, calibrators: Sequence[Calibrator], references: Sequence[Reference]) -> Decisions | None:
    """Decisions at the threshold of the references, or None where one has none.

    A threshold is the probability of a held-out record. The score of that very record, or of one that equals it,
    differs in the last digits from one batch size, processor or device to another, and so would the decision. Scores
    are therefore raised by what float32 rounding can take from them before they are calibrated for the decision. A
    calibrator never falls with the score, so that whatever is a tie but for rounding reaches the threshold.

    Args:
        scores: (network, n).
        calibrators: of each network.
        references: of each network; several thresholds are averaged.
    """
    thresholds = [reference.threshold for reference in references]
    if None in thresholds:
        return None
    limits = np.array(thresholds, dtype=np.float64)[:, None] - _LAST_DIGITS
    raised = scores + np.array([[rounding(reference.pooled()[0])] for reference in references])
    probabilities = calibrated(raised, calibrators)
    return Decisions(probabilities.mean(axis=0) >= limits.mean(), probabilities >= limits)
