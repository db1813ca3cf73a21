"""Matching templates of signals, counted exactly by sets of bits: 256 pairs in one operation."""

from itertools import pairwise

import numpy as np

__all__ = ["template_matches", "whole_templates"]

_TABLE = 1 << 16  # groups of a table of sets, 2 MiB: larger ones leave the cache
_BLOCK = 1 << 13  # groups worked on at once
_GROUP = np.dtype("V32")  # of 256 places: a quarter as many to look up as words of 64
_WORDS = _GROUP.itemsize // 8
_BIT = np.uint64(1) << np.arange(64, dtype=np.uint64)
_FROM, _UP_TO = (  # the places of a group from k on, and up to k
    np.packbits(places, axis=1, bitorder="little").view("<u8").astype(np.uint64).view(_GROUP)[:, 0]
    for places in (~np.tri(256, k=-1, dtype=bool), np.tri(256, dtype=bool))
)


def whole_templates(x: np.ndarray, m: int) -> np.ndarray:
    """Flag the times whose m + 1 samples from there on were all measured: (..., n), NaN -> (..., max(n - m, 0))."""
    measured = ~np.isnan(x)
    n = max(x.shape[-1] - m, 0)
    whole = measured[..., :n].copy()
    for k in range(1, m + 1):
        whole &= measured[..., k : k + n]
    return whole


