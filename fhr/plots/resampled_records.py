"""Resampled records, and counts of records above each threshold of a score, for the bands of the curves."""

import numpy as np

__all__ = ["above_thresholds", "resampled_records"]


def resampled_records(labels: np.ndarray, n_resamples: int, seed: int) -> np.ndarray:
    """Draw counts of each record, int64 (m, n); resamples of one class are dropped, so m <= `n_resamples`."""
    generator, n = np.random.default_rng(seed), len(labels)
    draws = [np.bincount(generator.integers(n, size=n), minlength=n) for _ in range(n_resamples)]
    counts = np.array(draws, dtype=np.int64).reshape(-1, n)
    positive = counts @ labels
    return counts[(positive > 0) & (positive < n)]


def above_thresholds(labels: np.ndarray, scores: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """True and false positives at each distinct threshold, from the highest down; equal scores are one threshold.

    Args:
        labels: (n,), 0 or 1.
        scores: (n,).
        counts: (m, n), of each record in each resample.

    Returns:
        Two arrays (m, n_thresholds).
    """
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.diff(scores[order]) != 0, True)
    positive = np.cumsum(counts[:, order] * labels[order], axis=1)[:, last]
    return positive, np.cumsum(counts[:, order], axis=1)[:, last] - positive
