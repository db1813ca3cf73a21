"""ScatteringNet: mean amplitudes of the heart rate's fluctuations by their period, with a head of bounded slope."""

from collections.abc import Sequence
from functools import lru_cache
from math import ceil, isfinite, pi, sqrt

import numpy as np
import torch
from scipy.fft import next_fast_len
from torch import Tensor, nn

from fhr.errors import FHRError
from fhr.multiscale.morlet import Morlet, gaussian_spectrum, morlet_family, morlet_spectrum

from .network import Network
from .sorted_network import BPM

__all__ = ["ScatteringNet"]

WHOLE = 0.999  # share of a sample that was measured from which it counts; below 1 because interpolation rounds
REST = 2  # samples beside a missing one that count for nothing: the neighbours of what counts are measured
_REACH = 6.0  # standard deviations of the longest wavelet, beyond which it is nothing
_SLACK = 1e-4  # relative, for rounding in single precision


class ScatteringNet(Network):
    r"""Scattering of the first order, averaged over nested last parts of the window, and a linear head of bounded norm.

    A taper :math:`0 \le t \le 1` leaves out what was not measured whole: it is 0 up to two samples beside it and rises
    as a squared sine within `edge` seconds. With g a short smoothing window,

    .. math:: z = t \, (x - \textstyle\sum t^2 x / \sum t^2), \quad U_k = |\psi_k * g * z|, \quad
        w_k^2 = t^2 * |\gamma_k|^2 / \textstyle\sum |\gamma_k|^2,

    .. math:: S_{k, q} = \sum_{i \in q} U_k(i) / \sum_{i \in q} w_k(i), \quad
        f(x) = b + \textstyle\sum_{k, q} c_{k, q} S_{k, q},

    for the Morlet wavelets :math:`\psi_k` of `fhr.multiscale.Scattering1d`, their Gaussian envelopes :math:`\gamma_k`
    and parts q of the window, all with the window's end. Both are convolved with the signal that linear interpolation
    makes of the samples. :math:`w_k` is the share of the amplitude that gaps leave of
    noise, so that what was lost does not look like little variation; in a part with little time the sums are those of
    the next wider one. The heart rate is read, uterine activity is not. z knows no level: **a constant added to the
    heart rate changes no score**.

    **Slope.** x to z is a projection between two tapers, the modulus is a contraction, and of no frequency of a real
    signal do the filters :math:`\psi_k * g` together keep more than a share B of the energy. With
    :math:`h_k(i) = \sum_{q \ni i} c_{k, q} / \sum_{j \in q} w_k(j)` and the inequality of Cauchy and Schwarz

    .. math:: |f(x + \delta) - f(x)| \le \sum_k \sum_i |h_k(i)| \, |\psi_k * g * \delta_z|(i)
        \le \sqrt{B \textstyle\sum_k \|h_k\|^2} \, \|\delta\|_2,

    at a fixed mask, which `slope` gives for each window. The weights are kept short, so that it is at most `gain` for a
    long complete window whatever is learnt; gaps, and windows that are short for the wavelets, make it larger.

    Args:
        n_channels: input channels: the first is the heart rate and the last one the mask where there is more than one.
        n_outputs: scores a window.
        fs: sampling rate of the windows, Hz.
        J: the longest wavelets are those of a family that reaches down to 2^J s.
        Q: wavelets an octave.
        shortest: period of the quickest wavelet at least, s. Quicker ones add nothing to the ranking of births.
        parts: nested last parts of the window, as shares of it, the widest first.
        edge: seconds in which the taper rises.
        smoothing: half the length of the smoothing window, a raised cosine, s.
        gain: slope that the weights allow at most, in scores per bpm (root mean square over the measured samples).

    Shape:
        (batch, n_channels, time) to (batch, n_outputs).

    Raises:
        FHRError: numbers that are not above 0, shares that do not fall or are above 1, J or Q below 1, a shortest
            period that leaves no wavelet or that the sampling rate does not carry.

    Source:
        Mallat 2012, Comm. Pure Appl. Math. 65:1331-1398, doi:10.1002/cpa.21413; Anden and Mallat 2014, IEEE Trans.
        Signal Process. 62:4114-4128, doi:10.1109/TSP.2014.2326991. Changed: averages over parts of the window in place
        of a Gaussian, taken over every sample. Left out: the second order and uterine activity, which rank births no
        better here, and the correction of wavelets beside a gap, of which no Lipschitz constant is known.

    >>> network = ScatteringNet()
    >>> signal = torch.randn(2, 3, 3600, generator=torch.Generator().manual_seed(1))
    >>> signal[:, 2] = 1.0
    >>> network(signal).shape
    torch.Size([2, 1])
    """

    overlap: Tensor
    reads_activity = False
    centre: Tensor
    n_seen: Tensor

    def __init__(
        self,
        n_channels: int = 3,
        n_outputs: int = 1,
        fs: float = 1.0,
        J: int = 9,
        Q: int = 1,
        shortest: float = 20.0,
        parts: Sequence[float] = (1.0, 1 / 2, 1 / 3),
        edge: float = 4.0,
        smoothing: float = 4.0,
        gain: float = 0.08,
    ) -> None:
        super().__init__()
        positive = (fs, shortest, edge, smoothing, gain)
        if min(positive) <= 0 or not all(map(isfinite, positive)):
            raise FHRError(
                f"fs={fs} Hz, shortest={shortest} s, edge={edge} s, smoothing={smoothing} s, gain={gain}; give numbers "
                "above 0"
            )
        if min(J, Q) < 1:
            raise FHRError(f"J={J} and Q={Q}; give 1 or more, such as J=9 and Q=1")
        falling = all(a > b for a, b in zip(parts, list(parts)[1:], strict=False))
        if not parts or not all(0 < part <= 1 for part in parts) or not falling:
            raise FHRError(f"parts={list(parts)}; give shares of the window of at most 1, the widest first")
        slow = [one for one in morlet_family(J, Q) if one.xi * shortest <= 1]
        if not slow:
            raise FHRError(f"shortest={shortest} s leaves no wavelet of J={J} and Q={Q}; give a shorter period")
        self.wavelets = tuple(Morlet(one.xi / fs, one.sigma / fs, 0) for one in slow)
        if (highest := self.wavelets[0].xi + 4 * self.wavelets[0].sigma) > 0.5:
            raise FHRError(
                f"shortest={shortest} s at fs={fs} Hz has a wavelet up to {highest * fs:.2g} Hz, above half the "
                "sampling rate; give a longer period"
            )
        self.fs, self.parts, self.edge = fs, tuple(parts), edge * fs
        half = max(1, round(smoothing * fs))
        taps = 1 + np.cos(pi * np.arange(-half, half + 1) / (half + 1))
        self.smoother: np.ndarray = taps / taps.sum()
        # c'Mc is the energy in time of the weights c of one path on a complete window of unit length.
        overlap = torch.tensor([[1 / max(a, b) for b in self.parts] for a in self.parts])
        self.register_buffer("overlap", overlap, persistent=False)
        self._unit = gain * BPM / sqrt(frame_bound(self.filters(2**14)))
        self.head = nn.Parameter(torch.empty(n_outputs, len(self.wavelets), len(self.parts)).uniform_(-0.05, 0.05))
        self.bias = nn.Parameter(torch.zeros(n_outputs))
        self.register_buffer("centre", torch.zeros(len(self.wavelets), len(self.parts)))
        self.register_buffer("n_seen", torch.zeros((), dtype=torch.long))

    def weights(self) -> Tensor:
        """Weights c (n_outputs, path, part) of the means: those of `head`, shortened where they are too long."""
        length = (self.head * (self.head @ self.overlap)).sum((1, 2)).clamp_min(1.0).sqrt()
        return self._unit * self.head / length[:, None, None]

    def forward(self, signal: Tensor) -> Tensor:
        """Scores (batch, n_outputs) of `signal` (batch, n_channels, time)."""
        taper = self.taper(signal)
        return self.scores_of(self.tapered(signal, taper), taper)

    def scores_of(self, z: Tensor, taper: Tensor) -> Tensor:
        """Scores (batch, n_outputs) of tapered heart rates and their tapers, each (batch, time)."""
        means = self.sums(self.moduli(z), taper) / self.sums(self.shares(taper), taper)
        if self.training:
            with torch.no_grad():  # a mean over all batches at first, over the last ones later
                self.n_seen += 1
                self.centre += (means.mean(0) - self.centre) / self.n_seen.clamp(max=20)
        return torch.einsum("bkq,okq->bo", means - self.centre, self.weights()) + self.bias

    def slope(self, signal: Tensor) -> Tensor:
        """Most that any score moves per bpm RMS of an error (batch,), over all samples with a mask above 0.

        It depends on the mask alone, and holds in evaluation mode, for errors of any size, with a slack for rounding.
        """
        taper = self.taper(signal)
        profile = torch.einsum("bkqt,okq->bokt", self.profiles(taper), self.weights())
        energy = profile.square().sum((-1, -2)) * frame_bound(self.filters(self.circle(signal.shape[-1])))
        measured = torch.ones_like(taper) if signal.shape[1] == 1 else signal[:, -1] > 0
        return (1 + _SLACK) / BPM * (energy.amax(1) * measured.sum(-1)).sqrt()

    def taper(self, signal: Tensor) -> Tensor:
        """Taper t (batch, time) of windows (batch, channel, time): 0 beside what is missing, 1 away from it."""
        distance = self.distance(signal).to(signal.dtype)
        return ((distance - REST) / self.edge).clamp(0, 1).mul(pi / 2).sin().square()

    @staticmethod
    def distance(signal: Tensor) -> Tensor:
        """Samples (batch, time) to the nearest one that was not measured whole; the window's ends are missing."""
        n = signal.shape[-1]
        place = torch.arange(n, device=signal.device)
        whole = torch.ones_like(signal[:, 0]) if signal.shape[1] == 1 else signal[:, -1]
        before = torch.where(whole > WHOLE, -1, place).cummax(-1).values
        after = torch.where(whole > WHOLE, n, place).flip(-1).cummin(-1).values.flip(-1)
        return torch.minimum(place - before, after - place)

    def tapered(self, signal: Tensor, taper: Tensor) -> Tensor:
        """The tapered heart rate z (batch, time), which knows no level."""
        square = taper.square()
        level = (square * signal[:, 0]).sum(-1) / square.sum(-1).clamp_min(1e-9)
        return taper * (signal[:, 0] - level[:, None])

    def moduli(self, z: Tensor) -> Tensor:
        """Moduli U (batch, path, time) of the wavelet coefficients of tapered heart rates (batch, time)."""
        n = z.shape[-1]
        filters = torch.as_tensor(self.filters(self.circle(n)), dtype=z.dtype, device=z.device)
        spectrum = torch.fft.fft(z, filters.shape[-1])
        return torch.fft.ifft(spectrum[:, None] * filters)[..., :n].abs()

    def shares(self, taper: Tensor) -> Tensor:
        """Share w (batch, path, time) of its amplitude that noise keeps under a taper (batch, time)."""
        n = taper.shape[-1]
        length = self.circle(n)
        energies = torch.as_tensor(_energies(self.wavelets, length), dtype=taper.dtype, device=taper.device)
        spectrum = torch.fft.rfft(taper.square(), length)
        return torch.fft.irfft(spectrum[:, None] * energies, length)[..., :n].clamp_min(1e-12).sqrt()

    def sums(self, values: Tensor, taper: Tensor) -> Tensor:
        """Sums (batch, path, part) of values (batch, path, time) over each part; of one too empty, over the wider."""
        n = taper.shape[-1]
        found: list[Tensor] = []
        for last, enough in self.counted(taper):
            own = values[..., n - last :].sum(-1)
            found.append(torch.where(enough[:, None], own, found[-1]) if found else own)
        return torch.stack(found, dim=-1)

    def counted(self, taper: Tensor) -> list[tuple[int, Tensor]]:
        """Samples of each part, and in which windows (batch,) it holds enough tapered time."""
        n = taper.shape[-1]
        lengths = [max(1, round(part * n)) for part in self.parts]
        return [(last, taper[:, n - last :].sum(-1) > self.least_time(n)) for last in lengths]

    @staticmethod
    def least_time(n_times: int) -> float:
        """Tapered samples of a window of `n_times` above which a part has means of its own."""
        return n_times / 60

    def profiles(self, taper: Tensor) -> Tensor:
        """Weights in time (batch, path, part, time) of the means, in multiples of which the moduli count."""
        n = taper.shape[-1]
        total = self.sums(self.shares(taper), taper)
        place = torch.arange(n, device=taper.device)
        inside: list[Tensor] = []
        for last, enough in self.counted(taper):
            own = (place >= n - last).expand(len(taper), n)
            inside.append(torch.where(enough[:, None], own, inside[-1]) if inside else own)
        return torch.stack(inside, dim=1)[:, None] / total[..., None]

    def circle(self, n_times: int) -> int:
        """Samples of the circle on which windows of `n_times` samples are convolved."""
        widest = 1 / (2 * pi * min(one.sigma for one in self.wavelets))
        return int(next_fast_len(n_times + ceil(_REACH * widest)))

    def filters(self, length: int) -> np.ndarray:
        """Spectra (path, length) of the wavelets with the smoothing, real, on a circle of `length` samples."""
        return _filters(self.wavelets, tuple(self.smoother), length)


