"""Metrics of samples pooled over recordings, with bootstrap intervals over the recordings.

Samples of one recording are anything but independent, and there are millions: each recording is reduced to the counts
of its scores in narrow bins, and whole recordings are resampled.
"""

import numpy as np

from fhr.errors import FHRError

from .resampling import Interval, interval_of

__all__ = ["best_f1_threshold", "evaluate_samples", "pooled_metrics", "score_counts"]

_LIMIT = 16.0  # logits beyond, probabilities within 1e-7 of 0 or 1, share the outermost bins
_PER_UNIT = 64  # bins a unit of logit
_BINS = int(2 * _LIMIT * _PER_UNIT)
_CELLS = 4_000_000


def score_counts(labels: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """Count the scores of one recording, in bins of 1/64 of a logit.

    Args:
        labels: (n,), 0 or 1.
        logits: (n,), finite.

    Returns:
        int64 (2, n_bins): of the samples with label 0, and with label 1.

    Raises:
        FHRError: a score that is not finite.
    """
    if not np.isfinite(logits).all():
        raise FHRError("scores that are not finite; the training diverged, lower the learning rate")
    bins = np.clip((np.asarray(logits, dtype=np.float64) + _LIMIT) * _PER_UNIT, 0, _BINS - 1).astype(np.int64)
    counts = np.bincount(bins + _BINS * (np.asarray(labels) > 0), minlength=2 * _BINS)
    return counts.reshape(2, _BINS)


def pooled_metrics(counts: np.ndarray, threshold: float = 0.5) -> dict[str, np.ndarray]:
    """Compute the metrics of pooled samples.

    Args:
        counts: (..., 2, n_bins), summed over recordings.
        threshold: probability from which on a sample is called positive, rounded to a bin's edge.

    Returns:
        auroc, f1 = 2 tp / (2 tp + fp + fn), sensitivity, ppv, prevalence, each (...); NaN where undefined. Samples in
        one bin count as tied.
    """
    negative, positive = (np.asarray(counts)[..., i, :].astype(np.float64) for i in (0, 1))
    n, p = negative.sum(-1), positive.sum(-1)
    below = np.cumsum(negative, axis=-1) - negative / 2
    cut = _cut(threshold)
    tp, fp = positive[..., cut:].sum(-1), negative[..., cut:].sum(-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "auroc": (positive * below).sum(-1) / (n * p),
            "f1": 2 * tp / (tp + fp + p),
            "sensitivity": tp / p,
            "ppv": tp / (tp + fp),
            "prevalence": p / (n + p),
        }


def best_f1_threshold(counts: np.ndarray) -> float:
    """Probability threshold with the largest F1 of `counts` (2, n_bins); 0.5 where no sample is positive."""
    negative, positive = (np.cumsum(row[::-1])[::-1] for row in np.asarray(counts, dtype=np.float64))
    if positive[0] == 0:
        return 0.5
    cut = int(np.argmax(2 * positive / (positive + negative + positive[0] + 1e-9)))
    return float(1 / (1 + np.exp(_LIMIT - cut / _PER_UNIT)))


def evaluate_samples(
    counts: np.ndarray, threshold: float = 0.5, *, n_resamples: int = 2000, seed: int = 0
) -> dict[str, Interval]:
    """`pooled_metrics` with 95% percentile bootstrap intervals; recordings are drawn with replacement.

    Args:
        counts: (n_recordings, 2, n_bins).
        threshold: probability.
        n_resamples: number of resamples.
        seed: of the draws.

    Raises:
        FHRError: no recording.
    """
    if len(counts) == 0:
        raise FHRError("no recording to evaluate; give the counts of at least one")
    flat = np.asarray(counts, dtype=np.float64).reshape(len(counts), -1)
    values = pooled_metrics(flat.sum(0).reshape(2, -1), threshold)
    generator, draws = np.random.default_rng(seed), []
    block = max(1, _CELLS // flat.shape[1])
    for first in range(0, n_resamples, block):
        m = min(block, n_resamples - first)
        times = generator.multinomial(len(flat), np.full(len(flat), 1 / len(flat)), size=m)
        draws.append(pooled_metrics((times @ flat).reshape(m, 2, -1), threshold))
    return {key: interval_of(float(value), np.concatenate([d[key] for d in draws])) for key, value in values.items()}


def _cut(threshold: float) -> int:
    if not 0 < threshold < 1:
        raise FHRError(f"threshold {threshold} is no probability between 0 and 1")
    return int(np.clip(round((np.log(threshold / (1 - threshold)) + _LIMIT) * _PER_UNIT), 0, _BINS))
