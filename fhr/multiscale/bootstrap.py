"""Time-scale block bootstrap: cells of time are resampled as counts.

A cell is the dyadic interval of a coefficient of the coarsest scale, with all finer coefficients beneath it. Blocks of
neighbouring cells are drawn, so that every scale is resampled at the same times; what a replicate needs is then the
sums of each cell, times how often the cell was drawn. One matrix of counts serves all signals.
"""

from math import ceil

import numpy as np
import torch
from scipy import stats

from fhr.compute import stream

__all__ = ["BLOCK", "Cells", "counts_with_signal", "inflation", "percentile_interval", "resampling_counts", "widening"]

BLOCK = 3  # cells, as many as the neighbourhood of a leader


class Cells:
    """Cells of time: the dyadic intervals of the coarsest scale, and the coefficients of each scale in them.

    Args:
        n_samples: length of the signals.
        taps: of the wavelet's filters.
        j1: finest scale.
        j2: coarsest scale, whose dyadic intervals are the cells.
    """

    def __init__(self, n_samples: int, taps: int, j1: int, j2: int) -> None:
        sizes = [n_samples]
        for _ in range(j2):
            sizes.append((sizes[-1] - taps) // 2 + 1)
        self._offset, self._j2 = taps // 2 - 1, j2
        self._first = min(self._cell(0, j1), 0)
        self.n = max(self._cell(sizes[j1] - 1, j1), sizes[j2] - 1) - self._first + 1

    def _cell(self, k: int, j: int) -> int:
        """The ancestor of coefficient k of scale j."""
        below = 2 ** (self._j2 - j)
        return (k - self._offset * (below - 1)) // below

    def _split(self, values: torch.Tensor, j: int, k0: int) -> torch.Tensor:
        below = 2 ** (self._j2 - j)
        before = k0 - self._offset * (below - 1) - self._first * below
        after = self.n * below - before - values.shape[-2]
        return torch.nn.functional.pad(values, (0, 0, before, after)).unflatten(-2, (self.n, below))

    def sums(self, values: torch.Tensor, j: int, k0: int = 0) -> torch.Tensor:
        """Sum `values` (..., k, batch) of scale j, whose first is that of k0, over each cell (..., cell, batch)."""
        return self._split(values, j, k0).sum(-2)

    def maxima(self, values: torch.Tensor, j: int) -> torch.Tensor:
        """Largest of each cell (cell, batch) of non-negative `values` (k, batch) of scale j."""
        return self._split(values, j, 0).amax(-2)


def resampling_counts(n_cells: int, n_bootstrap: int, seed: int) -> np.ndarray:
    """Numbers of times that each replicate draws each cell: (n_bootstrap, n_cells), circular blocks of `BLOCK` cells.

    Source:
        Wendt and Abry 2007, IEEE Trans. Signal Process. 55:4811-4820, doi:10.1109/TSP.2007.896269.
    """
    starts = stream(seed, "cells of a multiscale bootstrap").integers(0, n_cells, (n_bootstrap, ceil(n_cells / BLOCK)))
    drawn = (starts[..., None] + np.arange(BLOCK)).reshape(n_bootstrap, -1) % n_cells
    flat = drawn + n_cells * np.arange(n_bootstrap)[:, None]
    return np.bincount(flat.ravel(), minlength=n_bootstrap * n_cells).reshape(n_bootstrap, n_cells)


def counts_with_signal(n_cells: int, n_bootstrap: int, seed: int, like: torch.Tensor) -> torch.Tensor:
    """`resampling_counts` below a first row of ones, which gives the signal itself: (1 + n_bootstrap, n_cells)."""
    drawn = resampling_counts(n_cells, n_bootstrap, seed)
    return torch.from_numpy(np.vstack([np.ones_like(drawn[:1]), drawn])).to(like)


def percentile_interval(estimates: torch.Tensor, wider: torch.Tensor, confidence: float) -> torch.Tensor:
    """Percentile interval (..., batch, 2) of the replicates 1, 2, ... of `estimates` (..., r, batch).

    Its ends are moved away from the estimate of the signal itself, replicate 0, by the factor `wider` (batch,).
    """
    centre, ordered = estimates[..., 0, :], estimates[..., 1:, :].sort(dim=-2).values
    ends = []
    for level in (0.5 - confidence / 2, 0.5 + confidence / 2):
        position = level * (ordered.shape[-2] - 1)
        below = min(int(position), ordered.shape[-2] - 2)
        end = torch.lerp(ordered[..., below, :], ordered[..., below + 1, :], position - below)
        ends.append(centre + wider * (end - centre))
    return torch.stack(ends, dim=-1)


def inflation(blocks: np.ndarray, confidence: float) -> np.ndarray:
    r"""Factor by which percentile intervals of few blocks are too narrow: :math:`\sqrt{b/(b-1)}\, t_{b-1} / z`.

    A mean over b independent blocks varies b/(b-1) times more than its bootstrap replicates, and its own spread is
    uncertain, as in Student's interval. NaN below three blocks.
    """
    enough = np.where(blocks >= 3, blocks, np.nan)
    level = 0.5 + confidence / 2
    factor: np.ndarray = np.sqrt(enough / (enough - 1)) * stats.t.ppf(level, enough - 1) / stats.norm.ppf(level)
    return factor


def widening(n_finest: torch.Tensor, octaves: int, confidence: float) -> torch.Tensor:
    """`inflation` of each signal (batch,), from its number of leaders `octaves` below the scale of the cells."""
    blocks = n_finest.detach() / 2**octaves / BLOCK
    return torch.as_tensor(inflation(blocks.cpu().numpy(), confidence)).to(n_finest)
