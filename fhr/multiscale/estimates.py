"""Slopes over scales from sums over time at each scale, alike for a signal and for its bootstrap replicates."""

from dataclasses import dataclass, fields
from math import e, inf, log2

import torch

from .cumulants import cumulants_of_moments, octaves_seen

__all__ = ["ScaleSums", "estimate", "slopes"]

_LOG2E = log2(e)


@dataclass
class ScaleSums:
    """Sums over time at one scale; r replicates, 1 of them the signal itself.

    Attributes:
        j: the scale.
        mean: (batch,), mean log-leader of the signal, from which deviations are taken.
        n: (r, batch), number of leaders.
        powers: (n_cumulants, r, batch), sums of powers 1, 2, ... of the deviations.
        tilted: (2, n_q, r, batch), sums of exp(q x) and of x exp(q x) over the deviations x; empty without q.
        measured: (r, batch), sum of the measured shares of the coefficients.
        energy: (r, batch), their weighted sum of |d|^2.
        power: (r, batch), their weighted sum of |d|^p; for leaders it is not used.
        largest: (r, batch), max |d|.
    """

    j: int
    mean: torch.Tensor
    n: torch.Tensor
    powers: torch.Tensor
    tilted: torch.Tensor
    measured: torch.Tensor
    energy: torch.Tensor
    power: torch.Tensor
    largest: torch.Tensor

    @classmethod
    def joined(cls, parts: "list[ScaleSums]") -> "ScaleSums":
        """Join the sums of several batches."""
        names = [field.name for field in fields(cls) if field.name != "j"]
        return cls(parts[0].j, *(torch.cat([getattr(part, name) for part in parts], dim=-1) for name in names))


def slopes(y: torch.Tensor, n: torch.Tensor, j1: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Slope over the scales j1, j1 + 1, ... and R^2 of the least-squares line with weights n.

    Args:
        y: (scale, ...).
        n: (scale, ...), broadcastable to y.
        j1: the first scale.
    """
    j = torch.arange(j1, j1 + len(y), dtype=y.dtype, device=y.device).reshape(-1, *[1] * (y.ndim - 1))
    w = n / n.sum(0).clamp(min=1)
    tiny = torch.finfo(y.dtype).tiny
    x = j - (w * j).sum(0)
    mean = (w * y).sum(0)
    slope = (w * x * y).sum(0) / (w * x**2).sum(0).clamp(min=tiny)
    rest = (w * (y - mean - slope * x) ** 2).sum(0)
    return slope, 1 - rest / (w * (y - mean) ** 2).sum(0).clamp(min=tiny)


def estimate(
    scales: list[ScaleSums], *, p: float, gamma: float, q: torch.Tensor | None, excess: torch.Tensor | None
) -> dict[str, torch.Tensor]:
    """Compute every estimate, each (..., r, batch), where ... is nothing, a cumulant, a scale or a q.

    Args:
        scales: of j1 to j2.
        p: of the p-leaders, or inf.
        gamma: fractional integration of the leaders, taken back out of c1, zeta and h.
        q: moments of the structure functions.
        excess: (scale, n_cumulants - 1, batch), subtracted from the cumulants 2, 3, ...
    """
    j1 = scales[0].j
    tiny = torch.finfo(scales[0].mean.dtype).tiny
    shares = torch.stack([s.measured for s in scales])
    per_share = shares.clamp(min=tiny)

    def line(sums: list[torch.Tensor]) -> torch.Tensor:
        return slopes(torch.log2((torch.stack(sums) / per_share).clamp(min=tiny)), shares, j1)[0]

    found = {
        "hurst": line([s.energy for s in scales]) / 2,
        "eta_p": line([s.power for s in scales]) if p != inf else torch.full_like(shares[0], torch.nan),
        "h_min": slopes(torch.log2(torch.stack([s.largest for s in scales]).clamp(min=tiny)), shares, j1)[0],
    }
    n = torch.stack([s.n for s in scales])
    curves, offsets = [], []
    for i, s in enumerate(scales):
        count = s.n.clamp(min=1)
        curve = cumulants_of_moments(s.mean, [power / count for power in s.powers])
        offset = torch.zeros_like(s.n) if p == inf else octaves_seen(found["eta_p"] + gamma * p, s.j, p)
        curve = torch.cat([(curve[0] - offset)[None], curve[1:]])
        if excess is not None and len(curve) > 1:
            curve = torch.cat([curve[:1], curve[1:] - excess[i][:, None]])
        curves.append(curve)
        offsets.append(offset)
    found["cumulants"] = torch.stack(curves, dim=1)  # cumulant, scale, r, batch
    slope, fit = slopes(torch.stack(curves), n[:, None], j1)
    found["log_cumulants"] = slope * _LOG2E - _first(gamma, slope)
    found["r_squared"] = fit
    if q is not None:
        found |= _spectrum(scales, offsets, n, gamma=gamma, q=q)
    return found


def _first(gamma: float, like: torch.Tensor) -> torch.Tensor:
    """Gamma for the first cumulant, 0 for the others."""
    column = torch.zeros(len(like), *[1] * (like.ndim - 1), dtype=like.dtype, device=like.device)
    column[0] = gamma
    return column


def _spectrum(
    scales: list[ScaleSums], offsets: list[torch.Tensor], n: torch.Tensor, *, gamma: float, q: torch.Tensor
) -> dict[str, torch.Tensor]:
    """Structure functions and the parametric spectrum (h(q), D(q)) of Chhabra and Jensen 1989."""
    q = q[:, None, None]
    tiny = torch.finfo(q.dtype).tiny
    s, u, v = [], [], []
    for scale, offset in zip(scales, offsets, strict=True):
        total, weighted = scale.tilted
        log_total, tilt = torch.log(total.clamp(min=tiny)), weighted / total.clamp(min=tiny)
        log_n = torch.log(scale.n.clamp(min=1))
        s.append(log_total - log_n + q * (scale.mean - offset))
        u.append(log_n + q * tilt - log_total)
        v.append(scale.mean - offset + tilt)
    j1, weights = scales[0].j, n[:, None]
    zeta, d, h = (slopes(torch.stack(y), weights, j1)[0] * _LOG2E for y in (s, u, v))
    return {"zeta": zeta - gamma * q, "D": 1 + d, "h": h - gamma}
