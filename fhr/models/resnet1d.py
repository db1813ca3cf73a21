"""Residual network in one dimension, for signals with gaps."""

from collections.abc import Sequence
from math import ceil

import torch
from torch import nn
from torch.nn import functional as F

from fhr.errors import FHRError

from .convolution import TimeConv, channels_together, normed, refuse_even
from .trunk import FeatureSequence, Trunk, validity

__all__ = ["ResNet1d"]


class ResNet1d(Trunk):
    """Residual blocks of three convolutions, each at a lower rate than the one before.

    After Wang, Yan and Oates 2017, IJCNN 1578-1585, doi:10.1109/IJCNN.2017.7966039. As published: in each block three
    convolutions with normalisation, the longest first, and a shortcut of one convolution with normalisation. With
    `widths=(64, 128, 128)` and `strides=(1, 1, 1)` it is the published network; its first kernel is 9 samples in place
    of 8, since an even one has no middle, and every block has a convolution in its shortcut, which the published last
    one does without.

    Changed for fetal heart rate: the first convolution and the shortcut of a block are strided, as those of He et al.
    2016, doi:10.1109/CVPR.2016.90, so that a block sees minutes and not seconds; fewer filters; features are set to 0
    where the signal is missing; mean and standard deviation are pooled over valid time of nested last parts of the
    window; dropout of whole channels between blocks, and of the pooled features.

    Args:
        n_channels: input channels; the last one is the mask where there is more than one.
        n_outputs: scores a window.
        widths: channels of each block.
        strides: of each block, samples of the one before.
        kernel_sizes: odd lengths of the convolutions of a block, in order, samples.
        dropout: probability of a pooled feature; that of a whole channel between blocks is half of it.
        parts: last parts of the window that are pooled, see `fhr.models.NestedPooling`.

    Raises:
        FHRError: a kernel of even length, fewer than two, no block, or not as many widths as strides.

    Shape:
        (batch, n_channels, time) to (batch, n_outputs), any time; one step is the product of the strides.
    """

    def __init__(
        self,
        n_channels: int = 3,
        n_outputs: int = 1,
        widths: Sequence[int] = (16, 32, 32),
        strides: Sequence[int] = (4, 4, 2),
        kernel_sizes: Sequence[int] = (9, 5, 3),
        dropout: float = 0.2,
        parts: Sequence[float] = (1.0, 1 / 2, 1 / 3),
    ) -> None:
        super().__init__()
        refuse_even(kernel_sizes)
        if not widths or len(widths) != len(strides) or len(kernel_sizes) < 2:
            raise FHRError(
                f"widths={list(widths)}, strides={list(strides)}, kernel_sizes={list(kernel_sizes)}; give each block a "
                "width and a stride, and two kernels or more"
            )
        inputs = (n_channels, *widths[:-1])
        self.blocks = nn.ModuleList(
            _Block(n_in, n_out, kernel_sizes, stride)
            for n_in, n_out, stride in zip(inputs, widths, strides, strict=True)
        )
        self.drop = nn.Dropout2d(dropout / 2)
        self.end_in(widths[-1], n_outputs, parts=parts, dropout=dropout)

    def sequence(self, signal: torch.Tensor) -> FeatureSequence:
        """Features in time of `signal` (batch, n_channels, time)."""
        x = channels_together(signal)
        for i, block in enumerate(self.blocks):
            x = block(self.drop(x) if i else x, signal)
        return FeatureSequence(x.squeeze(2), validity(signal, x.shape[-1]))


class _Block(nn.Module):
    def __init__(self, n_in: int, n_out: int, kernel_sizes: Sequence[int], stride: int) -> None:
        super().__init__()
        first, *between, last = kernel_sizes
        self.stride = stride
        self.layers = nn.ModuleList([normed(n_in, n_out, first, stride), *(normed(n_out, n_out, k) for k in between)])
        self.last = nn.Sequential(TimeConv(n_out, n_out, last), nn.BatchNorm2d(n_out))
        self.shortcut = nn.Sequential(TimeConv(n_in, n_out, 1, stride), nn.BatchNorm2d(n_out))

    def forward(self, x: torch.Tensor, signal: torch.Tensor) -> torch.Tensor:
        measured = (validity(signal, ceil(x.shape[-1] / self.stride)) > 0).unsqueeze(2)
        y = x
        for layer in self.layers:
            y = layer(y) * measured
        return F.relu(self.last(y) + self.shortcut(x)) * measured
