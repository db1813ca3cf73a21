"""Attacks on networks along the gradient of their score: errors of least RMS or peak, and smooth warps.

An error is led to the decision boundary by its linearisation: the smallest step to the hyperplane, drawn a little
towards the smallest error on that hyperplane, as in FAB (Croce and Hein 2020, arXiv:1907.02044). On a linear network
the first step is the smallest error. A warp climbs the score by projected gradient within a bound of the delay, which
falls as long as verdicts flip.
"""

import numpy as np
import torch
from torch import Tensor

from fhr.compute import stream

from .error_directions import smoothed
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
# Warps: each start climbs by the delay or by its slope, at one smoothness in s; no one of them is best for all windows.
_CLIMBS = ((False, 25.0), (True, 101.0), (False, 101.0), (True, 401.0), (False, 9.0), (True, 25.0))
_FALL, _ROUNDS, _STEPS, _RATE, _KEPT = 0.8, 8, 10, 0.5, 0.7  # of the bound; rounds and steps of each; of a step


def least_errors(quest: Quest, reader: NetworkReader, *, restarts: int, steps: int, seed: int) -> None:
    """Look for the smallest additive errors, in RMS or peak as the threat of the quest measures them.

    Args:
        quest: of `error_rms` or `error_peak`.
        reader: of the quest.
        restarts: starts a window: the smallest error of the linearised network, alone and with random ones of its size.
        steps: gradients a start; the best error of each window is then followed for five times as many.
        seed: of the starts.
    """
    windows = np.flatnonzero(np.isfinite(quest.needed()))
    if not len(windows):
        return
    nothing = torch.zeros_like(quest.traces[windows].fhr)
    first = _descended(quest, reader, windows, nothing, 1)
    many = windows.repeat(restarts)
    norm = _Norm(quest.traces[many], quest.threat.name == "error_peak")
    first = first.repeat_interleave(restarts, 0)
    noise = _noise(first.shape, quest.traces.fs, seed).to(first) * norm.measured
    noise *= norm.size(first) / norm.size(noise).clamp(min=1e-30)
    noise[::restarts] = 0.0
    _descended(quest, reader, many, first + noise, steps)
    found = windows[np.isfinite(quest.sizes[windows])]
    if len(found):
        _descended(quest, reader, found, quest.best_error(found), 5 * steps)
        _shrink(quest, found)


def _descended(quest: Quest, reader: NetworkReader, windows: np.ndarray, error: Tensor, steps: int) -> Tensor:
    """Errors (k, time) after some steps towards the smallest that flip the verdicts of these windows."""
    traces = quest.traces[windows]
    norm = _Norm(traces, quest.threat.name == "error_peak")
    toward, target = (torch.from_numpy(x[windows])[:, None].to(traces.fhr) for x in (quest.toward, quest.needed()))
    for _ in range(steps):
        scores, gradient = reader.scores_and_gradient(traces, error, with_error)
        gain, flipped = (torch.from_numpy(x)[:, None] for x in quest.judge(windows, with_error(traces, error), scores))
        slope = gradient * norm.measured * toward
        lacking = target - gain.to(target)
        lacking = torch.where(flipped, lacking.clamp(max=0.0), torch.maximum(lacking, _SHORT * target))
        a_gain = norm.cheapest(slope)
        there = norm.within(lacking * a_gain, quest.largest)
        least = norm.within((lacking + (slope * error).sum(-1, keepdim=True)) * a_gain, quest.largest)
        a, b = norm.size(there), norm.size(least)
        share = (a / (a + b).clamp(min=1e-30)).clamp(max=_TO_LEAST)
        error = (1 - share) * (error + _OVERSHOOT * there) + share * _OVERSHOOT * least
        error = norm.within(torch.where(flipped, _BACK * error, error), quest.largest)
    return error


