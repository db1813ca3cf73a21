"""Maximal overlap discrete wavelet transform of a batch, circular, at any length."""

from math import pi

import torch

from fhr.errors import FHRError
from fhr.multiscale.wavelet_transform import filters

from .fourier import irfft, rfft

__all__ = ["UndecimatedTransform", "coarsest_scale"]


def coarsest_scale(n: int, wavelet: str) -> int:
    """The coarsest scale whose filter is no longer than a signal of n samples; 0 where none is."""
    taps, scale = len(filters(wavelet)[0]), 0
    while (2 ** (scale + 1) - 1) * (taps - 1) + 1 <= n:
        scale += 1
    return scale


class UndecimatedTransform:
    r"""Undecimated wavelet transform of real signals of n samples, taken as periodic.

    .. math:: W_j = \mathcal{F}^{-1}[H_j X], \quad X = \sum_j H_j^* \mathcal{F}[W_j], \quad \sum_j |H_j|^2 = 1

    with the scales 1 to `scales` and, last, what is smoother than all of them. As many coefficients as samples at each
    scale, which move with the signal; energies add up to its own.

    Args:
        n: samples.
        wavelet: an orthogonal wavelet of PyWavelets.
        scales: how many.
        like: a complex tensor of the kind and device to compute with.

    Raises:
        FHRError: another wavelet, or more scales than the signal is long enough for.

    Source:
        Percival and Walden 2000, Wavelet Methods for Time Series Analysis, chapter 5, doi:10.1017/CBO9780511841040.
    """

    def __init__(self, n: int, wavelet: str, scales: int, like: torch.Tensor) -> None:
        most = coarsest_scale(n, wavelet)
        if not 1 <= scales <= most:
            remedy = f"give 1 to {most}" if most else "give longer signals or a shorter wavelet"
            raise FHRError(f"scales={scales} with {wavelet} and {n} samples; {remedy}")
        low, high = (torch.tensor(taps, dtype=torch.float64) for taps in filters(wavelet))
        frequency = torch.arange(n // 2 + 1, dtype=torch.float64) / n
        smooth = torch.ones(len(frequency), dtype=torch.complex128)
        found = []
        for j in range(scales):
            angle = 2 * pi * ((frequency * 2**j) % 1)[:, None] * torch.arange(len(low))
            turns = torch.polar(torch.ones_like(angle), -angle)
            found.append(smooth * (turns @ high.to(turns.dtype)))
            smooth = smooth * (turns @ low.to(turns.dtype))
        self.n = n
        self.responses = torch.stack([*found, smooth]).to(like.dtype).to(like.device)

    def __len__(self) -> int:
        """Number of scales, the smooth part included."""
        return len(self.responses)

    def coefficients(self, transform: torch.Tensor, scale: int) -> torch.Tensor:
        """Coefficients (..., n) of one scale, counted from 0, from the Fourier transform of a signal."""
        return irfft(transform * self.responses[scale], self.n)

    def part(self, coefficients: torch.Tensor, scale: int) -> torch.Tensor:
        """Fourier transform of the part of a signal that coefficients (..., n) of one scale make."""
        return rfft(coefficients) * self.responses[scale].conj()
