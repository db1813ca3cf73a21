"""WindowBags: a labour as a bag of short windows, each seen by a small CNN, with attention over the bag."""

from collections.abc import Mapping
from types import MappingProxyType

import torch
from torch import nn
from torch.nn import functional as F

from fhr.errors import FHRError

from .nested_pooling import NestedPooling
from .pooling import MaskedMeanStd
from .trunk import FeatureSequence, Trunk
from .whole_steps import whole_steps

__all__ = ["WindowBags"]

_LEAST = 1 / 6  # of a window measured, or it has no weight
_STRIDE = 4.0  # s, of the first layer
_FADING = (10.0, 30.0)  # min: how fast a window's nearness to the end fades
_QUANTILES: Mapping[str, tuple[float, ...]] = MappingProxyType({"mean": (), "p90": (0.9,), "max": (1.0,)})
_UNIT = 4096.0  # of an exact number in a key


class WindowBags(Trunk):
    r"""A small CNN over overlapping windows of some minutes, pooled by attention, or by a fixed rule beside it.

    Each window h_i of the bag is seen by the same CNN, and told how near to the end it lies:
    :math:`\exp(-t/10)` and :math:`\exp(-t/30)`, t in min. Gated attention weighs it by

    .. math:: a_i \propto \exp(w^T (\tanh(V h_i) \odot \sigma(U h_i))),

    and the bag is :math:`\sum_i a_i h_i`. The fixed rules take the mean, the 90% quantile or the largest value of each
    channel over the windows. A window with less than a sixth measured has no weight.

    Pooling itself knows no order; what the network knows of time beyond one window is the nearness to the end. The
    control `shuffled` takes this away and leaves all else: the windows of a record are put into an order that an exact
    hash of their content draws, the same one in training and in use, so that the score of a record is that of its
    windows in any order. One permutation of all records would not do: the network would learn it.

    Args:
        n_channels: input channels; the last one is the mask where there is more than one.
        n_outputs: scores a window.
        fs: sampling rate of the windows, Hz.
        minutes: length of a window of the bag; half of it lies in the next one.
        pooling: attention, mean, p90 or max.
        shuffled: whether the order of the windows is taken away, for a control.
        width: channels of the CNN.
        depth: layers of the CNN behind the first, each at half the rate of the one before.
        dropout: probability of a pooled channel.

    Raises:
        FHRError: a rate or length that is not above 0, or a pooling that does not exist.

    Shape:
        (batch, n_channels, time) to (batch, n_outputs), any time.

    Source:
        Ilse et al. 2018, Attention-based deep multiple instance learning, arXiv:1802.04712. Left out: scores of single
        windows, which have no label.
    """

    end_arguments = Trunk.end_arguments | {"pooling"}

    def __init__(
        self,
        n_channels: int = 3,
        n_outputs: int = 1,
        fs: float = 1.0,
        minutes: float = 5.0,
        pooling: str = "attention",
        shuffled: bool = False,
        width: int = 16,
        depth: int = 2,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        if fs <= 0 or minutes * 60 * fs < 2:
            raise FHRError(f"fs={fs} Hz and minutes={minutes}; give a rate above 0 and windows of two samples or more")
        if pooling != "attention" and pooling not in _QUANTILES:
            raise FHRError(f"pooling={pooling!r}; choose attention, {', '.join(_QUANTILES)}")
        self.minutes, self.shuffled = minutes, shuffled
        self.hop = round(minutes * 30 * fs)  # samples
        self.cnn = _WindowCNN(max(2, n_channels), width, depth, max(1, round(_STRIDE * fs)))
        self.end_in(width, n_outputs, dropout=dropout)
        self.pool = _Attention(width) if pooling == "attention" else _OfEach(_QUANTILES[pooling])
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(width, n_outputs))

    def sequence(self, signal: torch.Tensor) -> FeatureSequence:
        """Features of the windows of the bag, the last one at the end of `signal` (batch, n_channels, time)."""
        channels = torch.cat(whole_steps(signal, self.hop), dim=1)
        channels = F.pad(channels, (max(0, 2 * self.hop - channels.shape[-1]), 0))
        bag = channels.unfold(-1, 2 * self.hop, self.hop).transpose(1, 2)  # (batch, window, channel, time)
        if self.shuffled:
            order = _keys(bag).argsort(dim=1)
            bag = bag.gather(1, order[:, :, None, None].expand_as(bag))
        measured = bag[:, :, -1].mean(-1)
        weight = torch.where(measured >= _LEAST, measured, 0.0).unsqueeze(1)
        minutes = torch.arange(bag.shape[1] - 1, -1, -1, device=bag.device, dtype=bag.dtype) * self.minutes / 2
        nearness = torch.exp(-minutes.unsqueeze(-1) / minutes.new_tensor(_FADING))
        nearness = nearness.expand(*bag.shape[:2], -1)
        values = self.cnn(bag.flatten(0, 1), nearness.flatten(0, 1)).unflatten(0, bag.shape[:2])
        return FeatureSequence(values.transpose(1, 2) * (weight > 0), weight)