def least_warps(quest: Quest, reader: NetworkReader, *, restarts: int, seed: int) -> None:
    """Look for the warps of smallest delay, of the slope of the quest's threat.

    Args:
        quest: of `warp`.
        reader: of the quest.
        restarts: starts a window: no warp, and random ones.
        seed: of the starts.
    """
    windows, traces = quest.repeated(restarts)
    slope, fs, n = quest.threat.slope, traces.fs, len(windows)
    bound = torch.full((n,), quest.largest, dtype=torch.float64)
    toward = torch.from_numpy(quest.toward[windows])[:, None]
    start = torch.arange(n) % restarts
    delay = _noise(traces.fhr.shape, fs, seed).double() * quest.largest * (start >= len(_CLIMBS))[:, None]
    delay = feasible_delay(delay, bound, fs, slope)
    failed = torch.zeros(len(quest.traces), dtype=torch.float64)  # the largest bound at which nothing flipped
    for _ in range(_ROUNDS):
        before, velocity = quest.sizes.copy(), torch.zeros_like(delay)
        for step in range(_STEPS):
            scores, gradient = reader.scores_and_gradient(traces, delay, warped)
            quest.judge(windows, warped(traces, delay), scores)
            rate = _RATE * (1 - step / _STEPS)
            for k, (of_slope, width) in enumerate(_CLIMBS):
                some = start % len(_CLIMBS) == k
                climb = _climb((gradient * toward)[some], of_slope, round(width * fs) | 1)
                velocity[some] = _KEPT * velocity[some] + climb
                if of_slope:
                    steep = delay[some].diff(dim=-1, append=delay[some, -1:]) * fs + rate * slope * velocity[some]
                    delay[some] = steep.clamp(-slope, slope).cumsum(-1) / fs
                else:
                    delay[some] += rate * bound[some, None].clamp(max=slope * width) * velocity[some]
            delay = feasible_delay(delay, bound, fs, slope)
        quest.look(windows, warped(traces, delay))
        best, better = quest.current, torch.from_numpy(quest.sizes < before)
        failed = torch.where(better, failed, torch.maximum(failed, bound[::restarts].minimum(best)))
        next_bound = torch.where(failed > 0, (failed * best).sqrt(), _FALL * best)
        bound = torch.where(torch.from_numpy(np.isfinite(quest.sizes)), next_bound, best).repeat_interleave(restarts)
        delay = feasible_delay(delay, bound, fs, slope)


def _climb(gradient: Tensor, of_slope: bool, width: int) -> Tensor:
    """Direction of delays, smooth over `width` samples, or of their slopes, rough within `width`; about 1."""
    if not of_slope:
        smooth = smoothed(gradient, width)
        return smooth / smooth.abs().amax(-1, keepdim=True).clamp(min=1e-30)
    after = gradient.flip(-1).cumsum(-1).flip(-1)  # a slope moves all that comes after it
    rough = after - smoothed(after, width)
    return rough / rough.square().mean(-1, keepdim=True).sqrt().clamp(min=1e-30)


class _Norm:
    """RMS or peak of errors (k, time) on what was measured, as (k, 1)."""

    def __init__(self, traces: Traces, is_peak: bool) -> None:
        self.measured, self.is_peak = traces.measured > 0, is_peak

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


def _noise(shape: torch.Size, fs: float, seed: int) -> Tensor:
    """Noise of several speeds, about 1."""
    white = torch.from_numpy(stream(seed, "starts of attacks").normal(size=shape))
    rows = [smoothed(row, round(_SPEEDS[i % len(_SPEEDS)] * fs) | 1) for i, row in enumerate(white.split(1))]
    smooth = torch.cat(rows)
    return smooth / smooth.std(-1, keepdim=True).clamp(min=1e-30)


def _shrink(quest: Quest, windows: np.ndarray) -> None:
    """Try smaller multiples of the best errors."""
    for span in (0.1, 0.02):
        error = quest.best_error(windows).repeat_interleave(_SHRUNK, 0)
        factors = torch.linspace(1 - span, 1.0, _SHRUNK + 1)[:-1].repeat(len(windows))[:, None]
        many = windows.repeat(_SHRUNK)
        quest.look(many, with_error(quest.traces[many], error * factors.to(error)))
