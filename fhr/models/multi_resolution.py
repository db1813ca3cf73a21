"""Convolutional networks side by side at several resolutions, for signals with gaps."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional as F

from fhr.errors import FHRError

from .convolution import channels_together, normed, refuse_even
from .trunk import FeatureSequence, Trunk, validity

__all__ = ["POOL", "MultiResolutionNet"]

POOL = 4  # steps of a branch that become one between its two convolutions


class MultiResolutionNet(Trunk):
    """A small convolutional network for each of several resolutions, joined at the coarsest.

    Each branch sees the signal in means over steps of its own length, in which the missing time has no part, with the
    share of the step that was measured in place of the mask: its two convolutions last seconds in one branch, as a
    change from beat to beat, and minutes in another, as a deceleration or a contraction. Means over measured time
    bring the branches to common steps, four of the coarsest resolution, where a last convolution joins them.

    After Cui, Chen and Chen 2016, arXiv:1603.06995: branches of the same layers, joined by a convolution. Changed for
    fetal heart rate: means over measured time in place of every k-th sample and of maxima; features are set to 0 where
    the signal is missing; batch normalisation; mean and standard deviation are pooled over valid time of nested last
    parts of the window in place of a layer tied to one length. Left out: the branches of smoothed signals, since means
    are smooth already, and windows cut into slices.

    Args:
        n_channels: input channels; the last one is the mask where there is more than one.
        n_outputs: scores a window.
        fs: rate of the signal, Hz.
        resolutions: lengths of a branch's steps, s; each a whole number of samples, and of the one before.
        n_filters: filters of a branch; the joined features have as many for each branch.
        kernel_sizes: odd lengths of the two convolutions of a branch and of the last one, steps.
        dropout: probability of a pooled feature; that of a whole channel between convolutions is half of it.
        parts: last parts of the window that are pooled, see `fhr.models.NestedPooling`.

    Raises:
        FHRError: resolutions that are no whole numbers of samples or of each other, not three kernels, or a kernel of
            even length.

    Shape:
        (batch, n_channels, time) to (batch, n_outputs), any time; what the last step lacks is missing time in front of
        the window.
    """

    def __init__(
        self,
        n_channels: int = 3,
        n_outputs: int = 1,
        fs: float = 1.0,
        resolutions: Sequence[float] = (1.0, 4.0, 16.0),
        n_filters: int = 16,
        kernel_sizes: Sequence[int] = (9, 5, 3),
        dropout: float = 0.2,
        parts: Sequence[float] = (1.0, 1 / 2, 1 / 3),
    ) -> None:
        super().__init__()
        refuse_even(kernel_sizes)
        if len(kernel_sizes) != 3:
            raise FHRError(
                f"kernel_sizes={list(kernel_sizes)}; give three, of two convolutions of a branch and the last"
            )
        self.steps = _samples(resolutions, fs)
        width = n_filters * len(self.steps)
        first, second, last = kernel_sizes
        self.first = nn.ModuleList(normed(n_channels, n_filters, first) for _ in self.steps)
        self.second = nn.ModuleList(normed(n_filters, n_filters, second) for _ in self.steps)
        self.drop = nn.Dropout2d(dropout / 2)
        self.joined = normed(width, width, last)
        self.end_in(width, n_outputs, parts=parts, dropout=dropout)

    def sequence(self, signal: torch.Tensor) -> FeatureSequence:
        """Features in time of `signal` (batch, n_channels, time), one step in four of the coarsest resolution."""
        missing = -signal.shape[-1] % (POOL * self.steps[-1])
        valid = F.pad(validity(signal), (missing, 0)).unsqueeze(2)
        x = channels_together(F.pad(signal, (missing, 0)))
        found = []
        for step, first, second in zip(self.steps, self.first, self.second, strict=True):
            y, share = _means(x, valid, step)
            if x.shape[1] > 1:
                y = torch.cat([y[:, :-1], share], dim=1)
            y, share = _means(first(y) * (share > 0), share, POOL)
            y, share = _means(second(self.drop(y)) * (share > 0), share, self.steps[-1] // step)
            found.append(y)
        joined = self.joined(self.drop(torch.cat(found, dim=1)))
        return FeatureSequence(joined.squeeze(2), share.squeeze(2))


def _means(x: torch.Tensor, weight: torch.Tensor, n: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Means of `n` steps of (batch, channel, 1, time) over what has a weight, 0 where nothing has, and mean weights."""
    share = F.avg_pool2d(weight, (1, n))
    return F.avg_pool2d(x * weight, (1, n)) / share.clamp_min(1e-6), share


def _samples(resolutions: Sequence[float], fs: float) -> tuple[int, ...]:
    """Steps of each branch, samples."""
    steps = tuple(round(one * fs) for one in resolutions)
    whole = all(n >= 1 and abs(n - one * fs) < 1e-6 * n for n, one in zip(steps, resolutions, strict=True))
    if not steps or not whole or any(b % a for a, b in pairwise(steps)):
        raise FHRError(
            f"resolutions={list(resolutions)} s of a signal at fs={fs} Hz; give lengths of whole numbers of samples, "
            "each a multiple of the one before"
        )
    return steps
