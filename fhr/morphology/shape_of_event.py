"""Shape of an excursion: its true beginning and end, and how long it takes to its extreme and back.

Events are found on a smoothed signal and begin and end where that has left the baseline by a share of the amplitude,
some seconds inside. The guidelines count from the baseline itself: half a minute of fall is measured here.
"""

from typing import NamedTuple

import numpy as np

from .events import Events

__all__ = ["Shape", "shape_of", "whole"]

# This package's choices, where the guidelines give no number.
LOOK = 60.0  #: s beside an event in which its true beginning and end are looked for
SHARES = (0.1, 0.9)  #: of the height, between which a flank is timed; the rest of it is extrapolated
SMOOTHING = 5.0  #: s; moving mean in which flanks are timed


class Shape(NamedTuple):
    """Shape of m events; times in s from the start of the recording, durations in s. NaN where nothing is known.

    Attributes:
        onset: (m,) where the signal leaves the baseline.
        recovery: (m,) where it is back.
        fall: (m, 2) onset to the beginning of the extreme, the least and the most that missing samples leave open.
        back: (m, 2) the end of the extreme to the recovery, likewise.
    """

    onset: np.ndarray
    recovery: np.ndarray
    fall: np.ndarray
    back: np.ndarray


def shape_of(events: Events, fhr: np.ndarray, baseline: np.ndarray, fs: float, sign: int) -> Shape:
    """Measure the flanks of events.

    A flank is timed on the 5 s moving mean of the distance from the baseline, between the last sample before the
    extreme below 10% of the largest distance and the first one above 90%, and extrapolated in a straight line: a slow
    drift before it and the floor of a U do not count. It is looked for up to a minute beside the event, but not beyond
    its neighbours. Where the signal does not come back to the baseline there, its nearest approach stands for it.

    Args:
        events: in order of time.
        fhr: (n,) bpm, NaN is missing.
        baseline: (n,) bpm, NaN where it is not known.
        fs: sampling rate, Hz.
        sign: 1 for accelerations, -1 for decelerations.
    """
    m = len(events.start)
    onset, recovery = events.start.copy(), events.end.copy()
    fall, back = np.full((2, m, 2), np.nan)
    if not m:
        return Shape(onset, recovery, fall, back)
    at, mean = _smooth(sign * (fhr - baseline), fs)
    start, end = np.searchsorted(at, events.start * fs - 1e-6), np.searchsorted(at, events.end * fs - 1e-6)
    earliest = np.maximum(events.start - LOOK, np.append(-np.inf, events.end[:-1]))
    latest = np.minimum(events.end + LOOK, np.append(events.start[1:], np.inf))
    first, last = np.searchsorted(at, earliest * fs), np.searchsorted(at, latest * fs)
    for k in range(m):
        inside = mean[start[k] : end[k]]
        if not len(inside) or not (height := float(inside.max())) > 0:
            continue
        high = inside >= SHARES[1] * height
        begin, stop = start[k] + int(high.argmax()), end[k] - 1 - int(high[::-1].argmax())
        onset[k], fall[k] = _flank(at, mean, begin, np.arange(first[k], begin), start[k], height, fs)
        recovery[k], back[k] = _flank(at, mean, stop, np.arange(last[k] - 1, stop, -1), end[k] - 1, height, fs)
    return Shape(np.minimum(onset, events.start), np.maximum(recovery, events.end), fall, back)


def whole(events: Events, shape: Shape) -> Events:
    """The events from their true beginning to their true end."""
    return events._replace(start=shape.onset, end=shape.recovery)


def _smooth(away: np.ndarray, fs: float) -> tuple[np.ndarray, np.ndarray]:
    """Places of the known samples (k,), and the moving mean at each."""
    half, seen = round(SMOOTHING * fs) // 2, ~np.isnan(away)
    sums = np.append(0.0, np.cumsum(np.where(seen, away, 0.0)))
    counts = np.append(0, np.cumsum(seen))
    at = np.flatnonzero(seen)
    low, high = np.maximum(at - half, 0), np.minimum(at + half + 1, len(away))
    return at, (sums[high] - sums[low]) / (counts[high] - counts[low])


def _flank(
    at: np.ndarray, mean: np.ndarray, extreme: int, beside: np.ndarray, found: int, height: float, fs: float
) -> tuple[float, np.ndarray]:
    """Where the flank meets the baseline, s, and its least and longest duration, s.

    Args:
        at: places of known samples.
        mean: distance from the baseline there.
        extreme: the known sample from which on the signal is near the largest distance.
        beside: the known samples towards it, from afar.
        found: the known sample at which the event was found to begin or end.
        height: the largest distance.
        fs: sampling rate.
    """
    away = mean[beside]
    rest = max(0.0, float(away.min(initial=height)))
    low = rest + SHARES[0] * (height - rest)
    share = (SHARES[1] * height - low) / max(height - rest, 1e-9)
    if share <= 0:  # it is near its extreme as far as it is seen
        return float(at[found] / fs), np.full(2, np.nan)
    below = np.flatnonzero(away <= low)
    foot = int(beside[below[-1]]) if len(below) else found
    shortest, longest = np.array([abs(extreme - foot), abs(int(at[extreme] - at[foot]))]) / fs / share
    outwards = np.sign(foot - extreme)
    return float(at[foot] / fs + outwards * SHARES[0] * longest), np.array([shortest, longest])
