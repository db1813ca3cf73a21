"""Spectrum and values that a surrogate has to have, and the nearest signal that has them."""

from typing import NamedTuple

import torch

from .complete_signals import is_constant, relative
from .fourier import in_rank_order, irfft, rfft

__all__ = ["Spectrum", "Target"]


class Spectrum(NamedTuple):
    """Fourier transform of signals (batch, channel, time), of which a surrogate keeps the amplitudes.

    Attributes:
        transform: complex (batch, channel, frequency).
        amplitude: its modulus.
        n: samples of the signals.
    """

    transform: torch.Tensor
    amplitude: torch.Tensor
    n: int

    @classmethod
    def of(cls, values: torch.Tensor) -> "Spectrum":
        """The spectrum of signals."""
        transform = rfft(values)
        return cls(transform, transform.abs(), values.shape[-1])

    def nearest(self, x: torch.Tensor, joint: bool) -> torch.Tensor:
        """Signals of this spectrum near to x (batch, channel, time); their mean is that of the original.

        Each channel keeps the phases of x. With `joint` all channels of the original are turned by one angle at each
        frequency, the one that minimises the sum over channels of the squared distances of phases on the unit circle.
        """
        like = rfft(x)
        if joint:
            turn = torch.sgn(torch.sgn(like * self.transform.conj()).sum(-2, keepdim=True))
            found = self.transform * torch.where(turn == 0, 1.0, turn)
        else:
            found = self.amplitude * torch.sgn(like)
        found[..., 0] = self.transform[..., 0]
        return irfft(found, self.n)

    def error(self, x: torch.Tensor) -> torch.Tensor:
        """Relative L2 error (batch, channel) of the amplitudes of x, over all frequencies but 0."""
        return relative(rfft(x).abs()[..., 1:] - self.amplitude[..., 1:], self.amplitude[..., 1:])

    def cross_error(self, x: torch.Tensor) -> torch.Tensor:
        """Relative L2 error (batch,) of the cross-spectra of x, all pairs of channels together; 0 for one channel."""
        length = torch.linalg.vector_norm(self.amplitude[..., 1:], dim=-1)[..., None]
        length = torch.where(length > 0, length, 1.0)  # each channel counts alike, whatever its unit is
        asked, found = (_crossed(one[..., 1:] / length) for one in (self.transform, rfft(x)))
        return relative(found - asked, asked)


class Target(NamedTuple):
    """Spectrum and values of signals.

    Attributes:
        spectrum: of the signals.
        values: (batch, channel, time), sorted.
        constant: (batch, channel), channels of one value alone, whose spectrum is rounding.
    """

    spectrum: Spectrum
    values: torch.Tensor
    constant: torch.Tensor

    @classmethod
    def of(cls, values: torch.Tensor) -> "Target":
        """The target of signals."""
        return cls(Spectrum.of(values), values.sort(-1).values, is_constant(values))

    def rows(self, which: torch.Tensor) -> "Target":
        """The target of some signals of the batch."""
        transform, amplitude, n = self.spectrum
        spectrum = Spectrum(transform[which], amplitude[which], n)
        return Target(spectrum, self.values[which], self.constant[which])

    def ranked(self, x: torch.Tensor) -> torch.Tensor:
        """The values in the order of x: the nearest signals that have them."""
        return in_rank_order(self.values, x)

    def distance(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """L2 distance (batch, channel) of two signals beside the original's own size without its mean."""
        return relative(x - y, self.values - self.values.mean(-1, keepdim=True)).masked_fill(self.constant, 0.0)

    def errors(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Errors of x: spectrum and amplitudes, each (batch, channel), and cross-spectra (batch,)."""
        of_spectrum = self.spectrum.error(x).masked_fill(self.constant, 0.0)
        between = self.spectrum.cross_error(x).masked_fill((~self.constant).sum(-1) < 2, 0.0)
        return of_spectrum, self.distance(x.sort(-1).values, self.values), between


def _crossed(transform: torch.Tensor) -> torch.Tensor:
    """Products (batch, pair x frequency) of the transforms of each pair of channels."""
    first, second = torch.triu_indices(transform.shape[1], transform.shape[1], offset=1)
    return (transform[:, first] * transform[:, second].conj()).flatten(1)
