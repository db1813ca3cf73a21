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
    prominence = np.array([_prominence(curve, peak, reach) for peak in peaks.tolist()], dtype=np.float64)
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
    kept = np.ones(len(peaks), dtype=bool)
    for k in np.argsort(height)[::-1].tolist():
        if kept[k]:
            first = np.searchsorted(peaks, peaks[k] - distance, side="right")
            kept[first : np.searchsorted(peaks, peaks[k] + distance)] = False
            kept[k] = True
    return kept


def _prominence(curve: np.ndarray, peak: int, reach: int) -> float:
    left, right = curve[max(peak - reach, 0) : peak + 1][::-1], curve[peak : peak + reach + 1]
    return float(curve[peak] - max(_lowest(left), _lowest(right)))


def _lowest(side: np.ndarray) -> float:
    """The lowest sample before the curve is above its first one."""
    below = side <= side[0]
    return float(side[: len(side) if below.all() else int(below.argmin())].min())
