"""Convolutions over time that leave the time axis aligned, and the layers of several trunks that are made of them.

Inside trunks, signals are (batch, channel, 1, time) with the channels of a sample side by side in memory, which halves
the time of a training step on a CPU.
"""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional as F

from fhr.errors import FHRError

__all__ = ["InceptionModule", "TimeConv", "channels_together", "normed", "refuse_even"]


def channels_together(signal: torch.Tensor) -> torch.Tensor:
    """Signals (batch, channel, 1, time), the channels of a sample side by side, of (batch, channel, time)."""
    # By transposing: `contiguous(memory_format=...)` is not to be had under `torch.vmap`.
    return signal.transpose(1, 2).contiguous().transpose(1, 2).unsqueeze(2)


def refuse_even(kernel_sizes: Sequence[int]) -> None:
    """Refuse kernels without a middle.

    Raises:
        FHRError: a length is even.
    """
    if any(k % 2 == 0 for k in kernel_sizes):
        raise FHRError(f"kernel_sizes={list(kernel_sizes)}; every length must be odd, to keep the time axis aligned")


class TimeConv(nn.Conv1d):
    """Convolution over the time of (batch, channel, 1, time), with the weights of a `Conv1d` and no bias.

    Step i of the output stands at sample `i * stride` of the input; beyond the ends, samples count as 0.

    Args:
        n_in: channels.
        n_out: channels.
        kernel_size: odd, samples.
        stride: samples.
    """

    def __init__(self, n_in: int, n_out: int, kernel_size: int, stride: int = 1) -> None:
        super().__init__(n_in, n_out, kernel_size, stride, padding=kernel_size // 2, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Convolve `x` (batch, n_in, 1, time) to (batch, n_out, 1, ceil(time / stride))."""
        return F.conv2d(x, self.weight.unsqueeze(2), None, (1, *self.stride), (0, *self.padding))


def normed(n_in: int, n_out: int, kernel_size: int, stride: int = 1) -> nn.Sequential:
    """Make a `TimeConv` with batch normalisation and ReLU behind it."""
    return nn.Sequential(TimeConv(n_in, n_out, kernel_size, stride), nn.BatchNorm2d(n_out), nn.ReLU())


class InceptionModule(nn.Module):
    """Convolutions of several lengths and a maximum side by side, normalised; the residual is left to who uses it.

    Of Ismail Fawaz et al. 2020, doi:10.1007/s10618-020-00710-y.

    Args:
        n_in: channels.
        n_filters: filters a branch; the module gives `n_filters * (len(kernel_sizes) + 1)` channels.
        kernel_sizes: odd lengths of the parallel convolutions, samples.
        bottleneck: channels that these convolutions see.
    """

    def __init__(self, n_in: int, n_filters: int, kernel_sizes: Sequence[int], bottleneck: int) -> None:
        super().__init__()
        self.bottleneck = TimeConv(n_in, bottleneck, 1)
        self.branches = nn.ModuleList(TimeConv(bottleneck, n_filters, k) for k in kernel_sizes)
        self.pooled = nn.Sequential(nn.MaxPool2d((1, 3), 1, (0, 1)), TimeConv(n_in, n_filters, 1))
        self.norm = nn.BatchNorm2d(n_filters * (len(kernel_sizes) + 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Features of `x` (batch, n_in, 1, time), as long as it is."""
        narrow = self.bottleneck(x)
        y: torch.Tensor = self.norm(torch.cat([*(branch(narrow) for branch in self.branches), self.pooled(x)], dim=1))
        return y
