"""Pooling by sorting: the quantile function of each channel over nested last parts, which is 1-Lipschitz."""

from collections.abc import Sequence

import torch
from torch import nn

from fhr.errors import FHRError

__all__ = ["SortedPooling"]

_LEAST = 1 / 60  # of the window, valid, as of `NestedPooling`


class SortedPooling(nn.Module):
    r"""Means of the quantile function of each channel, in equal bins, over the valid time of nested last parts.

    To sort does not move two signals apart: with :math:`Q` the quantile function of the values of a part, each weighed,
    :math:`\int |Q_x - Q_y|^2 \le \sum_i w_i (x_i - y_i)^2 / \sum_i w_i`, since no coupling of two distributions on a
    line costs less than the monotone one. A mean over a bin loses some of the left side. Part p of the share
    :math:`f_p` of the window, of P parts, is multiplied by :math:`\sqrt{f_p / P}` and each bin by the root of its
    width, so that of a complete window the pooled numbers move by at most the RMS of what changes, whatever the part it
    is in; `squared_gain` is how much more it can be where signal is missing.

    A part with less than a sixtieth of the window valid takes the quantiles of the next wider one; a window without a
    valid sample gives 0.

    Args:
        parts: lengths of the parts as shares of the window, counted back from its end; 1 is the window.
        bins: of the quantile function.

    Raises:
        FHRError: no part, a share outside (0, 1], shares that do not fall, or no bin.

    Shape:
        values and weights (batch, channel, time), weights 0 to 1, to (batch, channel, part, bin).

    Source:
        One-dimensional optimal transport: Villani 2003, Topics in Optimal Transportation, theorem 2.18.
    """

    def __init__(self, parts: Sequence[float] = (1.0, 1 / 2, 1 / 3, 1 / 6), bins: int = 32) -> None:
        super().__init__()
        self.parts, self.bins = tuple(parts), bins
        falling = all(a > b for a, b in zip(self.parts, self.parts[1:], strict=False))
        if not self.parts or not all(0 < part <= 1 for part in self.parts) or not falling:
            raise FHRError(f"parts={list(parts)}; give shares of the window of at most 1, the widest first")
        if bins < 1:
            raise FHRError(f"bins={bins}; give 1 or more")

    def forward(self, values: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        """Pool `values` over the time that has a weight."""
        ascending, order = values.sort(dim=-1)
        found: list[torch.Tensor] = []
        for part in self.parts:
            of_part = weight * self._inside(part, values)
            share = _cumulated(of_part.gather(-1, order))
            means = _bin_means(ascending, share, self.bins)
            enough = of_part.sum(-1, keepdim=True) > _LEAST * values.shape[-1]
            wider = found[-1] if found else torch.where(of_part.sum(-1, keepdim=True) > 0, means, 0.0)
            found.append(torch.where(enough, means, wider))
        return torch.stack([means * self._scale(part) for part, means in zip(self.parts, found, strict=True)], dim=2)

    def squared_gain(self, weight: torch.Tensor) -> torch.Tensor:
        r"""Most that the squared distance of pooled numbers is, per sum of squared changes of the values.

        It is the largest over the time of :math:`\sum_p f_p / (P \sum_{i \in p} w_i)`, over the parts that hold it.

        Args:
            weight: (batch, channel, time).

        Returns:
            (batch, channel), 0 where nothing is valid.
        """
        steps = weight.shape[-1]
        total = weight.new_zeros(weight.shape[:-1])
        held = weight.sum(-1)
        for part in self.parts:  # the last moment is in all parts, but those that stand for a wider one
            own = (weight * self._inside(part, weight)).sum(-1)
            held = torch.where(own > _LEAST * steps, own, held)
            total = total + part / len(self.parts) / held.clamp_min(1e-9)
        return torch.where(weight.sum(-1) > 0, total, 0.0)

    def bounds(
        self,
        low: torch.Tensor,
        high: torch.Tensor,
        least: torch.Tensor,
        most: torch.Tensor,
        lost: torch.Tensor | None = None,
        crossing: int = 0,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        r"""Bounds of the pooled numbers where each value and each weight is known within bounds only.

        Of the distribution function at c, with weights between a and b, the largest value is :math:`A / (A + B)` with
        A the sum of b over all that may be at or below c, and B that of a over all that must be above it, less what may
        be lost anywhere; the least likewise. A quantile function between two others has its bin means between theirs.

        Args:
            low: (batch, channel, time) least values.
            high: largest values.
            least: weights, 0 or more.
            most: weights, no less. A batch of one set of values, or of one of weights, serves for all of the other.
            lost: (batch, channel, 1), weight that may be gone in all, wherever it was; None for none.
            crossing: samples at the beginning of a part, to either side, that may belong to it or not.

        Returns:
            Least and largest (batch, channel, part, bin), up to rounding; give float64.
        """
        n = max(len(low), len(least), len(most))
        least, most = (x.expand(n, *x.shape[1:]) for x in (least, most))
        (lows, rising), (highs, falling) = (
            (x.expand(n, *x.shape[1:]) for x in one.sort(dim=-1)) for one in (low, high)
        )
        steps = low.shape[-1]
        found: list[tuple[torch.Tensor, torch.Tensor]] = []
        gone = least.new_zeros(1) if lost is None else lost
        for part in self.parts:
            a, b = least * self._inside(part, low, -crossing), most * self._inside(part, low, crossing)
            below = _bin_means(lows, _most_below(b, a, rising, gone), self.bins)
            above = _bin_means(highs, _least_below(a, b, falling, gone), self.bins)
            fewest, most_of_all = a.sum(-1, keepdim=True) - gone, b.sum(-1, keepdim=True)
            # Without a sample that must be there all may be gone, and with it every bound.
            below = torch.where(fewest > 0, below, low.amin(-1, keepdim=True))
            above = torch.where(fewest > 0, above, high.amax(-1, keepdim=True))
            below, above = below.minimum(above), above.maximum(below)
            if not found:
                zero = torch.zeros_like(below)
                below = torch.where(fewest > 0, below, below.minimum(zero))
                above = torch.where(fewest > 0, above, above.maximum(zero))
            else:
                wider_below, wider_above = found[-1]
                may, must = fewest <= _LEAST * steps, most_of_all <= _LEAST * steps
                below = torch.where(may, below.minimum(wider_below), below)
                above = torch.where(may, above.maximum(wider_above), above)
                below, above = torch.where(must, wider_below, below), torch.where(must, wider_above, above)
            found.append((below, above))
        scaled = [[x * self._scale(part) for x in pair] for part, pair in zip(self.parts, found, strict=True)]
        return torch.stack([pair[0] for pair in scaled], dim=2), torch.stack([pair[1] for pair in scaled], dim=2)

    def apart(self, cost: torch.Tensor, least: torch.Tensor, crossing: int = 0) -> torch.Tensor:
        r"""Squared distance of pooled numbers, of what moving the values costs.

        Args:
            cost: (batch, channel, time), weighted squares by which values are moved.
            least: (batch, channel, time), least weights.
            crossing: see `bounds`.

        Returns:
            (), the largest of the batch: :math:`\sum_p f_p / P \sum_{i \in p} c_i / \sum_{i \in p} w_i`.
        """
        total, wider = cost.new_zeros(cost.shape[:-1]), cost.new_zeros(cost.shape[:-1])
        for part in self.parts:
            weight = (least * self._inside(part, least, -crossing)).sum(-1)
            own = (cost * self._inside(part, cost, crossing)).sum(-1) / weight.clamp_min(1e-9)
            wider = torch.where(weight > _LEAST * cost.shape[-1], own, own.maximum(wider))
            total = total + part / len(self.parts) * wider
        return total.sum(-1).amax()

    def _scale(self, part: float) -> float:
        return float((part / len(self.parts) / self.bins) ** 0.5)

    @staticmethod
    def _inside(part: float, like: torch.Tensor, more: int = 0) -> torch.Tensor:
        """1 in the last part of the time (time,), and so many samples before it, 0 before; all is in the whole."""
        steps = like.shape[-1]
        start = steps - max(1, round(part * steps))
        inside = like.new_ones(steps)
        inside[: min(max(start - more, 0), steps) if start else 0] = 0
        return inside


def _cumulated(weight: torch.Tensor) -> torch.Tensor:
    total = weight.cumsum(-1)
    return total / total[..., -1:].clamp_min(1e-12)


def _most_below(most: torch.Tensor, least: torch.Tensor, order: torch.Tensor, lost: torch.Tensor) -> torch.Tensor:
    """Largest share of the weight up to each place of `order`."""
    counted, beyond = most.gather(-1, order).cumsum(-1), least.gather(-1, order).cumsum(-1)
    behind = (beyond[..., -1:] - beyond - lost).clamp_min(0)
    return _ending_in_one(counted / (counted + behind).clamp_min(1e-12))


def _least_below(least: torch.Tensor, most: torch.Tensor, order: torch.Tensor, lost: torch.Tensor) -> torch.Tensor:
    """Smallest share of the weight up to each place of `order`."""
    counted, beyond = least.gather(-1, order).cumsum(-1), most.gather(-1, order).cumsum(-1)
    counted, behind = (counted - lost).clamp_min(0), beyond[..., -1:] - beyond
    return _ending_in_one(counted / (counted + behind).clamp_min(1e-12))


def _ending_in_one(share: torch.Tensor) -> torch.Tensor:
    return torch.cat([share[..., :-1], torch.ones_like(share[..., -1:])], dim=-1)


def _bin_means(ascending: torch.Tensor, share: torch.Tensor, bins: int) -> torch.Tensor:
    """Means (..., bin) of the step function that is `ascending` (..., n) up to each `share` (..., n) from the last."""
    steps = share.diff(dim=-1, prepend=share.new_zeros(*share.shape[:-1], 1))
    integral = (ascending * steps).cumsum(-1)
    edges = torch.linspace(0, 1, bins + 1, dtype=share.dtype, device=share.device).expand(*share.shape[:-1], -1)
    at = torch.searchsorted(share.contiguous(), edges.contiguous()).clamp_max(share.shape[-1] - 1)
    up_to = integral.gather(-1, at) - ascending.gather(-1, at) * (share.gather(-1, at) - edges)
    return up_to.diff(dim=-1) * bins
