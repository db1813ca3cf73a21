"""Low-rank adapters: a frozen weight with a small sum of outer products beside it that is trained."""

import torch
from torch import nn
from torch.nn.utils import parametrize

from fhr.errors import FHRError

__all__ = ["add_low_rank"]


class _LowRank(nn.Module):
    """W + B A, with the axes of W behind the first taken as one."""

    def __init__(self, weight: torch.Tensor, rank: int) -> None:
        super().__init__()
        rows, columns = len(weight), weight[0].numel()
        rank = min(rank, rows, columns)
        self.a = nn.Parameter(torch.randn(rank, columns) / columns**0.5)
        self.b = nn.Parameter(torch.zeros(rows, rank))  # at the start the weight is as it was

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        return weight + (self.b @ self.a).view_as(weight)


def add_low_rank(module: nn.Module, rank: int) -> None:
    """Give every convolution and linear layer of a module an adapter of this rank; the weights themselves freeze.

    Args:
        module: changed in place.
        rank: at least 1; a layer that has less takes its own.

    Raises:
        FHRError: a rank below 1, or a module without such a layer.

    Source:
        Hu et al. 2022, arXiv:2106.09685.
    """
    if rank < 1:
        raise FHRError(f"rank={rank}; an adapter needs 1 or more")
    module.requires_grad_(False)
    layers = [one for one in module.modules() if isinstance(one, nn.Conv1d | nn.Conv2d | nn.Linear)]
    if not layers:
        raise FHRError(f"{type(module).__name__} has no convolution or linear layer to adapt; train its head alone")
    for layer in layers:
        parametrize.register_parametrization(layer, "weight", _LowRank(layer.weight, rank))
