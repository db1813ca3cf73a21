"""Baseline of fetal heart rate: a weighted median of stable signal, along the likeliest path of levels.

In the manner of Boudet et al. 2019 a sample weighs by how likely it is to be baseline, which is judged by how stable
the signal is around it, and the weights are trimmed by a first baseline. Their trimming is progressive and local; here
the samples to keep are those near a path of levels that is found for the whole recording at once (dynamic programming:
misfit that saturates far from the path, against a price for every change of level), so that long accelerations, and
decelerations that take more time than the baseline between them, do not pull it along.
"""

import numpy as np
from scipy.ndimage import gaussian_filter1d

from fhr.preprocessing import runs

from .seconds import smoothed

__all__ = ["baseline_by_second", "oscillation"]

# Tuned with the thresholds of excursions.py on the 33 recordings of benchmarks/morphology.py, by cross-validation.
BIN = 10  # s, step of the path
LOWEST, HIGHEST, STEP = 50.0, 210.0, 2.0  # bpm, levels that the path may take

SLOW, AROUND = 8.0, 15.0  # s: what moves slower is movement of the level; over which stability is judged
MOVEMENT, RESTLESS = 0.37, 3.5  # bpm/s and bpm at which the weight of a sample has fallen to 1/e
LEAST_WEIGHT = 0.05

ABOVE, BELOW = 0.57, 0.95  # misfit of a second far above and far below the path: accelerations are commoner and longer
FAR_ABOVE, FAR_BELOW = 15.0, 18.0  # bpm at which the misfit has grown to that
CHANGE = 0.53  # price of a change of level by 1 bpm
USUAL, RARE = 140.0, 30.0  # bpm: levels off the usual cost 0.02 a bin at that distance
UNUSUAL = 0.019

NEAR, NEAR_RESTLESS = 15.0, 1.2  # bpm, and times the oscillation: within it samples are of the baseline
SPREAD, SECOND_SPREAD = 62.0, 94.0  # s, of the two medians
TRACE = 0.003  # weight of the path itself in the medians
EVENT, EVENT_RESTLESS, EVENT_SECONDS, EVENT_WEIGHT = 6.5, 0.7, 10, 0.03  # trimmed between the two

_LEVELS = np.arange(LOWEST, HIGHEST + STEP, STEP)


def oscillation(second: np.ndarray) -> np.ndarray:
    """Mean distance of the signal from its slow movement around each second (m,), bpm; NaN far from any signal."""
    return smoothed(np.abs(second - smoothed(second, SLOW)), AROUND)


def baseline_by_second(second: np.ndarray, smooth: np.ndarray) -> np.ndarray:
    """The baseline at each second (m,), bpm; all NaN without signal, and interpolated in gaps of any length.

    Args:
        second: (m,) mean FHR of each second, cleaned, bpm; NaN is missing.
        smooth: (m,) the same, short gaps bridged, smoothed as events are looked for.
    """
    if np.isnan(second).all():
        return np.full(len(second), np.nan)
    restless = np.nan_to_num(oscillation(second), nan=3.0)
    movement = smoothed(np.abs(np.gradient(smoothed(second, SLOW))), AROUND) if len(second) > 1 else np.zeros(1)
    weight = LEAST_WEIGHT + np.nan_to_num(np.exp(-movement / MOVEMENT - restless / RESTLESS))
    counts = _histogram(second, weight)
    middle = (np.arange(len(counts)) + 0.5) * BIN - 0.5
    seconds = np.arange(len(second))
    near = NEAR + NEAR_RESTLESS * np.interp(middle, seconds, restless)
    first = _median(counts, _path(counts), near, SPREAD)
    away = np.abs(smooth - np.interp(seconds, middle, first)) > EVENT + EVENT_RESTLESS * restless
    trimmed = weight.copy()
    for start, end in zip(*runs(away), strict=True):
        if end - start >= EVENT_SECONDS:
            trimmed[start:end] *= EVENT_WEIGHT
    second_median = _median(_histogram(second, trimmed), first, near, SECOND_SPREAD)
    return np.interp(seconds, middle, second_median)


def _histogram(second: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Weighted share of each level in each bin of time (bin, level)."""
    known = ~np.isnan(second)
    level = np.clip(np.rint((second[known] - LOWEST) / STEP), 0, len(_LEVELS) - 1).astype(np.intp)
    size = -(-len(second) // BIN) * len(_LEVELS)
    place = np.flatnonzero(known) // BIN * len(_LEVELS) + level
    return np.bincount(place, weight[known], size).reshape(-1, len(_LEVELS)) / BIN


def _path(counts: np.ndarray) -> np.ndarray:
    """The level in each bin (bin,) that minimises misfit plus the price of changes, by dynamic programming."""
    distance = _LEVELS[:, None] - _LEVELS  # of a sample from the path
    misfit = np.where(
        distance > 0, ABOVE * np.minimum(distance / FAR_ABOVE, 1), BELOW * np.minimum(-distance / FAR_BELOW, 1)
    )
    cost = counts @ misfit + UNUSUAL * ((_LEVELS - USUAL) / RARE) ** 2
    price = CHANGE * _LEVELS
    best = np.empty_like(cost)
    best[0] = total = cost[0]
    for i in range(1, len(cost)):
        # Cheapest way to each level from a lower and from a higher one: the price is linear in the distance.
        from_below = np.minimum.accumulate(total - price) + price
        from_above = np.minimum.accumulate((total + price)[::-1])[::-1] - price
        best[i] = total = np.minimum(from_below, from_above) + cost[i]
    choice = np.empty(len(cost), dtype=np.intp)
    choice[-1] = best[-1].argmin()
    for i in range(len(cost) - 2, -1, -1):
        choice[i] = (best[i] + np.abs(price - price[choice[i + 1]])).argmin()
    return _LEVELS[choice]


def _median(counts: np.ndarray, centre: np.ndarray, near: np.ndarray, spread: float) -> np.ndarray:
    """Median (bin,) of the samples within `near` of `centre`, weighted by a Gaussian of `spread` s in time."""
    off = np.abs(_LEVELS - centre[:, None])
    # The centre itself counts a little: it decides where nothing else is near.
    kept = np.where(off <= near[:, None], counts, 0.0) + TRACE * (off <= STEP / 2)
    mass = np.cumsum(gaussian_filter1d(kept, spread / BIN, axis=0, mode="constant", truncate=3.0), axis=1)
    half = mass[:, -1] / 2
    at = (mass < half[:, None]).sum(axis=1)
    row = np.arange(len(mass))
    before = np.where(at > 0, mass[row, at - 1], 0.0)
    return _LEVELS[at] - STEP / 2 + STEP * (half - before) / np.maximum(mass[row, at] - before, 1e-12)
