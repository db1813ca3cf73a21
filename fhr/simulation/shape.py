"""Outline of every contraction-like wave of the heart rate."""

import numpy as np

from .labour import FS

__all__ = ["SHOULDER", "drawn"]

#: Height, as a share of the extremum's, at which the fall ends and the recovery begins; between them the bottom is
#: rounded. Chosen.
SHOULDER = 0.88


def drawn(n: int, corners: np.ndarray, height: np.ndarray) -> np.ndarray:
    """Draw the highest of k waves at each sample, (n,), 0 outside them.

    Args:
        n: samples at `FS`.
        corners: (k, 5), ascending, s: onset, end of the rise, extremum, begin of the return, end. Rise and return are
            half waves of a cosine between 0 and `SHOULDER` of the height.
        height: (k,) at the extremum.
    """
    total = np.zeros(n)
    levels = np.array([0.0, SHOULDER, 1.0, SHOULDER, 0.0])
    for row, top in zip(corners, height, strict=True):
        first, last = max(int(np.ceil(row[0] * FS)), 0), min(int(row[4] * FS) + 1, n)
        if first >= last:
            continue
        time = np.arange(first, last) / FS
        piece = np.clip(np.searchsorted(row, time, side="right") - 1, 0, 3)
        share = (time - row[piece]) / np.maximum(row[piece + 1] - row[piece], 1e-9)
        eased = 0.5 - 0.5 * np.cos(np.pi * share)
        wave = top * (levels[piece] + (levels[piece + 1] - levels[piece]) * eased)
        np.maximum(total[first:last], wave, out=total[first:last])
    return total
