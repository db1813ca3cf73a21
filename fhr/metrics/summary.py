"""Discrimination and calibration at once, under the names that MLflow and the tables use."""

from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from fhr.errors import FHRError

from .calibration_error import ece_reference, expected_calibration_error
from .cox import calibration_line, calibration_line_by_counts
from .inputs import checked_labels, checked_probabilities, checked_scores
from .proper_scores import brier, brier_skill
from .ranking import auprc, auroc, sensitivity_at_specificity, tpr_at_fpr
from .resampling import Interval, bootstrap, interval_of, resampled_by_counts

__all__ = ["evaluate", "to_frame"]


def evaluate(
    labels: ArrayLike,
    probabilities: ArrayLike,
    scores: ArrayLike | None = None,
    *,
    n_resamples: int = 2000,
    seed: int = 0,
) -> dict[str, Interval]:
    """Discrimination and calibration of one label, with 95% bootstrap intervals over records.

    Repeats of cross-validation go in as rows: every metric is computed on each row and averaged, predictions never
    are. No interval (NaN ends) is given for `cox_p`, whose mean over repeats is descriptive only, nor for `ece`, which
    resampling biases upwards: its yardstick is `ece_perfect_mean` and `ece_perfect_p95`.

    Args:
        labels: (n,), 0 or 1.
        probabilities: (n,) or (n_repeats, n), in [0, 1].
        scores: risk scores of the same shape for the ranking metrics; the probabilities where None. They differ where
            each fold was calibrated by itself.
        n_resamples: number of resamples.
        seed: of the resamples and of the simulated labels.

    Returns:
        In this order: auroc, auprc, prevalence, brier, brier_skill, sensitivity_at_90_specificity, tpr_at_05_fpr,
        tpr_at_10_fpr, tpr_at_15_fpr, tpr_at_20_fpr, calibration_slope, calibration_intercept, cox_p, ece,
        ece_perfect_mean, ece_perfect_p95.

    Raises:
        OutcomeError: labels that are not 0 or 1.
        FHRError: probabilities or scores of another shape, not finite, or outside their range.
    """
    y = checked_labels(labels)
    p = np.atleast_2d(checked_probabilities(probabilities, len(y), repeats=True))
    s = p if scores is None else np.atleast_2d(checked_scores(scores, len(y), repeats=True))
    if len(s) != len(p):
        raise FHRError(f"{len(s)} repeats of scores beside {len(p)} of probabilities; give as many of each")
    interval = partial(bootstrap, n_resamples=n_resamples, seed=seed)
    draws = partial(resampled_by_counts, n_resamples=n_resamples, seed=seed)

    slope, intercept, cox_p = np.mean([calibration_line(y, row) for row in p], axis=0).tolist()
    slopes, intercepts = draws(calibration_line_by_counts, y, p)
    ece = float(np.mean([expected_calibration_error(y, row) for row in p]))
    perfect_mean, perfect_p95 = np.mean([ece_reference(row, seed=seed) for row in p], axis=0).tolist()
    return {
        "auroc": interval(auroc, y, s),
        "auprc": interval(auprc, y, s),
        "prevalence": interval_of(float(y.mean()), draws(_prevalence_by_counts, y, y)),
        "brier": interval(brier, y, p),
        "brier_skill": interval(brier_skill, y, p),
        "sensitivity_at_90_specificity": interval(partial(sensitivity_at_specificity, specificity=0.9), y, s),
        **{f"tpr_at_{k:02d}_fpr": interval(partial(tpr_at_fpr, fpr=k / 100), y, s) for k in (5, 10, 15, 20)},
        "calibration_slope": interval_of(slope, slopes),
        "calibration_intercept": interval_of(intercept, intercepts),
        "cox_p": Interval(cox_p, np.nan, np.nan),
        "ece": Interval(ece, np.nan, np.nan),
        "ece_perfect_mean": Interval(perfect_mean, np.nan, np.nan),
        "ece_perfect_p95": Interval(perfect_p95, np.nan, np.nan),
    }


def to_frame(intervals: Mapping[str, Interval]) -> pd.DataFrame:
    """A table with one row a metric, in the order given, and the columns value, low, high."""
    index = pd.Index(list(intervals), name="metric")
    return pd.DataFrame([tuple(i) for i in intervals.values()], index=index, columns=list(Interval._fields))


def _prevalence_by_counts(labels: np.ndarray, _: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return counts @ labels / counts.sum(axis=1)
