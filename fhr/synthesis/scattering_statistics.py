"""Scattering statistics of signals with several channels: what a synthesis under constraints has to keep."""

import math
from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np
import scipy.fft
import torch
from torch import Tensor

from fhr.multiscale.morlet import Morlet, morlet_family, morlet_spectrum

__all__ = ["WEIGHTS", "ScatteringStatistics", "closed"]

WEIGHTS: Mapping[str, float] = {
    "order": 1.0,
    "range": 10.0,
    "increments": 1.0,
    "skewness": 3.0,
    "coupling": 30.0,
    "correlation": 3.0,
    "sparsity": 1.0,
    "logarithm": 1.0,
    "phase-envelope": 1.0,
    "envelope": 1.0,
    "harmonic": 1.0,
}
"""Weight in the loss of each group of statistics. The peak of a correlation asks for more digits than a moment."""

INCREMENTS = (1.25, 2.5, 5.0, 10.0, 20.0, 40.0)  # seconds
N_ORDERED = 32  # equal shares of ordered values
N_DELAYS = 3  # of wavelet coefficients, each 2^j samples longer than the one before
COUPLING_BAND = (1 / 500, 1 / 10)  # Hz, of contractions and of what answers them
COUPLING_DELAYS = np.arange(-120, 121, 4)  # seconds
EDGE = 5.0  # seconds at either end, over which its level is averaged
REACH = 4.0  # widths above its centre at which a wavelet ends
FAINTEST = 0.03  # of a scale's standard deviation: what is far below has one logarithm
NOTHING = 1e-6  # of a channel's standard deviation, where a scale has no power


