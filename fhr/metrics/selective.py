"""Selective prediction: the error as the least confident records are left to a human."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .inputs import checked_labels, checked_probabilities, checked_scores
from .ranking import summed_over_ties

__all__ = ["RiskCoverage", "augrc", "augrc_by_counts", "aurc", "aurc_by_counts", "risk_coverage", "selective_by_counts"]


class RiskCoverage(NamedTuple):
    """One point for each distinct confidence, from few records kept to all of them.

    Attributes:
        coverage: share of records kept, (k,), rising to 1.
        risk: mean loss of the kept records, (k,).
        generalized_risk: coverage * risk, the loss of the kept records as a share of all records, (k,).
    """

    coverage: np.ndarray
    risk: np.ndarray
    generalized_risk: np.ndarray


def risk_coverage(labels: ArrayLike, predictions: ArrayLike, confidence: ArrayLike | None = None) -> RiskCoverage:
    """Mean loss of the records that are kept, as records are given up in the order of rising confidence.

    The loss of a record is (prediction - label)^2: 0 or 1 for a decision, the Brier loss for a probability. Records of
    equal confidence are kept or given up together.

    Args:
        labels: (n,), 0 or 1.
        predictions: (n,), decisions 0 or 1, or probabilities.
        confidence: (n,), finite; higher is surer. max(p, 1 - p) of the predictions where None.

    Raises:
        OutcomeError: labels that are not 0 or 1.
        FHRError: predictions or confidence of another shape, not finite, or predictions outside [0, 1].

    Source:
        El-Yaniv and Wiener 2010, J. Mach. Learn. Res. 11:1605; Geifman and El-Yaniv 2017, NeurIPS, arXiv:1705.08500.

    Example:
        >>> risk_coverage([0, 0, 1, 1], [0, 1, 1, 1], confidence=[4, 1, 3, 2]).risk
        array([0.  , 0.  , 0.  , 0.25])
    """
    y, p, sure = _checked(labels, predictions, confidence)
    kept, lost = _kept_and_lost(y, p, np.ones((1, len(y)), dtype=np.int64), sure)
    return RiskCoverage(kept[0, 1:] / len(y), lost[0, 1:] / kept[0, 1:], lost[0, 1:] / len(y))


def aurc(labels: ArrayLike, predictions: ArrayLike, confidence: ArrayLike | None = None) -> float:
    """Area under the risk-coverage curve: mean over k = 1..n of the mean loss of the k surest records.

    The order within equal confidences is averaged over: a confidence without information earns the mean loss. Arguments
    and errors as in `risk_coverage`. Defined for one class, and for a constant confidence, too. The few surest records
    weigh heavily: read it beside `augrc`.

    Returns:
        In [0, 1]; smaller is better.

    Source:
        Geifman, Uziel and El-Yaniv 2019, ICLR, arXiv:1805.08206.

    Example:
        >>> round(aurc([0, 0, 1, 1], [0, 1, 1, 1], confidence=[4, 1, 3, 2]), 6)
        0.0625
    """
    y, p, sure = _checked(labels, predictions, confidence)
    return float(aurc_by_counts(y, p, np.ones((1, len(y)), dtype=np.int64), sure)[0])


def augrc(labels: ArrayLike, predictions: ArrayLike, confidence: ArrayLike | None = None) -> float:
    """Area under generalised risk (share of all records that are kept and wrong) over coverage, by trapezoids.

    For decisions it is (1 - a) f (1 - f) + f^2 / 2, f the share of failures and a the AUROC of confidence for telling
    successes from failures: half the mean loss where confidence has no information. Arguments and errors as in
    `risk_coverage`.

    Returns:
        In [0, 1/2]; smaller is better: the mean share of silent failures over all coverages.

    Source:
        Traub et al. 2024, NeurIPS, arXiv:2407.01032.

    Example:
        >>> augrc([0, 0, 1, 1], [0, 1, 1, 1], confidence=[4, 1, 3, 2])
        0.03125
    """
    y, p, sure = _checked(labels, predictions, confidence)
    return float(augrc_by_counts(y, p, np.ones((1, len(y)), dtype=np.int64), sure)[0])


def aurc_by_counts(
    labels: np.ndarray, predictions: np.ndarray, counts: np.ndarray, confidence: np.ndarray | None = None
) -> np.ndarray:
    """`aurc` of each resample, (m,); counts (m, n) says how often each record was drawn."""
    return _aurc(*_kept_and_lost(labels, predictions, counts, confidence))


def augrc_by_counts(
    labels: np.ndarray, predictions: np.ndarray, counts: np.ndarray, confidence: np.ndarray | None = None
) -> np.ndarray:
    """`augrc` of each resample, (m,)."""
    return _augrc(*_kept_and_lost(labels, predictions, counts, confidence))


def selective_by_counts(labels: np.ndarray, predictions: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """`aurc` and `augrc` of each resample, (2, m), with one sorting."""
    curve = _kept_and_lost(labels, predictions, counts, None)
    return np.stack([_aurc(*curve), _augrc(*curve)])


def _aurc(kept: np.ndarray, lost: np.ndarray) -> np.ndarray:
    # Between a and b records kept, all equally sure, the expected loss of k records is on the chord: offset + slope k.
    # The sum of (offset + slope k) / k is offset (H(b) - H(a)) + slope (b - a), H the harmonic numbers.
    steps = np.diff(kept, axis=1)
    slope = np.diff(lost, axis=1) / np.maximum(steps, 1)
    offset = lost[:, :-1] - slope * kept[:, :-1]
    harmonic = np.concatenate([[0], np.cumsum(1 / np.arange(1, kept[:, -1].max() + 1))])
    return np.asarray(np.sum(offset * np.diff(harmonic[kept], axis=1) + slope * steps, axis=1) / kept[:, -1])


def _augrc(kept: np.ndarray, lost: np.ndarray) -> np.ndarray:
    area = np.sum(np.diff(kept, axis=1) * (lost[:, 1:] + lost[:, :-1]), axis=1) / 2
    return np.asarray(area / kept[:, -1] ** 2)


def _kept_and_lost(
    labels: np.ndarray, predictions: np.ndarray, counts: np.ndarray, confidence: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Records kept and their summed loss, (m, k + 1), from none to every distinct confidence in turn."""
    sure = _own_confidence(predictions) if confidence is None else confidence
    order = np.argsort(-sure, kind="stable")
    first = np.flatnonzero(np.diff(-sure[order], prepend=-np.inf))  # equal confidences are one threshold
    drawn, loss = counts[:, order], np.square(predictions - labels)[order]
    kept = np.cumsum(summed_over_ties(drawn, first), axis=1)
    lost = np.cumsum(summed_over_ties(drawn * loss, first), axis=1)
    return np.pad(kept, ((0, 0), (1, 0))), np.pad(lost, ((0, 0), (1, 0)))


def _own_confidence(predictions: np.ndarray) -> np.ndarray:
    return np.maximum(predictions, 1 - predictions)


def _checked(
    labels: ArrayLike, predictions: ArrayLike, confidence: ArrayLike | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    y = checked_labels(labels)
    p = checked_probabilities(predictions, len(y))
    return y, p, _own_confidence(p) if confidence is None else checked_scores(confidence, len(y), name="confidence")
