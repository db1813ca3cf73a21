"""Matching templates of signals, counted exactly by sets of bits: 64 pairs in one operation."""

import numpy as np

__all__ = ["template_matches", "whole_templates"]

_TABLE = 1 << 18  # words of a table of sets, 2 MiB: larger ones leave the cache
_BLOCK = 1 << 13  # words worked on at once
_PLACE = np.arange(64, dtype=np.uint64)
_BIT = np.uint64(1) << _PLACE
_FROM = ~np.uint64(0) << _PLACE
_UP_TO = ~np.uint64(0) >> _PLACE[::-1]


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
    which quantised signals are full, share a set. The words of the sets are worked off in strips that stay in the
    cache.

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
    whole = whole_templates(x, m)
    number = whole.sum(axis=-1)
    rank, first_row, low, high = _values(x, tolerance)
    # Templates one signal after another, and in each by their first sample.
    key = np.where(whole, rank[:, : whole.shape[1]], x.shape[1])
    key = key.astype(np.int16) if x.shape[1] < 1 << 15 else key  # 16 bits are sorted by counting
    signal, place = np.nonzero(np.arange(whole.shape[1]) < number[:, None])
    time = np.argsort(key, axis=-1, kind="stable")[signal, place]
    row, *others = (rank[signal, time + k] + first_row[signal] for k in range(m + 1))
    below = np.concatenate(([0], np.cumsum(np.bincount(row, minlength=len(high)))))
    begin, end = place + 1, below[high[row]] - (np.cumsum(number) - number)[signal]  # the range, without itself
    counts = np.zeros((2, len(x)), dtype=np.int64)
    strip = 64 * max(_TABLE // len(high), 8)
    for start in range(0, number.max(initial=0), strip):
        here = np.flatnonzero((place >= start) & (place < start + strip))
        sets = [_sets(row[here], place[here] - start, low, high) for row in others]
        here = np.flatnonzero((end > np.maximum(begin, start)) & (begin < start + strip))
        ranges = np.stack([np.maximum(begin[here] - start, 0), np.minimum(end[here] - start, strip)])
        step = len(here) * _BLOCK // int(np.sum(ranges[1] - ranges[0]) // 64 + 1) + 1
        for one in range(0, len(here), step):
            some = here[one : one + step]
            head = np.flatnonzero(np.diff(signal[some], prepend=-1))  # the first template of each signal
            first, last = ranges[:, one : one + step]
            alike = _common([row[some] for row in others], sets, first, last, head)
            counts[:, signal[some[head]]] += alike
    return counts


def _values(x: np.ndarray, tolerance: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The values of every signal in order, one signal after another, each with a row more, and what is near.

    Returns:
        Rank of each sample (signal, n) among the values of its signal, the row of the first of them (signal,), and for
        each row the first and one past the last row of values within the tolerance.
    """
    rank = np.empty(x.shape, dtype=np.intp)
    rows: list[np.ndarray] = []
    high: list[np.ndarray] = []
    first_row = [0]
    for one, signal, reach in zip(rank, x, tolerance, strict=True):
        ordered = np.sort(signal)  # NaN goes last, and is not above what comes before
        values = np.concatenate((ordered[:1], ordered[1:][ordered[1:] > ordered[:-1]]))
        one[:] = np.searchsorted(values, signal)  # that of NaN is the row more
        rows.append(np.append(values, np.inf))
        high.append(np.append(np.searchsorted(values, values + reach, side="right"), len(values)) + first_row[-1])
        first_row.append(first_row[-1] + len(values) + 1)
    value, last = np.concatenate(rows), np.concatenate(high)
    reach = np.repeat(tolerance, np.diff(first_row))
    with np.errstate(invalid="ignore"):  # inf - inf
        while True:  # the sum above is rounded otherwise than the difference, which decides
            up, down = value[last] - value <= reach, value[last - 1] - value > reach
            if not (up.any() or down.any()):
                break
            last += up.astype(np.intp) - down
    return rank, np.array(first_row[:-1]), np.searchsorted(last, np.arange(len(last)), side="right"), last


def _sets(row: np.ndarray, place: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The places (n,) whose row (n,) lies from `low` to `high`, as bits: uint64 (row, word).

    They are the difference of two sets, of what lies in the first k rows. Signals have rows of their own, and in them
    every place once.
    """
    words = (place.max(initial=0) >> 6) + 1
    sets = np.zeros((len(low) + 1, words), dtype=np.uint64)
    np.add.at(sets.reshape(-1), (row + 1) * words + (place >> 6), _BIT[place & 63])
    np.bitwise_xor.accumulate(sets, axis=0, out=sets)
    near = sets.take(high, axis=0)
    near ^= sets.take(low, axis=0)
    return near


def _common(
    rows: list[np.ndarray], sets: list[np.ndarray], begin: np.ndarray, end: np.ndarray, head: np.ndarray
) -> np.ndarray:
    """Number of bits from `begin` to `end` that sets have in common: all sets but the last, and all of them (2, group).

    Args:
        rows: (n,) each, the row of the set.
        sets: (row, word) each.
        begin: the first bit.
        end: one past the last bit, above `begin`.
        head: (group,), the first of each group of the n.
    """
    word = begin >> 6
    size = ((end - 1) >> 6) - word + 1  # words that hold the range
    stop = np.cumsum(size)
    start = stop - size
    alike = np.full(stop[-1], ~np.uint64(0))
    alike[start] = _FROM[begin & 63]
    alike[stop - 1] &= _UP_TO[(end - 1) & 63]
    within = np.arange(stop[-1])
    shorter = alike
    for row, table in zip(rows, sets, strict=True):
        place = np.repeat(row * table.shape[1] + word - start, size)
        place += within
        shorter, alike = alike, alike & table.reshape(-1)[place]
    return np.stack([np.add.reduceat(np.bitwise_count(one), start[head], dtype=np.int64) for one in (shorter, alike)])
