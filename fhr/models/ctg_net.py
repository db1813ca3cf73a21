"""CTG-net: the small published network that looks at heart rate and contractions together."""

import torch
from torch import nn
from torch.nn import functional as F

from fhr.errors import FHRError

from .network import Network

__all__ = ["POOL", "CTGNet"]

_TEMPORAL, _DEPTH, POOL = 4, 2, 4  # filters in time, of the two signals a filter, samples
_KERNEL, _SEPARABLE_KERNEL = 30, 7  # samples; 30 s at 1 Hz, and about 30 s again after the pooling


class CTGNet(Network):
    """Filters in time, then across FHR and UC, then a separable convolution, and a linear layer on every time.

    Layers and shapes are those published, in the manner of EEGNet:

    ===========================================================  ===============
    input: FHR and UC                                            (2, 1800)
    4 filters in time, batch normalisation                       (4, 2, 1800)
    2 filters a filter across FHR and UC, normalisation, ELU     (8, 1, 1800)
    mean of 4, dropout                                           (8, 1, 450)
    separable convolution, normalisation, ELU                    (8, 1, 450)
    mean of 4, dropout                                           (8, 1, 112)
    linear                                                       (n_outputs,)
    ===========================================================  ===============

    The lengths of the kernels, 30 and 7 samples, are the ones with which two outputs have the published 2,130 numbers
    (running means and variances counted). No layer before the last has a bias.

    The mask is not looked at, as published: a missing sample counts as the value that stands in its place, here 0,
    which is 140 bpm once scaled; there it was 0 bpm. So the network may learn how much signal was lost, and where. The
    last layer ties the network to windows of one length.

    Left out: the selection of records with little signal loss, and the constraints on the norm of filters of EEGNet.

    Args:
        n_channels: 3: FHR, UC, mask.
        n_outputs: scores a window; the paper has two, one a class.
        n_times: samples a window; 1800 are the published 30 min at 1 Hz.
        dropout: probability of a single value.

    Shape:
        (batch, 3, n_times) to (batch, n_outputs).

    Raises:
        FHRError: other channels, a window too short to be pooled, or a signal of another length.

    Source:
        Ogasawara et al. 2021, Sci Rep 11:13367, doi:10.1038/s41598-021-92805-9. EEGNet: Lawhern et al. 2018, J Neural
        Eng 15:056013, doi:10.1088/1741-2552/aace8c.
    """

    def __init__(self, n_channels: int = 3, n_outputs: int = 1, n_times: int = 1800, dropout: float = 0.25) -> None:
        super().__init__()
        if n_channels != 3:
            raise FHRError(f"n_channels={n_channels}; CTG-net takes `data.channels: [fhr, uc, mask]`")
        times = n_times // POOL // POOL
        if times < 1:
            raise FHRError(f"n_times={n_times}; CTG-net needs {POOL**2} samples or more")
        self.n_times = n_times
        width = _TEMPORAL * _DEPTH
        self.temporal = nn.Conv2d(1, _TEMPORAL, (1, _KERNEL), bias=False)
        self.temporal_norm = nn.BatchNorm2d(_TEMPORAL)
        self.across = nn.Conv2d(_TEMPORAL, width, (2, 1), groups=_TEMPORAL, bias=False)
        self.across_norm = nn.BatchNorm2d(width)
        self.separable = nn.Sequential(
            nn.Conv2d(
                width, width, (1, _SEPARABLE_KERNEL), padding=(0, _SEPARABLE_KERNEL // 2), groups=width, bias=False
            ),
            nn.Conv2d(width, width, 1, bias=False),
        )
        self.separable_norm = nn.BatchNorm2d(width)
        self.drop = nn.Dropout(dropout)
        self.head = nn.Linear(width * times, n_outputs)

    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        """Scores (batch, n_outputs) of `signal` (batch, 3, n_times)."""
        if signal.shape[1:] != (3, self.n_times):
            raise FHRError(
                f"CTG-net was made for windows of shape (3, {self.n_times}) and the data give "
                f"{tuple(signal.shape[1:])}; change `data.window_minutes` and `data.fs`, or `n_times` of the network"
            )
        x = F.pad(signal[:, None, :2], ((_KERNEL - 1) // 2, _KERNEL // 2))  # an even kernel has no middle
        x = self.temporal_norm(self.temporal(x))
        x = F.elu(self.across_norm(self.across(x)))
        x = self.drop(F.avg_pool2d(x, (1, POOL)))
        x = F.elu(self.separable_norm(self.separable(x)))
        x = self.drop(F.avg_pool2d(x, (1, POOL)))
        scores: torch.Tensor = self.head(x.flatten(1))
        return scores
