"""Scattering on one circle: the paths through some first wavelets, for signals padded to one length."""

import math
from collections.abc import Sequence
from itertools import groupby
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from .morlet import WIDTH_AT_1, Morlet, gaussian_spectrum, morlet_spectrum
from .scattering_band import NEGLIGIBLE, Band, cast_buffer, register_filters, spectrum_window

__all__ = ["Circle", "littlewood_paley", "padded_length"]

TAIL = 5.5  # standard deviations of all filters together that padding holds on each side


class Circle(nn.Module):
    r"""Averages of the moduli of some first wavelets, and of the second ones after them, on one circle.

    Averages are products with a matrix that also takes every :math:`2^J`-th sample and leaves the padding out. Where
    the next order needs the spectrum of a modulus anyway, its few lowest bins are enough for the average.

    Args:
        J: binary logarithm of the averaging in samples.
        first: wavelets of the first order, from high to low frequencies.
        second: all wavelets of the second order.
        n_samples: length of the signals.
        length: samples on the circle, a multiple of :math:`2^{J+1}`.
        frames: samples on which averages are centred.

    Attributes:
        passed: the wavelets that each path of the output passes, none for order 0, which comes first.
        left: samples of the circle before the signal.
    """

    def __init__(
        self,
        J: int,
        first: Sequence[Morlet],
        second: Sequence[Morlet],
        *,
        n_samples: int,
        length: int,
        frames: np.ndarray,
        max_gap_fraction: float,
    ) -> None:
        super().__init__()
        self.length, self.max_gap_fraction = length, max_gap_fraction
        self.left = (length - n_samples) // 2
        self.padding = (self.left, length - n_samples - self.left)
        second = [two for two in second if two.j > first[0].j]
        self.bands1 = nn.ModuleList(Band(list(group), length) for _, group in groupby(first, lambda w: w.j))
        self.bands2 = nn.ModuleList(Band([wavelet], length) for wavelet in second)
        self.passed = [(), *((one,) for one in first), *((a, b) for b in second for a in first if a.j < b.j)]

        spectrum = gaussian_spectrum(length, WIDTH_AT_1 / 2**J)
        low_pass = np.fft.ifft(spectrum).real
        last = max((wavelet.j for wavelet in second), default=-1)
        averages = {}
        for j in {two.j for two in second} | {one.j for one in first if one.j >= last}:
            lags = (self.left + frames - np.arange(0, length, 2**j)[:, None]) % length
            averages[f"average_{j}"] = low_pass[lags] * 2**j
        self.n_bins = int(np.flatnonzero(spectrum[: length // 2] > NEGLIGIBLE * spectrum[0])[-1]) + 1
        bins = np.arange(self.n_bins)[:, None]
        turns = np.exp(2j * np.pi * bins * (self.left + frames) / length) * spectrum[bins]
        turns[1:] *= 2  # for their mirror images
        averages["average_spectrum"] = np.stack((turns.real, -turns.imag), axis=1).reshape(-1, len(frames))
        register_filters(self, averages)

    def forward(self, layer: Tensor) -> Tensor:
        """Coefficients (row, path, frame) of centred signals (1, row, time), or of (signal, weight, squared weight)."""
        layer = functional.pad(layer, self.padding, mode="reflect")[:, :, None]
        first, second = self._bands(1), self._bands(2)
        origin, spectra = self._spectra(layer, first)
        coefficients = [self._average_spectra(origin, spectra)]
        found: list[tuple[int, int, Tensor]] = []
        for one in first:
            layer = one(spectra[..., one.start - origin : one.stop - origin])
            if above := [two for two in second if two.j > one.j]:
                found.append((one.j, *self._spectra(layer, above)))
                coefficients.append(self._average_spectra(*found[-1][1:]))
            else:
                coefficients.append(self._average(layer, one.j))
        for two in second:
            windows = [
                spectra[..., two.start - origin : two.stop - origin] for j, origin, spectra in found if j < two.j
            ]
            coefficients.append(self._average(two(torch.cat(windows, dim=-2)), two.j))
        return torch.cat(coefficients, dim=1)

    def _bands(self, order: int) -> list[Band]:
        return cast("list[Band]", list(self.bands1 if order == 1 else self.bands2))

    def _spectra(self, layer: Tensor, bands: list[Band]) -> tuple[int, Tensor]:
        """The first bin that any of the bands or the average needs, and the Fourier coefficients from there on."""
        origin = min(band.start for band in bands)
        return origin, spectrum_window(layer, origin, max(self.n_bins, *(band.stop for band in bands)))

    def _average_spectra(self, origin: int, spectra: Tensor) -> Tensor:
        lowest = torch.view_as_real(spectra[:2, ..., -origin : self.n_bins - origin]).flatten(-2)
        return self._ratio(lowest @ cast_buffer(self, "average_spectrum", lowest.dtype))

    def _average(self, layer: Tensor, j: int) -> Tensor:
        return self._ratio(layer[:2] @ cast_buffer(self, f"average_{j}", layer.dtype))

    def _ratio(self, averages: Tensor) -> Tensor:
        """Averages (row, path, frame) over what was measured, of those of moduli and, with gaps, of their weights."""
        if len(averages) == 1:
            return averages[0]
        total, share = averages
        enough = share >= 1 - self.max_gap_fraction
        return torch.where(enough, total / torch.where(enough, share, 1.0), torch.nan)


def padded_length(J: int, n_samples: int, first: Sequence[Morlet], second: Sequence[Morlet]) -> int:
    """Length of the circle that signals are padded to: quick for the FFT, with room for the longest filters.

    A multiple of 2^(J+1), so that a frame lies in the middle, by a product of 2, 3, 5 and 7, and no longer
    than one reflection at either end can fill.
    """
    narrowest = [WIDTH_AT_1 / 2**J, *(min(wavelet.sigma for wavelet in family) for family in (first, second) if family)]
    width = math.sqrt(sum(sigma**-2 for sigma in narrowest)) / (2 * math.pi)  # in time, of one filter after another
    step = 2 ** (J + 1)
    least = math.ceil((n_samples + 2 * TAIL * width) / step)
    fast = next(k for k in range(least, 2 * least + 1) if math.gcd(k, 210**20) == k)
    return min(step * fast, 2 ** int(math.log2(3 * n_samples - 2)))


def littlewood_paley(J: int, wavelets: Sequence[Morlet], length: int) -> np.ndarray:
    """Energy that a real signal keeps at each frequency of a circle, in the low-pass filter and some wavelets."""
    power = np.zeros(length)
    for wavelet in wavelets:
        power += morlet_spectrum(length, wavelet.xi, wavelet.sigma) ** 2
    return gaussian_spectrum(length, WIDTH_AT_1 / 2**J) ** 2 + (power + np.roll(power[::-1], 1)) / 2
