"""Changes of time: a shift of the whole window, a smooth warp; and their sizes.

A trace that was moved says by how much, sample by sample (`Traces.delay`). Its size is that of this delay, and infinite
where the delay does not give the trace.
"""

from dataclasses import replace
from math import inf

import torch
from torch import Tensor

from .sameness import same_traces
from .traces import Traces

__all__ = ["DELAY_ROUNDING", "SLOPE", "feasible_delay", "shifted", "size_of_shift", "size_of_warp", "warped"]

SLOPE = 0.05
"""Largest slope of a warp: seconds of delay that are gained in a second."""
DELAY_ROUNDING = 1e-5  # s, of a delay in float32


def shifted(traces: Traces, seconds: Tensor) -> Traces:
    """Traces (n windows) whose window ends (n,) seconds earlier, in whole samples.

    The signals come later in the window by as much. What comes in at its beginning is what the recording holds just
    before (`Traces.earlier`), missing beyond that.
    """
    n_times, device = traces.fhr.shape[-1], traces.fhr.device
    samples = (seconds.to(device) * traces.fs).round().long()
    planes = torch.stack([traces.fhr, traces.uc, traces.measured], dim=1)
    known = planes if traces.earlier is None else torch.cat([traces.earlier, planes], dim=-1)
    at = torch.arange(n_times, device=device) + known.shape[-1] - n_times - samples[:, None]
    moved = known.gather(-1, at.clamp(min=0)[:, None].expand(-1, 3, -1))
    fhr, uc, measured = moved.masked_fill((at < 0)[:, None], torch.nan).unbind(1)
    delay = (samples / traces.fs).to(traces.fhr)[:, None].expand(-1, n_times)
    return replace(traces, fhr=fhr, uc=uc, measured=torch.nan_to_num(measured, nan=0.0), delay=delay)


def size_of_shift(before: Traces, after: Traces) -> Tensor:
    """Whole seconds (n,) by which the window ends earlier; infinite for any other shift."""
    if after.delay is None:
        return torch.where(same_traces(before, after), 0.0, inf).double()
    seconds = after.delay[:, 0]
    only = (after.delay == seconds[:, None]).all(-1) & (seconds == seconds.round())
    only &= same_traces(shifted(before, seconds), after)
    return torch.where(only, seconds.double(), inf)


def warped(traces: Traces, delay: Tensor) -> Traces:
    """Traces whose sample at time t is that at t - delay(t), linearly interpolated; differentiable in the delay.

    Uterine activity and the share that was measured are moved along. A sample that rests on one without a value has
    none.

    Args:
        traces: n windows.
        delay: (n, time), s, of any sign; 0 at both ends for a warp.
    """
    n_times = traces.fhr.shape[-1]
    delay = delay.to(traces.fhr.device)
    at = torch.arange(n_times, device=delay.device) - delay.double() * traces.fs  # float32 is coarse at late samples
    at = at.clamp(0, n_times - 1)
    left = at.detach().floor().long()
    share = (at - left).to(traces.fhr)
    right = (left + 1).clamp(max=n_times - 1)
    fhr, uc, measured = (_between(x, left, right, share) for x in (traces.fhr, traces.uc, traces.measured))
    return replace(traces, fhr=fhr, uc=uc, measured=measured * ~torch.isnan(fhr), delay=delay)


def size_of_warp(before: Traces, after: Traces, slope: float = SLOPE) -> Tensor:
    """Largest absolute delay (n,), s, of a warp that is no steeper than `slope`, and 0 at both ends."""
    if after.delay is None:
        return torch.where(same_traces(before, after), 0.0, inf).double()
    delay = after.delay.double()
    only = (delay[:, 0] == 0) & (delay[:, -1] == 0) & same_traces(warped(before, after.delay), after)
    only &= (delay.diff(dim=-1).abs() <= slope / before.fs + DELAY_ROUNDING).all(-1)
    return torch.where(only, delay.abs().amax(-1), inf)


def feasible_delay(delay: Tensor, largest: Tensor, fs: float, slope: float = SLOPE) -> Tensor:
    """Delays (n, time), s, near the given ones, that are 0 at both ends, within `largest` (n,) and within the slope.

    The mean of the largest field of that slope that lies below, and the smallest that lies above.
    """
    n_times = delay.shape[-1]
    rise = (slope / fs) * torch.arange(n_times, device=delay.device, dtype=torch.float64)
    envelope = torch.minimum(torch.minimum(rise, rise.flip(0)), largest[:, None].to(rise))
    below, above = (sign * _lowered(sign * delay.double(), rise) for sign in (1, -1))
    return ((below + above) / 2).clamp(-envelope, envelope).to(delay)


def _lowered(x: Tensor, rise: Tensor) -> Tensor:
    """Largest function below x that rises and falls by no more than `rise` (time,) does."""
    left = (x - rise).cummin(-1).values + rise
    right = (x.flip(-1) - rise).cummin(-1).values + rise
    return torch.minimum(left, right.flip(-1))


def _between(signal: Tensor, left: Tensor, right: Tensor, share: Tensor) -> Tensor:
    known = ~torch.isnan(signal)
    filled = torch.where(known, signal, 0.0)
    a, b = filled.gather(-1, left), filled.gather(-1, right)
    valued = known.gather(-1, left) & (known.gather(-1, right) | (share == 0))
    return torch.where(valued, a + share * (b - a), torch.nan)
