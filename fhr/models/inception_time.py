"""InceptionTime with its published layout, for signals with gaps."""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional as F

from .convolution import InceptionModule, TimeConv, channels_together, normed, refuse_even
from .trunk import FeatureSequence, Trunk, validity

__all__ = ["RESIDUAL", "InceptionTime"]

RESIDUAL = 3  # modules that a shortcut leads past


class InceptionTime(Trunk):
    """Inception modules at one resolution, with a shortcut past every third.

    After Ismail Fawaz et al. 2020, Data Mining and Knowledge Discovery 34:1936, doi:10.1007/s10618-020-00710-y. As
    published: modules of a bottleneck, three lengths of kernels and a maximum; no rate that falls inside; a shortcut of
    one convolution with normalisation past every third module. With `n_filters=32`, `bottleneck=32`, `depth=6` and
    `stride=1` it is the published network; kernels of 10, 20 and 40 samples are one sample shorter, since an even
    one has no middle.

    Changed for fetal heart rate: a strided convolution in front where `stride` is above 1, and fewer filters, since a
    data set has some hundred labours; features are set to 0 where the signal is missing; mean and standard deviation
    are pooled over valid time of nested last parts of the window; dropout of the pooled features.

    Left out: the ensemble of five networks, which is `n_members` of a fit.

    Args:
        n_channels: input channels; the last one is the mask where there is more than one.
        n_outputs: scores a window.
        n_filters: filters a branch; a module has `n_filters * (len(kernel_sizes) + 1)` channels.
        bottleneck: channels that the kernels of a module see.
        kernel_sizes: odd lengths of the parallel convolutions, samples at the rate behind the stem.
        depth: number of modules.
        stride: of the convolution in front, samples; 1 for none.
        dropout: probability of a pooled feature.
        parts: last parts of the window that are pooled, see `fhr.models.NestedPooling`.

    Raises:
        FHRError: a kernel of even length.

    Shape:
        (batch, n_channels, time) to (batch, n_outputs), any time.
    """

    def __init__(
        self,
        n_channels: int = 3,
        n_outputs: int = 1,
        n_filters: int = 8,
        bottleneck: int = 8,
        kernel_sizes: Sequence[int] = (9, 19, 39),
        depth: int = 6,
        stride: int = 8,
        dropout: float = 0.2,
        parts: Sequence[float] = (1.0, 1 / 2, 1 / 3),
    ) -> None:
        super().__init__()
        refuse_even(kernel_sizes)
        width = n_filters * (len(kernel_sizes) + 1)
        first = width if stride > 1 else n_channels
        self.stem = normed(n_channels, width, 2 * stride + 7, stride) if stride > 1 else nn.Identity()
        self.shortcuts = nn.ModuleList(
            nn.Sequential(TimeConv(width if i else first, width, 1), nn.BatchNorm2d(width))
            for i in range(depth // RESIDUAL)
        )
        self.blocks = nn.ModuleList(
            InceptionModule(width if i else first, n_filters, kernel_sizes, bottleneck) for i in range(depth)
        )
        self.end_in(width, n_outputs, parts=parts, dropout=dropout)

    def sequence(self, signal: torch.Tensor) -> FeatureSequence:
        """Features in time of `signal` (batch, n_channels, time), one step in `stride` samples."""
        x = self.stem(channels_together(signal))
        valid = validity(signal, x.shape[-1])
        measured = (valid > 0).unsqueeze(2)
        x = x * measured
        before, shortcuts = x, iter(self.shortcuts)
        for i, block in enumerate(self.blocks, start=1):
            x = block(x)
            if i % RESIDUAL:
                x = F.relu(x) * measured
            else:
                before = x = F.relu(x + next(shortcuts)(before)) * measured
        return FeatureSequence(x.squeeze(2), valid)
