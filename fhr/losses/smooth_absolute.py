"""Smooth absolute error of a score from a target that is known of some records."""

import torch
from torch.nn import functional as F

__all__ = ["smooth_absolute"]


def smooth_absolute(
    score: torch.Tensor, target: torch.Tensor, known: torch.Tensor, weight: torch.Tensor
) -> torch.Tensor:
    """Weighted mean over the known records, 0 where there is none: d^2 / 2 up to a distance d of 1, d - 1/2 beyond.

    Args:
        score: (batch,).
        target: (batch,), any number where it is not known.
        known: (batch,), bool.
        weight: (batch,).
    """
    # Replaced, not picked out: how many are known is on the GPU, and to pick them out the CPU would wait for it.
    # Here and not in the loss, since a NaN that is replaced later is still one in the gradient.
    error = torch.where(known, score - target, 0.0)
    weight = torch.where(known, weight, 0.0)
    loss = F.smooth_l1_loss(error, torch.zeros_like(error), reduction="none")
    return (loss * weight).sum() / weight.sum().clamp_min(1e-6)
