"""Matching templates of a signal, counted exactly by sets of bits: 64 pairs in one operation."""

import numpy as np

__all__ = ["template_matches", "whole_templates"]

_TABLE = 1 << 19  # words of a table of sets, 4 MiB: larger ones leave the cache
_BLOCK = 1 << 15  # words worked on at once
_BITS = np.uint64(1) << np.arange(64, dtype=np.uint64)


def whole_templates(x: np.ndarray, m: int) -> np.ndarray:
    """Flag the times whose m + 1 following samples were all measured: (n,), NaN is missing -> (max(n - m, 0),)."""
    if len(x) <= m:
        return np.zeros(0, dtype=bool)
    return np.asarray(np.lib.stride_tricks.sliding_window_view(~np.isnan(x), m + 1).all(axis=-1))


def template_matches(x: np.ndarray, m: int, tolerance: float) -> tuple[int, int]:
    """Count pairs of whole templates whose m, and whose m + 1 samples differ by at most `tolerance` each.

    The times whose sample lies within the tolerance of a given one are a set of bits. Time t is bit t // width of word
    t % width: the same set with every time one earlier is then the words from the next one on, and the matches of
    a template are the intersection of m + 1 sets, each a word further on. The sets of all samples come from those of
    the k smallest values, for each k, as a difference: equal samples, of which quantised signals are full, share one.
    The words are worked off in strips that stay in the cache.

    Args:
        x: (n,) with a measured sample; NaN is missing.
        m: samples of a template, at least 1.
        tolerance: in the unit of x. It is compared with the difference of two samples as floating point has it.

    Source:
        The definition is that of Richman and Moorman 2000, doi:10.1152/ajpheart.2000.278.6.H2039; the sets are our own.
    """
    n = len(x)
    measured = ~np.isnan(x)
    values, rank = np.unique(x[measured], return_inverse=True)
    row, low, high = np.zeros((3, n), dtype=np.intp)  # where missing, from 0 to 0: no neighbours
    row[measured] = rank
    low[measured], high[measured] = (bound[rank] for bound in _neighbours(values, tolerance))
    whole = whole_templates(x, m)
    starts = len(whole)
    # The first m samples of these would match, though the one after them is missing.
    cut_short = np.lib.stride_tricks.sliding_window_view(measured, m)[:starts].all(axis=-1) & ~whole
    width = -(-n // 64)
    flags = np.zeros(64 * width, dtype=bool)
    flags[:starts] = whole
    allowed = np.asarray(np.sum(flags.reshape(64, width) * _BITS[:, None], axis=0, dtype=np.uint64))

    counts = np.zeros(2, dtype=np.int64)
    strip = min(max(_TABLE // len(values), 8), width)
    for first in range(0, width, strip):
        words = min(strip, width - first)
        smallest = _sets(row, measured, len(values), first + np.arange(words + m), width)
        step = max(_BLOCK // words, 1)
        for start in range(0, starts, step):
            size = min(step, starts - start)
            near = smallest.take(high[start : start + size + m], axis=0)
            near ^= smallest.take(low[start : start + size + m], axis=0)
            alike = near[:size, :words] & allowed[first : first + words]
            alike[np.flatnonzero(cut_short[start : start + size])] = 0
            for k in range(1, m):
                alike &= near[k : k + size, k : k + words]
            counts[0] += np.bitwise_count(alike).sum(dtype=np.int64)
            alike &= near[m : m + size, m : m + words]
            counts[1] += np.bitwise_count(alike).sum(dtype=np.int64)
    shorter, longer = (counts - whole.sum()) // 2  # every pair was counted twice, every template met itself
    return int(shorter), int(longer)


def _neighbours(values: np.ndarray, tolerance: float) -> tuple[np.ndarray, np.ndarray]:
    """First and one-past-last of the sorted `values` within the tolerance of each."""
    n = len(values)
    high = np.searchsorted(values, values + tolerance, side="right")
    while True:  # this sum is rounded otherwise than the difference, which decides
        up = (high < n) & (values[np.minimum(high, n - 1)] - values <= tolerance)
        down = values[high - 1] - values > tolerance
        if not (up.any() or down.any()):
            return np.searchsorted(high, np.arange(n), side="right"), high
        high += up.astype(np.intp) - down


def _sets(row: np.ndarray, measured: np.ndarray, n_values: int, words: np.ndarray, width: int) -> np.ndarray:
    """Sets of the times that hold one of the k smallest values: uint64 (k from 0 to n_values, len(words))."""
    times = words + width * np.arange(64)[:, None]
    held = times < len(row)
    held[held] = measured[times[held]]
    bit, word = np.nonzero(held)
    sets = np.zeros((n_values + 1, len(words)), dtype=np.uint64)
    np.add.at(sets.reshape(-1), (row[times[held]] + 1) * len(words) + word, _BITS[bit])  # each bit once: a union
    np.bitwise_or.accumulate(sets, axis=0, out=sets)
    return sets
