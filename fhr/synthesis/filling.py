"""Filling of what a signal misses, for transforms that need every sample."""

from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import ArrayLike

from fhr.errors import FHRError, SignalError
from fhr.multiscale.batch import read_signals
from fhr.preprocessing import runs

__all__ = ["Rule", "fill_for_transform"]

Rule = Literal["mirror", "linear"]
_MEDIAN_OF = 20  # samples beside a gap, 5 s at 4 Hz, whose median is their level
_FADE = 20  # samples over which two sides fade into each other that do not cross


def fill_for_transform(x: "ArrayLike | torch.Tensor", *, rule: Rule = "mirror", least: float = 0.25) -> Any:
    """Fill the gaps of signals by one rule, so that spectrum and values are bent as little as may be.

    `mirror` goes on with what was measured before the gap, backwards in time, and from the gap's other end with what
    was measured after it; the two change over where they cross, nearest to the middle, or fade into each other over 20
    samples where they come nearest. A side serves no longer than it is; where both are too short, the longer one is
    folded. Values, power at all frequencies and short runs of one value stay those of the neighbourhood, but the gap
    gets fluctuations and events that nobody measured, and rises become falls. `linear` draws a line between the medians
    of the 20 samples on both sides: nothing is invented, and power at all frequencies but the lowest is lost.

    On an hour of FHR that misses less than 2% (41 records), gaps of other records were cut out and filled
    (`benchmarks/synthesis.py`): `mirror` changed the power of octaves above 8 mHz by +2% (median), `linear` by -14%;
    sorted values by 0.07 and 0.10 standard deviations (root mean square; in one of ten cases by more than 0.23 and
    0.25). Single lines of the spectrum change more with `mirror` (0.31 and 0.24, relative L2), since what it invents
    has phases of its own. UC is alike.

    Args:
        x: (..., time) array or tensor; NaN is missing.
        rule: `mirror` or `linear`.
        least: share of the samples that must have been measured.

    Returns:
        Complete signals: arrays (float64) for arrays, tensors of the same device and dtype for tensors. What was
        measured is as it was.

    Raises:
        SignalError: no real numbers, an infinite sample, or a signal that has less than `least` of its samples.
        FHRError: another rule, or a share that is none.

    Example:
        >>> fill_for_transform([1.0, 2.0, np.nan, np.nan, 2.0, 1.0]).tolist()
        [1.0, 2.0, 2.0, 2.0, 2.0, 1.0]
    """
    signals = read_signals(x)
    if rule not in get_args(Rule):
        raise FHRError(f"rule={rule!r}; choose from {', '.join(map(repr, get_args(Rule)))}")
    if not 0 <= least <= 1:
        raise FHRError(f"least={least}; give a share from 0 to 1, such as 0.25")
    values = signals.values.detach().to("cpu", torch.float64).numpy().copy()
    measured = ~np.isnan(values)
    if np.isinf(values).any():
        raise SignalError("x holds an infinite sample; mark what is missing as NaN")
    share = measured.mean(-1)
    poor = (share < least) | (measured.sum(-1) < 1)
    if poor.any():
        worst = int(np.argmax(poor))
        raise SignalError(
            f"{poor.sum()} of {len(values)} signals have too little to fill from: signal {worst} has "
            f"{share[worst]:.0%} of its samples where least={least:g} asks for {least:.0%}, and one at least; leave "
            "them out"
        )
    fill = _mirrored if rule == "mirror" else _bridged
    for row in np.flatnonzero(share < 1):
        fill(values[row])
    return signals.back(torch.from_numpy(values).to(signals.values.device))


def _bridged(x: np.ndarray) -> None:
    """Fill the gaps of x (time,) in place, by lines between medians."""
    for start, end in zip(*runs(np.isnan(x)), strict=True):
        before, after = x[max(0, start - _MEDIAN_OF) : start], x[end : end + _MEDIAN_OF]
        sides = [side for side in (before[~np.isnan(before)], after[~np.isnan(after)]) if len(side)]
        x[start:end] = np.linspace(np.median(sides[0]), np.median(sides[-1]), end - start + 2)[1:-1]


def _mirrored(x: np.ndarray) -> None:
    """Fill the gaps of x (time,) in place with their mirrored neighbourhood."""
    missing = np.isnan(x)
    measured, place = x[~missing], np.cumsum(~missing)
    for start, end in zip(*runs(missing), strict=True):
        before, after = measured[: place[start]][::-1], measured[place[start] :]
        x[start:end] = _joined(before, after, end - start)


def _joined(before: np.ndarray, after: np.ndarray, n: int) -> np.ndarray:
    """Values of a gap of n samples: `before`, nearest sample first, and, from the other end, `after`."""
    if not len(before) or not len(after):
        return _folded(before, n) if len(before) else _folded(after, n)[::-1]
    left, right = _folded(before, n), _folded(after, n)[::-1]
    # The change lies where both sides reach without being folded, if there is such a place.
    low, high = max(0, n - len(after)), min(n, len(before))
    if low >= high:
        change, width = (low if len(before) > len(after) else high), 0
    else:
        apart = left[low:high] - right[low:high]
        crossing = np.flatnonzero(apart[1:] * apart[:-1] <= 0) + 1
        near = crossing if len(crossing) else np.flatnonzero(np.abs(apart) == np.abs(apart).min())
        change = int(low + near[np.argmin(np.abs(near + low - n / 2))])
        width = 0 if len(crossing) else min(_FADE, 2 * change, 2 * (n - change))
    share = np.clip((np.arange(n) - change + 0.5) / max(width, 1) + 0.5, 0, 1)
    return (1 - share) * left + share * right


def _folded(side: np.ndarray, n: int) -> np.ndarray:
    """The first n samples of `side`, which is run through forth and back where it is shorter."""
    place = np.arange(n) % (2 * len(side))
    return side[np.minimum(place, 2 * len(side) - 1 - place)]
