"""The calibration line of Cox: the label regressed on the log-odds that the model gave."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, log_expit, logit
from scipy.stats import chi2
from sklearn.linear_model import LogisticRegression

from .inputs import checked_labels, checked_probabilities

__all__ = [
    "CalibrationLine",
    "calibration_intercept",
    "calibration_line",
    "calibration_line_by_counts",
    "calibration_slope",
]

_SMALLEST = 1e-6  # log-odds of +-13.8: keeps a probability of exactly 0 or 1 finite


class CalibrationLine(NamedTuple):
    """Slope and intercept of the calibration line, and the p-value of "slope 1 and intercept 0"."""

    slope: float
    intercept: float
    p_value: float


def calibration_line(labels: ArrayLike, probabilities: ArrayLike) -> CalibrationLine:
    """Unpenalised logistic regression logit P(y = 1) = intercept + slope * logit(p).

    Calibrated probabilities have slope 1 and intercept 0; a slope below 1 means too extreme (overfitted), above 1 too
    timid. Both are fitted together, so the intercept is the shift at p = 1/2, not calibration-in-the-large. p is
    clipped to [1e-6, 1 - 1e-6].

    The test is by likelihood ratio: 2 (log L(fitted) - log L(1, 0)) against chi-squared with 2 degrees of freedom.

    Args:
        labels: (n,), 0 or 1.
        probabilities: (n,), in [0, 1].

    Returns:
        `CalibrationLine`; all NaN where there is no finite fit: one class, a constant probability, or probabilities
        that separate the classes without overlap.

    Raises:
        OutcomeError: labels that are not 0 or 1.
        FHRError: probabilities of another shape, not finite, or outside [0, 1].

    Source:
        Cox 1958, Biometrika 45:562, doi:10.1093/biomet/45.3-4.562; Miller et al. 1993, Med. Decis. Making 13:49.
    """
    y = checked_labels(labels)
    x = _log_odds(checked_probabilities(probabilities, len(y)))
    if not _overlap(y, x, np.ones((1, len(y))))[0]:
        return CalibrationLine(np.nan, np.nan, np.nan)
    fit = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-8, max_iter=200).fit(x[:, None], y)
    slope, intercept = float(fit.coef_[0, 0]), float(fit.intercept_[0])
    sign = 2 * y - 1
    gain = np.sum(log_expit(sign * (intercept + slope * x))) - np.sum(log_expit(sign * x))
    return CalibrationLine(slope, intercept, float(chi2.sf(2 * max(gain, 0.0), df=2)))


def calibration_slope(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """Slope of `calibration_line`."""
    return calibration_line(labels, probabilities).slope


def calibration_intercept(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """Intercept of `calibration_line`."""
    return calibration_line(labels, probabilities).intercept


def calibration_line_by_counts(labels: np.ndarray, probabilities: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Slope and intercept of each resample, (2, m); counts (m, n) says how often each record was drawn.

    Newton's method on every resample at once, started at the line of the full sample; NaN where a resample has no
    finite fit or did not converge.
    """
    start = calibration_line(labels, probabilities)
    line = np.full((2, len(counts)), np.nan)
    x = _log_odds(probabilities)
    active = np.flatnonzero(_overlap(labels, x, counts)) if np.isfinite(start.slope) else np.array([], dtype=np.int64)
    slope, intercept = np.full(len(active), start.slope), np.full(len(active), start.intercept)
    drawn = counts[active].astype(np.float64)
    for _ in range(30):
        if not len(active):
            break
        p = expit(intercept[:, None] + slope[:, None] * x)
        residual, weight = drawn * (labels - p), drawn * p * (1 - p)
        g0, g1 = residual.sum(axis=1), residual @ x
        h00, h01, h11 = weight.sum(axis=1), weight @ x, weight @ (x * x)
        with np.errstate(all="ignore"):  # a resample that runs away ends as NaN
            determinant = h00 * h11 - h01 * h01
            up, along = (h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant
            intercept, slope = intercept + up, slope + along
            done = np.maximum(np.abs(up), np.abs(along)) < 1e-7
        line[:, active[done]] = slope[done], intercept[done]
        rest = ~done & np.isfinite(slope) & np.isfinite(intercept)
        active, slope, intercept, drawn = active[rest], slope[rest], intercept[rest], drawn[rest]
    return line


def _log_odds(probabilities: np.ndarray) -> np.ndarray:
    return logit(np.clip(probabilities, _SMALLEST, 1 - _SMALLEST))


def _overlap(labels: np.ndarray, x: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Whether the classes overlap in x in each resample, (m,): the condition for a finite maximum of the likelihood."""
    low, high = [], []
    for label in (0, 1):
        drawn, values = counts[:, labels == label] > 0, x[labels == label]
        low.append(np.min(np.where(drawn, values, np.inf), axis=1, initial=np.inf))
        high.append(np.max(np.where(drawn, values, -np.inf), axis=1, initial=-np.inf))
    return (high[0] > low[1]) & (high[1] > low[0])
