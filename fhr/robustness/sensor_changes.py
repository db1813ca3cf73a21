"""Changes of values: additive error, baseline offset, gain of uterine activity, quantisation; and their sizes.

The size of a change is measured on both traces, in float64. It is infinite where something else was changed.
"""

from dataclasses import replace
from math import inf

import numpy as np
import torch
from torch import Tensor

from .sameness import same
from .traces import Traces

__all__ = ["peak_of_error", "quantised", "rms_of_error", "size_of_gain", "size_of_offset", "size_of_step", "with_error",
           "with_gain", "with_offset"]  # fmt: skip

_ROUNDING = 1e-3  # bpm: a float32 of some hundred bpm is exact to 1e-5


def with_error(traces: Traces, error: Tensor) -> Traces:
    """Traces with an error (n, time), bpm, on every sample that was measured; differentiable in it."""
    return replace(traces, fhr=torch.where(traces.measured > 0, traces.fhr + error.to(traces.fhr), traces.fhr))


def rms_of_error(before: Traces, after: Traces) -> Tensor:
    """Root mean square (n,) of an error over the measured samples of the window, bpm."""
    error, only = _error(before, after)
    number = (before.measured > 0).sum(-1).clamp(min=1)
    return torch.where(only, (error.square().sum(-1) / number).sqrt(), inf)


def peak_of_error(before: Traces, after: Traces) -> Tensor:
    """Largest absolute error (n,), bpm."""
    error, only = _error(before, after)
    return torch.where(only, error.abs().amax(-1), inf)


def with_offset(traces: Traces, bpm: Tensor) -> Traces:
    """Traces whose heart rate is moved by (n,) bpm, wherever it has a value; differentiable."""
    return replace(traces, fhr=traces.fhr + bpm[:, None].to(traces.fhr))


def size_of_offset(before: Traces, after: Traces) -> Tensor:
    """Absolute offset (n,), bpm."""
    valued = ~torch.isnan(before.fhr)
    moved = torch.where(valued, after.fhr.double() - before.fhr.double(), 0.0)
    low, high = (moved.masked_fill(~valued, filler) for filler in (inf, -inf))
    only = (high.amax(-1) - low.amin(-1) <= _ROUNDING) & same(valued, ~torch.isnan(after.fhr))
    only &= same(before.uc, after.uc) & same(before.measured, after.measured)
    return torch.where(only, moved.abs().amax(-1), inf)


def with_gain(traces: Traces, factor: Tensor) -> Traces:
    """Traces whose uterine activity is multiplied by (n,); differentiable."""
    return replace(traces, uc=traces.uc * factor[:, None].to(traces.uc))


def size_of_gain(before: Traces, after: Traces) -> Tensor:
    """Factor or its inverse (n,), whichever is above 1; 1 where there is no uterine activity to change."""
    a, b = (torch.nan_to_num(one.uc.double(), nan=0.0) for one in (before, after))
    power = a.square().sum(-1)
    factor = torch.where(power > 0, (a * b).sum(-1) / power.clamp(min=1e-30), 1.0)
    only = ((b - factor[:, None] * a).abs() <= 1e-5 * b.abs() + 1e-6).all(-1) & (factor > 0)
    only &= same(torch.isnan(before.uc), torch.isnan(after.uc))
    only &= same(before.fhr, after.fhr) & same(before.measured, after.measured)
    return torch.where(only, torch.maximum(factor, 1 / factor), inf)


def quantised(traces: Traces, step: Tensor, phase: Tensor) -> Traces:
    """Traces whose heart rate is rounded to a grid, wherever it has a value.

    The grid is that of the samples that the model reads: a network's are means over a second, of what a monitor rounds.

    Args:
        traces: n windows.
        step: (n,), bpm between values of the grid.
        phase: (n,), of the grid, in steps: 0 has 0 bpm on it.
    """
    step, phase = (one[:, None].to(traces.fhr) for one in (step, phase))
    return replace(traces, fhr=((traces.fhr / step - phase).round() + phase) * step)


def size_of_step(before: Traces, after: Traces) -> Tensor:
    """Step (n,) of the coarsest grid that all values after lie on, bpm; 0 where no value was changed.

    Where there is one value only, the smallest step that can have given it.
    """
    only = same(before.uc, after.uc) & same(before.measured, after.measured)
    steps = [
        _step(a[~np.isnan(a)], b[~np.isnan(b)]) for a, b in zip(before.fhr.numpy(), after.fhr.numpy(), strict=True)
    ]
    return torch.where(only, torch.tensor(steps, dtype=torch.float64), inf)


def _error(before: Traces, after: Traces) -> tuple[Tensor, Tensor]:
    """Error (n, time) in float64, and whether nothing else was changed (n,)."""
    measured = before.measured > 0
    error = torch.where(measured, after.fhr.double() - before.fhr.double(), 0.0)
    only = same(before.uc, after.uc) & same(before.measured, after.measured)
    return error, only & same(before.fhr, after.fhr, ~measured) & ~torch.isnan(error).any(-1)


def _step(before: np.ndarray, after: np.ndarray) -> float:
    if before.shape != after.shape:
        return inf
    if np.array_equal(before, after):
        return 0.0
    far = float(np.abs(after.astype(float) - before).max())
    levels = np.unique(after.astype(float))
    levels = levels[np.insert(np.diff(levels) > _ROUNDING, 0, True)]
    if len(levels) == 1:
        return 2 * far
    span = levels[-1] - levels[0]
    step = float(span / round(span / np.diff(levels).min()))
    off = (levels - levels[0]) / step
    is_grid = np.abs(off - off.round()).max() * step <= _ROUNDING
    return step if is_grid and far <= step / 2 + _ROUNDING else inf
