"""LipschitzNet: a network whose score no error of some bpm can move by more than a known amount."""

from collections.abc import Sequence
from math import pi

import torch
from torch import nn
from torch.nn import functional as F

from fhr.errors import FHRError

from .lipschitz_layers import AOLConv, MaxMin, SLLConv
from .network import Network
from .sorted_pooling import SortedPooling
from .trunk import validity

__all__ = ["LipschitzNet"]

_SHARE = 0.1  # of the last batch in the running mean
_ROUNDING = 3e-6  # of the terms of a score, many times what sums in float32 have been seen to lose
BPM = 20.0  # of the heart rate, a unit of its channel, by the fixed scaling of `fhr.preprocessing.Pipeline`


class LipschitzNet(Network):
    r"""Heart rate and 1-Lipschitz filters of it, sorted over nested last parts, and scored by a unit vector.

    .. math:: y = (\cos\theta\, x, \sin\theta\, f(x)), \quad e = \mathrm{sorted}(y), \quad
        \mathrm{score} = g \langle v, e - c \rangle + b, \quad |v| \le 1

    with f an AOL convolution, MaxMin and SLL blocks (`fhr.models.AOLConv`, `SLLConv`), sorted as by `SortedPooling`,
    c the running mean of e in training, and g the `gain`: of a complete window **the score moves by at most g per bpm
    RMS of any error**, by construction and whatever was learnt. A margin of a loss, in units of the score, is thus one
    in bpm. With missing signal it is `slope`.

    What was not measured is not read: x is 0 there, its weight in the sorting is 0, and filtered values count where all
    that they see was measured. So a lost stretch changes filtered values nowhere, and weights within `reach` of it.
    Neither uterine activity nor any channel between the first and the mask is read at all: no change of its gain
    changes anything.

    Args:
        n_channels: input channels; the first is heart rate, the last the mask where there is more than one.
        n_outputs: scores a window.
        gain: score per bpm.
        width: even number of filtered channels; 0 for the heart rate alone.
        kernel_size: odd, samples.
        depth: SLL blocks.
        parts: nested last parts, as of `SortedPooling`.
        bins: of the quantile functions.

    Raises:
        FHRError: a gain that is not above 0, or sizes that make no layer.

    Shape:
        (batch, n_channels, time) to (batch, n_outputs), any time.

    Source:
        AOL: Prach and Lampert 2022, arXiv:2208.03160; SLL: Araujo et al. 2023, arXiv:2303.03169. Sorting as a layer:
        Anil et al. 2019, arXiv:1811.05381, there of channels.
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
        if not gain > 0 or width < 0 or width % 2 or depth < 0:
            raise FHRError(
                f"gain={gain}, width={width}, depth={depth}; give a gain above 0, an even width (0 for no filters) "
                "and a depth of 0 or more"
            )
        self.gain, self.reach = gain, (1 + 2 * depth) * (kernel_size // 2) if width else 0
        self.n_filtered, self.filters = width, None
        if width:
            blocks = [SLLConv(width, kernel_size) for _ in range(depth)]
            self.filters = nn.Sequential(AOLConv(1, width, kernel_size), MaxMin(), *blocks)
            self.angle = nn.Parameter(torch.tensor(pi / 6))
        self.pool = SortedPooling(parts, bins)
        d = (1 + width) * len(self.pool.parts) * bins
        self.direction = nn.Parameter(torch.randn(n_outputs, d) * (0.1 / d**0.5))
        self.bias = nn.Parameter(torch.zeros(n_outputs))
        self.register_buffer("centre", torch.zeros(d))
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

    def embed(self, signal: torch.Tensor) -> torch.Tensor:
        """Pooled numbers (batch, d) of `signal` (batch, n_channels, time), in bpm."""
        present = validity(signal)
        x = signal[:, :1] * present
        values = x if self.filters is None else torch.cat([x * self.angle.cos(), self._filtered(x)], dim=1)
        weight = signal[:, -1:] if signal.shape[1] > 1 else present
        return BPM * self.pool(values, self._weights(weight)).flatten(1)

    def slope(self, signal: torch.Tensor) -> torch.Tensor:
        """Most that the score moves per bpm RMS of an error (batch,), over all samples with a mask above 0.

        It depends on the mask alone, and is `gain` for a complete window.
        """
        present = validity(signal)
        squared = self.pool.squared_gain(self._weights(signal[:, -1:] if signal.shape[1] > 1 else present))
        kept = squared[:, 0]
        if self.filters is not None:
            kept = self.angle.cos().square() * kept + self.angle.sin().square() * squared[:, 1]
        return self.gain * (kept * present.sum((1, 2))).sqrt()

    def bounds(
        self, low: torch.Tensor, high: torch.Tensor, least: torch.Tensor, most: torch.Tensor, lost: float = 0.0
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Bounds of the scores where values and masks of windows are known within bounds only.

        Args:
            low: (batch, time) least heart rate, scaled; finite where the mask may be above 0.
            high: largest. Values of one window serve for many masks.
            least: (batch, time) least mask, 0 to 1.
            most: largest.
            lost: samples that may be missing beside these, wherever they are.

        Returns:
            Least and largest scores (batch, n_outputs), float64. Rounding of the network itself, in float32, is added.
        """
        low, high, least, most = (x.double().unsqueeze(1) for x in (low, high, least, most))
        down, up = (torch.where(most.amax(0, keepdim=True) > 0, x, 0.0) for x in (low, high))
        if self.filters is not None:
            cos, (below, above) = self.angle.double().cos(), self._filtered_bounds(down, up)
            down, up = torch.cat([down * cos, below], dim=1), torch.cat([up * cos, above], dim=1)
        gone = down.new_tensor([lost, *[lost * (1 + 2 * self.reach)] * self.n_filtered])[None, :, None]
        pooled = self.pool.bounds(down, up, self._weights(least), self._weights(most), gone)
        below, above = (BPM * x.flatten(1) for x in pooled)
        unit = self._unit().double()
        middle = ((above + below) / 2 - self.centre.double()) @ unit.T
        reach = (above - below) / 2 @ unit.abs().T
        rounding = _ROUNDING * (torch.maximum(below.abs(), above.abs()) @ unit.abs().T)
        centre = self.gain * middle + self.bias.double()
        return centre - self.gain * (reach + rounding), centre + self.gain * (reach + rounding)

    def _unit(self) -> torch.Tensor:
        """The directions (n_outputs, d), none longer than 1."""
        return self.direction / torch.linalg.vector_norm(self.direction, dim=1, keepdim=True).clamp_min(1.0)

    def _filtered(self, x: torch.Tensor) -> torch.Tensor:
        assert self.filters is not None
        filtered: torch.Tensor = self.angle.sin() * self.filters(x)
        return filtered

    def _filtered_bounds(self, low: torch.Tensor, high: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Bounds of the filtered channels, interval by interval; without a way round, where they are equal."""
        assert self.filters is not None
        sin = self.angle.double().sin()
        for block in self.filters:
            low, high = block.bounds(low, high)
        return (low * sin, high * sin) if sin >= 0 else (high * sin, low * sin)

    def _weights(self, weight: torch.Tensor) -> torch.Tensor:
        """Weight (batch, channel, time) of each channel of masks (batch, 1, time)."""
        if self.filters is None:
            return weight
        present = (weight > 0).to(weight.dtype)
        apart = F.pad(1 - present, (self.reach, self.reach))  # beyond the ends nothing is missing
        whole = 1 - F.max_pool1d(apart, 2 * self.reach + 1, 1)
        return torch.cat([weight, (weight * whole).expand(-1, self.n_filtered, -1)], dim=1)
