"""Loss of signal and wrong rates: samples become missing, or are doubled, halved or the mother's; and their sizes.

Short gaps are bridged anew, as a pipeline would bridge them, at the rate of the traces.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import inf, pi

import torch
from torch import Tensor

from fhr.compute import stream

from .sameness import same_traces
from .traces import Traces

__all__ = [
    "LIMITS",
    "MOTHERS",
    "WRONG_RATES",
    "mothers_rate_of",
    "size_of_block",
    "size_of_scattered",
    "size_of_wrong_rate",
    "stretch",
    "with_loss",
    "with_wrong_rate",
]

WRONG_RATES = ("doubled", "halved", "maternal")
"""What a stretch of wrong heart rate can be."""
LIMITS = (50.0, 210.0)  # bpm, beyond which cleaning removes
MOTHERS = (60.0, 110.0)  # bpm, of a mother in labour
_MEAN, _SWINGS = 85.0, ((300.0, 6.0), (90.0, 4.0), (25.0, 2.0))  # bpm; period in s and bpm of each swing


def stretch(traces: Traces, start: Tensor, seconds: Tensor) -> Tensor:
    """Flags (n, time) of one contiguous stretch a window: from sample (n,) on, of (n,) seconds in whole samples."""
    at = torch.arange(traces.fhr.shape[-1], device=traces.fhr.device)
    start = start.to(at)[:, None]
    return (at >= start) & (at < start + (seconds.to(at.device) * traces.fs).round().long()[:, None])


def with_loss(traces: Traces, lost: Tensor) -> Traces:
    """Traces that have lost the heart rate of flagged samples (n, time); differentiable in what is left.

    A gap that grows is bridged by a straight line where it is no longer than `Traces.bridged` and lies between measured
    samples; else it has no value.
    """
    gone = lost.to(traces.measured.device) & (traces.measured > 0)
    return _bridged(traces, traces.fhr, torch.where(gone, 0.0, traces.measured), gone)


def size_of_block(before: Traces, after: Traces) -> Tensor:
    """Seconds (n,) from the first to the last sample lost, between which nothing is left."""
    span = _span(_lost(before, after))
    return torch.where(same_traces(with_loss(before, span), after), _seconds(span, before.fs), inf)


def size_of_scattered(before: Traces, after: Traces) -> Tensor:
    """Seconds (n,) lost in all, of samples that were measured, be it in part."""
    lost = _lost(before, after)
    return torch.where(same_traces(with_loss(before, lost), after), _seconds(lost, before.fs), inf)


def mothers_rate_of(traces: Traces, seed: int = 0) -> Tensor:
    """A mother's heart rate (time,), bpm: 85 with slow swings of seeded phases."""
    phases = stream(seed, "maternal rate of a threat").uniform(0, 2 * pi, len(_SWINGS))
    t = torch.arange(traces.fhr.shape[-1], device=traces.fhr.device, dtype=torch.float64) / traces.fs
    swings = [bpm * torch.sin(2 * pi * t / s + p) for (s, bpm), p in zip(_SWINGS, phases, strict=True)]
    return (_MEAN + torch.stack(swings).sum(0)).to(traces.fhr)


def with_wrong_rate(traces: Traces, wrong: Tensor, kinds: Sequence[str], mother: Tensor | None = None) -> Traces:
    """Traces in which a stretch of what was measured is doubled, halved or the mother's.

    What is not between 50 and 210 bpm then is lost, as cleaning would remove it. Left out: cleaning would also remove
    a whole stretch of less than 5 s.

    Args:
        traces: n windows.
        wrong: bool (n, time), the stretch.
        kinds: n of `WRONG_RATES`.
        mother: (time,) or (n, time), bpm; None for `mothers_rate_of`.
    """
    mother = mothers_rate_of(traces) if mother is None else mother
    kind = torch.tensor([WRONG_RATES.index(one) for one in kinds], device=traces.fhr.device)[:, None]
    false = torch.where(kind == 2, mother, torch.where(kind == 0, 2 * traces.fhr, traces.fhr / 2))
    changed = wrong.to(traces.measured.device) & (traces.measured > 0)
    out = changed & ~((false > LIMITS[0]) & (false < LIMITS[1]))
    fhr = torch.where(changed, false, traces.fhr)
    return _bridged(traces, fhr, torch.where(out, 0.0, traces.measured), changed)


def size_of_wrong_rate(before: Traces, after: Traces) -> Tensor:
    """Seconds (n,) from the first to the last sample that is wrong, between which all are, in one way."""
    measured = before.measured > 0
    span = _span(measured & (_lost(before, after) | (before.fhr != after.fhr)))
    size, found = _seconds(span, before.fs), ~span.any(-1) & same_traces(before, after)
    mothers = ((after.fhr >= MOTHERS[0]) & (after.fhr <= MOTHERS[1])) | ~(span & measured)
    for kind in WRONG_RATES:
        given = same_traces(with_wrong_rate(before, span, [kind] * len(before), after.fhr), after)
        found |= given & (mothers.all(-1) if kind == "maternal" else True)
    return torch.where(found, size, inf)


def _bridged(traces: Traces, fhr: Tensor, measured: Tensor, changed: Tensor) -> Traces:
    """Traces with these values, where gaps that hold a changed sample or lie beside one are bridged anew."""
    n_times = fhr.shape[-1]
    at = torch.arange(n_times, device=fhr.device).expand_as(fhr)
    held = measured > 0
    left = torch.where(held, at, -1).cummax(-1).values
    right = torch.where(held, at, n_times).flip(-1).cummin(-1).values.flip(-1)
    inside = (left >= 0) & (right < n_times)
    a, b = left.clamp(min=0), right.clamp(max=n_times - 1)
    touched = ~held & (_between(changed, a, b) > 0)
    # A gap that had no value, though it is short at this rate, gets none.
    bridge = inside & (right - left - 1 <= traces.bridged * traces.fs) & (_between(torch.isnan(fhr), a, b) == 0)
    share = (at - a) / (b - a).clamp(min=1)
    first, last = (torch.nan_to_num(fhr).gather(-1, one) for one in (a, b))
    line = torch.lerp(first, last, share.to(fhr))
    return replace(
        traces, fhr=torch.where(touched, torch.where(bridge, line, torch.nan), fhr), measured=measured.to(fhr)
    )


def _between(flags: Tensor, first: Tensor, last: Tensor) -> Tensor:
    """Number of flags from `first` to `last`, both included."""
    total = torch.nn.functional.pad(flags.long().cumsum(-1), (1, 0))
    return total.gather(-1, last + 1) - total.gather(-1, first)


def _lost(before: Traces, after: Traces) -> Tensor:
    return (before.measured > 0) & (after.measured == 0)


def _span(flags: Tensor) -> Tensor:
    """Flags from the first to the last one."""
    counted = flags.long()
    return (counted.cumsum(-1) > 0) & (counted.flip(-1).cumsum(-1).flip(-1) > 0)


def _seconds(flags: Tensor, fs: float) -> Tensor:
    return flags.sum(-1).double() / fs
