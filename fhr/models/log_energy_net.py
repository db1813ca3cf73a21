"""LogEnergyNet: how strongly the heart rate fluctuates at each time scale, by filters that may be learnt."""

from collections.abc import Sequence
from math import ceil, pi

import torch
from scipy.fft import next_fast_len
from torch import nn
from torch.nn import functional as F

from fhr.errors import FHRError

from .nested_pooling import NestedPooling
from .pooled_scale import PooledScale
from .trunk import FeatureSequence, Trunk
from .whole_steps import whole_steps

__all__ = ["LogEnergyNet"]

_STEP = 4.0  # s, of the sequence
_NEAR, _LEAST = 32.0, 0.2  # s, and the share of a step's surroundings of this width that has to be measured
_REACH = 6  # widths, beyond which a Gaussian is nothing
_SMALLEST_SHARE = 1e-3  # of measured weight, that a mean is divided by
_SMALLEST_DEPTH = 0.02  # of the fluctuation of a log-size


class LogEnergyNet(Trunk):
    r"""Logarithm of the size of the fluctuations at each octave, pooled over the measured time of nested last parts.

    With :math:`S_k` the Gaussian mean of width :math:`w_k` over the measured samples of a channel,
    :math:`S_k = (g_k * xm) / (g_k * m)`, m the mask, the sequence holds every channel x but the mask, and

    .. math:: e_k = \log(\epsilon + |S_k - S_{k+1}|), \quad w_k = w_0, 2 w_0, 4 w_0, \dots,

    averaged over steps of 4 s, of the heart rate at all octaves and of the others from 8 s on; with `swings` the
    differences themselves of the heart rate from 8 s on, whose quantiles tell how deep it falls from how high it
    rises; with `modulation` the same once more of the :math:`e_k` of the heart rate, at the slower octaves from 8 s on.
    A band answers periods of about 6.5 of its shorter width. Hand-made features are of this kind (`fhr.features`:
    order_statistics, band_amplitudes, modulation); here the width and the centre of each mean are learnt by gradient
    descent, from octaves on. A mean knows no value in a gap, and a step of which less than a fifth of the surroundings
    (Gaussian, 32 s) was measured has weight 0.

    Mean, deviation and quantiles are pooled of the channels, and of swings and log-sizes of the heart rate, of all else
    mean and deviation; a linear layer scores them once their scales are equal. The kinds of channels are heart rate,
    other channels, swings, log-sizes of the heart rate, of the others, and modulation.

    Args:
        n_channels: input channels; the last one is the mask where there is more than one.
        n_outputs: scores a window.
        fs: sampling rate of the windows, Hz.
        shortest: width of the shortest mean, a standard deviation, s.
        n_bands: octaves; the longest mean has a width of `shortest * 2 ** n_bands` s.
        modulation: whether the log-sizes of the heart rate have bands as well.
        swings: whether the slower bands of the heart rate stand beside their log-sizes, with their sign.
        smallest: :math:`\epsilon`, in scaled units (20 bpm).
        parts: nested last parts of the window, as of `NestedPooling`.
        quantiles: of each part, as of `NestedPooling`.
        dropout: probability of a pooled feature.
        frozen: keep the filters as they begin, for a control: the linear layer learns alone.

    Raises:
        FHRError: a rate, width or smallest size that is not above 0, or bands that leave out those about 8 s.

    Shape:
        (batch, n_channels, time) to (batch, n_outputs), any time.

    Source:
        Zeghidour et al. 2021, LEAF: a learnable frontend for audio classification, arXiv:2101.08596; Andén & Mallat
        2014, IEEE Transactions on Signal Processing 62:4114, doi:10.1109/TSP.2014.2326991. Left out: Gabor filters,
        whose mean is not 0 beside a gap, and per-channel energy normalisation, which would remove the amplitude.
    """

    end_arguments = Trunk.end_arguments | {"frozen"}
    near: torch.Tensor
    pairs: torch.Tensor

    def __init__(
        self,
        n_channels: int = 3,
        n_outputs: int = 1,
        fs: float = 1.0,
        shortest: float = 1.0,
        n_bands: int = 7,
        modulation: bool = True,
        swings: bool = True,
        smallest: float = 0.005,
        parts: Sequence[float] = (1.0, 1 / 2, 1 / 3),
        quantiles: Sequence[float] = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99),
        dropout: float = 0.2,
        frozen: bool = False,
    ) -> None:
        super().__init__()
        if min(fs, shortest, smallest) <= 0:
            raise FHRError(f"fs={fs} Hz, shortest={shortest} s, smallest={smallest}; give numbers above 0")
        self.n_bands, self.swings, self.smallest = n_bands, swings, smallest
        self.step = max(1, round(_STEP * fs))  # samples
        n_signals, steps_a_second = max(1, n_channels - 1), fs / self.step
        widths = [shortest * 2.0**k for k in range(n_bands + 1)]  # s
        # Short means need every sample; long ones are nearly the same of the means of steps, and much quicker.
        n_fast = sum(width * steps_a_second < 2 for width in widths)
        if not 0 < n_fast < n_bands:
            raise FHRError(
                f"shortest={shortest} s and n_bands={n_bands}, means of {widths[0]:g} to {widths[-1]:g} s; let them "
                f"begin below {2 / steps_a_second:g} s, two steps, and reach beyond, by more bands"
            )
        slow = [width * steps_a_second for width in widths[n_fast:]]
        self.fast = _Bands([width * fs for width in widths[: n_fast + 1]], 1)
        self.slow = _Bands(slow, n_signals)
        self.of_sizes = _Bands(slow, 1) if modulation else None
        # Octave by modulating octave, without its own and faster ones, where a log-size hardly fluctuates.
        pairs = [
            i * (n_bands - n_fast) + j - n_fast for i in range(n_bands) for j in range(max(n_fast, i + 1), n_bands)
        ]
        self.register_buffer("pairs", torch.tensor(pairs, dtype=torch.long), persistent=False)
        self.register_buffer("near", torch.tensor([[_NEAR * steps_a_second]]), persistent=False)
        for bands in (self.fast, self.slow, self.of_sizes):
            if bands is not None:
                bands.requires_grad_(not frozen)
        n_slow, n_others = n_bands - n_fast, n_signals - 1
        kinds = (1, n_others, n_slow * swings, n_bands, n_others * n_slow, len(pairs) * modulation)
        self.end_in(sum(kinds), n_outputs, kinds=tuple(kind for kind in kinds if kind), dropout=dropout)
        self.pool = _Pooling(sum(kinds[:4]), parts, quantiles)
        n_pooled = self.pool.n_pooled(self.width)
        self.head = nn.Sequential(PooledScale(n_pooled), nn.Dropout(dropout), nn.Linear(n_pooled, n_outputs))

    def sequence(self, signal: torch.Tensor) -> FeatureSequence:
        """Levels and log-sizes, one step in 4 s, of `signal` (batch, n_channels, time)."""
        signals, mask = whole_steps(signal, self.step)
        measured = F.avg_pool1d(mask, self.step)
        share = measured.clamp_min(_SMALLEST_SHARE)

        level = F.avg_pool1d(signals, self.step) / share
        fast = (self.smallest + self.fast(signals[:, :1], mask)[:, 0].abs()).log() * mask
        fast = F.avg_pool1d(fast, self.step) / share
        slow = self.slow(level * measured, measured)
        # The octaves of the heart rate first.
        size = torch.cat([fast, (self.smallest + slow.abs()).log().flatten(1, 2)], dim=1)
        values = [level, slow[:, 0], size] if self.swings else [level, size]
        if self.of_sizes is not None:
            depth = self.of_sizes(size[:, : self.n_bands] * measured, measured).flatten(1, 2)[:, self.pairs]
            values.append((_SMALLEST_DEPTH + depth.abs()).log())

        near = _smoothed(measured, self.near, torch.zeros_like(self.near), _REACH * _NEAR / _STEP)[:, :, 0]
        weight = torch.where(near > _LEAST, measured, 0.0)
        return FeatureSequence(torch.cat(values, dim=1) * (weight > 0), weight)


