"""A small InceptionTime for signals with gaps."""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional as F

from .convolution import InceptionModule, channels_together, normed, refuse_even
from .pooling import MaskedMeanStd
from .trunk import FeatureSequence, Trunk, validity

__all__ = ["InceptionNet"]


class InceptionNet(Trunk):
    """Residual inception blocks at falling resolution, pooled over valid time.

    After Ismail Fawaz et al. 2020, Data Mining and Knowledge Discovery 34:1936, doi:10.1007/s10618-020-00710-y.
    Changed for fetal heart rate: far fewer filters, since a data set has some hundred labours; the rate is halved
    by each block; features are set to 0 where the signal is missing, so that a gap says nothing but that it is
    there; mean and standard deviation are pooled over valid time alone. Batch normalisation keeps the amplitude of
    the signal, which instance normalisation would remove.

    Args:
        n_channels: input channels; the last one is the mask where there is more than one.
        n_outputs: scores a window.
        n_filters: filters a branch; a block has `n_filters * (len(kernel_sizes) + 1)` channels.
        kernel_sizes: odd lengths of the parallel convolutions, samples at the block's rate.
        depth: number of blocks.
        stride: of the stem, samples.
        dropout: probability of a whole channel in front of each block, of a feature, and of a pooled channel.
        n_features: scalar features beside the signal; a branch of one layer joins them to the pooled channels.
        feature_width: width of that branch.

    Shape:
        (batch, n_channels, time) and, where n_features is not 0, (batch, n_features) to (batch, n_outputs), any time
        of at least `stride * 2 ** depth` samples.
    """

    ends = Trunk.ends | {"branch"}
    end_arguments = Trunk.end_arguments | {"n_features", "feature_width"}

    def __init__(
        self,
        n_channels: int = 3,
        n_outputs: int = 1,
        n_filters: int = 8,
        kernel_sizes: Sequence[int] = (5, 11, 23),
        depth: int = 4,
        stride: int = 2,
        dropout: float = 0.2,
        n_features: int = 0,
        feature_width: int = 8,
    ) -> None:
        super().__init__()
        refuse_even(kernel_sizes)
        width = n_filters * (len(kernel_sizes) + 1)
        self.stride, self.kinds = stride, (width,)
        self.stem = normed(n_channels, width, 2 * stride + 7, stride)
        self.blocks = nn.ModuleList(_Block(width, n_filters, kernel_sizes, dropout) for _ in range(depth))
        self.pool = MaskedMeanStd()
        joined = 2 * width + (feature_width if n_features else 0)
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(joined, n_outputs))
        if n_features:
            self.branch = nn.Sequential(nn.Dropout(dropout), nn.Linear(n_features, feature_width), nn.ReLU())

    def forward(self, signal: torch.Tensor, features: torch.Tensor | None = None) -> torch.Tensor:
        """Scores (batch, n_outputs) of `signal` (batch, n_channels, time) and `features` (batch, n_features)."""
        pooled = self.embed(signal)
        if self.n_features:
            pooled = torch.cat([pooled, self.branch(features)], dim=1)
        scores: torch.Tensor = self.head(pooled)
        return scores

    def sequence(self, signal: torch.Tensor) -> FeatureSequence:
        """Features in time of `signal` (batch, n_channels, time), one step in `stride * 2 ** depth` samples."""
        x = self.stem(channels_together(signal))
        valid = validity(signal, x.shape[-1]).unsqueeze(2)
        for block in self.blocks:
            x = F.avg_pool2d(block(x * (valid > 0)), (1, 2))
            valid = F.avg_pool2d(valid, (1, 2))
        return FeatureSequence(x.squeeze(2), valid.squeeze(2))


class _Block(InceptionModule):
    def __init__(self, width: int, n_filters: int, kernel_sizes: Sequence[int], dropout: float) -> None:
        super().__init__(width, n_filters, kernel_sizes, n_filters)
        self.drop = nn.Dropout2d(dropout / 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(x + super().forward(self.drop(x)))
