"""Transformer over patches of a signal with gaps."""

from collections.abc import Sequence
from itertools import pairwise
from math import ceil, log

import torch
from torch import nn
from torch.nn import functional as F

from fhr.errors import FHRError

from .convolution import channels_together, normed
from .trunk import FeatureSequence, Trunk, validity

__all__ = ["PatchTransformer"]

_KERNELS, _STRIDE = (9, 5), 4  # samples, of the convolutions in front, each of stride 2, and of both
_LONGEST = 10_000.0  # patches, of the sinusoids of the time to the end
_UNSEEN = -1e4  # added to the attention of a patch without signal: its exponential is 0, and nothing is infinite


class PatchTransformer(Trunk):
    """Attention between overlapping patches of the window, of which those without signal are not attended.

    Two strided convolutions see the signal as far as it was measured, 0 elsewhere. A patch is the mean and the standard
    deviation of their features over its measured time, and the share that was measured; patches are counted back from
    the end of the window. One linear layer makes a token of each. Every layer adds to the tokens what attention finds,
    and what two linear layers make of each:

        attention of i to j = softmax_j(q_i k_j / sqrt(d) - s |i - j|),    j among the patches with signal,

    with a fixed slope s for each head, so that heads look near and far. Sinusoids tell each token how many patches
    before the end it stands. All of this holds for windows of any length.

    After Nie et al. 2023, arXiv:2211.14730, and Vaswani et al. 2017, arXiv:1706.03762. Changed for fetal heart rate:
    convolutions (Xiao et al. 2021, arXiv:2106.14881) and statistics of their features, since one linear layer of the
    samples themselves answers a fluctuation by its phase; the channels of a patch make one token, since a deceleration
    is told by the contraction beside it; no instance normalisation, which removes the amplitude of the signal;
    normalisation of layers in front of attention and of what follows it, not behind (Xiong et al. 2020,
    arXiv:2002.04745), so that the sum keeps that amplitude; distances as Press et al. 2022, arXiv:2108.12409, have
    them, and the sinusoids of Vaswani et al. counted back from the end, in place of learned positions, which have one
    length; mean and standard deviation of the tokens, weighed by the share measured, over nested last parts of the
    window, in place of all tokens side by side.

    Args:
        n_channels: input channels; the last one is the mask where there is more than one.
        n_outputs: scores a window.
        fs: rate of the signal, Hz.
        patch: length of a patch, s; rounded to multiples of 4 samples, as is the step.
        step: from one patch to the next, s.
        width: of a token and of the second convolution, a multiple of twice `n_heads`.
        n_heads: of the attention.
        depth: number of layers.
        hidden: width between the two linear layers of each layer.
        dropout: probability of a value that a layer adds, and of a pooled feature.
        time_to_end: whether the sinusoids are added; without them only distances between patches count.
        parts: last parts of the window that are pooled, see `fhr.models.NestedPooling`.

    Raises:
        FHRError: a step of less than 4 samples, a step longer than a patch, a width that the heads do not share
            evenly, or a window shorter than a patch.

    Shape:
        (batch, n_channels, time) to (batch, n_outputs), any time of a patch or more; what the first patch lacks is
        missing time in front of the window.
    """

    def __init__(
        self,
        n_channels: int = 3,
        n_outputs: int = 1,
        fs: float = 1.0,
        patch: float = 64.0,
        step: float = 32.0,
        width: int = 32,
        n_heads: int = 4,
        depth: int = 2,
        hidden: int = 64,
        dropout: float = 0.2,
        time_to_end: bool = True,
        parts: Sequence[float] = (1.0, 1 / 2, 1 / 3),
    ) -> None:
        super().__init__()
        self.fs, self.patch, self.step = fs, round(patch * fs / _STRIDE), round(step * fs / _STRIDE)  # strides
        if not 1 <= self.step <= self.patch:
            raise FHRError(
                f"patch={patch} s and step={step} s of a signal at fs={fs} Hz; a step must hold {_STRIDE} samples, "
                "and a patch must be as long as a step or longer"
            )
        if width < 1 or n_heads < 1 or width % (2 * n_heads):
            raise FHRError(f"width={width} and n_heads={n_heads}; give a width that is a multiple of 2 * n_heads")
        self.n_heads, self.time_to_end = n_heads, time_to_end
        widths = (n_channels, width // 2, width)
        self.stem = nn.ModuleList(normed(*pair, k, 2) for pair, k in zip(pairwise(widths), _KERNELS, strict=True))
        self.token = nn.Linear(2 * width + 1, width)
        self.drop = nn.Dropout(dropout)
        self.layers = nn.ModuleList(_Layer(width, n_heads, hidden, dropout) for _ in range(depth))
        self.end_in(width, n_outputs, parts=parts, dropout=dropout)

    def sequence(self, signal: torch.Tensor) -> FeatureSequence:
        """Features of each patch of `signal` (batch, n_channels, time).

        Raises:
            FHRError: the window is shorter than a patch.
        """
        x, shares = self._patches(signal)
        x = self.token(torch.cat([x, shares], dim=1).transpose(1, 2))
        if self.time_to_end:
            x = x + _sinusoids(x)
        x = self.drop(x)
        bias = self._distances(x).masked_fill((shares == 0).unsqueeze(2), _UNSEEN)
        for layer in self.layers:
            x = layer(x, bias)
        return FeatureSequence(x.transpose(1, 2), shares)

    def _patches(self, signal: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and deviation (batch, 2 * width, patches) of the features of each patch, and the share measured."""
        n_times, least = signal.shape[-1], _STRIDE * self.patch
        if n_times < least:
            raise FHRError(
                f"windows of {n_times} samples, shorter than a patch of {least}; give `data.window_minutes` of "
                f"{ceil(100 * least / self.fs / 60) / 100:g} or more, or a shorter `patch`"
            )
        missing = (least - n_times) % (_STRIDE * self.step)
        weight = F.pad(validity(signal), (missing, 0)).unsqueeze(2)
        x = channels_together(F.pad(signal, (missing, 0))) * (weight > 0)
        for convolution in self.stem:
            weight = F.avg_pool2d(weight, (1, 2))
            x = convolution(x) * (weight > 0)
        sizes = (1, self.patch), (1, self.step)
        shares = F.avg_pool2d(weight, *sizes)
        mean, square = (F.avg_pool2d(one * weight, *sizes) / shares.clamp_min(1e-6) for one in (x, x.square()))
        deviation = ((square - mean.square()).clamp_min(0.0) + 1e-5).sqrt()
        return torch.cat([mean, deviation], dim=1).squeeze(2), shares.squeeze(2)

    def _distances(self, x: torch.Tensor) -> torch.Tensor:
        """What distance takes off the attention of each head, (n_heads, patches, patches); slopes end at 1/256."""
        at = torch.arange(x.shape[1], device=x.device)
        slopes = 2.0 ** -(8.0 * torch.arange(1, self.n_heads + 1, device=x.device) / self.n_heads)
        return -(slopes[:, None, None] * (at[:, None] - at).abs()).to(x.dtype)


class _Layer(nn.Module):
    def __init__(self, width: int, n_heads: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.norm, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.alone = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, width))
        self.drop = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        """Tokens (batch, patches, width) after one layer; `bias` (batch, n_heads, patches, patches) of attention."""
        query, key, value = self.qkv(self.norm(x)).unflatten(-1, (3, self.n_heads, -1)).permute(2, 0, 3, 1, 4)
        found = F.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        x = x + self.drop(self.out(found.transpose(1, 2).flatten(2)))
        return x + self.drop(self.alone(self.between(x)))


def _sinusoids(x: torch.Tensor) -> torch.Tensor:
    """Sines and cosines (patches, width) of the patches that follow each one."""
    n, width = x.shape[1:]
    to_end = torch.arange(n - 1, -1, -1, device=x.device)
    rates = torch.exp(torch.arange(width // 2, device=x.device) * (-2 * log(_LONGEST) / width))
    angles = to_end[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=1).to(x.dtype)
