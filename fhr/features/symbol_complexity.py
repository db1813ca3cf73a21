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

    Copies are looked for among bytes that each hold the eight bits from one time on, of which far fewer agree by chance
    than single bits do; a copy of k such bytes is one of k + 7 bits. How far a copy goes is seen in one whole number
    that holds all bits.
    """
    single = bits.astype(np.uint8)
    eight = single[: max(len(bits) - 7, 0)].copy()
    for k in range(1, 8):
        eight |= single[k : k + len(eight)] << k
    number = int.from_bytes(np.packbits(single, bitorder="little").tobytes(), "little")
    texts = ((eight.tobytes(), 8), (single.tobytes(), 1))
    count, start = 0, 0
    while start < len(bits):
        rest = number >> start  # the first bit is the lowest one
        start += next((copied for text in texts if (copied := _longest_copy(*text, number, rest, start))), 0) + 1
        count += 1
    return count


def _longest_copy(text: bytes, width: int, number: int, rest: int, start: int) -> int:
    """Number of bits of the longest piece from `start` on that also occurs from an earlier place on; 0 if none.

    Args:
        text: one byte for the `width` bits from each time on.
        width: bits.
        number: all bits.
        rest: those from `start` on.
        start: a time.
    """
    length, place, n = 0, 0, len(text) + width - 1
    while start + max(length, width - 1) < n:
        size = max(length - width + 2, 1)  # of a longer one, which cannot begin before the first place of this one
        place = text.find(text[start : start + size], place, start + size - 1)
        if place < 0:
            break
        differ = (number >> place) ^ rest
        length = min((differ & -differ).bit_length() - 1, n - start) if differ else n - start
    return length
