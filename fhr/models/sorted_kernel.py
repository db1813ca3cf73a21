"""SortedKernel: sorted heart rate under a Gaussian kernel, solved in closed form and smooth by a known amount."""

from collections.abc import Callable, Sequence
from functools import partial

import torch

from .gaussian_ridge_head import GaussianRidgeHead
from .sorted_network import BoundScores, SortedNetwork

__all__ = ["SortedKernel"]


class SortedKernel(SortedNetwork):
    """Sorted heart rate (`SortedNetwork`) under a `GaussianRidgeHead`, trained by `fhr.tasks.KernelTask`.

    The embedding moves by at most 1 bpm per bpm RMS of an error, and the score over a distance by what the norm of the
    head, and its slope at this labour, allow. Until the head is fitted to records every score is 0.

    Args:
        n_channels: input channels; the first is heart rate, the last the mask where there is more than one.
        width: of the kernel, bpm.
        penalty: of the ridge.
        filters: even number of filtered channels; 0 for the heart rate alone.
        parts: nested last parts, as of `SortedPooling`.
        bins: of the quantile functions.
        capacity: most training records.

    Raises:
        FHRError: numbers that make no kernel or no layer.

    Shape:
        (batch, n_channels, time) to (batch, 1), any time.
    """

    def __init__(
        self,
        n_channels: int = 3,
        width: float = 12.0,
        penalty: float = 3.0,
        filters: int = 0,
        parts: Sequence[float] = (1.0, 1 / 2, 1 / 3, 1 / 6),
        bins: int = 32,
        capacity: int = 512,
    ) -> None:
        super().__init__()
        self.sort_by(parts, bins, width=filters)
        self.head = GaussianRidgeHead(self.size, capacity, penalty, width)

    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        """Scores (batch, 1) of `signal` (batch, n_channels, time)."""
        scores: torch.Tensor = self.head(self.embed(signal))
        return scores

    def slope(self, signal: torch.Tensor) -> torch.Tensor:
        """Most that the score moves per bpm RMS of an error (batch,), from any signal with this mask on."""
        return self.head.norm() / self.head.width * self.stretch(signal)

    def moving(self, signal: torch.Tensor) -> Callable[[torch.Tensor], torch.Tensor]:
        """Most that the score moves (batch,) by errors of so many bpm RMS (batch,), at the mask of `signal`."""
        moving, stretch = self.head.moving(self.embed(signal)), self.stretch(signal)
        return lambda rms: moving(stretch * rms)

    def bounds(self, below: torch.Tensor, above: torch.Tensor, apart: float = 0.0) -> tuple[torch.Tensor, torch.Tensor]:
        """Bounds of the scores (batch, 1) of embeddings within bounds, see `LipschitzNet.bounds`."""
        return self.head.bounds(below, above, apart)

    def bounding(self) -> BoundScores:
        """See `SortedNetwork`."""
        return partial(self.head.bounds, norm=self.head.norm())
