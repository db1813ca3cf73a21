"""Global pooling over valid time."""

import torch
from torch import nn

__all__ = ["MaskedMeanStd"]


class MaskedMeanStd(nn.Module):
    """Mean and standard deviation of each channel over the time that is valid.

    The deviation lets a network measure variability, which a mean of rectified features hides. Where nothing is
    valid the mean is 0, and the deviation as of a constant, 0.003.
    """

    def forward(self, features: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        """Pool `x` over valid time.

        Args:
            features: (batch, channel, time).
            weight: (batch, 1, time), 0 where time is missing, up to 1 where it is valid.

        Returns:
            (batch, 2 * channel)
        """
        total = weight.sum(-1).clamp_min(1e-6)
        mean = (features * weight).sum(-1) / total
        variance = ((features - mean.unsqueeze(-1)).square() * weight).sum(-1) / total
        return torch.cat([mean, (variance + 1e-5).sqrt()], dim=1)
