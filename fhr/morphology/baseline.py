"""Baseline of fetal heart rate: a weighted median of stable signal, along the likeliest path of levels.

A baseline is what the rate rests at for two minutes in any ten (NICHD 2008), and an excursion of ten minutes or more is
a change of the baseline and no event (FIGO 2015, NICHD 2008). So where the rate does not rest at the path for ten
minutes, the path is found anew for that stretch by itself; if the rate does rest there, the signal is moved back by the
difference, all is done again without the change, and the change is put back: what follows sees the same signal whether
the level changed or not.

In the manner of Boudet et al. 2019 a sample weighs by how likely it is to be baseline, which is judged by how stable
the signal is around it, and the weights are trimmed by a first baseline. Their trimming is progressive and local; here
the samples to keep are those near a path of levels that is found for the whole recording at once (dynamic programming:
misfit that saturates far from the path, against a price for every change of level), so that long accelerations, and
decelerations that take more time than the baseline between them, do not pull it along.
"""

from functools import lru_cache

import numpy as np

from fhr.preprocessing import fill_runs, runs

from .seconds import gaussian, smoothed

__all__ = ["baseline_by_second"]

# Tuned with the thresholds of excursions.py on the 33 recordings of benchmarks/morphology.py, by cross-validation.
BIN = 10  # s, step in which levels are counted
LOWEST, HIGHEST, STEP = 50.0, 210.0, 2.0  # bpm, levels that the path may take

SLOW, AROUND = 8.0, 15.0  # s: what moves slower is movement of the level; over which stability is judged
MOVEMENT, RESTLESS = 0.37, 3.5  # bpm/s and bpm at which the weight of a sample has fallen to 1/e
LEAST_WEIGHT = 0.05

ABOVE, BELOW = 0.57, 0.95  # misfit of a second far above and far below the path: accelerations are commoner and longer
FAR_ABOVE, FAR_BELOW = 15.0, 18.0  # bpm at which the misfit has grown to that
CHANGE = 0.53  # price of a change of level by 1 bpm
USUAL, RARE = 140.0, 30.0  # bpm: levels off the usual cost 0.02 a bin at that distance
UNUSUAL = 0.019

CHANGED = 600  # s: a change of the baseline, and no event, by FIGO 2015 and NICHD 2008
REST, RESTS = 0.2, 12.0  # share of 10 min (NICHD 2008: two of them) in which the rate is that near to it, bpm
HELD = 0.5  # share of a change in which it rests at the new level
EVEN = 13  # bins over which restlessness is evened out
TIMES = 4  # that changes within changes are looked for

NEAR, NEAR_RESTLESS = 15.0, 1.2  # bpm, and times the oscillation: within it samples are of the baseline
SPREAD, SECOND_SPREAD = 62.0, 94.0  # s, of the two medians
TRACE = 0.003  # weight of the path itself in the medians
EVENT, EVENT_RESTLESS, EVENT_SECONDS, EVENT_WEIGHT = 6.5, 0.7, 10, 0.03  # trimmed between the two

_ROWS = 32  # bins that one matrix product smooths
_LEVELS = np.arange(LOWEST, HIGHEST + STEP, STEP)