class _WindowCNN(nn.Module):
    """Features (window, width) of windows (window, channel, time), the last channel the mask, and of their nearness."""

    def __init__(self, n_channels: int, width: int, depth: int, stride: int) -> None:
        super().__init__()
        first = nn.Conv1d(n_channels, width, 2 * stride + 1, stride=stride, padding=stride, bias=False)
        others = (nn.Conv1d(width, width, 7, padding=3, bias=False) for _ in range(depth))
        self.layers = nn.ModuleList(nn.Sequential(one, nn.BatchNorm1d(width), nn.ReLU()) for one in (first, *others))
        self.pool = MaskedMeanStd()
        self.mixed = nn.Linear(2 * width + len(_FADING), width)

    def forward(self, window: torch.Tensor, nearness: torch.Tensor) -> torch.Tensor:
        x, mask = window, window[:, -1:]
        for layer in self.layers:
            x = layer(x)
            valid = F.adaptive_avg_pool1d(mask, x.shape[-1])
            if layer is not self.layers[-1]:
                x = F.avg_pool1d(x * (valid > 0), 2, ceil_mode=True)
        return F.relu(self.mixed(torch.cat([self.pool(x, valid), nearness], dim=1)))


class _Attention(nn.Module):
    """Gated attention over the windows that have a weight."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.content, self.gate = nn.Linear(width, width), nn.Linear(width, width)
        self.relevance = nn.Linear(width, 1, bias=False)

    def forward(self, values: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        h = values.transpose(1, 2)
        logit = self.relevance(torch.tanh(self.content(h)) * torch.sigmoid(self.gate(h)))
        there = (weight > 0).transpose(1, 2)
        # Not minus infinity: a bag without a window would be NaN; its values are 0.
        attention = torch.where(there, logit, -1e4).softmax(dim=1)
        return (attention * h).sum(dim=1)


class _OfEach(nn.Module):
    """Mean, or a quantile, of each channel over the windows that have a weight."""

    def __init__(self, quantiles: tuple[float, ...]) -> None:
        super().__init__()
        self.nested = NestedPooling((1.0,), quantiles)

    def forward(self, values: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        width, pooled = values.shape[1], self.nested(values, weight)
        return pooled[:, -width:] if self.nested.quantiles else pooled[:, :width]


def _keys(bag: torch.Tensor) -> torch.Tensor:
    """Hash (batch, window) of the content of each window of `bag` (batch, window, channel, time), in exact numbers."""
    exact = (bag * _UNIT).round().long().flatten(2)
    place = torch.arange(1, exact.shape[-1] + 1, device=bag.device)
    key = (exact * (place * 2654435761 % 2**31)).sum(-1)
    for shift in (17, 31):  # so that a higher level is no later place
        key = (key ^ (key >> shift)) * 0x5851F42D4C957F2D
    return key
