"""Runs of true values, of which gaps, islands and spikes are made."""

import numpy as np

__all__ = ["fill_runs", "runs"]


def runs(flags: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and one-past-last positions of each run of true values in `flags` (n,).

    >>> runs(np.array([False, True, True, False, True]))
    (array([1, 4]), array([3, 5]))
    """
    within = np.zeros(len(flags) + 2, dtype=bool)
    within[1:-1] = flags
    edges = (within[1:] != within[:-1]).nonzero()[0]
    return edges[::2], edges[1::2]


def fill_runs(starts: np.ndarray, ends: np.ndarray, n: int) -> np.ndarray:
    """True on each [start, end), over n samples; the inverse of `runs`."""
    if not len(starts):
        return np.zeros(n, dtype=bool)
    steps = np.zeros(n + 1, dtype=np.int64)
    np.add.at(steps, starts, 1)
    np.add.at(steps, ends, -1)
    return np.cumsum(steps[:-1]) > 0
