"""Networks that read the heart rate by sorting: an embedding that moves no further than the error does."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from math import pi
from typing import TypeAlias, cast

import torch
from torch import nn
from torch.nn import functional as F

from fhr.errors import FHRError

from .lipschitz_layers import AOLConv, MaxMin, SLLConv
from .network import Network
from .sorted_pooling import SortedPooling
from .trunk import validity

__all__ = ["BoundScores", "SortedNetwork"]

BoundScores: TypeAlias = Callable[[torch.Tensor, torch.Tensor, float], tuple[torch.Tensor, torch.Tensor]]
"""Least and largest scores of embeddings between two, or so many bpm from these, see `LipschitzNet.bounds`."""

BPM = 20.0  # of the heart rate, a unit of its channel, by the fixed scaling of `fhr.preprocessing.Pipeline`


class SortedNetwork(Network):
    r"""Heart rate and 1-Lipschitz filters of it, sorted over nested last parts; a derived class scores them.

    .. math:: y = (\cos\theta\, x, \sin\theta\, f(x)), \quad e = \mathrm{sorted}(y)

    with f an AOL convolution, MaxMin and SLL blocks (`fhr.models.AOLConv`, `SLLConv`), sorted as by `SortedPooling`. Of
    a complete window, of which the parts are whole samples, **the embedding moves by at most 1 per bpm RMS of any
    error**, by construction and whatever was learnt; with missing signal by `stretch`.

    What was not measured is not read: x is 0 there, its weight in the sorting is 0, and filtered values count where all
    that they see was measured. So a lost stretch changes filtered values nowhere, and weights within `reach` of it.
    Neither uterine activity nor any channel between the first and the mask is read at all: no change of its gain
    changes anything.

    Attributes:
        reads_activity: False.
        size: numbers of the embedding.
        reach: samples to either side that a filtered value sees.

    Source:
        AOL: Prach and Lampert 2022, arXiv:2208.03160; SLL: Araujo et al. 2023, arXiv:2303.03169. Sorting as a layer:
        Anil et al. 2019, arXiv:1811.05381, there of channels.
    """

    reads_activity = False
    size: int
    reach: int

    def sort_by(
        self, parts: Sequence[float], bins: int, *, width: int = 0, kernel_size: int = 9, depth: int = 1
    ) -> None:
        """Make filters and pooling.

        Args:
            parts: nested last parts, as of `SortedPooling`.
            bins: of the quantile functions.
            width: even number of filtered channels; 0 for the heart rate alone.
            kernel_size: of the filters, odd, samples.
            depth: SLL blocks.

        Raises:
            FHRError: sizes that make no layer.
        """
        if width < 0 or width % 2 or depth < 0:
            raise FHRError(f"width={width}, depth={depth}; give an even width (0 for no filters), a depth of 0 or more")
        self.reach = (1 + 2 * depth) * (kernel_size // 2) if width else 0
        self.n_filtered, self.filters = width, None
        if width:
            blocks = [SLLConv(width, kernel_size) for _ in range(depth)]
            self.filters = nn.Sequential(AOLConv(1, width, kernel_size), MaxMin(), *blocks)
            self.angle = nn.Parameter(torch.tensor(pi / 6))
        self.pool = SortedPooling(parts, bins)
        self.size = (1 + width) * len(self.pool.parts) * bins

    def embed(self, signal: torch.Tensor) -> torch.Tensor:
        """Pooled numbers (batch, d) of `signal` (batch, n_channels, time), in bpm."""
        present = validity(signal)
        x = signal[:, :1] * present
        values = x if self.filters is None else torch.cat([x * self.angle.cos(), self._filtered(x)], dim=1)
        weight = signal[:, -1:] if signal.shape[1] > 1 else present
        return BPM * self.pool(values, self._weights(weight)).flatten(1)

    def stretch(self, signal: torch.Tensor) -> torch.Tensor:
        """Most that the embedding moves per bpm RMS of an error (batch,), over all samples with a mask above 0.

        It depends on the mask alone, and is 1 for a complete window of which the parts are whole samples.
        """
        present = validity(signal)
        squared = self.pool.squared_gain(self._weights(signal[:, -1:] if signal.shape[1] > 1 else present))
        kept = squared[:, 0]
        if self.filters is not None:
            kept = self.angle.cos().square() * kept + self.angle.sin().square() * squared[:, 1]
        return (kept * present.sum((1, 2))).sqrt()

    @property
    def key(self) -> object:
        """Two networks of one key, which have no filters, have one embedding and one `embedded_bounds`."""
        return (self.pool.parts, self.pool.bins) if self.filters is None else self

    def embedded_bounds(
        self,
        low: torch.Tensor,
        high: torch.Tensor,
        least: torch.Tensor,
        most: torch.Tensor,
        lost: float = 0.0,
        crossing: int = 0,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Bounds of the embedding where values and masks of windows are known within bounds only.

        Args:
            low: (batch, time) least heart rate, scaled; finite where the mask may be above 0.
            high: largest. Values of one window serve for many masks.
            least: (batch, time) least mask, 0 to 1.
            most: largest.
            lost: samples that may be missing beside these, wherever they are.
            crossing: samples by which what is read may be moved across the beginning of a part, see `SortedPooling`.

        Returns:
            Least and largest (batch, size), float64.
        """
        low, high, least, most = (x.double().unsqueeze(1) for x in (low, high, least, most))
        down, up = (torch.where(most.amax(0, keepdim=True) > 0, x, 0.0) for x in (low, high))
        if self.filters is not None:
            cos, (below, above) = self.angle.double().cos(), self._filtered_bounds(down, up)
            down, up = torch.cat([down * cos, below], dim=1), torch.cat([up * cos, above], dim=1)
        gone = down.new_tensor([lost, *[lost * (1 + 2 * self.reach)] * self.n_filtered])[None, :, None]
        pooled = self.pool.bounds(down, up, self._weights(least), self._weights(most), gone, crossing)
        below, above = (BPM * x.flatten(1) for x in pooled)
        return below, above

    @abstractmethod
    def bounds(self, below: torch.Tensor, above: torch.Tensor, apart: float = 0.0) -> tuple[torch.Tensor, torch.Tensor]:
        """Bounds of the scores of embeddings that are known within bounds only, see `LipschitzNet.bounds`."""

    def bounding(self) -> BoundScores:
        """The method `bounds` for many calls with these weights: what does not depend on embeddings is done once."""
        return self.bounds

    @abstractmethod
    def slope(self, signal: torch.Tensor) -> torch.Tensor:
        """Most that a score moves per bpm RMS of an error (batch,), from any signal with this mask on."""

    def _filtered(self, x: torch.Tensor) -> torch.Tensor:
        assert self.filters is not None
        filtered: torch.Tensor = self.angle.sin() * self.filters(x)
        return filtered

    def _filtered_bounds(self, low: torch.Tensor, high: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Bounds of the filtered channels, interval by interval; without a way round, where they are equal."""
        assert self.filters is not None
        sin = self.angle.double().sin()
        for block in cast("Iterable[AOLConv | MaxMin | SLLConv]", self.filters):
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
