"""Discrete wavelet transform of a batch, without borders, with the measured share of each coefficient.

Time is the first axis inside this room: a strided slice of time is then whole rows, which is what makes it fast.
"""

from functools import lru_cache
from math import sqrt
from typing import NamedTuple

import numpy as np
import pywt
import torch

from fhr.errors import FHRError

__all__ = ["Octave", "bridge", "filters", "largest_scale", "octaves", "pairs", "sizes"]

_BLOCK = 8  # coefficients of one matrix product


class Octave(NamedTuple):
    """The coefficients of one scale.

    Attributes:
        detail: (k, batch), wavelet coefficients in L1 normalisation, so that they follow 2^(jH).
        measured: (k, batch), number of measured samples in the coefficient's dyadic interval of 2^j.
    """

    detail: torch.Tensor
    measured: torch.Tensor


@lru_cache
def filters(wavelet: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Low-pass and high-pass filter in L1 normalisation, to be correlated with the signal.

    Raises:
        FHRError: a name that PyWavelets does not know, or a wavelet that is not orthogonal.
    """
    try:
        found = pywt.Wavelet(wavelet)
    except (TypeError, ValueError, AttributeError):
        raise FHRError(
            f"wavelet={wavelet!r} is not known; give an orthogonal one of PyWavelets: "
            "'db1' to 'db38', 'sym2' to 'sym20', 'coif1' to 'coif17'"
        ) from None
    if not found.orthogonal:
        raise FHRError(f"wavelet={wavelet!r} is not orthogonal; give one of 'db3', 'sym4', 'coif2' or the like")
    low, high = (tuple(tap / sqrt(2) for tap in reversed(taps)) for taps in (found.dec_lo, found.dec_hi))
    return low, high


def largest_scale(n: int, wavelet: str, leaders: int) -> int:
    """The coarsest scale at which n samples give at least so many border-free leaders; 0 where none does."""
    taps, scale = len(filters(wavelet)[0]), 0
    while (n := (n - taps) // 2 + 1) >= leaders + 2:
        scale += 1
    return scale


def octaves(x: torch.Tensor, present: torch.Tensor, wavelet: str, scales: int) -> list[Octave]:
    """Border-free wavelet coefficients of scales 1 to `scales`.

    The middle of coefficient k of one scale lies between the middles of 2k + L/2 - 1 and 2k + L/2 of the next finer
    one, with L filter taps; `pairs` takes these children, and an interval has the measured samples of both.

    Args:
        x: (time, batch), without NaN.
        present: (time, batch), bool, where a sample was measured.
        wavelet: see `filters`.
        scales: how many.
    """
    low, high = (_bank(taps).to(x) for taps in filters(wavelet))
    taps = len(filters(wavelet)[0])
    found: list[Octave] = []
    measured = present.view(torch.uint8)  # small numbers while there are many of them
    for _ in range(scales):
        n = (len(x) - taps) // 2 + 1
        first, second = pairs(measured, taps, n)
        measured = (first + second) if found else (first + second).to(x.dtype, memory_format=torch.contiguous_format)
        windows = _windows(x, n, low.shape[1])
        found.append(Octave((high @ windows).flatten(0, 1)[:n], measured))
        x = (low @ windows).flatten(0, 1)[:n]
    return found


def pairs(finer: torch.Tensor, taps: int, n: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The two children of each of the first n coefficients, from the values (k, batch) at the next finer scale."""
    first = taps // 2 - 1
    return finer[first : first + 2 * n - 1 : 2], finer[first + 1 : first + 2 * n : 2]


def sizes(octave: Octave, j: int) -> torch.Tensor:
    """|d| (k, batch) of scale j, 0 where less than half of the interval was measured."""
    return torch.where(octave.measured >= 2 ** (j - 1), octave.detail.abs(), 0.0)


@lru_cache
def _bank(taps: tuple[float, ...]) -> torch.Tensor:
    """The filter at `_BLOCK` places, (_BLOCK, samples): one matrix product does many coefficients."""
    bank = torch.zeros(_BLOCK, len(taps) + 2 * (_BLOCK - 1), dtype=torch.float64)
    for k in range(_BLOCK):
        bank[k, 2 * k : 2 * k + len(taps)] = torch.tensor(taps, dtype=torch.float64)
    return bank


def _windows(x: torch.Tensor, n: int, length: int) -> torch.Tensor:
    """What the first n coefficients are made of, (block, sample, batch) of x (time, batch), without a copy."""
    blocks = -(-n // _BLOCK)
    missing = 2 * _BLOCK * (blocks - 1) + length - len(x)
    if missing > 0:
        # torch's own padding would write everything twice.
        longer = x.new_empty(len(x) + missing, x.shape[1])
        longer[: len(x)], longer[len(x) :] = x, 0.0
        x = longer
    return x.contiguous().unfold(0, length, 2 * _BLOCK)[:blocks].transpose(1, 2)


def bridge(x: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
    """A straight line across each gap, the nearest sample beyond the ends; 0 for a signal with no sample at all.

    Only the shape of a coefficient that reaches over a gap depends on it: what lies in the gap has no weight.

    Args:
        x: (batch, time), anything where not present, NaN too.
        present: (batch, time), bool.
    """
    n = x.shape[-1]
    # Where a gap begins, and the sample after its end, in the rows laid one after another.
    edge = torch.zeros(len(x), n + 1, dtype=torch.bool, device=x.device)
    edge[:, 1:n] = present[:, 1:] != present[:, :-1]
    edge[:, 0], edge[:, n] = ~present[:, 0], ~present[:, -1]
    # NumPy finds them six times faster on a CPU.
    place = edge.reshape(-1).nonzero()[:, 0] if x.is_cuda else torch.from_numpy(np.flatnonzero(edge.cpu())).to(x.device)
    if not len(place):
        return x
    row, column = place // (n + 1), place % (n + 1)
    row, first, last = row[::2] * n, column[::2], column[1::2] - 1
    length = last - first + 1
    opens, closes = first == 0, last == n - 1
    flat = x.reshape(-1)
    left = flat[row + torch.where(opens, last + 1, first - 1).clamp(max=n - 1)]
    right = flat[row + torch.where(closes, first - 1, last + 1).clamp(min=0)]
    nothing = opens & closes
    left, right = left.masked_fill(nothing, 0.0), right.masked_fill(nothing, 0.0)
    step = (right - left) / (length + 1)
    # Sample by sample: its gap, and how far it lies in it.
    gap = torch.repeat_interleave(length)
    before = length.cumsum(0) - length
    within = torch.arange(len(gap), device=x.device) - before.index_select(0, gap)
    fill = left.index_select(0, gap) + step.index_select(0, gap) * (within + 1)
    return flat.index_put(((row + first).index_select(0, gap) + within,), fill).reshape(x.shape)
