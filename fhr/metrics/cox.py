"""Calibration line of Cox: the label regressed on the log-odds that the model gave."""

import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, log_expit, logit

from .inputs import checked_labels, checked_probabilities

__all__ = [
    "CalibrationLine",
    "calibration_intercept",
    "calibration_line",
    "calibration_line_by_counts",
    "calibration_lines",
    "calibration_p_values",
    "calibration_slope",
    "lines_by_row",
    "log_odds",
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

    The test is by likelihood ratio: 2 (log L(fitted) - log L(1, 0)) against chi-squared with 2 degrees of freedom. It
    holds for probabilities that owe nothing to these labels, as on external data. Out-of-fold probabilities of a
    cross-validation do: each record helped to calibrate the folds that it is pooled with, and chi-squared next to never
    rejects; see `fhr.evaluation.calibration_null`.

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
    from scipy.stats import chi2  # slow to import, and a prediction does without

    y = checked_labels(labels)
    x = log_odds(checked_probabilities(probabilities, len(y)))
    slope, intercept = lines_by_row(x, y[None])[:, 0].tolist()
    if np.isnan(slope) and _overlap(x, np.ones((1, len(y))), y[None])[0]:
        slope, intercept = _searched(x, y)
    if np.isnan(slope):
        return CalibrationLine(np.nan, np.nan, np.nan)
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
    """Slope and intercept of each resample, (2, m); counts (m, n) says how often each record was drawn."""
    start = calibration_line(labels, probabilities)
    if np.isnan(start.slope):
        return np.full((2, len(counts)), np.nan)
    return _lines(log_odds(probabilities), counts, counts * labels, start.slope, start.intercept)


def calibration_p_values(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """The p-value of `calibration_line` for each row of labels (m, n) against the same probabilities (n,), (m,)."""
    from scipy.stats import chi2

    rows = np.broadcast_to(probabilities, np.shape(labels))
    return np.asarray(chi2.sf(calibration_lines(labels, rows)[2], df=2))


def calibration_lines(labels: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Slope, intercept and 2 (log L(fitted) - log L(1, 0)) of `calibration_line` for each row of labels (m, n).

    Args:
        labels: (m, n), 0 or 1.
        probabilities: (m, n), of each row.

    Returns:
        Each (m,); NaN where a row has no finite line.
    """
    y, x = np.asarray(labels, dtype=np.int64), log_odds(probabilities)
    slope, intercept = lines_by_row(x, y)
    for i in np.flatnonzero(np.isnan(slope)):  # a line too far from slope 1 for plain Newton steps, or none
        slope[i], intercept[i], _ = calibration_line(y[i], probabilities[i])
    sign = 2 * y - 1
    fitted = log_expit(sign * (intercept[:, None] + slope[:, None] * x)).sum(axis=1)
    return slope, intercept, np.maximum(2 * (fitted - log_expit(sign * x).sum(axis=1)), 0.0)


def lines_by_row(x: np.ndarray, events: np.ndarray, counts: np.ndarray | None = None) -> np.ndarray:
    """Slope and intercept, (2, m), of labels or their probabilities (m, n) on log-odds, (n,) or (m, n) of each row.

    With `counts` (m, n), how often a row holds each record, `events` are of all of these.

    NaN where a row has no finite line, or one too far from slope 1 for plain Newton steps.
    """
    return _lines(x, np.ones_like(events) if counts is None else counts, events, 1.0, 0.0)


def _searched(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Slope and intercept by Newton's method with a line search, for lines far from slope 1; scikit-learn's."""
    from sklearn.exceptions import ConvergenceWarning  # slow to import, and most lines do without
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():  # of a line search that ends where it began, at the maximum
        warnings.simplefilter("ignore", ConvergenceWarning)
        fit = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-8, max_iter=200).fit(x[:, None], y)
    return float(fit.coef_[0, 0]), float(fit.intercept_[0])


def _lines(x: np.ndarray, counts: np.ndarray, events: np.ndarray, slope0: float, intercept0: float) -> np.ndarray:
    """Slope and intercept, (2, m), of records that were drawn counts (m, n) times, events (m, n) of them positive.

    The log-odds x are (n,), or (m, n) with those of each row. Newton's method on every row at once; NaN where a row has
    no finite fit or did not converge.
    """
    line = np.full((2, len(counts)), np.nan)
    active = np.flatnonzero(_overlap(x, counts, events))
    slope, intercept = np.full(len(active), slope0), np.full(len(active), intercept0)
    own = x if x.ndim == 1 else x[active]
    drawn, observed = counts[active].astype(np.float64), _moments(events[active], own)[:, :2]
    for _ in range(30):
        if not len(active):
            break
        p = expit(intercept[:, None] + slope[:, None] * own)
        expected = drawn * p
        g0, g1 = (observed - _moments(expected, own)[:, :2]).T
        h00, h01, h11 = _moments(expected * (1 - p), own).T
        with np.errstate(all="ignore"):  # a row that runs away ends as NaN
            determinant = h00 * h11 - h01 * h01
            up, along = (h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant
            intercept, slope = intercept + up, slope + along
            done = np.maximum(np.abs(up), np.abs(along)) < 1e-7
        line[:, active[done]] = slope[done], intercept[done]
        rest = ~done & np.isfinite(slope) & np.isfinite(intercept)
        active, slope, intercept, drawn, observed = (kept[rest] for kept in (active, slope, intercept, drawn, observed))
        own = own if own.ndim == 1 else own[rest]
    return line


def _moments(rows: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Sums (m, 3) over records of rows (m, n) times 1, x and x^2; x is (n,) or (m, n)."""
    powers = np.stack([np.ones_like(x), x, x * x], axis=-1)
    return np.asarray(rows @ powers if x.ndim == 1 else np.einsum("mn,mnk->mk", rows, powers))


def log_odds(probabilities: ArrayLike, least: float = _SMALLEST) -> np.ndarray:
    """Log-odds of probabilities, which are clipped to [least, 1 - least]."""
    return np.asarray(logit(np.clip(probabilities, least, 1 - least)))


def _overlap(x: np.ndarray, counts: np.ndarray, events: np.ndarray) -> np.ndarray:
    """Whether the classes overlap in x in each row, (m,): the condition for a finite maximum of the likelihood."""
    low, high = [], []
    for drawn in (events < counts, events > 0):
        low.append(np.min(np.where(drawn, x, np.inf), axis=1))
        high.append(np.max(np.where(drawn, x, -np.inf), axis=1))
    return (high[0] > low[1]) & (high[1] > low[0])