class _Pooling(nn.Module):
    """Nested pooling with quantiles of the first channels, and without of the others, whose order says less."""

    def __init__(self, n_finely: int, parts: Sequence[float], quantiles: Sequence[float]) -> None:
        super().__init__()
        self.n_finely = n_finely
        self.finely, self.coarsely = NestedPooling(parts, quantiles), NestedPooling(parts)

    def n_pooled(self, channels: int) -> int:
        """Numbers that `channels` channels are pooled to."""
        return self.finely.n_pooled(self.n_finely) + self.coarsely.n_pooled(channels - self.n_finely)

    def forward(self, values: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        finely, coarsely = values[:, : self.n_finely], values[:, self.n_finely :]
        return torch.cat([self.finely(finely, weight), self.coarsely(coarsely, weight)], dim=1)


class _Bands(nn.Module):
    """Differences of successive Gaussian means over what was measured, (batch, signal, time) to (..., band, time).

    Each mean has its own width and centre, learnt in units of the width that it begins with, so that weight decay draws
    both back there.

    Args:
        widths: of the means, ascending, in samples.
        n_filters: signals, where each has filters of its own; 1 for the same filters for all.
    """

    widths: torch.Tensor

    def __init__(self, widths: Sequence[float], n_filters: int) -> None:
        super().__init__()
        self.reach = _REACH * widths[-1]
        self.register_buffer("widths", torch.tensor(widths), persistent=False)
        self.stretch = nn.Parameter(torch.zeros(n_filters, len(widths)))
        self.shift = nn.Parameter(torch.zeros(n_filters, len(widths)))

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Bands of `x`, which is 0 where `mask` (batch, 1, time) is; of no meaning there."""
        width, centre = self.widths * self.stretch.exp(), self.widths * self.shift
        total, weight = (_smoothed(one, width, centre, self.reach) for one in (x, mask))
        means = total / weight.clamp_min(_SMALLEST_SHARE)
        return means[:, :, :-1] - means[:, :, 1:]


def _smoothed(x: torch.Tensor, width: torch.Tensor, centre: torch.Tensor, reach: float) -> torch.Tensor:
    """Convolution with Gaussians of unit area, each with a width and a centre, by Fourier transform.

    Args:
        x: (batch, signal, time); one signal for many filters, or one filter for many signals.
        width: (signal, k), samples.
        centre: (signal, k), samples.
        reach: samples beyond the ends that are taken for 0; a few of the longest width.

    Returns:
        (batch, signal, k, time).
    """
    n = x.shape[-1]
    length = next_fast_len(n + ceil(reach), real=True)
    frequency = 2 * pi / length * torch.arange(length // 2 + 1, device=x.device, dtype=x.dtype)
    gain, phase = torch.exp(-0.5 * (width.unsqueeze(-1) * frequency).square()), -centre.unsqueeze(-1) * frequency
    # Not `torch.polar`, whose gradient divides by the gain: far out that is too small, and on some processors NaN.
    response = torch.complex(gain * phase.cos(), gain * phase.sin())
    return torch.fft.irfft(torch.fft.rfft(x, length).unsqueeze(2) * response, length)[..., :n]
