"""Attacks that look at scores alone: a search over a family of changes for the smallest that flips a verdict.

Some changes are tried at one or two sizes, the best of them along all sizes; their sum, weighted by what each gains,
too. Then the best change so far is varied, at a size a little smaller than its own: a variant that gains more takes its
place, and what flips there makes the size smaller still. Variants are drawn; those of an error are its sums with each
direction, which give a gradient to climb.
"""

import numpy as np
import torch
from torch import Tensor

from fhr.compute import stream

from .families import ErrorFamily, Family
from .flips import Quest

__all__ = ["search"]

_AT_ONCE = 256  # windows
_FOLLOWED, _RATIO = 2, 0.6  # changes that are tried at smaller sizes, and how these fall
_BISECTIONS, _MOST_RUNGS = 6, 30
_UNREAD = 1e-9  # of the scores: rounding
_TURN, _ANGLES = 0.2, (0.1, 0.25, 0.5, 1.0)  # of an error of RMS 1, rad
_RIDGE = 0.03
_PAIRS, _RADIUS = 2, 0.25
_LESS, _LAST = 0.9, 0.97  # of the smallest size so far, at which variants are tried; in the last quarter


def search(quest: Quest, family: Family, *, queries: int, seed: int) -> None:
    """Look for the smallest changes.

    Args:
        quest: of any threat.
        family: of the quest's threat and windows.
        queries: looks a window, more or less.
        seed: of the variants.
    """
    _Search(quest, family, seed).run(queries)


