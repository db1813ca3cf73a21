"""Pooling of a sequence of features over nested last parts of a window."""

from collections.abc import Sequence

import torch
from torch import nn

from fhr.errors import FHRError

from .pooling import MaskedMeanStd

__all__ = ["LEAST", "NestedPooling"]

LEAST = 1 / 60  # of the window, valid: a minute of an hour, as of the statistics of the lines


class NestedPooling(nn.Module):
    """Mean, standard deviation and quantiles of each channel over the valid time of nested last parts of a window.

    Labour gets worse towards its end, and what happened in the last twenty minutes counts beside the whole hour. A part
    with less than a sixtieth of the window valid takes the numbers of the next wider one, never a constant, which would
    tell that signal was lost there; where the whole window has as little, its own numbers stand, 0 where nothing is
    valid.

    Args:
        parts: lengths of the parts as shares of the window, counted back from its end; 1 is the window.
        quantiles: of each channel beside mean and deviation, between 0 and 1; by linear interpolation between the
            order statistics of the valid time.

    Raises:
        FHRError: a share outside (0, 1], shares that do not fall, or a quantile outside [0, 1].

    Shape:
        (batch, channel, time) and weights (batch, 1, time), 0 where time is missing, to (batch, n) with
        n = `n_pooled(channels)`; part by part, widest first, and in each statistic by statistic.
    """

    def __init__(self, parts: Sequence[float] = (1.0, 1 / 2, 1 / 3), quantiles: Sequence[float] = ()) -> None:
        super().__init__()
        self.parts, self.quantiles = tuple(parts), tuple(quantiles)
        self.moments = MaskedMeanStd()
        falling = all(a > b for a, b in zip(self.parts, self.parts[1:], strict=False))
        if not self.parts or not all(0 < part <= 1 for part in self.parts) or not falling:
            raise FHRError(f"parts={list(parts)}; give shares of the window of at most 1, the widest first")
        if not all(0 <= q <= 1 for q in self.quantiles):
            raise FHRError(f"quantiles={list(quantiles)}; give numbers between 0 and 1")

    def n_pooled(self, channels: int) -> int:
        """Numbers that `channels` channels are pooled to."""
        return channels * len(self.parts) * (2 + len(self.quantiles))

    def forward(self, values: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        """Pool `values` over the time that has a weight."""
        steps = values.shape[-1]
        found: list[torch.Tensor] = []
        for part in self.parts:
            last = max(1, round(part * steps))
            x, w = values[..., -last:], weight[..., -last:]
            pooled = torch.cat([self.moments(x, w), *self._quantiles(x, w)], dim=1)
            if found:
                pooled = torch.where(w.sum(-1) > LEAST * steps, pooled, found[-1])
            found.append(pooled)
        return torch.cat(found, dim=1)

    def _quantiles(self, x: torch.Tensor, weight: torch.Tensor) -> list[torch.Tensor]:
        """Order statistics of the valid time; what is missing is sorted behind it."""
        if not self.quantiles:
            return []
        valid = (weight > 0).expand_as(x)
        ascending = torch.where(valid, x, torch.inf).sort(dim=-1).values
        n = valid.sum(-1, keepdim=True)
        ascending = torch.where(ascending.isfinite(), ascending, 0.0)  # no NaN in a gradient
        found = []
        for q in self.quantiles:
            at = q * (n - 1).clamp_min(0)
            low = at.floor().long()
            high = torch.minimum(low + 1, (n - 1).clamp_min(0))
            below, above = ascending.gather(-1, low), ascending.gather(-1, high)
            found.append((below + (at - low) * (above - below)).squeeze(-1))
        return found
