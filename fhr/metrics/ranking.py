"""Ranking metrics: the order of positive and negative records by a score.

Each metric is written once, on counts: row b of `counts` (m, n) says how often each record was drawn in resample b.
The plain metric is the case of every record drawn once, and a bootstrap of thousands of resamples is one call. That is
why scikit-learn, which takes one vector of weights at a time, is here the oracle of the tests and not the engine.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from fhr.errors import FHRError

from .inputs import checked_labels, checked_scores

__all__ = [
    "auprc",
    "auprc_by_counts",
    "auroc",
    "auroc_by_counts",
    "ranking_by_counts",
    "sensitivity_at_specificity",
    "sensitivity_at_specificity_by_counts",
    "summed_over_ties",
    "tpr_at_fpr",
    "tpr_at_fpr_by_counts",
]


def auroc(labels: ArrayLike, scores: ArrayLike) -> float:
    """Area under the ROC curve: P(score of a positive > score of a negative) + P(equal) / 2.

    Args:
        labels: (n,), 0 or 1.
        scores: (n,), finite; higher means more at risk.

    Returns:
        In [0, 1]; NaN where there is one class only or the score is constant.

    Raises:
        OutcomeError: labels that are not 0 or 1.
        FHRError: scores of another shape, or not finite.

    Source:
        Hanley and McNeil 1982, Radiology 143:29, doi:10.1148/radiology.143.1.7063747.

    Example:
        >>> auroc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        0.75
    """
    return float(auroc_by_counts(*_every_record_once(labels, scores))[0])


def auprc(labels: ArrayLike, scores: ArrayLike) -> float:
    """Area under the precision-recall curve as average precision: sum over thresholds of (R_k - R_{k-1}) P_k.

    No interpolation (it flatters); equal scores are one threshold. A useless score has the prevalence. Arguments,
    NaN and errors as in `auroc`.

    Returns:
        In (0, 1], or NaN.

    Source:
        Davis and Goadrich 2006, ICML, doi:10.1145/1143844.1143874.
    """
    return float(auprc_by_counts(*_every_record_once(labels, scores))[0])


def tpr_at_fpr(labels: ArrayLike, scores: ArrayLike, fpr: float) -> float:
    """The largest true positive rate among the thresholds whose false positive rate is at most `fpr`.

    Only thresholds that the scores themselves offer count: nothing is interpolated between two points of the ROC
    curve, so the value can be reached by a rule "score >= threshold". Arguments, NaN and errors as in `auroc`.

    Args:
        labels: (n,), 0 or 1.
        scores: (n,), finite.
        fpr: the level, in [0, 1].

    Returns:
        In [0, 1], or NaN.

    Example:
        >>> tpr_at_fpr([0, 0, 0, 0, 1, 1], [1, 2, 3, 5, 4, 6], fpr=0.2)
        0.5
    """
    return float(tpr_at_fpr_by_counts(*_every_record_once(labels, scores), fpr=fpr)[0])


def sensitivity_at_specificity(labels: ArrayLike, scores: ArrayLike, specificity: float = 0.9) -> float:
    """The largest sensitivity among the thresholds whose specificity is at least `specificity`.

    The same number as `tpr_at_fpr` at 1 - specificity, under its clinical name.
    """
    return float(sensitivity_at_specificity_by_counts(*_every_record_once(labels, scores), specificity=specificity)[0])


def auroc_by_counts(labels: np.ndarray, scores: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """`auroc` of each resample, (m,)."""
    return _auroc(*_operating_points(labels, scores, counts))


def auprc_by_counts(labels: np.ndarray, scores: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """`auprc` of each resample, (m,)."""
    return _auprc(*_operating_points(labels, scores, counts))


def tpr_at_fpr_by_counts(labels: np.ndarray, scores: np.ndarray, counts: np.ndarray, fpr: float) -> np.ndarray:
    """`tpr_at_fpr` of each resample, (m,)."""
    return _tpr(*_operating_points(labels, scores, counts), fpr=fpr)


def sensitivity_at_specificity_by_counts(
    labels: np.ndarray, scores: np.ndarray, counts: np.ndarray, specificity: float = 0.9
) -> np.ndarray:
    """`sensitivity_at_specificity` of each resample, (m,)."""
    if not 0 <= specificity <= 1:
        raise FHRError(f"specificity {specificity} is not in [0, 1]; give a fraction such as 0.9")
    return tpr_at_fpr_by_counts(labels, scores, counts, fpr=1 - specificity)


def ranking_by_counts(labels: np.ndarray, scores: np.ndarray, counts: np.ndarray, fprs: Sequence[float]) -> np.ndarray:
    """`auroc`, `auprc` and `tpr_at_fpr` at each of `fprs` of each resample, (2 + k, m), with one sorting."""
    points = _operating_points(labels, scores, counts)
    return np.stack([_auroc(*points), _auprc(*points), *(_tpr(*points, fpr=fpr) for fpr in fprs)])


def summed_over_ties(counts: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Sums of the columns of counts (m, n) from each index in `first` to the next, (m, k)."""
    return counts if len(first) == counts.shape[1] else np.add.reduceat(counts, first, axis=1)


def _every_record_once(labels: ArrayLike, scores: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    y = checked_labels(labels)
    return y, checked_scores(scores, len(y)), np.ones((1, len(y)), dtype=np.int64)


def _operating_points(
    labels: np.ndarray, scores: np.ndarray, counts: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True and false positives (m, k + 1) from no alarm to every distinct score, and which resamples are usable."""
    order = np.argsort(-scores, kind="stable")
    first = np.flatnonzero(np.diff(scores[order], prepend=np.inf))  # equal scores are one threshold
    drawn, positive = counts[:, order], labels[order]
    hits, alarms = summed_over_ties(drawn * positive, first), summed_over_ties(drawn, first)
    tp = np.pad(np.cumsum(hits, axis=1), ((0, 0), (1, 0)))
    fp = np.pad(np.cumsum(alarms, axis=1), ((0, 0), (1, 0))) - tp
    varied = np.count_nonzero(alarms, axis=1) > 1
    return tp, fp, varied & (tp[:, -1] > 0) & (fp[:, -1] > 0)


def _auroc(tp: np.ndarray, fp: np.ndarray, usable: np.ndarray) -> np.ndarray:
    area = np.sum(np.diff(fp, axis=1) * (tp[:, 1:] + tp[:, :-1]), axis=1) / 2
    return _ratio(area, tp[:, -1] * fp[:, -1], usable)


def _auprc(tp: np.ndarray, fp: np.ndarray, usable: np.ndarray) -> np.ndarray:
    precision = tp[:, 1:] / np.maximum(tp[:, 1:] + fp[:, 1:], 1)  # 0 / 0 comes with a recall step of 0
    return _ratio(np.sum(np.diff(tp, axis=1) * precision, axis=1), tp[:, -1], usable)


def _tpr(tp: np.ndarray, fp: np.ndarray, usable: np.ndarray, *, fpr: float) -> np.ndarray:
    if not 0 <= fpr <= 1:
        raise FHRError(f"false positive rate {fpr} is not in [0, 1]; give a fraction such as 0.1")
    # the slack keeps 1 - 0.9 from losing the threshold at exactly one false alarm in ten
    allowed = fp <= (fpr + 1e-9) * fp[:, -1:]
    return _ratio(np.max(np.where(allowed, tp, 0), axis=1), tp[:, -1], usable)


def _ratio(above: np.ndarray, below: np.ndarray, usable: np.ndarray) -> np.ndarray:
    return np.where(usable, above / np.maximum(below, 1), np.nan)
