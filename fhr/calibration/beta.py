"""Beta calibration: Platt scaling whose slope may differ between low and high scores.

A network is often overconfident on one side only. Platt scaling has one slope for both; beta calibration has two, and
contains Platt scaling and, where the score is already a calibrated logit, the identity.
"""

from collections.abc import Mapping
from math import isfinite
from typing import Any

import numpy as np
from scipy.special import expit, logit

from fhr.errors import FHRError
from fhr.recording import plain_number

from .calibrator import Calibrator

__all__ = ["Beta"]


class Beta(Calibrator):
    """Beta calibration: logit p = a ln q - b ln(1 - q) + c, a, b >= 0, q = 1 / (1 + exp(-(score - mean) / scale)).

    Beta calibration maps (0, 1) to (0, 1); a score of any kind gets there by the fixed map q of the standardised score,
    whose mean and scale (standard deviation) are those of the scores of the fit. In the standardised score z the curve
    is a bent line of slope a for z -> -inf and b for z -> +inf; a = b is Platt scaling.

    Fitted by minimising sum of log-losses + penalty / 4 (a^2 + b^2) over a, b >= 0: with a = b this is the ridge of
    `RidgePlatt`, and it draws a and b together with the same force. A coefficient that would be negative is zero and
    the other is fitted again; with both zero every record has the prevalence, as for a constant score. The mean
    probability of the fitting sample is its prevalence.

    Needs 40 records, 10 of each class: twice as many as `RidgePlatt`, which has one slope. On small samples the third
    parameter costs about 1/(2n) of log-loss and pays only where the two slopes differ.

    Args:
        penalty: weight of the ridge, above 0.

    Raises:
        FHRError: a penalty that is not a positive number.

    Source:
        Kull, Silva Filho, Flach 2017, Electron. J. Statist. 11:5052, doi:10.1214/17-EJS1338SI. The map q and the ridge
        are ours; the two-parameter variants of the paper are left out.

    Example:
        >>> scores, labels = list(range(40)), [0] * 18 + [1, 0] * 2 + [1] * 18
        >>> Beta().fit(scores, labels).predict([0, 19.5, 39]).round(2)
        array([0.01, 0.5 , 0.99])
    """

    kind = "beta"
    settings = ("penalty",)
    learns = ("a", "b", "c")
    min_records = 40
    min_per_class = 10

    def __init__(self, penalty: float = 1.0) -> None:
        super().__init__()
        if not (isfinite(penalty) and penalty > 0):
            raise FHRError(f"penalty={penalty}; give a positive number, 1 by default, more to shrink more")
        self.penalty = float(penalty)

    def _learn(self, scores: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
        from sklearn.linear_model import LogisticRegression  # slow to import, and a prediction does without

        x = _log_odds_terms(self.standardize(scores))
        sign = 1 - 2 * labels
        flat = {"a": 0.0, "b": 0.0, "c": float(logit(labels.mean()))}
        if np.ptp(scores) == 0:
            return flat
        # The objective is convex: its minimum over a, b >= 0 is the free one if that lies there, else on a face.
        found = [(np.inf, flat)]
        for kept in ([0, 1], [0], [1]):
            fit = LogisticRegression(C=2 / self.penalty, solver="newton-cholesky", tol=1e-8, max_iter=200)
            fit.fit(x[:, kept], labels)
            if (fit.coef_ < 0).any():
                continue
            ab = np.zeros(2)
            ab[kept] = fit.coef_[0]
            loss = np.logaddexp(0, sign * (x @ ab + fit.intercept_[0])).sum() + self.penalty / 4 * ab @ ab
            found.append((loss, {"a": float(ab[0]), "b": float(ab[1]), "c": float(fit.intercept_[0])}))
            if len(kept) == 2:
                break
        return min(found, key=lambda one: one[0])[1]

    def _probability(self, scores: np.ndarray) -> np.ndarray:
        fitted = self._fitted()
        x = _log_odds_terms(self.standardize(scores))
        return np.asarray(expit(x @ np.array([fitted["a"], fitted["b"]]) + fitted["c"]))

    @staticmethod
    def _is_sound(state: Mapping[str, Any]) -> bool:
        return all(plain_number(state[key], key) >= low for key, low in (("a", 0), ("b", 0), ("c", -np.inf)))


def _log_odds_terms(z: np.ndarray) -> np.ndarray:
    """Ln q and -ln(1 - q) of q = expit(z), (..., 2); neither overflows, however far z lies."""
    return np.stack([-np.logaddexp(0, -z), np.logaddexp(0, z)], axis=-1)
