"""Bootstrap intervals over records.

The record is the unit: a resample draws n records with replacement, each with its label and every prediction it has, so
that the spread over repeats of cross-validation is never mistaken for information about more births.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from fhr.errors import FHRError

from .cox import calibration_intercept, calibration_line_by_counts, calibration_slope
from .decision_curve import (
    mean_net_benefit,
    mean_net_benefit_by_counts,
    net_benefit_at,
    net_benefit_at_by_counts,
)
from .inputs import checked_labels, checked_scores
from .proper_scores import brier, brier_by_counts, brier_skill, brier_skill_by_counts
from .ranking import (
    auprc,
    auprc_by_counts,
    auroc,
    auroc_by_counts,
    sensitivity_at_specificity,
    sensitivity_at_specificity_by_counts,
    tpr_at_fpr,
    tpr_at_fpr_by_counts,
)
from .selective import augrc, augrc_by_counts, aurc, aurc_by_counts

__all__ = ["ByCounts", "Interval", "Metric", "bootstrap", "interval_of", "resampled", "resampled_by_counts"]

Metric = Callable[..., float]
ByCounts = Callable[..., np.ndarray]

_CELLS = 100_000  # resamples are made in blocks of about this many counts: 0.8 MB stay in the cache of a core


class Interval(NamedTuple):
    """A value and the ends of its confidence interval; the ends are NaN where none was computed."""

    value: float
    low: float
    high: float


def bootstrap(
    metric: Metric,
    labels: ArrayLike,
    scores: ArrayLike,
    *,
    n_resamples: int = 2000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Percentile bootstrap interval of `metric(labels, scores)`.

    With scores (n_repeats, n) the metric is computed on each repeat and averaged; records are drawn once for all
    repeats. Draws are not stratified: the prevalence varies as it would in another sample of births. Resamples on which
    the metric is undefined (one class only) are dropped.

    The metrics of this room, also inside `functools.partial` with named arguments, run on all resamples at once; any
    other function is called once a resample.

    Args:
        metric: takes labels (n,) and scores (n,), gives a float.
        labels: (n,), 0 or 1.
        scores: (n,) or (n_repeats, n).
        n_resamples: number of resamples.
        confidence: of the interval, in (0, 1).
        seed: of the draws; the same seed and n draw the same records, whatever the metric.

    Returns:
        `Interval`; NaN where the metric is undefined on the records themselves.

    Raises:
        OutcomeError: labels that are not 0 or 1.
        FHRError: scores of another shape or not finite; n_resamples or confidence out of range.

    Source:
        Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 13.

    Example:
        >>> bootstrap(auroc, [0, 0, 0, 1, 1, 1], [1, 2, 5, 4, 6, 7], seed=1).value.__round__(3)
        0.889
    """
    y, rows = _rows(labels, scores)
    value = float(np.mean([metric(y, row) for row in rows]))
    draws = resampled(metric, y, rows, n_resamples=n_resamples, seed=seed)
    return interval_of(value, draws, confidence)


def resampled(
    metric: Metric,
    labels: ArrayLike,
    scores: ArrayLike,
    *,
    n_resamples: int = 2000,
    seed: int = 0,
    averaged: bool = True,
) -> np.ndarray:
    """Compute the metric on every resample, (n_resamples,); NaN where it is undefined. Arguments as in `bootstrap`.

    Without `averaged`, of each repeat by itself: (n_repeats, n_resamples). Two models on the same records are compared
    in pairs by subtracting their arrays: the same seed draws the same records.
    """
    return resampled_by_counts(
        _by_counts(metric), labels, scores, n_resamples=n_resamples, seed=seed, averaged=averaged
    )


