"""Loss of the label itself: weighted cross-entropy."""

import torch
from torch import nn
from torch.nn import functional as F

__all__ = ["BinaryCrossEntropy"]


class BinaryCrossEntropy(nn.Module):
    """Cross-entropy of the label given the score as a logit."""

    needs_label = True

    def forward(
        self, scores: torch.Tensor, label: torch.Tensor, ph: torch.Tensor, weight: torch.Tensor
    ) -> torch.Tensor:
        """Weighted mean (0 of no weight); scores (batch, 1), label and weight (batch,), pH is not used."""
        total = F.binary_cross_entropy_with_logits(scores[:, 0], label, weight=weight, reduction="sum")
        return total / weight.sum().clamp_min(1e-6)