def template_matches(x: np.ndarray, m: int, tolerance: np.ndarray) -> np.ndarray:
    """Count pairs of whole templates of a signal whose m, and whose m + 1 samples differ by at most `tolerance` each.

    Templates are sorted by their first sample: those that agree in it with a given one, and come after it, then lie in
    one range of places, which is short. The places whose k-th sample lies within the tolerance of a given value are a
    set of bits, and the matches of a template are the intersection of m such sets in its range. Equal samples, of
    which quantised signals are full, share a set. The sets are worked off in strips that stay in the cache.

    Args:
        x: (signal, n); NaN is missing.
        m: samples of a template, at least 1.
        tolerance: (signal,), in the unit of x. It is compared with the difference of two samples as floating point has
            it.

    Returns:
        int64 (2, signal)

    Source:
        The definition is that of Richman and Moorman 2000, doi:10.1152/ajpheart.2000.278.6.H2039; the sets are our own.
    """
    whole = np.zeros(x.shape, dtype=bool)
    whole[:, : max(x.shape[1] - m, 0)] = whole_templates(x, m)
    number = whole.sum(axis=-1)
    order, rank, low, high = _values(x, tolerance)
    time = order[whole.reshape(-1)[order]]  # templates one signal after another, and in each by their first sample
    signal = np.repeat(np.arange(len(x)), number)
    place = np.arange(len(time)) - np.repeat(np.cumsum(number) - number, number)
    row, *others = (rank[time + k] for k in range(m + 1))
    below = np.concatenate(([0], np.cumsum(np.bincount(row, minlength=len(high)))))
    begin, end = place + 1, below[high].take(row) - np.arange(len(time)) + place  # the range, without itself
    counts = np.zeros((2, len(x)), dtype=np.int64)
    strip = 256 * max(_TABLE // len(high), 2)
    for start in range(0, number.max(initial=0), strip):
        here = np.flatnonzero((place >= start) & (place < start + strip))
        sets = [_sets(row[here], place[here] - start, low, high) for row in others]
        first, last = np.maximum(begin - start, 0), np.minimum(end - start, strip)
        here = np.flatnonzero(last > first)
        first, last, of, *rows = (one[here] for one in (first, last, signal, *others))
        step = len(here) * _BLOCK // int(np.sum(last - first) // 256 + len(here) + 1) + 1
        for some in (slice(one, one + step) for one in range(0, len(here), step)):
            head = np.flatnonzero(of[some][1:] != of[some][:-1]) + 1
            head = np.concatenate(([0], head))  # the first template of each signal
            counts[:, of[some][head]] += _common([row[some] for row in rows], sets, first[some], last[some], head)
    return counts


def _values(x: np.ndarray, tolerance: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The values of every signal in order, one signal after another, each with a row more, and what is near.

    Returns:
        Places in the flat x of the samples of each signal in order (signal * n,), the row of the value of each sample
        (signal * n,), and for each row the first and one past the last row of values within the tolerance.
    """
    x = np.where(np.isnan(x), np.inf, x)  # last, and sorted in half the time
    order = np.argsort(x, axis=-1)
    order += np.arange(0, x.size, x.shape[1])[:, None]
    ordered = np.full((len(x), x.shape[1] + 1), np.inf)
    ordered[:, :-1] = x.reshape(-1)[order]
    first = np.ones(ordered.shape, dtype=bool)
    first[:, 1:-1] = ordered[:, 1:-1] > ordered[:, :-2]
    row = (np.cumsum(first) - 1).reshape(first.shape)
    rank = np.empty(x.size, dtype=np.intp)
    rank[order] = row[:, :-1]
    value = ordered[first]
    edges = np.append(row[:, 0], len(value))
    reach = np.repeat(tolerance, np.diff(edges))
    farthest = value + reach
    last = np.arange(len(value)) + 1
    for begin, stop in pairwise(edges.tolist()):
        found = np.searchsorted(value[begin : stop - 1], farthest[begin : stop - 1], side="right")
        last[begin : stop - 1] = found + begin
    last[edges[1:] - 1] -= 1
    with np.errstate(invalid="ignore"):  # inf - inf
        while True:  # the sum above is rounded otherwise than the difference, which decides
            up, down = value[last] - value <= reach, value[last - 1] - value > reach
            if not (up.any() or down.any()):
                break
            last += up.astype(np.intp) - down
    return order.reshape(-1), rank, np.cumsum(np.bincount(last, minlength=len(last)))[: len(last)], last


def _sets(row: np.ndarray, place: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The places (n,) whose row (n,) lies from `low` to `high`, as bits (row, group).

    They are the difference of two sets, of what lies in the first k rows. Signals have rows of their own, and in them
    every place once.
    """
    words = ((place.max(initial=0) >> 8) + 1) * _WORDS
    sets = np.zeros((len(low) + 1, words), dtype=np.uint64)
    np.add.at(sets.reshape(-1), (row + 1) * words + (place >> 6), _BIT[place & 63])
    np.bitwise_xor.accumulate(sets, axis=0, out=sets)
    near = sets.take(high, axis=0)
    near ^= sets.take(low, axis=0)
    return near.view(_GROUP)


def _common(
    rows: list[np.ndarray], sets: list[np.ndarray], begin: np.ndarray, end: np.ndarray, head: np.ndarray
) -> np.ndarray:
    """Number of bits from `begin` to `end` that sets have in common: all sets but the last, and all of them (2, group).

    Args:
        rows: (n,) each, the row of the set.
        sets: (row, group) each.
        begin: the first bit.
        end: one past the last bit, above `begin`.
        head: (group,), the first of each group of the n.
    """
    group = begin >> 8
    size = ((end - 1) >> 8) - group + 1  # groups that hold the range
    stop = np.cumsum(size)
    start = stop - size
    alike = np.full(stop[-1] * _WORDS, ~np.uint64(0))
    edges = alike.view(_GROUP)
    edges[stop - 1] = _UP_TO.take((end - 1) & 255)
    edges[start] = (edges.take(start).view(np.uint64) & _FROM.take(begin & 255).view(np.uint64)).view(_GROUP)
    within = np.arange(stop[-1])
    shorter = alike
    for row, table in zip(rows, sets, strict=True):
        place = np.repeat(row * table.shape[1] + group - start, size)
        place += within
        shorter, alike = alike, alike & table.reshape(-1).take(place).view(np.uint64)
    first = start[head] * _WORDS
    return np.stack([np.add.reduceat(np.bitwise_count(one), first, dtype=np.int64) for one in (shorter, alike)])
