"""Platt scaling with a ridge on the slope: with few positives, shrink towards the prevalence, not into overconfidence.

The maximum-likelihood slope of a few dozen positives is noisy and infinite when the classes separate. A ridge on the
slope of the standardised score, with the intercept left free, costs little where there is much data, stays finite where
there is little, and always keeps the mean probability of the fitting sample at its prevalence. Platt's own remedy,
smoothed targets, moves that mean.
"""

import logging
from collections.abc import Mapping
from math import isfinite

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from fhr.errors import CheckpointError, FHRError
from fhr.metrics.inputs import checked_labels, checked_scores

__all__ = ["RidgePlatt"]

MIN_RECORDS = 20
MIN_PER_CLASS = 5

_log = logging.getLogger(__name__)


class RidgePlatt:
    """p = 1 / (1 + exp(-(intercept + slope * (score - mean) / scale))).

    Fitted by minimising sum of log-losses + penalty / 2 * slope^2; mean and scale (standard deviation) are those of the
    scores it was fitted on. Any risk score does, higher meaning more at risk: logits, minus the predicted pH.

    The ranking is never reversed: a fitted slope below zero is set to zero, with a warning in the log, and every record
    then has the prevalence, as it has for a constant score.

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

    def __init__(self, penalty: float = 1.0) -> None:
        if not (isfinite(penalty) and penalty > 0):
            raise FHRError(f"penalty={penalty}; give a positive number, 1 by default, more to shrink more")
        self.penalty = float(penalty)
        self._line: tuple[float, float, float, float] | None = None

    def fit(self, scores: ArrayLike, labels: ArrayLike) -> "RidgePlatt":
        """Fit on held-out scores.

        Args:
            scores: (n,), finite; of records that the model was not trained on.
            labels: (n,), 0 or 1.

        Returns:
            Itself.

        Raises:
            OutcomeError: labels that are not 0 or 1.
            FHRError: scores of another shape or not finite; fewer than 20 records, or than 5 of either class.
        """
        y = checked_labels(labels)
        s = checked_scores(scores, len(y))
        self.check_sample(y)
        with np.errstate(over="ignore"):  # reported just below
            mean, scale = float(s.mean()), float(s.std())
        slope, intercept = 0.0, float(logit(y.mean()))
        if not isfinite(scale):
            raise FHRError(f"scores range from {s.min():.4g} to {s.max():.4g}; rescale them to a usual range")
        if np.ptp(s) == 0 or scale == 0:
            scale = 1.0
        else:
            z = ((s - mean) / scale)[:, None]
            fit = LogisticRegression(C=1 / self.penalty, solver="newton-cholesky", tol=1e-8, max_iter=200).fit(z, y)
            if fit.coef_[0, 0] < 0:
                _log.warning(
                    "the calibration slope is %.3g, below zero: higher scores went with lower risk in these %d "
                    "records; it is set to zero and every record gets the prevalence %.3g",
                    fit.coef_[0, 0],
                    len(y),
                    y.mean(),
                )
            else:
                slope, intercept = float(fit.coef_[0, 0]), float(fit.intercept_[0])
        self._line = (mean, scale, slope, intercept)
        return self

    @staticmethod
    def check_sample(labels: ArrayLike) -> None:
        """Refuse a sample that is too small to calibrate on; worth asking before a long training.

        Raises:
            OutcomeError: labels that are not 0 or 1.
            FHRError: fewer than 20 records, or than 5 of either class.
        """
        y = checked_labels(labels)
        positives = int(y.sum())
        negatives = len(y) - positives
        if len(y) < MIN_RECORDS or min(positives, negatives) < MIN_PER_CLASS:
            raise FHRError(
                f"{len(y)} records, {positives} positive and {negatives} negative, are too few to calibrate on; give "
                f"at least {MIN_RECORDS} with {MIN_PER_CLASS} of each class, or a commoner label"
            )

    def predict(self, scores: ArrayLike) -> np.ndarray:
        """Probabilities float64 of the same shape as the scores; non-decreasing in the score.

        Raises:
            FHRError: not fitted, or scores that are not finite.
        """
        mean, scale, slope, intercept = self._fitted()
        s = np.asarray(scores, dtype=np.float64)
        if bad := int((~np.isfinite(s)).sum()):
            raise FHRError(f"{bad} of {s.size} scores are NaN or infinite; leave out the records the model failed on")
        return np.asarray(expit(intercept + slope * ((s - mean) / scale)))

    __call__ = predict

    def standardize(self, scores: ArrayLike) -> np.ndarray:
        """(score - mean) / scale: scores of several folds on one scale, where each fold has its own model.

        Ranks pool on it. Probabilities of several folds do not: each fold has its own intercept, and one with a
        flat calibrator keeps nothing but its prevalence.

        Raises:
            FHRError: not fitted.
        """
        mean, scale, _, _ = self._fitted()
        return (np.asarray(scores, dtype=np.float64) - mean) / scale

    def to_dict(self) -> dict[str, float]:
        """Penalty, mean, scale, slope, intercept as plain floats.

        Raises:
            FHRError: not fitted.
        """
        mean, scale, slope, intercept = self._fitted()
        return {"penalty": self.penalty, "mean": mean, "scale": scale, "slope": slope, "intercept": intercept}

    @classmethod
    def from_dict(cls, state: Mapping[str, float]) -> "RidgePlatt":
        """The calibrator that `to_dict` described.

        Raises:
            CheckpointError: a missing or unknown key, a value that is not finite, a scale or slope out of range.
        """
        wanted = {"penalty", "mean", "scale", "slope", "intercept"}
        if set(state) != wanted:
            raise CheckpointError(
                f"calibrator state has the keys {sorted(state)}, not {sorted(wanted)}; fit the calibrator again"
            )
        values = {key: float(value) for key, value in state.items()}
        sound = all(map(isfinite, values.values())) and values["scale"] > 0 and values["slope"] >= 0
        if not (sound and values["penalty"] > 0):
            raise CheckpointError(f"calibrator state {values} is not one that fit makes; fit the calibrator again")
        calibrator = cls(values["penalty"])
        calibrator._line = (values["mean"], values["scale"], values["slope"], values["intercept"])
        return calibrator

    def _fitted(self) -> tuple[float, float, float, float]:
        if self._line is None:
            raise FHRError("this RidgePlatt is not fitted; call fit(scores, labels) or from_dict first")
        return self._line
