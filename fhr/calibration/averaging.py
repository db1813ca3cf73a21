"""Averages over inner folds: their calibration needs back the spread that averaging took away.

A calibrator is fitted to the scores of single inner folds, each of which has noise of its own. The average of several
has less of it, so that the same score means more: calibrated as a single one, an average is too timid.
"""

from typing import NamedTuple

import numpy as np

__all__ = ["Averaging", "averaging", "between_inner_folds"]


class Averaging(NamedTuple):
    """Map from the scores of inner folds to one score that a calibrator of single ones fits.

    Attributes:
        midpoint: half-way between the mean scores of the classes.
        stretch: of the average about it, from 1 to the number of inner folds.
    """

    midpoint: np.ndarray
    stretch: np.ndarray

    def __call__(self, by_inner: np.ndarray) -> np.ndarray:
        """Scores (n,) of records with the scores (inner fold, n); (m, n) for the maps of m samples."""
        return self.stretched(by_inner.mean(axis=0))

    def stretched(self, scores: np.ndarray) -> np.ndarray:
        """Scores moved away from the midpoint."""
        midpoint, stretch = self.midpoint[..., None], self.stretch[..., None]
        return np.asarray(midpoint + stretch * (scores - midpoint))


def averaging(
    scores: np.ndarray, counts: np.ndarray, events: np.ndarray, between: float | np.ndarray, n_inner: int
) -> Averaging:
    """Correction of an average over inner folds, from the held-out records of single ones.

    With V the variance of the held-out scores within the classes, `between` the variance of the score of one record
    over inner folds, and K of these, the average varies by V - (1 - 1 / K) between within a class. The log-odds of two
    normal classes of one variance are a line through the midpoint with a slope of difference / variance, so that the
    average is stretched about the midpoint by

        V / (V - (1 - 1 / K) between), at most K.

    Midpoint and V are learnt on the held-out inner folds. No held-out record has scores of two inner folds, so that
    `between` is measured, without any label, on the records of the outer fold.

    Args:
        scores: (n,), of the held-out records.
        counts: (m, n) or (n,), how often a sample holds each record.
        events: of the same shape, how many of these are positive.
        between: see `between_inner_folds`; of all samples, or (m,) of each.
        n_inner: inner folds that are averaged.

    Returns:
        Midpoint and stretch of each sample, of shape (m,) or (). A sample of one class is not stretched.

    Source:
        Log-odds of two normal classes: Efron 1975, J. Am. Stat. Assoc. 70:892, doi:10.1080/01621459.1975.10480319.
    """
    centre = scores.mean()
    x = scores - centre
    total, n_positive = counts.sum(axis=-1), events.sum(axis=-1)
    n_negative = total - n_positive
    with np.errstate(divide="ignore", invalid="ignore"):
        positive, negative = (events @ x) / n_positive, ((counts - events) @ x) / n_negative
        within = (counts @ x**2 - n_positive * positive**2 - n_negative * negative**2) / total
        lost = (1 - 1 / n_inner) * between
        stretch = within / np.maximum(within - lost, within / n_inner)
    usable = np.isfinite(positive + negative) & (within > 1e-12 * (x @ x) / len(x))
    midpoint = np.where(usable, (positive + negative) / 2, 0.0) + centre
    return Averaging(np.asarray(midpoint), np.asarray(np.where(usable, stretch, 1.0)))


def between_inner_folds(by_inner: np.ndarray, counts: np.ndarray | None = None) -> np.ndarray:
    """Variance of the score of one record over inner folds, mean over records, (); 0 for a single inner fold.

    Args:
        by_inner: (inner fold, n), of records that no network has seen.
        counts: (m, n), how often each of m samples holds each record; the means are then those of the samples, (m,).
    """
    if len(by_inner) == 1:
        return np.zeros(() if counts is None else len(counts))
    variance = by_inner.var(axis=0, ddof=1)
    return np.asarray(variance.mean() if counts is None else counts @ variance / np.maximum(counts.sum(axis=1), 1))
