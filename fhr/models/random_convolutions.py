"""RandomConvolutions: fixed random kernels at many dilations, and a linear layer on how often each answers."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from fhr.compute import stream
from fhr.errors import FHRError

from .nested_pooling import NestedPooling
from .pooled_scale import PooledScale
from .trunk import FeatureSequence, Trunk
from .whole_steps import whole_steps

__all__ = ["RandomConvolutions"]

_LENGTH = 9  # taps, as of MiniRocket
_STEP = 4  # s, of the sequence
_LEAST = 0.2  # share of a tap's block that has to be measured
_SMALLEST_SHARE = 1e-3  # of a step, that a mean is divided by
_OCTAVES = 5  # below the deviation of an answer to noise, over which the biases are spread


class RandomConvolutions(Trunk):
    r"""Random kernels that are never trained: the share of measured time that each answers above a bias, and its mean.

    A kernel has nine taps, d s apart, on the heart rate or on all channels, with d = 1, 2, 4, ... s. Its weights are
    normal and have a norm of 1, so that its answer to noise of unit variance has a deviation of 1; those of every
    second kernel sum to 0, which the level of the signal does not move. The biases of a kernel are
    :math:`\pm 2^{-u}` with u spread over five octaves: answers to heart rate are far smaller than to noise, and to
    take the biases from the data, as is published, would make them learnt.

    A tap is the mean of what was measured of d s. A missing tap takes the mean of the taps that are there, so that a
    constant is answered alike beside a gap and far from it. What is pooled over nested last parts is mean and deviation
    of the answer and, over steps of 4 s, of the share above each bias, the two kinds of channels. The linear layer
    learns alone.

    Args:
        n_channels: input channels; the last one is the mask where there is more than one.
        n_outputs: scores a window.
        fs: sampling rate of the windows, Hz.
        n_kernels: kernels of all dilations together.
        n_dilations: d = 1, 2, 4, ..., `2 ** (n_dilations - 1)` s.
        n_biases: of each kernel.
        parts: nested last parts of the window, as of `NestedPooling`.
        dropout: probability of a pooled feature.
        seed: of the kernels; they are a part of the state of the network, not of its training.

    Raises:
        FHRError: a rate that is not above 0, less than a kernel a dilation, or no bias.

    Shape:
        (batch, n_channels, time) to (batch, n_outputs), any time.

    Source:
        Dempster et al. 2020, ROCKET, doi:10.1007/s10618-020-00701-z; Dempster et al. 2021, MiniRocket,
        doi:10.1145/3447548.3467231.
    """

    kernels: torch.Tensor
    biases: torch.Tensor

    def __init__(
        self,
        n_channels: int = 3,
        n_outputs: int = 1,
        fs: float = 1.0,
        n_kernels: int = 84,
        n_dilations: int = 7,
        n_biases: int = 2,
        parts: Sequence[float] = (1.0, 1 / 2, 1 / 3),
        dropout: float = 0.2,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if fs <= 0 or not 0 < n_dilations <= n_kernels or n_biases < 1:
            raise FHRError(
                f"fs={fs} Hz, n_kernels={n_kernels}, n_dilations={n_dilations}, n_biases={n_biases}; give a rate above "
                "0, a dilation or more, as many kernels or more, and one bias or more"
            )
        self.step = max(1, round(_STEP * fs))  # samples
        dilations = [2.0**k for k in range(n_dilations)]  # s
        # Short ones are seen sample by sample, long ones by steps.
        self.fast = [max(1, round(d * fs)) for d in dilations if d < _STEP]
        self.slow = [max(1, round(d * fs / self.step)) for d in dilations if d >= _STEP]
        n_signals = max(1, n_channels - 1)
        generator = stream(seed, "kernels of random convolutions")
        weights = generator.normal(size=(n_kernels, n_signals, _LENGTH))
        weights[generator.random(n_kernels) < 0.5, 1:] = 0.0  # of the heart rate alone
        weights[::2] -= weights[::2].mean(axis=-1, keepdims=True)
        weights /= np.linalg.norm(weights, axis=(1, 2), keepdims=True)
        biases = 2.0 ** -generator.uniform(0, _OCTAVES, (n_kernels, n_biases))
        biases *= generator.choice([-1.0, 1.0], biases.shape)
        self.register_buffer("kernels", torch.tensor(weights, dtype=torch.float32))
        self.register_buffer("biases", torch.tensor(biases, dtype=torch.float32))
        kinds = (n_kernels, n_kernels * n_biases)
        self.end_in(sum(kinds), n_outputs, kinds=kinds, parts=parts, dropout=dropout)
        n_pooled = NestedPooling(parts).n_pooled(self.width)
        self.head = nn.Sequential(PooledScale(n_pooled), nn.Dropout(dropout), nn.Linear(n_pooled, n_outputs))

    def sequence(self, signal: torch.Tensor) -> FeatureSequence:
        """Answers and shares above the biases, one step in 4 s, of `signal` (batch, n_channels, time)."""
        signals, mask = whole_steps(signal, self.step)
        weight = F.avg_pool1d(mask, self.step)
        steps = F.avg_pool1d(signals, self.step)
        kernels, biases = (x.tensor_split(len(self.fast) + len(self.slow)) for x in (self.kernels, self.biases))
        answers: list[torch.Tensor] = []
        shares: list[torch.Tensor] = []
        for k, dilation in enumerate([*self.fast, *self.slow]):
            is_fast = k < len(self.fast)
            x, m = (signals, mask) if is_fast else (steps, weight)
            answer = _answers(x, m, kernels[k], dilation)
            above = (answer.unsqueeze(2) > biases[k].unsqueeze(-1)).to(answer.dtype).flatten(1, 2)
            for kind, found in ((answers, answer), (shares, above)):
                if is_fast:
                    found = F.avg_pool1d(found * mask, self.step) / weight.clamp_min(_SMALLEST_SHARE)
                kind.append(found)
        return FeatureSequence(torch.cat(answers + shares, dim=1) * (weight > 0), weight)


def _answers(x: torch.Tensor, mask: torch.Tensor, kernels: torch.Tensor, dilation: int) -> torch.Tensor:
    """Answers (batch, kernel, time) of `kernels` (kernel, signal, tap) to x (batch, signal, time).

    Args:
        x: 0 where nothing was measured.
        mask: (batch, 1, time), share that was measured.
        kernels: (kernel, signal, tap).
        dilation: samples between taps, and of the block that each is the mean of.
    """
    n_kernels, n_signals, n_taps = kernels.shape
    reach = n_taps // 2 * dilation
    around = (reach + (dilation - 1) // 2, reach + dilation // 2)  # a tap beyond the ends may see into the window
    x, mask = (F.avg_pool1d(F.pad(one, around), dilation, stride=1) for one in (x, mask))
    there = (mask > _LEAST).to(x.dtype)
    x = x / mask.clamp_min(_LEAST) * there

    answered = partial(F.conv1d, dilation=dilation)
    ones = torch.ones_like(kernels[:1, :1])
    total = answered(x.flatten(0, 1).unsqueeze(1), ones).unflatten(0, x.shape[:2])[:, :, 0]
    mean = total / answered(there, ones).clamp_min(1)  # of each signal, over the taps that are there
    of_present = answered(there, kernels.flatten(0, 1).unsqueeze(1)).unflatten(1, (n_kernels, n_signals))
    of_missing = kernels.sum(-1, keepdim=True) - of_present
    return answered(x, kernels) + (of_missing * mean.unsqueeze(1)).sum(2)
