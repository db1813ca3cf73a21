"""Directions of change that statistics of a heart rate answer to, for attacks without a gradient.

Level and spread of nested last parts of the window, octave bands of the variability, quantiles (a bump at each, so that
sums move any quantile by any amount), six stretches of time, and noise of several speeds.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from fhr.compute import stream

from .traces import Traces

__all__ = ["error_directions", "loss_orders", "smoothed"]

_PARTS = (1.0, 1 / 2, 1 / 3, 1 / 6)
_OCTAVES = tuple(2.0**k for k in range(1, 10))  # s
_QUANTILES = (0.0, 0.05, 0.15, 0.35, 0.65, 0.85, 0.95, 1.0)
_STRETCHES, _PLACES = 6, 12
_LOCAL, _FAST = 15.0, 5  # s of a local variability, and bands that have one
_SPEEDS = (0.0, 3.0, 15.0, 60.0)  # s


def error_directions(traces: Traces) -> Tensor:
    """Directions (n, direction, time), each of RMS 1 over what was measured, 0 elsewhere, or 0 where there is none."""
    x, measured = _values(traces)
    time = torch.linspace(0, 1, x.shape[-1] + 1, dtype=x.dtype, device=x.device)[1:]
    found = []
    for part in _PARTS:
        last = measured * (time > 1 - part)
        mean = (x * last).sum(-1, keepdim=True) / last.sum(-1, keepdim=True).clamp(min=1)
        found += [last, (x - mean) * last]
    found += _bands(x, measured, traces.fs)
    found += _bumps(_ranks(x, measured), _QUANTILES)
    found += _bumps(time.expand_as(x), torch.linspace(0, 1, _STRETCHES).tolist())
    draws = torch.from_numpy(stream(0, "noise of error directions").normal(size=(len(_SPEEDS), 1, x.shape[-1])))
    for noise, seconds in zip(draws, _SPEEDS, strict=True):
        found.append(smoothed(noise.to(x), round(seconds * traces.fs) | 1).expand_as(x))
    directions = torch.stack(found, dim=1) * measured[:, None]
    power = directions.square().sum(-1, keepdim=True) / measured.sum(-1)[:, None, None]
    return directions / power.sqrt().clamp(min=1e-6)


def loss_orders(traces: Traces) -> Tensor:
    """Functions (n, order, time) that order samples for a loss: place, value, octave bands, their variability."""
    x, measured = _values(traces)
    time = torch.linspace(0, 1, x.shape[-1], dtype=x.dtype, device=x.device)
    bands = _bands(x, measured, traces.fs)
    local = [_masked(one.square() * measured, measured, round(_LOCAL * traces.fs) | 1) for one in bands[:_FAST]]
    found = _bumps(time.expand_as(x), torch.linspace(0, 1, _PLACES).tolist())
    found += _bumps(_ranks(x, measured), _QUANTILES)
    for one in (*bands, *local):
        found += [_ranks(one, measured), 1 - _ranks(one, measured)]
    return torch.stack(found, dim=1)


def smoothed(x: Tensor, width: int) -> Tensor:
    """Moving means (k, time) over `width` samples, odd; shorter at the ends."""
    return F.avg_pool1d(x[:, None], width, 1, width // 2, count_include_pad=False)[:, 0]


def _values(traces: Traces) -> tuple[Tensor, Tensor]:
    """Heart rates (n, time), 0 where nothing was measured, and whether something was, as 0 and 1."""
    measured = (traces.measured > 0).to(traces.fhr)
    return torch.nan_to_num(traces.fhr, nan=0.0) * measured, measured


def _bands(x: Tensor, measured: Tensor, fs: float) -> list[Tensor]:
    """Octave bands (n, time), from fast to slow."""
    smooth = [_masked(x, measured, round(s * fs) | 1) for s in _OCTAVES]
    return [fast - slow for fast, slow in zip([x, *smooth], smooth, strict=False)]


def _ranks(x: Tensor, measured: Tensor) -> Tensor:
    """Ranks (n, time) among what was measured, 0 to 1."""
    order = x.masked_fill(measured == 0, torch.inf).argsort(-1).argsort(-1)
    return (order / measured.sum(-1, keepdim=True)).clamp(max=1).to(x)


def _masked(x: Tensor, measured: Tensor, width: int) -> Tensor:
    return smoothed(x, width) / smoothed(measured, width).clamp(min=1e-6)


def _bumps(x: Tensor, knots: Sequence[float]) -> list[Tensor]:
    """Functions of x that are 1 at one knot and 0 at the others, linear between them."""
    at = torch.tensor(knots, dtype=x.dtype, device=x.device)
    place = torch.searchsorted(at, x.contiguous(), right=True).clamp(1, len(at) - 1)
    share = ((x - at[place - 1]) / (at[place] - at[place - 1])).clamp(0, 1)
    return [torch.where(place == k, share, 0.0) + torch.where(place - 1 == k, 1 - share, 0.0) for k in range(len(at))]
