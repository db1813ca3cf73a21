"""Recalibration on births of a hospital: numbers that are not flattered by it, and what n births buy.

The births that a recalibration learnt from never test it: numbers are cross-fitted by record, and the learning curve
tests on births beside those drawn. Cross-fitted probabilities have no textbook null: every birth helped to calibrate
those that it is pooled with, so that no p-value of calibration is given for them.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import expit, log_expit
from sklearn.model_selection import StratifiedKFold

from fhr.calibration import METHODS, RidgePlatt
from fhr.calibration.recalibration import lines_of
from fhr.compute import stream
from fhr.errors import FHRError
from fhr.metrics import Interval, evaluate, expected_calibration_error
from fhr.metrics.cox import calibration_line_by_counts, log_odds
from fhr.metrics.inputs import checked_labels, checked_probabilities

__all__ = ["NONE", "cross_fitted", "learning_curve", "recalibrated_results"]

NONE = "none"
"""Name of no recalibration among the methods."""

_FOLDS = 10
_SIZES = (20, 50, 100, 200, 500, 1000, 2000)
_ENOUGH = 0.05  # of the draws
_WITHOUT_NULL = ("cox_p", "ece_perfect_mean", "ece_perfect_p95")


def cross_fitted(labels: np.ndarray, probabilities: np.ndarray, method: str, *, seed: int = 0) -> np.ndarray:
    """Recalibrated probability of each birth, (n,), by a line that was fitted to births of other folds.

    Ten stratified folds, or as many as the rarer class has births.

    Args:
        labels: (n,), 0 or 1.
        probabilities: (n,), in [0, 1], as the model gives them.
        method: one of `fhr.calibration.METHODS`, or `none`.
        seed: of the folds.

    Raises:
        OutcomeError: labels that are not 0 or 1.
        FHRError: another method; fewer births than a recalibration needs.
    """
    y = checked_labels(labels)
    p = checked_probabilities(probabilities, len(y))
    if method == NONE:
        return p
    RidgePlatt.check_sample(y)
    folds = StratifiedKFold(min(_FOLDS, int(y.sum()), int(len(y) - y.sum())), shuffle=True, random_state=seed)
    counts = np.array([np.bincount(kept, minlength=len(y)) for kept, _ in folds.split(y, y)])
    lines, fold_of = lines_of(method, log_odds(p), y, counts), np.argmin(counts, axis=0)
    intercept, slope = lines[fold_of].T
    return np.asarray(expit(intercept + slope * log_odds(p)))


def recalibrated_results(
    labels: np.ndarray,
    probabilities: np.ndarray,
    scores: np.ndarray | None = None,
    *,
    n_resamples: int = 2000,
    seed: int = 0,
) -> dict[str, dict[str, Interval]]:
    """Metrics of the model as it is and recalibrated by each method, cross-fitted by record.

    Args:
        labels: (n,), 0 or 1.
        probabilities: (n,), in [0, 1], as the model gives them.
        scores: (n,), for the ranking; the probabilities where None.
        n_resamples: of the bootstrap over births.
        seed: of folds and bootstrap.

    Returns:
        By method, `none` first: the metrics of `fhr.metrics.evaluate` but those that rest on a textbook null, and
        `log_loss` and `observed_to_expected` (without intervals).

    Raises:
        OutcomeError, FHRError: as `cross_fitted`.
    """
    y, found = checked_labels(labels), {}
    s = checked_probabilities(probabilities, len(y)) if scores is None else scores
    for method in (NONE, *METHODS):
        p = cross_fitted(y, probabilities, method, seed=seed)
        metrics = dict(evaluate(y, p, s, n_resamples=n_resamples, seed=seed))
        loss = float(np.mean(_log_losses(y, log_odds(p))))
        metrics = {name: value for name, value in metrics.items() if name not in _WITHOUT_NULL}
        alone = {"log_loss": loss, "observed_to_expected": float(y.sum() / p.sum())}
        found[method] = metrics | {name: Interval(value, np.nan, np.nan) for name, value in alone.items()}
    return found


def learning_curve(
    labels: np.ndarray,
    probabilities: np.ndarray,
    *,
    sizes: Sequence[int] | None = None,
    repeats: int = 200,
    seed: int = 0,
) -> pd.DataFrame:
    """Calibration by the number of local births that a recalibration learns from, over repeated splits by record.

    Each repeat draws an order of the births at random: the first n recalibrate, the last ones test, the same for every
    n and method. A draw is usable where the method can learn: 20 births with 5 of each class for `ridge_platt`, one of
    each class for `intercept`. Test births of different repeats overlap: the spread over repeats says what one hospital
    might meet, and is no standard error.

    Args:
        labels: (n,), 0 or 1.
        probabilities: (n,), in [0, 1], as the model gives them.
        sizes: numbers of births to recalibrate on, rising; None for those of 20, 50, 100, 200, 500, 1000 and 2000 that
            leave a third of the births and 20 to test on.
        repeats: number of orders.
        seed: of the orders.

    Returns:
        One row a method and n, `none` (n 0) first. Columns method; n; positives, mean over draws; usable, share of the
        draws; tested, births; log_loss; gain, mean of the log-loss without recalibration minus that with it, on the
        same births, with its 10th and 90th percentile gain_p10 and gain_p90; worse, share of the usable draws that made
        the log-loss worse; slope, median of the calibration slope of the tested births; observed_to_expected; ece. NaN
        where fewer than 5% of the draws were usable. Where many are not, the usable ones hold more positives than n
        births do: such a row is of these draws only.

    Raises:
        OutcomeError: labels that are not 0 or 1.
        FHRError: probabilities out of range; sizes that do not rise or leave nobody to test on; fewer than 1 repeat.
    """
    y = checked_labels(labels)
    p = checked_probabilities(probabilities, len(y))
    n = len(y)
    chosen = [m for m in _SIZES if m <= n - max(-(-n // 3), 20)] if sizes is None else list(sizes)
    if repeats < 1 or chosen != sorted(set(chosen)) or any(not 0 < m < n for m in chosen):
        raise FHRError(f"sizes {chosen} of {n} births, {repeats} repeats; give rising numbers below {n}, and 1 or more")
    if not chosen:
        chosen = [n // 2]
    x, generator = log_odds(p), stream(seed, "births of a learning curve")
    orders = np.argsort(generator.random((repeats, n)), axis=1)
    tested = _counts(orders[:, chosen[-1] :], n)
    test = _Tested(y, x, orders[:, chosen[-1] :], calibration_line_by_counts(y, p, tested)[0])
    rows = [test.row(NONE, 0, np.zeros(repeats, dtype=np.int64), np.tile([0.0, 1.0], (repeats, 1)))]
    for method in METHODS:
        for m in chosen:
            drawn = _counts(orders[:, :m], n)
            positives = drawn @ y
            lines = lines_of(method, x, y, drawn)
            if method == "ridge_platt":
                enough = (m >= 20) & (np.minimum(positives, m - positives) >= 5)
                lines = np.where(enough[:, None], lines, np.nan)
            rows.append(test.row(method, m, positives, lines))
    return pd.DataFrame(rows)


class _Tested:
    """The births that each repeat tests on, and what a line on their log-odds is worth there."""

    def __init__(self, y: np.ndarray, x: np.ndarray, tested: np.ndarray, slopes: np.ndarray) -> None:
        self._y, self._x, self._slopes = y[tested], x[tested], slopes
        self._before = _log_losses(self._y, self._x).mean(axis=1)

    def row(self, method: str, n: int, positives: np.ndarray, lines: np.ndarray) -> dict[str, float | str]:
        """A row of the learning curve."""
        usable = np.isfinite(lines[:, 0])
        row: dict[str, float | str] = {
            "method": method,
            "n": n,
            "positives": float(positives.mean()),
            "usable": float(usable.mean()),
            "tested": self._y.shape[1],
        }
        names = ("log_loss", "gain", "gain_p10", "gain_p90", "worse", "slope", "observed_to_expected", "ece")
        if usable.mean() < _ENOUGH:
            return row | dict.fromkeys(names, np.nan)
        intercept, slope = lines[usable].T[..., None]
        y, x = self._y[usable], intercept + slope * self._x[usable]
        after = _log_losses(y, x).mean(axis=1)
        gain = self._before[usable] - after
        with np.errstate(divide="ignore", invalid="ignore"):  # a flat line has no slope
            slopes = np.where(slope[:, 0] > 0, self._slopes[usable] / slope[:, 0], np.nan)
        errors = [expected_calibration_error(one, expit(at)) for one, at in zip(y, x, strict=True)]
        values = (
            after.mean(),
            gain.mean(),
            *np.percentile(gain, [10, 90]),
            np.mean(gain < 0),
            np.nanmedian(slopes) if np.isfinite(slopes).any() else np.nan,
            np.mean(y.sum(axis=1)) / np.mean(expit(x).sum(axis=1)),
            np.mean(errors),
        )
        return row | {name: float(value) for name, value in zip(names, values, strict=True)}


def _counts(rows: np.ndarray, n: int) -> np.ndarray:
    counts = np.zeros((len(rows), n), dtype=np.int64)
    np.put_along_axis(counts, rows, 1, axis=1)
    return counts


def _log_losses(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Log-loss of each birth at the log-odds x."""
    return -np.asarray(log_expit((2 * y - 1) * x))
