"""Reasons for metrics that are NaN."""

import numpy as np
from numpy.typing import ArrayLike

from .cox import calibration_line
from .inputs import checked_labels, checked_probabilities, checked_scores

__all__ = ["undefined"]

_RANKING = (
    "auroc",
    "auprc",
    "sensitivity_at_90_specificity",
    "tpr_at_05_fpr",
    "tpr_at_10_fpr",
    "tpr_at_15_fpr",
    "tpr_at_20_fpr",
)
_LINE = ("calibration_slope", "calibration_intercept", "cox_p")


def undefined(labels: ArrayLike, probabilities: ArrayLike, scores: ArrayLike | None = None) -> dict[str, str]:
    """List the metrics of `evaluate` that have no value on these records, each with its reason.

    An average over repeats is undefined where one repeat is.

    Args:
        labels: (n,), 0 or 1.
        probabilities: (n,) or (n_repeats, n), in [0, 1].
        scores: of the same shape; the probabilities where None.

    Returns:
        Reason by name of the metric; empty where all are defined.

    Raises:
        OutcomeError: labels that are not 0 or 1.
        FHRError: probabilities or scores of another shape, not finite, or outside their range.

    Example:
        >>> undefined([0, 0, 1], [0.1, 0.2, 0.3])["cox_p"]
        'the probabilities separate the classes'
    """
    y = checked_labels(labels)
    p = np.atleast_2d(checked_probabilities(probabilities, len(y), repeats=True))
    s = p if scores is None else np.atleast_2d(checked_scores(scores, len(y), repeats=True))
    if np.ptp(y) == 0:
        return dict.fromkeys((*_RANKING, "brier_skill", *_LINE), f"all {len(y)} labels are {y[0]}")
    reasons = {}
    if flat := int(np.sum(np.ptp(s, axis=1) == 0)):
        reasons.update(dict.fromkeys(_RANKING, "the scores are constant" + _in_repeats(flat, len(s))))
    without = [row for row in p if np.isnan(calibration_line(y, row).slope)]
    if without:
        # values beyond 1e-6 and 1 - 1e-6 are clipped there, so that a row may be constant without looking so
        flat = all(np.ptp(np.clip(row, 1e-6, 1 - 1e-6)) == 0 for row in without)
        reason = "the probabilities are constant" if flat else "the probabilities separate the classes"
        reasons.update(dict.fromkeys(_LINE, reason + _in_repeats(len(without), len(p))))
    return reasons


def _in_repeats(n: int, of: int) -> str:
    return f" in {n} of {of} repeats" if of > 1 else ""
