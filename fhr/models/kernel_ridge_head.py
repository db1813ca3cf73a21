"""Kernel-ridge head with Laplacian kernels, one a block of the embedding."""

from collections.abc import Sequence

import torch
from torch import nn

from fhr.errors import FHRError

from .laplacian_ridge import DECAY, PENALTY
from .ridge_head import RidgeHead

__all__ = ["KernelRidgeHead"]

_LIMIT = 3.0  # standard deviations, beyond which an embedding is bent towards this


class KernelRidgeHead(RidgeHead):
    r"""Ridge regression with a sum of Laplacian kernels, one a block of the embedding, on the records it was fitted to.

    .. math:: K = \sum_b w_b \exp(-d_b\, \mathrm{mean}_{j \in b} |z_j - z'_j|), \quad \sum_b w_b = 1,

    with z the embedding, standardised over the records and bent beyond three standard deviations. What a trunk has to
    learn for this head is the embedding in which births of like outcome are near each other. Weights, decays and
    penalty, a handful of numbers, may be learnt by leave-one-out too.

    Args:
        blocks: numbers of the embedding in each block, in order.
        capacity: most records that it can be fitted to; a checkpoint has room for as many.
        penalty: lambda at the start.
        decay: d of every block at the start.

    Attributes:
        n_records: that it was fitted to; 0 before, where every score is 0.

    Raises:
        FHRError: no block, or a penalty, decay or capacity that is not positive.

    Shape:
        (batch, sum of blocks) to (batch, 1), larger where the target is.

    Source:
        Deep kernels: Wilson et al. 2016, arXiv:1511.02222, there with the marginal likelihood.
    """

    centre: torch.Tensor
    spread: torch.Tensor

    def __init__(
        self,
        blocks: Sequence[int],
        capacity: int = 512,
        penalty: float = PENALTY,
        decay: float = DECAY,
    ) -> None:
        if not blocks or min(*blocks, capacity) < 1 or min(penalty, decay) <= 0:
            raise FHRError(
                f"blocks={list(blocks)}, capacity={capacity}, penalty={penalty}, decay={decay}; give positive numbers"
            )
        d, n = sum(blocks), len(blocks)
        super().__init__(d, capacity, penalty)
        self.blocks = tuple(blocks)
        self.log_weights = nn.Parameter(torch.zeros(n))
        self.log_decays = nn.Parameter(torch.full((n,), decay).log())
        self.register_buffer("centre", torch.zeros(d))
        self.register_buffer("spread", torch.ones(d))

    def kernel(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Kernel (n, m) of scaled embeddings (n, d) and (m, d)."""
        total = a.new_zeros(len(a), len(b))
        blocks = zip(a.split(self.blocks, 1), b.split(self.blocks, 1), strict=True)
        for (x, y), weight, decay in zip(blocks, self.log_weights.softmax(0), self.log_decays.exp(), strict=True):
            total = total + weight * torch.exp(-decay / x.shape[1] * torch.cdist(x, y, p=1.0))
        return total

    def scaled(self, embedding: torch.Tensor) -> torch.Tensor:
        """Standardised embeddings, bent beyond three standard deviations."""
        return _bent(embedding, self.centre, self.spread)

    def scaled_over(self, embedding: torch.Tensor, weight: torch.Tensor, *, keep: bool = False) -> torch.Tensor:
        """Embeddings standardised over these records, see `RidgeHead`."""
        centre, spread = _moments(embedding, weight)
        if keep:
            self.centre.copy_(centre)
            self.spread.copy_(spread)
        return _bent(embedding, centre, spread)


def _moments(embedding: torch.Tensor, weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and standard deviation over records, each once, as normal scores are taken; a constant is left unscaled."""
    known = (weight > 0).to(embedding.dtype)[:, None]
    n = known.sum().clamp_min(1)
    centre = (embedding * known).sum(0) / n
    variance = ((embedding - centre).square() * known).sum(0) / n
    return centre, torch.where(variance > 1e-12, variance, 1.0).sqrt()


def _bent(embedding: torch.Tensor, centre: torch.Tensor, spread: torch.Tensor) -> torch.Tensor:
    return _LIMIT * torch.tanh((embedding - centre) / (_LIMIT * spread))