class ScatteringStatistics:
    r"""Statistics of signals, in units of a target's own standard deviations.

    With W_j the analytic Morlet wavelet of octave j, a and b channels, and <> the mean over time:

    - order, increments: means of 32 equal shares of the ordered samples, and of the ordered increments over 1.25 to
      40 s; skewness: that of these increments; range: root mean square of what lies outside the target's range;
    - correlation: :math:`\langle W_j x_a(t + k 2^j) \overline{W_j x_b(t)} \rangle`, k = 0 to 3, the power of each scale
      and the cross-spectrum; coupling: the correlation of two channels from 2 to 100 mHz, at delays of up to 120 s;
    - sparsity, logarithm: the mean of :math:`|W_j x_a|`, mean and variance of its logarithm;
    - phase-envelope: :math:`\langle W_l x_a \overline{W_l |W_j x_b|} \rangle`, j < l, not real where time has a
      direction;
    - envelope: :math:`\langle W_l |W_i x_a| \overline{W_l |W_j x_b|} \rangle`, i, j < l;
    - harmonic: :math:`\langle [W_{j+k} x_b]^{2^k} \overline{W_j x_a} \rangle`, k = 1 and 2, where :math:`[z]^m` has m
      times the phase of z and its modulus: phases across scales, on which shapes depend.

    All channels and all pairs of channels, in both orders, have them. Means over time are products of spectra: no
    second transform is taken back into time. The signal is a circle once the line from end to end is taken out.

    Args:
        n_samples: length of the signals.
        fs: Hz.
        like: a tensor of the type and device of the signals.

    Source:
        Bruna and Mallat 2019, Math. Stat. Learn. 1:257-315, doi:10.4171/MSL/7; Morel, Rochette, Leonarduzzi, Bouchaud,
        Mallat 2022, arXiv:2204.10177; Zhang and Mallat 2021, Appl. Comput. Harmon. Anal. 53:199-230,
        doi:10.1016/j.acha.2021.02.003.
    """

    def __init__(self, n_samples: int, fs: float, like: Tensor) -> None:
        self.n, self.edge = n_samples, max(1, round(EDGE * fs))
        self.J = int(math.log2(n_samples)) - 4
        self.steps = sorted({max(1, round(s * fs)) for s in INCREMENTS if round(s * fs) <= n_samples // 4})
        family = morlet_family(self.J, 1)
        self.psi, self.grids, self.turns = [], [], []
        for j, wavelet in enumerate(family):
            stop = min(math.ceil((wavelet.xi + REACH * wavelet.sigma) * n_samples), n_samples // 2)
            self.psi.append(self._spectrum(wavelet, like)[:stop])
            # Twice the samples that the wavelet needs, for its modulus.
            self.grids.append(min(n_samples, scipy.fft.next_fast_len(2 * stop)))
            self.turns.append(_turns(2**j * np.arange(N_DELAYS + 1), stop, n_samples, like))
        low, high = COUPLING_BAND
        band = [w for w in family if low <= w.xi * fs <= high] or family
        self.band = torch.stack([self._spectrum(wavelet, like) for wavelet in band]).square().sum(0)
        self.band_turns = self.band * _turns(COUPLING_DELAYS * fs, len(self.band), n_samples, like)

    def _spectrum(self, wavelet: Morlet, like: Tensor) -> Tensor:
        # An analytic wavelet: the little that a Morlet wavelet has below 0 is left out.
        return torch.from_numpy(morlet_spectrum(self.n, wavelet.xi, wavelet.sigma)[: self.n // 2 + 1]).to(like)

    def scales(self, target: Tensor) -> dict[str, Tensor]:
        """Units of a target's statistics, by name: mean, deviations and range of signals (batch, channel, time)."""
        units = {"mean": target.mean(-1, keepdim=True), "std": target.std(-1, keepdim=True)}
        x = (target - units["mean"]) / units["std"]
        units["least"], units["most"] = x.amin(-1, keepdim=True), x.amax(-1, keepdim=True)
        for step in self.steps:
            units[f"increment {step}"] = _root(_increments(x, step).square().mean(-1, keepdim=True))
        spectra = torch.fft.rfft(closed(x, self.edge))
        units["band"] = _root((_power(spectra) * self.band).sum(-1, keepdim=True) / self.n**2)
        for j, (rows, _) in enumerate(self._octaves(spectra)):
            units[f"octave {j}"] = _root(_power(rows * self.psi[j]).sum(-1, keepdim=True) / self.n**2)
        return units

    def __call__(self, x: Tensor, units: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Statistics by group, each (batch, number), of signals (batch, channel, time) in the units of their target."""
        x = (x - units["mean"]) / units["std"]
        channels = x.shape[1]
        outside = (x - units["most"]).clamp_min(0) + (units["least"] - x).clamp_min(0)
        found = {"order": [_ordered(x)], "range": [_root(outside.square().mean(-1))], "increments": [], "skewness": []}
        for step in self.steps:
            change = _increments(x, step) / units[f"increment {step}"]
            found["increments"].append(_ordered(change))
            found["skewness"].append(_skewness(change))
        spectra = torch.fft.rfft(closed(x, self.edge))
        a, b = torch.triu_indices(channels, channels, 1)
        banded = spectra / (units["band"] * self.n)
        cross = banded[:, a] * banded[:, b].conj()
        found["coupling"] = [cross.real @ self.band_turns.real.mT - cross.imag @ self.band_turns.imag.mT]
        later: dict[str, list[Tensor]] = {
            name: [] for name in ("correlation", "sparsity", "logarithm", "phase-envelope", "envelope", "harmonic")
        }
        for j, (rows, wavelets) in enumerate(self._octaves(spectra)):
            unit = units[f"octave {j}"]
            wavelets = wavelets / unit[:, :channels]
            size = _modulus(wavelets)
            logarithm = (size.square() + FAINTEST**2).log() / 2
            later["sparsity"].append(size.mean(-1))
            later["logarithm"] += [logarithm.mean(-1), logarithm.var(-1)]
            rows = rows * (self.psi[j] / self.n) / unit
            own = rows[:, :channels]
            turned = own[:, None] * self.turns[j][:, None]
            later["correlation"].append(_parts(turned @ own.conj()[:, None].mT))
            if rows.shape[1] > channels:
                products = rows @ rows.mH
                first, second = torch.triu_indices(rows.shape[1] - channels, rows.shape[1] - channels) + channels
                later["phase-envelope"].append(_parts(products[:, :channels, channels:]))
                later["envelope"].append(_parts(products[:, first, second]))
            for above in range(j + 1, min(j + 3, len(self.psi))):
                slow = self._wavelets(spectra, above, self.grids[j]) / units[f"octave {above}"][:, :channels]
                for _ in range(above - j):
                    slow = slow * slow / _modulus(slow)
                later["harmonic"].append(_parts(slow @ wavelets.mH / self.grids[j]))
        return {
            name: torch.cat([part.flatten(1) for part in parts], dim=1)
            for name, parts in (found | later).items()
            if sum(part[0].numel() for part in parts)
        }

    def _octaves(self, spectra: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """For each octave the spectra of the channels and of all finer envelopes, and its wavelet coefficients."""
        envelopes: list[Tensor] = []
        for j, psi in enumerate(self.psi):
            wavelets = self._wavelets(spectra, j, self.grids[j])
            yield torch.cat([one[..., : len(psi)] for one in (spectra, *envelopes)], dim=1), wavelets
            if j + 1 < len(self.psi):
                envelope = torch.fft.rfft(_modulus(wavelets)) * (self.n / self.grids[j])
                envelopes.append(envelope[..., : len(self.psi[j + 1])])

    def _wavelets(self, spectra: Tensor, j: int, grid: int) -> Tensor:
        """Coefficients of octave j at `grid` places of the circle."""
        psi = self.psi[j]
        return torch.fft.ifft(spectra[..., : len(psi)] * psi, n=grid) * (grid / self.n)


def closed(x: Tensor, edge: int) -> Tensor:
    """Signals (..., time) without the line between the levels of their ends, so that these meet on a circle."""
    rise = x[..., -edge:].mean(-1, keepdim=True) - x[..., :edge].mean(-1, keepdim=True)
    n = x.shape[-1]
    return x - rise * ((torch.arange(n, dtype=x.dtype, device=x.device) + 0.5) / n - 0.5)


def _turns(delays: np.ndarray, bins: int, n: int, like: Tensor) -> Tensor:
    """Phases (delay, bin) by which delays in samples turn the first bins of a spectrum of n samples."""
    turns = torch.from_numpy(np.exp(2j * np.pi / n * delays[:, None] * np.arange(bins)))
    return turns.to(like.device, torch.complex64 if like.dtype == torch.float32 else torch.complex128)


def _increments(x: Tensor, step: int) -> Tensor:
    return x[..., step:] - x[..., :-step]


def _skewness(x: Tensor) -> Tensor:
    x = x - x.mean(-1, keepdim=True)
    return x.pow(3).mean(-1) / (x.square().mean(-1) + NOTHING**2).pow(1.5)


def _ordered(x: Tensor) -> Tensor:
    """Means of equal shares of the ordered values: quantiles that every sample bears on."""
    x = x.sort(-1).values
    edges = [x.shape[-1] * k // N_ORDERED for k in range(N_ORDERED + 1)]
    return torch.stack([x[..., first:last].mean(-1) for first, last in pairwise(edges)], dim=-1)


def _root(square: Tensor) -> Tensor:
    return (square + NOTHING**2).sqrt()


def _power(z: Tensor) -> Tensor:
    return z.real.square() + z.imag.square()


def _modulus(z: Tensor) -> Tensor:
    return _root(_power(z))


def _parts(z: Tensor) -> Tensor:
    return torch.view_as_real(z).flatten(1)
