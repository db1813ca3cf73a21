"""LipschitzNet: a network whose score no error of some bpm can move by more than a known amount."""

from collections.abc import Sequence

import torch
from torch import nn

from fhr.errors import FHRError

from .sorted_network import SortedNetwork

__all__ = ["LipschitzNet"]

_SHARE = 0.1  # of the last batch in the running mean
_ROUNDING = 3e-6  # of the terms of a score, many times what sums in float32 have been seen to lose


class LipschitzNet(SortedNetwork):
    r"""Sorted heart rate and filters of it (`SortedNetwork`), scored by a unit vector.

    .. math:: \mathrm{score} = g \langle v, e - c \rangle + b, \quad |v| \le 1

    with e the embedding, c its running mean in training, and g the `gain`: of a complete window **the score moves by at
    most g per bpm RMS of any error**, by construction and whatever was learnt. A margin of a loss, in units of the
    score (`fhr.losses.OrdinalMargin`), is thus one in bpm.

    Args:
        n_channels: input channels; the first is heart rate, the last the mask where there is more than one.
        n_outputs: scores a window.
        gain: score per bpm.
        width: even number of filtered channels; 0 for the heart rate alone.
        kernel_size: of the filters, odd, samples.
        depth: SLL blocks.
        parts: nested last parts, as of `SortedPooling`.
        bins: of the quantile functions.

    Raises:
        FHRError: a gain that is not above 0, or sizes that make no layer.

    Shape:
        (batch, n_channels, time) to (batch, n_outputs), any time.
    """

    centre: torch.Tensor
    batches: torch.Tensor

    def __init__(
        self,
        n_channels: int = 3,
        n_outputs: int = 1,
        gain: float = 0.2,
        width: int = 8,
        kernel_size: int = 9,
        depth: int = 1,
        parts: Sequence[float] = (1.0, 1 / 2, 1 / 3, 1 / 6),
        bins: int = 32,
    ) -> None:
        super().__init__()
        if not gain > 0:
            raise FHRError(f"gain={gain}; give a score per bpm above 0")
        self.gain = gain
        self.sort_by(parts, bins, width=width, kernel_size=kernel_size, depth=depth)
        self.direction = nn.Parameter(torch.randn(n_outputs, self.size) * (0.1 / self.size**0.5))
        self.bias = nn.Parameter(torch.zeros(n_outputs))
        self.register_buffer("centre", torch.zeros(self.size))
        self.register_buffer("batches", torch.zeros(()))

    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        """Scores (batch, n_outputs) of `signal` (batch, n_channels, time)."""
        embedded = self.embed(signal)
        if self.training:
            # What all labours share is no direction to learn in; without it the first steps are lost on the level.
            with torch.no_grad():
                share = (1 / (self.batches + 1)).clamp_min(_SHARE)
                self.centre += share * (embedded.mean(0) - self.centre)
                self.batches += 1
        return self.gain * (embedded - self.centre) @ self._unit().T + self.bias

    def slope(self, signal: torch.Tensor) -> torch.Tensor:
        """Most that a score moves per bpm RMS of an error (batch,), from any signal with this mask on."""
        return self.gain * self.stretch(signal)

    def bounds(self, below: torch.Tensor, above: torch.Tensor, apart: float = 0.0) -> tuple[torch.Tensor, torch.Tensor]:
        """Bounds of the scores of embeddings that are known within bounds only.

        Args:
            below: (batch, size) of `embedded_bounds`.
            above: (batch, size) of the same.
            apart: bpm, from an embedding within these bounds.

        Returns:
            Least and largest scores (batch, n_outputs), float64. Rounding of the network itself, in float32, is added.
        """
        unit = self._unit().double()
        middle = ((above + below) / 2 - self.centre.double()) @ unit.T
        reach = (above - below) / 2 @ unit.abs().T + apart
        rounding = _ROUNDING * (torch.maximum(below.abs(), above.abs()) @ unit.abs().T)
        centre = self.gain * middle + self.bias.double()
        return centre - self.gain * (reach + rounding), centre + self.gain * (reach + rounding)

    def _unit(self) -> torch.Tensor:
        """The directions (n_outputs, size), none longer than 1."""
        return self.direction / torch.linalg.vector_norm(self.direction, dim=1, keepdim=True).clamp_min(1.0)
