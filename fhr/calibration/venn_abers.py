"""Venn-Abers prediction: two probabilities, of which that of the true label is perfectly calibrated at any n.

Isotonic regression of the calibration sample with the new record added, once as a negative and once as a positive. How
far the two lie apart says how much the calibration sample knows about such a score.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fhr.recording import plain_numbers

from .calibrator import Calibrator

__all__ = ["VennAbers"]


class VennAbers(Calibrator):
    """Inductive Venn-Abers predictor: p0 and p1 are the isotonic fit at the score s after adding (s, 0), and (s, 1).

    Validity: if the records of the fit and the new one are exchangeable, the p_y of the true label y is calibrated,
    E[y | p_y] = p_y, whatever the scores and however few the records. It is a statement about the average record, not
    about this one: [p0, p1] is no confidence interval of a record's own risk. The merged probability of `predict`,
    p = p1 / (1 - p0 + p1), keeps the regret in log-loss least in the worst of the two cases; p0 <= p <= p1.

    p0 and p1 are step functions of the score; only their steps are kept, not the scores of the fit. Below all of them
    p0 = 0, above p1 = 1. Both are non-decreasing.

    Needs 20 records, 5 of each class. Validity asks for none; with fewer positives the interval says next to nothing
    where it matters. Freedom of shape has its price: where Platt scaling is right, `predict` costs more log-loss,
    about 5 / (2n) to 7 / (2n) at n = 330 and one positive in eight beside the 2 / (2n) of Platt scaling.

    Source:
        Vovk and Petej 2014, UAI, arXiv:1211.0025; inductive form and merged probability: Vovk, Petej, Fedorova
        2015, NeurIPS, arXiv:1511.00213. Computed by the max-min formula of isotonic regression in O(k^2) time and O(k)
        memory for k distinct scores (10 ms for 400), not by the paper's O(k log k) stacks.

    Example:
        >>> scores, labels = list(range(20)), [0] * 9 + [1, 0] + [1] * 9
        >>> low, high = VennAbers().fit(scores, labels).interval([0, 9.5, 19])
        >>> low.round(2), high.round(2)
        (array([0.  , 0.33, 0.9 ]), array([0.1 , 0.67, 1.  ]))
    """

    kind = "venn_abers"
    learns = ("low_from", "low", "high_to", "high")

    def interval(self, scores: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Interval (p0, p1), float64 of the same shape as the scores; p0 < p1, both non-decreasing in the score.

        Raises:
            FHRError: not fitted, or scores that are not finite.
        """
        return self._steps(self._finite(scores))

    def _learn(self, scores: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
        distinct, index = np.unique(scores, return_inverse=True)
        records, positives = np.bincount(index), np.bincount(index, weights=labels)
        # p0 holds from its score up to the next one, p1 from below the previous score up to its own.
        low = np.concatenate([[0.0], _with_added(records, positives, 0)])
        high = np.concatenate([_with_added(records, positives, 1), [1.0]])
        low_steps, high_steps = np.flatnonzero(np.diff(low)), np.flatnonzero(np.diff(high))
        return {
            "low_from": distinct[low_steps].tolist(),
            "low": [0.0, *low[low_steps + 1].tolist()],
            "high_to": distinct[high_steps].tolist(),
            "high": [*high[high_steps].tolist(), 1.0],
        }

    def _probability(self, scores: np.ndarray) -> np.ndarray:
        low, high = self._steps(scores)
        return np.asarray(high / (1 - low + high))

    def _steps(self, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        fitted = self._fitted()
        low = np.asarray(fitted["low"])[np.searchsorted(fitted["low_from"], scores, side="right")]
        high = np.asarray(fitted["high"])[np.searchsorted(fitted["high_to"], scores, side="left")]
        return np.asarray(low), np.asarray(high)

    @staticmethod
    def _is_sound(state: Mapping[str, Any]) -> bool:
        low_from, low, high_to, high = (np.array(plain_numbers(state[key], key)) for key in VennAbers.learns)
        for at, steps in ((low_from, low), (high_to, high)):
            if len(steps) != len(at) + 1:
                return False
            if not ((np.diff(at) > 0).all() and (np.diff(steps) > 0).all()):
                return False
        return bool(low[0] == 0 and low[-1] < 1 and high[0] > 0 and high[-1] == 1)


def _with_added(records: np.ndarray, positives: np.ndarray, label: int) -> np.ndarray:
    """At each distinct score the isotonic fit there, if one more record of this score and label is added.

    The fit at i is max over a <= i of min over b >= i of the mean label of the scores a to b, the added one included;
    that mean is the same for every i between a and b, so one pass over a does.
    """
    n, k = np.concatenate([[0], np.cumsum(records)]), np.concatenate([[0], np.cumsum(positives)])
    fit = np.zeros(len(records))
    for a in range(len(records)):
        means = (k[a + 1 :] - k[a] + label) / (n[a + 1 :] - n[a] + 1)
        fit[a:] = np.maximum(fit[a:], np.minimum.accumulate(means[::-1])[::-1])
    return fit
