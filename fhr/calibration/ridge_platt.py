"""Platt scaling with a ridge on the slope: few positives shrink it towards the prevalence, not to overconfidence.

The maximum-likelihood slope of a few dozen positives is noisy and infinite when the classes separate. A ridge on the
slope of the standardised score, with the intercept left free, costs little where there is much data, stays finite where
there is little, and always keeps the mean probability of the fitting sample at its prevalence. Platt's own remedy,
smoothed targets, moves that mean.
"""

from collections.abc import Callable, Mapping
from math import inf, isfinite
from typing import Any

import numpy as np
from scipy.special import expit, logit

from fhr.errors import FHRError
from fhr.recording import plain_number

from .calibrator import Calibrator
from .ridge_lines import ridge_lines

__all__ = ["RidgePlatt"]


class RidgePlatt(Calibrator):
    """Platt scaling: p = 1 / (1 + exp(-(intercept + slope * (score - mean) / scale))).

    Fitted by minimising sum of log-losses + penalty / 2 * slope^2; mean and scale (standard deviation) are those of the
    scores it was fitted on. Any risk score does, higher meaning more at risk: logits, minus the predicted pH.

    The ranking is never reversed: a fitted slope below zero is set to zero, with a warning in the log, and every record
    then has the prevalence, as it has for a constant score. Needs 20 records, 5 of each class.

    Args:
        penalty: weight of the ridge, above 0; a prior on the slope of standard deviation 1 / sqrt(penalty) log-odds
            per standard deviation of the score.

    Raises:
        FHRError: a penalty that is not a positive number.

    Source:
        Platt 1999, Advances in Large Margin Classifiers, 61; ridge: le Cessie and van Houwelingen 1992, Appl. Statist.
        41:191, doi:10.2307/2347628.

    Example:
        >>> scores, labels = list(range(20)), [0] * 9 + [1, 0] + [1] * 9
        >>> calibrator = RidgePlatt().fit(scores, labels)
        >>> calibrator.predict([0, 9.5, 19]).round(2)
        array([0.04, 0.5 , 0.96])
    """

    kind = "ridge_platt"
    settings = ("penalty",)
    learns = ("slope", "intercept")

    def __init__(self, penalty: float = 1.0) -> None:
        super().__init__()
        if not (isfinite(penalty) and penalty > 0):
            raise FHRError(f"penalty={penalty}; give a positive number, 1 by default, more to shrink more")
        self.penalty = float(penalty)

    def refitted(
        self, scores: np.ndarray, counts: np.ndarray, events: np.ndarray
    ) -> Callable[[np.ndarray], np.ndarray]:
        """Refit to m samples of the same scores at once, see `Calibrator.refitted`."""
        mean, scale = float(scores.mean()), float(scores.std()) or 1.0
        intercept, slope = ridge_lines((scores - mean) / scale, counts, events, self.penalty)
        return lambda at: expit(intercept[:, None] + slope[:, None] * ((np.asarray(at) - mean) / scale))

    def _learn(self, scores: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
        from sklearn.linear_model import LogisticRegression  # slow to import, and a prediction does without

        z = self.standardize(scores)[:, None]
        if np.ptp(z) > 0:
            fit = LogisticRegression(C=1 / self.penalty, solver="newton-cholesky", tol=1e-8, max_iter=200)
            fit.fit(z, labels)
            if fit.coef_[0, 0] >= 0:
                return {"slope": float(fit.coef_[0, 0]), "intercept": float(fit.intercept_[0])}
        return {"slope": 0.0, "intercept": float(logit(labels.mean()))}

    def _probability(self, scores: np.ndarray) -> np.ndarray:
        line = self._fitted()
        return np.asarray(expit(line["intercept"] + line["slope"] * self.standardize(scores)))

    @staticmethod
    def _is_sound(state: Mapping[str, Any]) -> bool:
        return all(plain_number(state[key], key) >= low for key, low in (("slope", 0), ("intercept", -inf)))
