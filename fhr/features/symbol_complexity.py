"""Lempel-Ziv complexity of a signal as a sequence of samples above and below its median."""

import numpy as np
from numpy.typing import ArrayLike

from .inputs import each_signal

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

    def one(row: np.ndarray) -> float:
        measured = row[~np.isnan(row)]
        n = len(measured)
        if n < _MIN_SAMPLES:
            return np.nan
        return phrases(measured >= np.median(measured)) * np.log2(n) / n

    return each_signal(x, one)


def phrases(bits: np.ndarray) -> int:
    """Number of phrases of `bits` (n,).

    Copies are looked for among bytes that each hold the eight bits from one time on, of which far fewer agree by chance
    than single bits do; a copy of k such bytes is one of k + 7 bits.
    """
    single = bits.astype(np.uint8).tobytes()
    eight = np.packbits(np.lib.stride_tricks.sliding_window_view(bits, 8), axis=-1).tobytes() if len(bits) > 7 else b""
    count, start = 0, 0
    while start < len(bits):
        copied = _longest_copy(eight, start)
        start += (copied + 7 if copied else _longest_copy(single, start)) + 1
        count += 1
    return count


def _longest_copy(text: bytes, start: int) -> int:
    """Length of the longest piece from `start` on that also occurs from an earlier place on."""
    length, place, n = 0, 0, len(text)
    while start + length < n:
        place = text.find(text[start : start + length + 1], place, start + length)
        if place < 0:
            break
        length += 1  # a longer copy cannot begin before the first place of this one
        step = 1
        while start + length + step <= n and _piece(text, place + length, step) == _piece(text, start + length, step):
            length += step
            step *= 2
    return length


def _piece(text: bytes, start: int, length: int) -> bytes:
    return text[start : start + length]