def frame_bound(filters: np.ndarray) -> float:
    """Largest share of the energy of a real signal, at any frequency of the circle, that filters keep together."""
    power = (filters**2).sum(0)
    return float((power + np.roll(power[::-1], 1)).max() / 2)


@lru_cache(maxsize=8)
def _filters(wavelets: tuple[Morlet, ...], smoother: tuple[float, ...], length: int) -> np.ndarray:
    lags = np.arange(len(smoother)) - len(smoother) // 2
    smooth = np.cos(2 * pi * np.fft.fftfreq(length)[:, None] * lags) @ np.array(smoother)
    return np.stack([morlet_spectrum(length, one.xi, one.sigma) for one in wavelets]) * smooth * _between(length)


@lru_cache(maxsize=8)
def _energies(wavelets: tuple[Morlet, ...], length: int) -> np.ndarray:
    """Spectra of the squared envelopes, which sum to 1: Gaussians again, wider in frequency by the root of 2."""
    spectra = np.stack([gaussian_spectrum(length, sqrt(2) * one.sigma) for one in wavelets]) * _between(length)
    return spectra[:, : length // 2 + 1]


def _between(length: int) -> np.ndarray:
    """Spectrum of linear interpolation: sums over samples are then integrals over the interpolated signal."""
    return np.sinc(np.fft.fftfreq(length)) ** 2
