"""Shape of an excursion: its true beginning and end, and how long it takes to its extreme and back.

Events are found on a smoothed signal and begin and end where that has left the baseline by a share of the amplitude,
some seconds inside. The guidelines count from the baseline itself: half a minute of fall is measured here.
"""

from typing import NamedTuple

import numpy as np

from .events import Events

__all__ = ["Shape", "shape_of", "whole", "whole_of_both"]

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
    return _measured(events, *_smooth(fhr - baseline, fs), fs, sign)


def whole(events: Events, shape: Shape) -> Events:
    """The events from their true beginning to their true end."""
    return events._replace(start=shape.onset, end=shape.recovery)


def whole_of_both(
    rises: Events, falls: Events, fhr: np.ndarray, baseline: np.ndarray, fs: float
) -> tuple[Events, Events]:
    """Accelerations and decelerations from their true beginning to their true end, by one moving mean."""
    if not (len(rises.start) or len(falls.start)):
        return rises, falls
    at, mean = _smooth(fhr - baseline, fs)
    return whole(rises, _measured(rises, at, mean, fs, 1)), whole(falls, _measured(falls, at, mean, fs, -1))


def _measured(events: Events, at: np.ndarray, away: np.ndarray, fs: float, sign: int) -> Shape:
    """Measure the flanks of events by the moving mean of the distance from the baseline `away` at the places `at`."""
    m = len(events.start)
    onset, recovery = events.start.copy(), events.end.copy()
    fall, back = np.full((2, m, 2), np.nan)
    if not m:
        return Shape(onset, recovery, fall, back)
    mean = away if sign > 0 else -away
    start, end = np.searchsorted(at, events.start * fs - 1e-6), np.searchsorted(at, events.end * fs - 1e-6)
    earliest = np.maximum(events.start - LOOK, np.append(-np.inf, events.end[:-1]))
    latest = np.minimum(events.end + LOOK, np.append(events.start[1:], np.inf))
    first, last = np.searchsorted(at, earliest * fs), np.searchsorted(at, latest * fs)
    edges = zip(*(edge.tolist() for edge in (first, start, end, last)), strict=True)
    for k, (before, begin, stop, after) in enumerate(edges):
        inside = mean[begin:stop]
        if not len(inside) or not (height := float(inside.max())) > 0:
            continue
        high = (inside >= SHARES[1] * height).nonzero()[0]
        up, down = begin + int(high[0]), begin + int(high[-1])
        onset[k], fall[k] = _flank(at, mean[before:up][::-1], up, -1, begin, height, fs)
        recovery[k], back[k] = _flank(at, mean[down + 1 : after], down, 1, stop - 1, height, fs)
    return Shape(np.minimum(onset, events.start), np.maximum(recovery, events.end), fall, back)


def _smooth(away: np.ndarray, fs: float) -> tuple[np.ndarray, np.ndarray]:
    """Places of the known samples (k,), and the moving mean at each."""
    half, seen = round(SMOOTHING * fs) // 2, ~np.isnan(away)
    n = len(away)
    known, number = np.zeros(n + 2 * half + 1), np.zeros(n + 2 * half + 1, dtype=np.intp)  # nothing beyond the ends
    known[half + 1 : half + 1 + n], number[half + 1 : half + 1 + n] = np.where(seen, away, 0.0), seen
    sums, counts = np.cumsum(known), np.cumsum(number)
    at = np.flatnonzero(seen)
    return at, (sums[2 * half + 1 :] - sums[:n])[at] / (counts[2 * half + 1 :] - counts[:n])[at]


def _flank(
    at: np.ndarray, away: np.ndarray, extreme: int, outwards: int, found: int, height: float, fs: float
) -> tuple[float, tuple[float, float]]:
    """Where the flank meets the baseline, s, and its least and longest duration, s.

    Args:
        at: places of known samples.
        away: distance from the baseline at the known samples beside the extreme, the nearest one first.
        extreme: the known sample from which on the signal is near the largest distance.
        outwards: 1 where these samples come after it, -1 where they come before.
        found: the known sample at which the event was found to begin or end.
        height: the largest distance.
        fs: sampling rate.
    """
    rest = max(0.0, float(np.minimum.reduce(away, initial=height)))
    low = rest + SHARES[0] * (height - rest)
    share = (SHARES[1] * height - low) / max(height - rest, 1e-9)
    if share <= 0:  # it is near its extreme as far as it is seen
        return float(at[found] / fs), (np.nan, np.nan)
    below = away <= low
    nearest = int(below.argmax()) if len(below) else 0
    foot = extreme + outwards * (nearest + 1) if len(below) and below[nearest] else found
    shortest, longest = abs(extreme - foot) / fs / share, abs(int(at[extreme] - at[foot])) / fs / share
    beyond = (foot > extreme) - (foot < extreme)
    return float(at[foot] / fs) + beyond * SHARES[0] * longest, (shortest, longest)
