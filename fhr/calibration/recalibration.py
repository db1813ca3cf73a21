"""Recalibration: the probabilities of a finished model, set right on births of the place where it is to be used.

A model's ranking travels better than its probabilities: another prevalence, other monitors and other care shift and
tilt them. Two numbers learnt from some local births mend what is monotone; the ranking stays as it is.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from fhr.compute import stream
from fhr.errors import CheckpointError, FHRError
from fhr.metrics.cox import log_odds
from fhr.metrics.inputs import checked_labels, checked_probabilities
from fhr.metrics.resampling import drawn_counts
from fhr.recording import plain_number, plain_numbers, plain_table

from .local_lines import intercepts, ridge_platt_lines
from .ridge_platt import RidgePlatt

__all__ = ["METHODS", "Recalibration", "lines_of"]

METHODS = ("intercept", "ridge_platt")
"""Ways to recalibrate: `intercept` moves the log-odds, `ridge_platt` fits intercept and slope as `RidgePlatt` does."""

_RESAMPLES = 400
_KEYS = ("method", "intercept", "slope", "births", "positives", "intercepts", "slopes")

_log = logging.getLogger(__name__)


def lines_of(method: str, x: np.ndarray, labels: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Intercept and slope (m, 2) that a method learns from each sample; NaN where it holds one class only.

    Args:
        method: one of `METHODS`.
        x: (n,) log-odds that the model gave, see `fhr.metrics.cox.log_odds`.
        labels: (n,), 0 or 1.
        counts: (m, n), how often each birth stands in each sample.

    Raises:
        FHRError: another method.
    """
    if method not in METHODS:
        raise FHRError(f"recalibration by {method!r}; choose from {', '.join(METHODS)}")
    if method == "ridge_platt":
        return ridge_platt_lines(x, labels, counts)
    found = intercepts(x, labels, counts)
    return np.stack([found, np.where(np.isnan(found), np.nan, 1.0)], axis=1)


