"""Ties of scores: scores that are equal but for rounding become equal, since a rank among others jumps at a tie."""

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["snapped"]

_ROUNDING = 16 * float(np.finfo(np.float32).eps)  # of a sum over some layers, relative to the largest score


def snapped(scores: ArrayLike, known: ArrayLike) -> np.ndarray:
    """Replace each score by the nearest known one where the two differ by no more than float32 rounding.

    The score of one recording differs in the last digits from one batch size, processor or device to another. Ranks,
    p-values and Venn-Abers intervals are steps at the known scores, so that such a difference would decide between two
    answers where a recording was itself among the known ones, or equals one of them.

    Args:
        scores: of any shape.
        known: (k,), k of 1 or more.

    Example:
        >>> snapped([0.5 + 4e-8, 0.7], [0.2, 0.5]).tolist()
        [0.5, 0.7]
    """
    x, ordered = np.asarray(scores, dtype=np.float64), np.unique(np.asarray(known, dtype=np.float64))
    right = np.searchsorted(ordered, x).clip(max=len(ordered) - 1)
    left = (right - 1).clip(min=0)
    nearest = np.where(np.abs(x - ordered[left]) <= np.abs(x - ordered[right]), ordered[left], ordered[right])
    return np.where(np.abs(x - nearest) <= _ROUNDING * np.abs(ordered).max(), nearest, x)
