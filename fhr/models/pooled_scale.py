"""Scale of pooled features, learnt from the batches of the training."""

import torch
from torch import nn

__all__ = ["PooledScale"]

_FAR = 3.0  # standard deviations; a record that is far off in one feature is not further off than this


class PooledScale(nn.BatchNorm1d):
    """Batch normalisation of pooled features (batch, n) without weights, limited to three standard deviations.

    Pooled features have units of their own; a linear layer on them learns quickly once their scales are equal. A
    training batch of one record, which has no deviation, is scaled by the running statistics.

    Args:
        n: number of features.
    """

    def __init__(self, n: int) -> None:
        super().__init__(n, affine=False)

    def forward(self, pooled: torch.Tensor) -> torch.Tensor:
        """Scaled features of the shape of `pooled`."""
        if self.training and len(pooled) == 1:
            scaled = nn.functional.batch_norm(pooled, self.running_mean, self.running_var, eps=self.eps)
        else:
            scaled = super().forward(pooled)
        return scaled.clamp(-_FAR, _FAR)