@dataclass(frozen=True)
class Recalibration:
    """Recalibration of probabilities: logit p' = intercept + slope * logit p, fitted to local births.

    `intercept` keeps the slope at 1 and has the greatest likelihood; `ridge_platt` is `RidgePlatt` on logit p: a ridge
    on the slope of the standardised log-odds, and never a slope below 0. Both keep the mean probability of their births
    at their prevalence. p is clipped to [1e-6, 1 - 1e-6].

    Attributes:
        method: one of `METHODS`.
        intercept: of the line.
        slope: of the line, 0 or more.
        births: how many it was fitted to.
        positives: how many of these have the label.
        intercepts: of the lines of bootstrap resamples of the births.
        slopes: of the same lines.

    Source:
        Recalibration of published models: Steyerberg et al. 2004, Stat. Med. 23:2567, doi:10.1002/sim.1844; Van
        Calster et al. 2019, BMC Med. 17:230, doi:10.1186/s12916-019-1466-7.

    Example:
        >>> labels, p = [0] * 30 + [1] * 10, [0.4] * 30 + [0.6] * 10
        >>> Recalibration.fit(labels, p, "intercept", seed=0).predict([0.4, 0.6]).round(2)
        array([0.21, 0.37])
    """

    method: str
    intercept: float
    slope: float
    births: int
    positives: int
    intercepts: tuple[float, ...]
    slopes: tuple[float, ...]

    @property
    def prevalence(self) -> float:
        """Prevalence of the label among the births of the fit, which the probabilities are for."""
        return self.positives / self.births

    @classmethod
    def fit(
        cls, labels: ArrayLike, probabilities: ArrayLike, method: str = "ridge_platt", *, seed: int = 0
    ) -> "Recalibration":
        """Fit to local births that the model has not learnt from.

        Args:
            labels: (n,), 0 or 1.
            probabilities: (n,), in [0, 1], as the model gives them.
            method: one of `METHODS`.
            seed: of the bootstrap of the births.

        Raises:
            OutcomeError: labels that are not 0 or 1.
            FHRError: another method, probabilities of another shape, not finite or outside [0, 1], fewer than 20
                births or 5 of either class.
        """
        y = checked_labels(labels)
        p = checked_probabilities(probabilities, len(y))
        RidgePlatt.check_sample(y)
        x, n = log_odds(p), len(y)
        counts = drawn_counts(stream(seed, "births of a recalibration"), _RESAMPLES, n)
        lines = lines_of(method, x, y, np.concatenate([np.ones((1, n), dtype=np.int64), counts]))
        intercept, slope = lines[0]
        if slope == 0:
            _log.warning(
                "the model does not rank these %d births: every birth gets their prevalence, %.3g", n, float(y.mean())
            )
        resampled = lines[1:][np.isfinite(lines[1:, 0])]
        found = tuple(tuple(column) for column in resampled.T.tolist())
        return cls(method, float(intercept), float(slope), n, int(y.sum()), *found)

    def predict(self, probabilities: ArrayLike) -> np.ndarray:
        """Recalibrated probabilities of the same shape.

        Raises:
            FHRError: a probability that is NaN or outside [0, 1].
        """
        return np.asarray(expit(self.intercept + self.slope * self._x(probabilities)))

    __call__ = predict

    def interval(self, probabilities: ArrayLike, confidence: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
        """Ends of the interval of the local calibration curve at these probabilities, by the bootstrap of the births.

        The recalibrated probability is always within. It says how well so few births tell the curve, where the curve
        has the form of the method; nothing of the network's own doubt.

        Raises:
            FHRError: a probability that is NaN or outside [0, 1], or a confidence outside (0, 1).
        """
        if not 0 < confidence < 1:
            raise FHRError(f"confidence={confidence} is not in (0, 1); give a fraction such as 0.95")
        x, here = self._x(probabilities), self.predict(probabilities)
        lines = np.array(self.intercepts) + np.array(self.slopes) * x[..., None]
        low, high = expit(np.percentile(lines, [50 * (1 - confidence), 50 * (1 + confidence)], axis=-1))
        return np.minimum(low, here), np.maximum(high, here)

    def after(self, earlier: "Recalibration") -> "Recalibration":
        """One recalibration that does `earlier` first and then this; its interval knows of these births only."""
        return Recalibration(
            self.method,
            self.intercept + self.slope * earlier.intercept,
            self.slope * earlier.slope,
            self.births,
            self.positives,
            tuple(a + b * earlier.intercept for a, b in zip(self.intercepts, self.slopes, strict=True)),
            tuple(b * earlier.slope for b in self.slopes),
        )

    def to_dict(self) -> dict[str, Any]:
        """Convert to plain types, for a checkpoint; no birth can be told from it."""
        plain = {key: getattr(self, key) for key in _KEYS}
        return plain | {key: list(plain[key]) for key in ("intercepts", "slopes")}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "Recalibration":
        """Rebuild the recalibration from what `to_dict` wrote.

        Raises:
            CheckpointError: anything else.
        """
        try:
            given = plain_table(plain, "recalibration", *_KEYS)
            if given["method"] not in METHODS:
                raise FHRError("an unknown method")
            births = plain_number(given["births"], "births", low=2, high=1e9, whole=True)
            positives = plain_number(given["positives"], "positives", low=1, high=births - 1, whole=True)
            drawn = plain_numbers(given["intercepts"], "intercepts")
            if not drawn:
                raise FHRError("no bootstrap resample")
            return cls(
                str(given["method"]),
                plain_number(given["intercept"], "intercept"),
                plain_number(given["slope"], "slope", low=0),
                int(births),
                int(positives),
                drawn,
                plain_numbers(given["slopes"], "slopes", n=len(drawn), low=0),
            )
        except FHRError as error:
            raise CheckpointError(f"recalibration that no births make: {error}; recalibrate anew") from None

    @staticmethod
    def _x(probabilities: ArrayLike) -> np.ndarray:
        p = np.asarray(probabilities, dtype=np.float64)
        if not bool(((p >= 0) & (p <= 1)).all()):
            raise FHRError("probabilities are NaN or outside [0, 1]; leave out the records the model failed on")
        return log_odds(p)
