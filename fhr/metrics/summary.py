"""Summary of discrimination and calibration, under the names that MLflow and the tables use."""

import logging
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from fhr.errors import FHRError

from .calibration_error import ece_reference, expected_calibration_error
from .cox import calibration_line, calibration_line_by_counts
from .decision_curve import mean_net_benefit, mean_net_benefit_by_counts, net_benefit_at_by_counts
from .inputs import checked_labels, checked_probabilities, checked_scores
from .proper_scores import brier_by_counts, brier_skill_by_counts
from .ranking import ranking_by_counts
from .reasons import undefined
from .resampling import ByCounts, Interval, interval_of, resampled_by_counts
from .selective import selective_by_counts

__all__ = ["evaluate", "to_frame"]

_RANKING = ("auroc", "auprc", "tpr_at_05_fpr", "tpr_at_10_fpr", "tpr_at_15_fpr", "tpr_at_20_fpr")
_BENEFITS = ("net_benefit_05", "net_benefit_10", "net_benefit_20", "net_benefit_02_30")
_OF_PROBABILITIES = ("brier", "brier_skill", "aurc", "augrc", *_BENEFITS)
_NAMES = (
    "auroc",
    "auprc",
    "prevalence",
    "brier",
    "brier_skill",
    "sensitivity_at_90_specificity",
    "tpr_at_05_fpr",
    "tpr_at_10_fpr",
    "tpr_at_15_fpr",
    "tpr_at_20_fpr",
    "calibration_slope",
    "calibration_intercept",
    "cox_p",
    "ece",
    "ece_perfect_mean",
    "ece_perfect_p95",
    "aurc",
    "augrc",
    "net_benefit_05",
    "net_benefit_10",
    "net_benefit_20",
    "net_benefit_02_30",
    "net_benefit_02_30_treat_all",
)

_log = logging.getLogger(__name__)


def evaluate(
    labels: ArrayLike,
    probabilities: ArrayLike,
    scores: ArrayLike | None = None,
    *,
    n_resamples: int = 2000,
    seed: int = 0,
) -> dict[str, Interval]:
    """Evaluate discrimination and calibration of one label, with 95% bootstrap intervals over records.

    Repeats of cross-validation go in as rows: every metric is computed on each row and averaged, predictions never
    are. No interval (NaN ends) is given for `cox_p`, nor for `ece`, which resampling biases upwards: its yardstick is
    `ece_perfect_mean` and `ece_perfect_p95`. These and `cox_p` hold for probabilities that owe nothing to the labels
    that test them, as on external data; those of a cross-validation do, and have a null of their own
    (`fhr.evaluation.calibration_null`). What is undefined is NaN; one warning in the log says what and why, as
    `undefined` does.

    aurc and augrc take the Brier loss and the confidence max(p, 1 - p); giving up records at random would earn brier
    and brier / 2. net_benefit_05 is at a threshold of 5% risk; net_benefit_02_30 is the mean over the thresholds 2, 3,
    ..., 30%, beside that of treating all (treating none is worth 0).

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
        ece_perfect_mean, ece_perfect_p95, aurc, augrc, net_benefit_05, net_benefit_10, net_benefit_20,
        net_benefit_02_30, net_benefit_02_30_treat_all.

    Raises:
        OutcomeError: labels that are not 0 or 1.
        FHRError: probabilities or scores of another shape, not finite, or outside their range.
    """
    y = checked_labels(labels)
    p = np.atleast_2d(checked_probabilities(probabilities, len(y), repeats=True))
    s = p if scores is None else np.atleast_2d(checked_scores(scores, len(y), repeats=True))
    if len(s) != len(p):
        raise FHRError(f"{len(s)} repeats of scores beside {len(p)} of probabilities; give as many of each")
    draws = partial(resampled_by_counts, n_resamples=n_resamples, seed=seed)
    found = _intervals(_RANKING, _ranking_by_counts, y, s, draws) | _intervals(
        _OF_PROBABILITIES, _of_probabilities_by_counts, y, p, draws
    )
    found["sensitivity_at_90_specificity"] = found["tpr_at_10_fpr"]
    found["prevalence"] = interval_of(float(y.mean()), draws(_prevalence_by_counts, y, y))
    of_all = draws(mean_net_benefit_by_counts, y, np.ones(len(y)))
    found["net_benefit_02_30_treat_all"] = interval_of(mean_net_benefit(y, np.ones(len(y))), of_all)
    line = np.mean([calibration_line(y, row) for row in p], axis=0).tolist()
    resampled_line = (*draws(calibration_line_by_counts, y, p), np.array([]))
    names = ("calibration_slope", "calibration_intercept", "cox_p")
    found |= {name: interval_of(*parts) for name, *parts in zip(names, line, resampled_line, strict=True)}
    found["ece"] = _alone(float(np.mean([expected_calibration_error(y, row) for row in p])))
    perfect = np.mean([ece_reference(row, seed=seed) for row in p], axis=0).tolist()
    found["ece_perfect_mean"], found["ece_perfect_p95"] = map(_alone, perfect)
    if any(np.isnan(interval.value) for interval in found.values()):
        reasons = undefined(y, p, s)
        _log.warning("no value: %s", "; ".join(f"{name} ({reason})" for name, reason in reasons.items()))
    return {name: found[name] for name in _NAMES}


def to_frame(intervals: Mapping[str, Interval]) -> pd.DataFrame:
    """Tabulate metrics, one row each, in the order given, with the columns value, low, high."""
    index = pd.Index(list(intervals), name="metric")
    return pd.DataFrame([tuple(i) for i in intervals.values()], index=index, columns=list(Interval._fields))


def _intervals(
    names: tuple[str, ...], kernel: ByCounts, y: np.ndarray, rows: np.ndarray, draws: Callable[..., np.ndarray]
) -> dict[str, Interval]:
    once = np.ones((1, len(y)), dtype=np.int64)
    values = np.mean([kernel(y, row, once)[:, 0] for row in rows], axis=0).tolist()
    return {name: interval_of(*parts) for name, *parts in zip(names, values, draws(kernel, y, rows), strict=True)}


def _alone(value: float) -> Interval:
    return Interval(value, np.nan, np.nan)


def _ranking_by_counts(labels: np.ndarray, scores: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return ranking_by_counts(labels, scores, counts, fprs=(0.05, 0.10, 0.15, 0.20))


def _of_probabilities_by_counts(labels: np.ndarray, probabilities: np.ndarray, counts: np.ndarray) -> np.ndarray:
    given = labels, probabilities, counts
    benefits = [net_benefit_at_by_counts(*given, threshold=t) for t in (0.05, 0.10, 0.20)]
    benefits.append(mean_net_benefit_by_counts(*given))
    return np.stack([brier_by_counts(*given), brier_skill_by_counts(*given), *selective_by_counts(*given), *benefits])


def _prevalence_by_counts(labels: np.ndarray, _: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return counts @ labels / counts.sum(axis=1)
