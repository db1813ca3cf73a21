"""One layer of a scattering transform: wavelets of one output rate, and the modulus, with or without gaps."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from .morlet import Morlet, gaussian_spectrum, morlet_spectrum

__all__ = ["NEGLIGIBLE", "Band", "cast_buffer", "register_filters", "spectrum_window"]

NEGLIGIBLE = 1e-8  # of its peak: what the window of a filter in frequency leaves out
SEEN = 0.1  # share of a wavelet's envelope that must be measured for its coefficient to count


class _Filters(NamedTuple):
    """Spectra of the filters of a band, in the type of a signal."""

    psi: Tensor
    cross: Tensor
    envelope: Tensor
    energy: Tensor
    envelope_energy: Tensor


class Band(nn.Module):
    r"""The moduli of wavelet coefficients, every :math:`2^j` samples of a circle of `length` samples.

    Filters are kept as windows of their spectra: analytic wavelets fill a small part of the circle. A shift in
    frequency leaves the modulus as it is; the window is moved to the lower half of the output's spectrum, so that the
    real and the imaginary part of the coefficients each come out of a real inverse FFT, which is faster than one
    complex one and the modulus of interleaved numbers.

    Args:
        wavelets: wavelets of one j.
        length: samples on the circle, a multiple of :math:`2^j`.

    Attributes:
        j: its output is kept every 2^j samples.
        start: first bin of the spectrum that it needs, at most 0.
        stop: one past the last.
        n_out: samples of the output, length / 2^j.
    """

    def __init__(self, wavelets: Sequence[Morlet], length: int) -> None:
        super().__init__()
        self.j, self.length = wavelets[0].j, length
        self.n_out = length >> self.j
        spectra = np.stack([morlet_spectrum(length, wavelet.xi, wavelet.sigma) for wavelet in wavelets])
        # Each wavelet on the one turn of the circle around its own centre.
        starts = [round(wavelet.xi * length) - length // 2 for wavelet in wavelets]
        turns = np.stack([np.roll(spectrum, -start) for spectrum, start in zip(spectra, starts, strict=True)])
        kept = [np.flatnonzero(np.abs(turn) > NEGLIGIBLE * np.abs(turn).max()) for turn in turns]
        # Without holes: where a wavelet is 0, at frequency 0, its product with the envelope is not.
        kept = [np.arange(bins[0], bins[-1] + 1) for bins in kept]
        low = min(start + int(bins[0]) for start, bins in zip(starts, kept, strict=True))
        high = max(start + int(bins[-1]) + 1 for start, bins in zip(starts, kept, strict=True))
        half = self.n_out // 2 + 1
        # A wavelet as wide as the circle needs its whole spectrum, and what lies beyond a turn falls back on it.
        self.narrow = high - low <= half - 2
        self.offset = low - 1 if self.narrow else low
        width = half if self.narrow else -(-(high - low) // self.n_out) * self.n_out
        # Of the wavelets psi, and for the noise that gaps leave, with g the envelopes: |psi|^2, psi g and g^2 in time.
        envelopes = np.stack([gaussian_spectrum(length, wavelet.sigma) for wavelet in wavelets])
        in_time, envelopes_in_time = np.fft.ifft(spectra), np.fft.ifft(envelopes).real
        power = (np.abs(in_time) ** 2).sum(axis=1, keepdims=True)
        products = np.fft.fft(in_time * envelopes_in_time / power).real
        psi, cross = np.zeros((2, len(wavelets), width))
        for n, (start, bins) in enumerate(zip(starts, kept, strict=True)):
            psi[n, start + bins - self.offset] = spectra[n, (start + bins) % length]
            cross[n, start + bins - self.offset] = products[n, (start + bins) % length]
        filters = {
            "psi": self._planar(psi),
            "cross": self._planar(cross),
            "envelope": self._reach(envelopes),
            "energy": self._reach(np.fft.fft(np.abs(in_time) ** 2 / power).real),
            "envelope_energy": self._reach(np.fft.fft(envelopes_in_time**2 / power).real),
        }
        register_filters(self, filters)
        reach = max(filters["energy"].shape[1], filters["envelope_energy"].shape[1])
        self.start, self.stop = min(self.offset, 0), max(self.offset + width, reach)

    def _planar(self, filters: np.ndarray) -> np.ndarray:
        """Filters that give real and imaginary part by a real inverse FFT, which adds the mirror image of each bin."""
        return np.stack((filters, -1j * filters))[:, None] / 2 if self.narrow else filters

    def _reach(self, spectra: np.ndarray) -> np.ndarray:
        """The bins from 0 to where real low-pass filters end, or to half the output rate."""
        seen = (np.abs(spectra[:, : self.length // 2 + 1]) > NEGLIGIBLE * spectra[:, :1]).any(axis=0)
        reach = int(np.flatnonzero(seen)[-1]) + 1
        return np.ascontiguousarray(spectra[:, : min(reach, self.n_out // 2 + 1)])

    def forward(self, spectra: Tensor) -> Tensor:
        """Moduli of a complete signal, or of a weighted one beside their own weights.

        Args:
            spectra: Fourier coefficients (1 or 3, ..., stop - start) at the bins from `start` on: of the signal; with
                gaps, of the weighted signal, its weights and their squares.

        Returns:
            real (1 or 3, ..., n_out): the moduli, then the share of its amplitude that each keeps, and its square.
        """
        filters = _Filters(*(cast_buffer(self, name, spectra.real.dtype) for name in _Filters._fields))
        windows = spectra[..., self.offset - self.start : self.offset - self.start + filters.psi.shape[-1]]
        if len(spectra) == 1:
            return _modulus(self._analytic(windows[0], filters.psi))[None]
        signal, weight, squared = spectra[..., -self.start :]
        mass = self._smooth(weight, filters.envelope)
        seen = mass > SEEN
        mass = torch.where(seen, mass, 1.0)
        # The mean that gaps have given to the wavelet, in multiples of its envelope, and the energy without it.
        excess = self._analytic(windows[1], filters.psi) / mass
        found = self._analytic(windows[0], filters.psi) - self._smooth(signal, filters.envelope) * excess
        energy = self._smooth(squared, filters.energy)
        energy = energy - 2 * (excess * self._analytic(windows[2], filters.cross)).sum(dim=0)
        energy = energy + excess.square().sum(dim=0) * self._smooth(squared, filters.envelope_energy)
        seen = seen & (energy > NEGLIGIBLE)
        share = torch.where(seen, energy, 0.0)
        amplitude = torch.where(seen, energy, 1.0).sqrt() * seen
        return torch.stack((_modulus(found) * seen, amplitude, share))

    def _analytic(self, window: Tensor, filters: Tensor) -> Tensor:
        """Coefficients up to a phase, as real and imaginary part (2, ..., n_out)."""
        if self.narrow:
            return torch.fft.irfft(window * filters, n=self.n_out, norm="forward")
        product = window * filters
        turns = product.unflatten(-1, (-1, self.n_out)).sum(dim=-2)
        return torch.view_as_real(torch.fft.ifft(turns, norm="forward")).movedim(-1, 0)

    def _smooth(self, spectrum: Tensor, low_pass: Tensor) -> Tensor:
        product = spectrum[..., : low_pass.shape[-1]] * low_pass
        return torch.fft.irfft(product, n=self.n_out, norm="forward")


def register_filters(module: nn.Module, filters: Mapping[str, np.ndarray]) -> None:
    """Register arrays in single and in double precision, so that no call has to convert them."""
    for name, values in filters.items():
        double = torch.from_numpy(values)
        single = double.to(torch.complex64 if double.is_complex() else torch.float32)
        module.register_buffer(f"{name}_{torch.float64}".replace("torch.", ""), double, persistent=False)
        module.register_buffer(f"{name}_{torch.float32}".replace("torch.", ""), single, persistent=False)


def cast_buffer(module: nn.Module, name: str, dtype: torch.dtype) -> Tensor:
    """Give the array that `register_filters` registered in the type of a signal, whatever the module was cast to."""
    buffer = module.get_buffer(f"{name}_{dtype}".replace("torch.", ""))
    return buffer.to(dtype.to_complex() if buffer.is_complex() else dtype)


def spectrum_window(signal: Tensor, start: int, stop: int) -> Tensor:
    """Fourier coefficients (..., stop - start) of a real signal (..., n), n even, at bins from start to stop - 1."""
    half = torch.fft.rfft(signal, norm="forward")
    length, top = signal.shape[-1], half.shape[-1]
    if start <= -top or stop > length:
        circle = torch.cat((half, half[..., 1:-1].flip(-1).conj()), dim=-1)
        return circle[..., torch.arange(start, stop, device=signal.device) % length]
    parts = [half[..., : min(stop, top)]]
    if start < 0:
        parts.insert(0, half[..., 1 : 1 - start].flip(-1).conj())
    if stop > top:
        parts.append(half[..., length - stop + 1 : length - top + 1].flip(-1).conj())
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=-1)


class _Modulus(torch.autograd.Function):
    """Modulus of the complex numbers of which the first axis holds real and imaginary part; its gradient at 0 is 0."""

    @staticmethod
    def forward(ctx: Any, parts: Tensor) -> Tensor:
        modulus = parts[0].square().addcmul_(parts[1], parts[1]).sqrt_()
        ctx.save_for_backward(parts, modulus)
        return modulus

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        parts, modulus = ctx.saved_tensors
        return parts * (gradient / modulus).masked_fill(modulus == 0, 0.0)


def _modulus(parts: Tensor) -> Tensor:
    """Modulus; what it is given is overwritten where no gradient needs it."""
    if not parts.requires_grad:
        return parts[0].square_().addcmul_(parts[1], parts[1]).sqrt_()
    modulus: Tensor = _Modulus.apply(parts)
    return modulus