def baseline_by_second(second: np.ndarray, smooth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The baseline at each second, all NaN without signal and interpolated in gaps of any length, and the oscillation.

    The oscillation is the mean distance of the signal from its slow movement around each second; NaN far from any
    signal.

    Args:
        second: (window, m) mean FHR of each second, cleaned, bpm; NaN is missing. Each window is looked at alone.
        smooth: (window, m) the same, short gaps bridged, smoothed as events are looked for.

    Returns:
        Both (window, m), bpm.
    """
    if np.isnan(second).all():
        return np.full(second.shape, np.nan), np.full(second.shape, np.nan)
    slow = smoothed(second, SLOW)
    oscillation = smoothed(np.abs(second - slow), AROUND)
    restless = np.nan_to_num(oscillation, nan=3.0)
    m = second.shape[1]
    movement = smoothed(np.abs(np.gradient(slow, axis=-1)), AROUND) if m > 1 else np.zeros((len(second), 1))
    weight = LEAST_WEIGHT + np.nan_to_num(np.exp(-movement / MOVEMENT - restless / RESTLESS))
    level = _level(second, smooth, restless, weight)
    level[np.isnan(second).all(axis=-1)] = np.nan
    return level, oscillation


def _level(
    second: np.ndarray, smooth: np.ndarray, restless: np.ndarray, weight: np.ndarray, times: int = TIMES
) -> np.ndarray:
    """The baseline of each window (window, m), found again without its changes where there are any."""
    m = second.shape[1]
    counts = _histogram(second, weight)
    seconds, middle = np.arange(m), (np.arange(counts.shape[1]) + 0.5) * BIN - 0.5
    cost = _cost(counts)
    path = _path(cost)
    near = NEAR + NEAR_RESTLESS * _drawn(middle, seconds, restless)
    first = _median(counts, path, near, SPREAD)
    away = np.abs(smooth - _drawn(seconds, middle, first)) > EVENT + EVENT_RESTLESS * restless
    trimmed = weight.copy()
    for flags, weights in zip(away, trimmed, strict=True):
        for start, end in zip(*runs(flags), strict=True):
            if end - start >= EVENT_SECONDS:
                weights[start:end] *= EVENT_WEIGHT
    level = _drawn(seconds, middle, _median(_histogram(second, trimmed), first, near, SECOND_SPREAD))
    if not times:
        return level
    share = _histogram(second, np.ones_like(second))
    changes = np.stack([_changes(*each) for each in zip(counts, path, share, strict=True)])
    changes = np.repeat(changes, BIN, axis=-1)[:, :m]
    some = changes.any(axis=-1)
    if some.any():
        moved = changes[some]
        level[some] = (
            _level(second[some] - moved, smooth[some] - moved, restless[some], weight[some], times - 1) + moved
        )
    return level


def _changes(counts: np.ndarray, path: np.ndarray, share: np.ndarray) -> np.ndarray:
    """By how much the level changes from the path for long, in each bin (bin,), bpm; 0 elsewhere.

    Args:
        counts: weighted share of each level in each bin (bin, level).
        path: (bin,) bpm.
        share: the same as `counts`, each second of the same weight.
    """
    change = np.zeros(len(path))
    # Where all is restless, what is least so tells the level.
    known, weight = (np.convolve(each.sum(axis=-1), np.ones(EVEN), "same")[: len(path)] for each in (share, counts))
    off = _anew(counts * (known / np.maximum(weight, 1e-9))[:, None], path, share) - path
    for sign in (1, -1):
        for start, end in zip(*(edge.tolist() for edge in runs(sign * off > RESTS)), strict=True):
            here = slice(start, end)
            held = _resting(share[here], path[here] + off[here]).sum()
            if end - start >= CHANGED // BIN - 1 and held >= HELD * share[here].sum():
                change[here] = np.median(off[here])
    return change


def _anew(counts: np.ndarray, path: np.ndarray, share: np.ndarray) -> np.ndarray:
    """The path (bin,), found by itself where the rate does not rest at it for long, and so on there."""
    path = path.copy()
    for start, end in _stretches(_resting(share, path), share.sum(axis=-1)):
        here = slice(start, end)
        alone = _path(_cost(counts[None, here]))[0]
        path[here] = _anew(counts[here], alone, share[here]) if end - start < len(path) else alone
    return path


def _resting(share: np.ndarray, path: np.ndarray) -> np.ndarray:
    """The share of each bin (bin,) in which the rate rests at the path."""
    resting: np.ndarray = (share * (np.abs(_LEVELS - path[:, None]) <= RESTS)).sum(axis=-1)
    return resting


def _stretches(resting: np.ndarray, known: np.ndarray) -> list[tuple[int, int]]:
    """First and one-past-last bins of the stretches, of `CHANGED` or longer, in which the rate hardly rests.

    They are unions of ten minutes with less than two of rest in ten that are known, and at least five known, from the
    first to the last bin at which more than half is no rest.
    """
    length = CHANGED // BIN
    if len(known) < length:
        return []
    rest, there = (np.append(0.0, np.cumsum(each)) for each in (resting, known))
    seen = there[length:] - there[:-length]
    first = np.flatnonzero((rest[length:] - rest[:-length] < REST * seen) & (seen >= length / 2))
    away = there / 2 - rest  # rises where the rate is away for more than half of the time
    found = []
    for begin, stop in zip(
        *(edge.tolist() for edge in runs(fill_runs(first, first + length, len(known)))), strict=True
    ):
        start = begin + int(away[begin : begin + length].argmin())
        last = stop - length + 1
        end = last + int(away[last : stop + 1].argmax())
        if end - start >= length - 1:
            found.append((start, end))
    return found


def _drawn(at: np.ndarray, times: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Straight lines through the `values` (window, k) at the `times` (k,), at other times (window, n)."""
    return np.stack([np.interp(at, times, row) for row in values])


def _histogram(second: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Weighted share of each level in each bin of time (window, bin, level)."""
    window, time = np.nonzero(~np.isnan(second))
    level = np.clip(np.rint((second[window, time] - LOWEST) / STEP), 0, len(_LEVELS) - 1).astype(np.intp)
    bins = -(-second.shape[1] // BIN)
    place = (window * bins + time // BIN) * len(_LEVELS) + level
    size = len(second) * bins * len(_LEVELS)
    return np.bincount(place, weight[window, time], size).reshape(-1, bins, len(_LEVELS)) / BIN


def _cost(counts: np.ndarray) -> np.ndarray:
    """What each level costs in each bin (bin, window, level): the misfit, and being unusual."""
    distance = _LEVELS[:, None] - _LEVELS  # of a sample from the path
    misfit = np.where(
        distance > 0, ABOVE * np.minimum(distance / FAR_ABOVE, 1), BELOW * np.minimum(-distance / FAR_BELOW, 1)
    )
    return np.moveaxis(counts @ misfit + UNUSUAL * ((_LEVELS - USUAL) / RARE) ** 2, 1, 0).copy()


def _path(cost: np.ndarray) -> np.ndarray:
    """The level in each bin (window, bin), the same in two on end: fine enough for a baseline, and twice as fast."""
    bins = len(cost)
    pairs = np.add.reduceat(cost, np.arange(0, bins, 2), axis=0)
    return np.repeat(_cheapest(pairs), 2, axis=-1)[:, :bins]


def _cheapest(cost: np.ndarray) -> np.ndarray:
    """The levels (window, bin) of least cost (bin, window, level) plus price of changes, by dynamic programming."""
    price = CHANGE * _LEVELS
    best = np.empty_like(cost)  # (bin, window, level)
    best[0] = total = cost[0]
    # Cheapest way to each level from a lower and from a higher one: the price is linear in the distance.
    ways, climb = np.empty((2, *total.shape)), np.stack([-price, price[::-1]])[:, None]
    for i in range(1, len(cost)):
        np.add(total, climb[0], out=ways[0])
        np.add(total[:, ::-1], climb[1], out=ways[1])
        np.minimum.accumulate(ways, axis=-1, out=ways)
        ways -= climb
        total = np.minimum(ways[0], ways[1, :, ::-1], out=best[i])
        total += cost[i]
    change = np.abs(price - price[:, None])
    choice = np.empty(cost.shape[:2], dtype=np.intp)
    choice[-1] = best[-1].argmin(axis=-1)
    for i in range(len(cost) - 2, -1, -1):
        choice[i] = (best[i] + change[choice[i + 1]]).argmin(axis=-1)
    return _LEVELS[choice.T]


def _median(counts: np.ndarray, centre: np.ndarray, near: np.ndarray, spread: float) -> np.ndarray:
    """Median (window, bin) of the samples within `near` of `centre`, weighted by a Gaussian of `spread` s in time."""
    # Nothing is kept beyond these levels.
    first = max(int(((centre - near).min() - LOWEST) // STEP), 0)
    levels = _LEVELS[first : int(((centre + near).max() - LOWEST) // STEP) + 2]
    off = np.abs(levels - centre[..., None])
    # The centre itself counts a little: it decides where nothing else is near.
    kept = np.where(off <= near[..., None], counts[..., first : first + len(levels)], 0.0) + TRACE * (off <= STEP / 2)
    mass = np.cumsum(_along_time(kept, spread / BIN), axis=-1)
    half = mass[..., -1:] / 2
    at = (mass < half).sum(axis=-1, keepdims=True)
    before = np.where(at > 0, np.take_along_axis(mass, np.maximum(at - 1, 0), axis=-1), 0.0)
    share = (half - before) / np.maximum(np.take_along_axis(mass, at, axis=-1) - before, 1e-12)
    return (levels[at] - STEP / 2 + STEP * share)[..., 0]


def _along_time(values: np.ndarray, spread: float) -> np.ndarray:
    """Smooth (window, bin, level) along the bins by a Gaussian of `spread` bins, with nothing beyond the ends."""
    bins, bank = values.shape[1], _bank(spread)
    reach, blocks = (bank.shape[1] - _ROWS) // 2, -(-bins // _ROWS)
    padded = np.pad(values, ((0, 0), (reach, reach + blocks * _ROWS - bins), (0, 0)))
    pieces = np.lib.stride_tricks.sliding_window_view(padded, bank.shape[1], axis=1)[:, ::_ROWS]
    smooth: np.ndarray = np.matmul(bank, pieces.swapaxes(-1, -2))
    return smooth.reshape(len(values), blocks * _ROWS, -1)[:, :bins]


@lru_cache(maxsize=8)
def _bank(spread: float) -> np.ndarray:
    """The Gaussian at `_ROWS` places, (_ROWS, bins): scipy's correlation takes twice as long."""
    kernel = gaussian(spread)
    bank = np.zeros((_ROWS, _ROWS + len(kernel) - 1))
    for row, weights in enumerate(bank):
        weights[row : row + len(kernel)] = kernel
    return bank
