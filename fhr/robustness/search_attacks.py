"""Attacks that look at scores alone: a search over a family of changes for the smallest that flips a verdict.

Some changes are tried at two sizes, the best of them along all sizes; their sum, weighted by what each gains, too. Then
the best change so far is varied, at a size a little smaller than its own: a variant that gains more takes its place,
and what flips there makes the size smaller still.
"""

import numpy as np
import torch
from torch import Tensor

from fhr.compute import stream

from .families import Family
from .flips import Quest

__all__ = ["search"]

_AT_ONCE = 256  # windows
_FOLLOWED, _RATIO = 3, 0.6  # changes that are tried at smaller sizes, and how these fall
_BISECTIONS = 4
_UNREAD = 1e-9  # of the scores: rounding
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
        if len(first) < _FOLLOWED:
            followed = list(first.expand(self.n, -1, -1).unbind(1))
        else:
            followed = [first[gain.argmax(-1)] for gain in gains] + [first[gains[0].topk(2, -1).indices[:, 1]]]
        if self.family.n_numbers > _FOLLOWED:
            followed.insert(0, self.weighted(first, gains[0]))
        self.best = followed[0].clone()
        for numbers in followed:
            for k in range(self.family.rungs):
                self.tried(numbers[:, None], self.sizes(_RATIO**k))
        self.bisect()
        radius = torch.full((self.n, 1, 1), _RADIUS, dtype=torch.float64)
        while self.spent < queries and not self.is_done:
            radius = self.vary(radius, _LESS if self.spent < 0.75 * queries else _LAST)

    @property
    def is_done(self) -> bool:
        """Whether there is nothing to vary."""
        return len(self.family.first(9)) <= 2

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

    def bisect(self) -> None:
        """Make the smallest flips smaller along their sizes."""
        nothing = self.quest.threat.nothing
        low = nothing + _RATIO * (self.quest.current - nothing)
        for _ in range(_BISECTIONS):
            high = self.quest.current
            middle = (low + high) / 2
            self.tried(self.best[:, None], middle)
            low = torch.where(self.quest.current < high, low, middle)

    def vary(self, radius: Tensor, less: float) -> Tensor:
        """Try the best change and variants of it; the radius (n, 1, 1) for the next ones."""
        nothing = self.quest.threat.nothing
        found = torch.from_numpy(np.isfinite(self.quest.sizes))
        sizes = torch.where(found, nothing + less * (self.quest.current - nothing), self.quest.largest)
        step = torch.from_numpy(self.generator.normal(size=(self.n, _PAIRS, self.best.shape[-1])))
        if self.best.shape[-1] > 2:  # few at a time
            step *= torch.from_numpy(self.generator.random(step.shape) < 0.3)
        near = torch.cat(
            [self.best[:, None], self.best[:, None] + radius * step, self.best[:, None] - radius * step], 1
        )
        near = near.clamp(0, 1)
        gain = self.tried(near, sizes)
        chosen = gain.argmax(-1)
        self.best = near[torch.arange(self.n), chosen]
        return (radius * torch.where(chosen > 0, 1.2, 0.85)[:, None, None]).clamp(0.01, 0.5)