def resampled_by_counts(
    kernel: ByCounts,
    labels: ArrayLike,
    scores: ArrayLike,
    *,
    n_resamples: int = 2000,
    seed: int = 0,
    averaged: bool = True,
) -> np.ndarray:
    """Compute `kernel(labels, scores, counts (m, n)) -> (..., m)` on every resample, averaged over repeats.

    Without `averaged`, of each repeat by itself: (n_repeats, ..., n_resamples).
    """
    y, rows = _rows(labels, scores)

    def of_rows(counts: np.ndarray) -> np.ndarray:
        found = [kernel(y, row, counts) for row in rows]
        return np.asarray(np.mean(found, axis=0) if averaged else np.stack(found))

    return on_resamples(of_rows, y, n_resamples=n_resamples, seed=seed)


def on_resamples(
    values: Callable[[np.ndarray], np.ndarray], labels: np.ndarray, *, n_resamples: int, seed: int
) -> np.ndarray:
    """Compute `values(counts (m, n)) -> (..., m)` on the resamples that `resampled` draws, NaN where one class is left.

    Many statistics of the same records share their draws in this way.
    """
    if n_resamples < 1:
        raise FHRError(f"n_resamples={n_resamples}; give at least 1, 2000 for a table")
    n, generator, blocks = len(labels), np.random.default_rng(seed), []
    block = max(1, _CELLS // n)
    for first in range(0, n_resamples, block):
        counts = drawn_counts(generator, min(block, n_resamples - first), n)
        positives = counts @ labels
        blocks.append(np.where((positives > 0) & (positives < n), values(counts), np.nan))
    return np.concatenate(blocks, axis=-1)


def drawn_counts(generator: np.random.Generator, m: int, n: int) -> np.ndarray:
    """Draw m resamples of n records: how often each holds each record, (m, n)."""
    drawn = generator.integers(n, size=(m, n)) + n * np.arange(m)[:, None]
    return np.bincount(drawn.ravel(), minlength=m * n).reshape(m, n)


def interval_of(value: float, draws: np.ndarray, confidence: float = 0.95) -> Interval:
    """Percentile interval from the resampled values, NaN left out."""
    if not 0 < confidence < 1:
        raise FHRError(f"confidence={confidence} is not in (0, 1); give a fraction such as 0.95")
    usable = draws[np.isfinite(draws)]
    if not np.isfinite(value) or not usable.size:
        return Interval(value, np.nan, np.nan)
    low, high = np.percentile(usable, [50 * (1 - confidence), 50 * (1 + confidence)])
    return Interval(value, float(low), float(high))


def _rows(labels: ArrayLike, scores: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    y = checked_labels(labels)
    return y, np.atleast_2d(checked_scores(scores, len(y), repeats=True))


def _line(part: int, labels: np.ndarray, probabilities: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return calibration_line_by_counts(labels, probabilities, counts)[part]


def _one_by_one(metric: Metric, labels: np.ndarray, scores: np.ndarray, counts: np.ndarray) -> np.ndarray:
    values = np.full(len(counts), np.nan)
    for b, count in enumerate(counts):
        records = np.repeat(np.arange(len(labels)), count)
        if 0 < labels[records].sum() < len(records):
            values[b] = metric(labels[records], scores[records])
    return values


_KERNELS: tuple[tuple[Metric, ByCounts], ...] = (
    (auroc, auroc_by_counts),
    (auprc, auprc_by_counts),
    (tpr_at_fpr, tpr_at_fpr_by_counts),
    (sensitivity_at_specificity, sensitivity_at_specificity_by_counts),
    (brier, brier_by_counts),
    (brier_skill, brier_skill_by_counts),
    (calibration_slope, partial(_line, 0)),
    (calibration_intercept, partial(_line, 1)),
    (aurc, aurc_by_counts),
    (augrc, augrc_by_counts),
    (net_benefit_at, net_benefit_at_by_counts),
    (mean_net_benefit, mean_net_benefit_by_counts),
)


def _by_counts(metric: Metric) -> ByCounts:
    plain, named = metric, {}
    if isinstance(metric, partial) and not metric.args:
        plain, named = metric.func, metric.keywords
    for known, kernel in _KERNELS:
        if plain is known:
            return partial(kernel, **named)
    return partial(_one_by_one, metric)
