"""Overlap of intervals with disjoint ranges, what these leave of them, and the share that has to be known."""

import numpy as np

__all__ = ["KNOWN", "outside", "overlap"]

KNOWN = 0.5  # of a period, FHR or UC, without which nothing is said: this package's choice


def overlap(start: np.ndarray | float, end: np.ndarray | float, ranges: np.ndarray) -> np.ndarray:
    """Seconds of each [start, end) that the disjoint `ranges` (k, 2) cover."""
    low, high = np.asarray(start)[..., None], np.asarray(end)[..., None]
    shared: np.ndarray = np.clip(np.minimum(high, ranges[:, 1]) - np.maximum(low, ranges[:, 0]), 0, None).sum(axis=-1)
    return shared


def outside(intervals: np.ndarray, ranges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cut disjoint `ranges` (k, 2), in order, out of `intervals` (m, 2), s.

    Returns:
        The pieces (j, 2), and the row (j,) of the interval that each is of.

    >>> pieces, row = outside(np.array([[0.0, 10.0], [20.0, 30.0]]), np.array([[4.0, 5.0], [8.0, 25.0]]))
    >>> pieces.tolist(), row.tolist()
    ([[0.0, 4.0], [5.0, 8.0], [25.0, 30.0]], [0, 0, 1])
    """
    begin = np.maximum(intervals[:, :1], np.append(-np.inf, ranges[:, 1]))
    stop = np.minimum(intervals[:, 1:], np.append(ranges[:, 0], np.inf))
    row, gap = np.nonzero(begin < stop)
    return np.stack([begin[row, gap], stop[row, gap]], axis=1), row
