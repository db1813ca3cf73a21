r"""Attacks on networks along the gradient of their score: errors of least RMS or peak, and smooth warps.

An error is led to the decision boundary by its linearisation: the smallest step to the hyperplane, drawn a little
towards the smallest error on that hyperplane, as in FAB (Croce and Hein 2020, arXiv:1907.02044). On a linear network the
first step is the smallest error. A warp climbs the score by projected gradient within a bound of the delay, which falls
as long as verdicts flip.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fhr.compute import stream

from .flips import Quest
from .reader import NetworkReader
from .sensor_changes import with_error
from .time_changes import feasible_delay, warped
from .traces import Traces

__all__ = ["least_errors", "least_warps"]

_OVERSHOOT, _TO_LEAST, _BACK = 1.05, 0.1, 0.9  # as published
_SHORT = 0.02  # of the gain needed: where averaging and calibration ask for more than the mean score says
_SHRUNK = 9
_SPEEDS = (0.0, 3.0, 15.0, 60.0, 300.0)  # s that random starts are smoothed over
_FALL, _ROUNDS, _STEPS = 0.8, 8, 8  # of the bound of a warp; rounds, and steps of each


def least_errors(quest: Quest, reader: NetworkReader, *, restarts: int, steps: int, seed: int) -> None:
    """Look for the smallest additive errors, in RMS or peak as the threat of the quest measures them.

    Args:
        quest: of `error_rms` or `error_peak`.
        reader: of the quest.
        restarts: starts a window: the smallest error of the linearised network, and random ones of its size.
        steps: gradients a start.
        seed: of the starts.
    """
    norm = _Norm(quest.traces, quest.threat.name == "error_peak")
    needed = torch.from_numpy(quest.needed())[:, None]
    open_ = np.flatnonzero(torch.isfinite(needed[:, 0]).numpy())
    if not len(open_):
        return
    windows = open_.repeat(restarts)
    traces, norm = quest.traces[windows], norm[windows]
    toward = torch.from_numpy(quest.toward)[windows, None].to(traces.fhr)
    target = needed[windows].to(traces.fhr)
    error = torch.zeros_like(traces.fhr)
    for step in range(steps + 1):
        scores, gradient = reader.scores_and_gradient(traces, error, with_error)
        gain, flipped = quest.judge(windows, with_error(traces, error), scores)
        slope = gradient * norm.measured * toward
        lacking = target - torch.from_numpy(gain)[:, None].to(target)
        over = torch.from_numpy(flipped)[:, None]
        lacking = torch.where(over, lacking.clamp(max=0.0), torch.maximum(lacking, _SHORT * target))
        a_gain = norm.cheapest(slope)
        least = norm.within((lacking + (slope * error).sum(-1, keepdim=True)) * a_gain, quest.largest)
        if step == 0:
            error = _starts(least, norm, restarts, traces.fs, seed)
            continue
        there = norm.within(lacking * a_gain, quest.largest)
        a, b = norm.size(there), norm.size(least)
        share = (a / (a + b).clamp(min=1e-30)).clamp(max=_TO_LEAST)
        error = (1 - share) * (error + _OVERSHOOT * there) + share * _OVERSHOOT * least
        error = norm.within(torch.where(over, _BACK * error, error), quest.largest)
    _shrink(quest)


def least_warps(quest: Quest, reader: NetworkReader, *, restarts: int, seed: int) -> None:
    """Look for the warps of smallest delay, of the slope of the quest's threat.

    Args:
        quest: of `warp`.
        reader: of the quest.
        restarts: starts a window: no warp, and random ones.
        seed: of the starts.
    """
    windows, traces = quest.repeated(restarts)
    slope, fs = quest.threat.slope, traces.fs
    bound = torch.full((len(windows),), quest.largest, dtype=torch.float64)
    toward = torch.from_numpy(quest.toward[windows])[:, None]
    delay = _noise(traces.fhr.shape, traces.fs, seed).double() * quest.largest
    delay[::restarts] = 0.0
    delay = feasible_delay(delay, bound, fs, slope)
    failed = torch.zeros(len(quest.traces), dtype=torch.float64)  # the largest bound at which nothing flipped
    for round_ in range(_ROUNDS):
        velocity = torch.zeros_like(delay)
        before = quest.sizes.copy()
        for step in range(_STEPS):
            scores, gradient = reader.scores_and_gradient(traces, delay, warped)
            quest.judge(windows, warped(traces, delay), scores)
            wide = max(1, round(float(bound.max()) / slope * fs / 4)) | 1
            climb = _smoothed(gradient * toward, wide)
            velocity = 0.7 * velocity + climb / climb.abs().amax(-1, keepdim=True).clamp(min=1e-30)
            rate = 1 - 0.9 * step / _STEPS
            delay = feasible_delay(delay + rate * bound[:, None] * velocity, bound, fs, slope)
        quest.look(windows, warped(traces, delay))
        better = torch.from_numpy(quest.sizes < before)
        best = quest.current
        failed = torch.where(better, failed, torch.maximum(failed, bound[::restarts].minimum(best)))
        next_bound = torch.where(failed > 0, (failed * best).sqrt(), _FALL * best)
        bound = torch.where(torch.from_numpy(np.isfinite(quest.sizes)), next_bound, best).repeat_interleave(restarts)
        delay = feasible_delay(delay * 1.0, bound, fs, slope)


class _Norm:
    """RMS or peak of errors (k, time) on what was measured, as (k, 1)."""

    def __init__(self, traces: Traces, is_peak: bool) -> None:
        self.measured, self.is_peak = traces.measured > 0, is_peak

    def __getitem__(self, rows: np.ndarray) -> "_Norm":
        some = object.__new__(_Norm)
        some.measured, some.is_peak = self.measured[rows], self.is_peak
        return some

    def size(self, error: Tensor) -> Tensor:
        if self.is_peak:
            return error.abs().amax(-1, keepdim=True)
        return (error.square().sum(-1, keepdim=True) / self.measured.sum(-1, keepdim=True)).sqrt()

    def cheapest(self, slope: Tensor) -> Tensor:
        """The smallest errors that gain 1 where the score rises by `slope`."""
        direction = slope.sign() if self.is_peak else slope
        return direction / (slope * direction).sum(-1, keepdim=True).clamp(min=1e-30)

    def within(self, error: Tensor, largest: float) -> Tensor:
        return error * (largest / self.size(error).clamp(min=1e-30)).clamp(max=1.0)


def _starts(least: Tensor, norm: _Norm, restarts: int, fs: float, seed: int) -> Tensor:
    noise = _noise(least.shape, fs, seed).to(least) * norm.measured
    noise *= norm.size(least) / norm.size(noise).clamp(min=1e-30)
    noise[::restarts] = 0.0
    return _OVERSHOOT * least + noise


def _noise(shape: torch.Size, fs: float, seed: int) -> Tensor:
    """Noise of several speeds, about 1."""
    white = torch.from_numpy(stream(seed, "starts of attacks").normal(size=shape))
    rows = [_smoothed(row, round(_SPEEDS[i % len(_SPEEDS)] * fs) | 1) for i, row in enumerate(white.split(1))]
    smooth = torch.cat(rows)
    return smooth / smooth.std(-1, keepdim=True).clamp(min=1e-30)


def _smoothed(x: Tensor, wide: int) -> Tensor:
    return F.avg_pool1d(x[:, None], wide, 1, wide // 2, count_include_pad=False)[:, 0]


def _shrink(quest: Quest) -> None:
    """Try smaller multiples of the best errors."""
    for span in (0.1, 0.02):
        at = np.flatnonzero(np.isfinite(quest.sizes))
        if not len(at):
            return
        windows = at.repeat(_SHRUNK)
        error = torch.cat([quest.best(i).fhr - quest.traces[[i]].fhr for i in windows])
        factors = torch.linspace(1 - span, 1.0, _SHRUNK + 1)[:-1].repeat(len(at))[:, None]
        traces = quest.traces[windows]
        quest.look(windows, with_error(traces, torch.nan_to_num(error) * factors.to(error)))
