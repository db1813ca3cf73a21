"""Lempel-Ziv complexity of a signal as a sequence of samples above and below its median."""

import numpy as np
from numpy.typing import ArrayLike

from .inputs import some_signals
from .sorted_samples import median

__all__ = ["lempel_ziv", "phrases"]

_MIN_SAMPLES = 100


def lempel_ziv(x: ArrayLike) -> np.ndarray:
    r"""Number c of phrases of the sequence :math:`s_t = [x_t \ge \mathrm{median}]`, as :math:`c / (n / \log_2 n)`.

    A phrase is the shortest piece from where the last one ended that does not occur earlier in the sequence (the
    earlier copy may overlap it); the last one may be incomplete. Random bits tend to 1, regular ones to 0.

    Gaps: the measured samples are joined, and n is their number. The gaps of other windows raise the complexity of
    complete CTU-UHB windows, 0.24, by 0.02 in the median; the mean over the stretches between gaps, each of which
    starts with an empty memory, would rise by 0.1 (`benchmarks/feature_gaps.py`).

    Args:
        x: (..., time); NaN is missing.

    Returns:
        float64 (...); NaN with fewer than 100 measured samples.

    Raises:
        SignalError: no time axis, or an infinite sample.

    Source:
        Lempel and Ziv 1976, IEEE Trans Inf Theory 22:75-81, doi:10.1109/TIT.1976.1055501; binary at the median and
        normalised as in Aboy et al. 2006, IEEE Trans Biomed Eng 53:2282-2288, doi:10.1109/TBME.2006.883696.

    >>> lempel_ziv(np.arange(128) % 2).item()  # 1, 0, and 101010...: 3 phrases
    0.1640625
    """

    def some(rows: np.ndarray) -> np.ndarray:
        complexity = np.full(len(rows), np.nan)
        measured, high = ~np.isnan(rows), rows >= median(rows)[:, None]
        number = np.count_nonzero(measured, axis=-1)
        for i in np.flatnonzero(number >= _MIN_SAMPLES):
            complexity[i] = phrases(high[i, measured[i]]) * np.log2(number[i]) / number[i]
        return complexity

    return some_signals(x, some)


def phrases(bits: np.ndarray) -> int:
    """Number of phrases of `bits` (n,).

    The places from which a piece of bits occurs are a set, held as the bits of one whole number. That of a longer piece
    is the intersection of two sets, one of them shifted, so that a copy grows by eight bits a step, then by 4, 2 and 1.
    """
    n = len(bits)
    single = np.pad(bits.astype(np.uint8), (0, 7))
    eight = np.zeros(n, dtype=np.uint8)  # the eight bits from each time on
    for k in range(8):
        eight |= single[k : k + n] << k
    text = eight.tobytes()
    ones = int.from_bytes(np.packbits(single[:n], bitorder="little").tobytes(), "little")
    places: list[tuple[int, ...]] = [
        ((1 << n) - 1 ^ ones, ones)
    ]  # by length of the piece, then by its bits as a number
    for width in (1, 2, 4):
        half = places[-1]
        places.append(tuple(low & high for high in [one >> width for one in half] for low in half))
    lengths = tuple(zip((8, 4, 2, 1), (255, 15, 3, 1), places[::-1], strict=True))
    count, start = 0, 0
    while start < n:
        found, end = (1 << start) - 1, start  # a copy begins earlier; it may overlap
        for width, most, sets in lengths:
            while end + width <= n:
                fewer = found & (sets[text[end] & most] >> end - start)
                if not fewer:
                    break
                found, end = fewer, end + width
        start = end + 1
        count += 1
    return count