class _Search:
    def __init__(self, quest: Quest, family: Family, seed: int) -> None:
        self.quest, self.family, self.n = quest, family, len(quest.traces)
        self.generator = stream(seed, "variants of attacks")
        self.best = torch.full((self.n, family.n_numbers), 0.5, dtype=torch.float64)
        self.spent = 0

    def run(self, queries: int) -> None:
        first = self.family.first(max(queries // 6, 2))
        gains = [self.tried(first.expand(self.n, -1, -1), self.sizes(share)) for share in self.family.screens]
        scale = 1 + float(np.abs(self.quest.scores).max())
        if max(float(gain.abs().max()) for gain in gains) < _UNREAD * scale:
            return  # the model does not read what is changed
        if len(first) <= _FOLLOWED:
            followed = list(first.expand(self.n, -1, -1).unbind(1))
        else:
            followed = [first[gain.argmax(-1)] for gain in gains]
        if isinstance(self.family, ErrorFamily):
            alone = gains[0].abs().argmax(-1)
            sign = gains[0].gather(-1, alone[:, None]).sign()
            ascent = self.preconditioned(self.family, gains[0])
            followed = [0.5 + ascent / 2, 0.5 + sign * (first[alone] - 0.5)]
        elif self.family.n_numbers > _FOLLOWED:
            followed.insert(0, self.weighted(first, gains[0]))
        self.best = followed[0].clone()
        for numbers in followed:
            self.descend(numbers)
            self.tried(numbers[:, None], self.smaller(_LESS))
            self.bisect(_RATIO, _BISECTIONS)
        radius = torch.full((self.n, 1, 1), _RADIUS, dtype=torch.float64)
        turn = torch.ones_like(radius)
        while self.spent < queries and len(first) > _FOLLOWED:
            less = _LESS if self.spent < 0.75 * queries else _LAST
            if isinstance(self.family, ErrorFamily):
                turn = self.climb(self.family, turn, less)
            else:
                radius = self.vary(radius, less)

    def sizes(self, share: float) -> Tensor:
        """The size (n,) that is this share of the largest."""
        nothing = self.quest.threat.nothing
        return torch.full((self.n,), nothing + share * (self.quest.largest - nothing), dtype=torch.float64)

    def tried(self, numbers: Tensor, sizes: Tensor) -> Tensor:
        """Gains (n, m) of changes (n, m, p) at sizes (n,); the smallest flips are remembered."""
        m = numbers.shape[1]
        windows, flat = np.arange(self.n).repeat(m), numbers.reshape(self.n * m, -1)
        before, gains, flips = self.quest.sizes.copy(), [], []
        for i in range(0, len(flat), _AT_ONCE):
            some = slice(i, i + _AT_ONCE)
            at = windows[some]
            changed = self.family.change(self.quest.traces[at], at, flat[some], sizes[at])
            gain, flipped = self.quest.look(at, changed)
            gains.append(gain)
            flips.append(flipped)
        self.spent += m
        gained = torch.from_numpy(np.concatenate(gains).reshape(self.n, m))
        has_flipped = torch.from_numpy(np.concatenate(flips).reshape(self.n, m))
        chosen = gained.masked_fill(~has_flipped, -torch.inf).argmax(-1)
        smaller = torch.from_numpy(self.quest.sizes < before)
        self.best[smaller] = numbers[torch.arange(self.n), chosen][smaller]
        return gained

    def weighted(self, first: Tensor, gain: Tensor) -> Tensor:
        """The sum (n, p) of what was tried, up and down, each direction weighted by what it gains."""
        weight = gain @ (first - 0.5)
        return 0.5 + weight / weight.abs().amax(-1, keepdim=True).clamp(min=1e-30) / 2

    def descend(self, numbers: Tensor) -> None:
        """Try changes (n, p) at falling sizes, on beyond the usual number as long as the last one flips."""
        for k in range(_MOST_RUNGS):
            if k >= self.family.rungs and not (self.quest.current <= self.sizes(_RATIO ** (k - 1)) * (1 + 1e-6)).any():
                return
            self.tried(numbers[:, None], self.sizes(_RATIO**k))

    def bisect(self, ratio: float, times: int) -> None:
        """Make the smallest flips smaller along their sizes."""
        nothing = self.quest.threat.nothing
        low = nothing + ratio * (self.quest.current - nothing)
        for _ in range(times):
            high = self.quest.current
            middle = (low + high) / 2
            self.tried(self.best[:, None], middle)
            low = torch.where(self.quest.current < high, low, middle)

    def climb(self, family: ErrorFamily, turn: Tensor, less: float) -> Tensor:
        """Try sums of the best error with each direction, and errors along the gradient; how far (n, 1, 1) next."""
        weights = self.unit(family, 2 * self.best - 1)
        eye = torch.eye(family.n_numbers, dtype=torch.float64)
        near = torch.cat([weights[:, None], weights[:, None] + _TURN * turn * eye], 1)
        sizes = self.smaller(less)
        gain = self.tried(0.5 + near / 2, sizes)
        slope = self.preconditioned(family, gain[:, 1:] - gain[:, :1])
        slope = slope - self.product(family, slope, weights) * weights
        slope = self.unit(family, slope)
        angle = turn * torch.tensor(_ANGLES, dtype=torch.float64)[:, None]
        turned = angle.cos() * weights[:, None] + angle.sin() * slope[:, None]
        gain = torch.cat([gain, self.tried(0.5 + turned / 2, sizes)], 1)
        chosen = gain.argmax(-1)
        self.best = 0.5 + torch.cat([near, turned], 1)[torch.arange(self.n), chosen] / 2
        self.bisect(0.7, 3)
        return (turn * torch.where(chosen > 0, 1.2, 0.4)[:, None, None]).clamp(max=1.0)

    def preconditioned(self, family: ErrorFamily, gain: Tensor) -> Tensor:
        """Weights (n, p) of the error of RMS 1 that gains most, where each direction by itself gains so much."""
        ridge = _RIDGE * torch.eye(family.n_numbers, dtype=torch.float64)
        return self.unit(family, torch.linalg.solve(family.overlap + ridge, gain))

    @staticmethod
    def product(family: ErrorFamily, a: Tensor, b: Tensor) -> Tensor:
        """Mean products (n, 1) of errors of weights (n, p)."""
        return (a[:, None] @ family.overlap @ b[:, :, None])[:, 0]

    def unit(self, family: ErrorFamily, weights: Tensor) -> Tensor:
        """Weights of RMS 1."""
        return weights / self.product(family, weights, weights).clamp(min=1e-30).sqrt()

    def smaller(self, less: float) -> Tensor:
        """Sizes (n,) a little smaller than that of the best flips; the largest where there is none."""
        nothing = self.quest.threat.nothing
        found = torch.from_numpy(np.isfinite(self.quest.sizes))
        return torch.where(found, nothing + less * (self.quest.current - nothing), self.quest.largest)

    def vary(self, radius: Tensor, less: float) -> Tensor:
        """Try the best change and variants of it; the radius (n, 1, 1) for the next ones."""
        step = torch.from_numpy(self.generator.normal(size=(self.n, _PAIRS, self.best.shape[-1])))
        if self.best.shape[-1] > 2:  # few at a time
            step *= torch.from_numpy(self.generator.random(step.shape) < 0.3)
        near = torch.cat(
            [self.best[:, None], self.best[:, None] + radius * step, self.best[:, None] - radius * step], 1
        )
        near = near.clamp(0, 1)
        gain = self.tried(near, self.smaller(less))
        chosen = gain.argmax(-1)
        self.best = near[torch.arange(self.n), chosen]
        return (radius * torch.where(chosen > 0, 1.2, 0.85)[:, None, None]).clamp(0.01, 0.5)
