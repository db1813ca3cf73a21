"""Overlap of intervals with disjoint ranges, and the share of an interval that has to be known."""

import numpy as np

__all__ = ["KNOWN", "overlap"]

KNOWN = 0.5  # of a period, FHR or UC, without which nothing is said: this package's choice


def overlap(start: np.ndarray | float, end: np.ndarray | float, ranges: np.ndarray) -> np.ndarray:
    """Seconds of each [start, end) that the disjoint `ranges` (k, 2) cover."""
    low, high = np.asarray(start)[..., None], np.asarray(end)[..., None]
    shared: np.ndarray = np.clip(np.minimum(high, ranges[:, 1]) - np.maximum(low, ranges[:, 0]), 0, None).sum(axis=-1)
    return shared
