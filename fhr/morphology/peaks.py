"""Peaks of a curve that stand out of their surroundings.

`scipy.signal.find_peaks` finds the same ones, but its import takes more than a second, longer than a prediction.
"""

import numpy as np

__all__ = ["peaks_that_rise"]


def peaks_that_rise(
    curve: np.ndarray, least: float, *, distance: float, reach: int, plateau: int
) -> tuple[np.ndarray, np.ndarray]:
    """Find peaks by their prominence: what a peak rises above the higher one of the lowest points to its sides.

    A peak is a sample, or a level of equal ones, of which the middle counts, with lower ones to both sides. Of those
    that are too close to each other the highest stay. To each side the lowest point is sought until the curve is above
    the peak, at most `reach` samples away.

    Args:
        curve: (n,).
        least: prominence that a peak must have.
        distance: samples from one peak to the next, at least.
        reach: samples to each side that tell the prominence.
        plateau: samples of the longest level that is a peak.

    Returns:
        The peaks, ascending, and the prominence of each.
    """
    peaks = _maxima(curve, plateau)
    peaks = peaks[_highest(peaks, curve[peaks], distance)]
    prominence = _prominence(curve, peaks, reach)
    enough = prominence >= least
    return peaks[enough], prominence[enough]


def _maxima(curve: np.ndarray, plateau: int) -> np.ndarray:
    """The middle of each level that is higher than the samples beside it; what touches an end is none."""
    first = np.flatnonzero(np.diff(curve, prepend=np.nan))  # of a run of equal samples
    last = np.append(first[1:], len(curve)) - 1
    first, last = first[1:-1], last[1:-1]
    level = curve[first]
    is_peak = (curve[first - 1] < level) & (curve[last + 1] < level) & (last - first < plateau)
    return (first[is_peak] + last[is_peak]) // 2


def _highest(peaks: np.ndarray, height: np.ndarray, distance: float) -> np.ndarray:
    """Which peaks stay where those close to a higher one go, from the highest down."""
    first = np.searchsorted(peaks, peaks - distance, side="right").tolist()
    last = np.searchsorted(peaks, peaks + distance).tolist()
    kept = [True] * len(peaks)
    for k in np.argsort(height)[::-1].tolist():
        if kept[k]:
            kept[first[k] : last[k]] = [False] * (last[k] - first[k])
            kept[k] = True
    return np.array(kept, dtype=bool)


def _prominence(curve: np.ndarray, peaks: np.ndarray, reach: int) -> np.ndarray:
    """How far each peak (k,) stands out of the higher one of the lowest points to its sides."""
    beyond = np.full(reach, np.inf)  # nothing is sought beyond the ends
    sides = np.lib.stride_tricks.sliding_window_view(np.concatenate((beyond, curve, beyond)), reach + 1)
    height = curve[peaks]
    return height - np.maximum(*(_lowest(side, height) for side in (sides[peaks][:, ::-1], sides[peaks + reach])))


def _lowest(sides: np.ndarray, height: np.ndarray) -> np.ndarray:
    """The lowest sample (k,) of each side (k, reach + 1), from its peak outwards, before it is above the peak."""
    below = np.logical_and.accumulate(sides <= height[:, None], axis=-1)
    lowest: np.ndarray = np.where(below, sides, np.inf).min(axis=-1)
    return lowest
