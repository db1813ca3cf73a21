"""OnTrunk: another pooling and another head on a trunk, which is trained whole, in part, or not at all."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self, get_args

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from fhr.errors import FHRError

from .kernel_ridge_head import KernelRidgeHead
from .laplacian_ridge import DECAY, PENALTY
from .low_rank import add_low_rank
from .nested_pooling import NestedPooling
from .network import Network
from .specification import completed, rebuild
from .trunk import Trunk

__all__ = ["DeepKernel", "Learn", "OnTrunk"]

Learn = Literal["all", "last", "low_rank", "statistics", "none"]


class _OnTrunk(Network):
    """A trunk whose sequence is pooled over nested last parts of the window, for a head that a derived class makes."""

    head: nn.Module

    def _take_trunk(
        self,
        told: Mapping[str, Any],
        trunk: str,
        trunk_args: Mapping[str, Any] | None,
        learn: Learn,
        rank: int,
        parts: Sequence[float],
        quantiles: Sequence[float],
    ) -> None:
        if learn not in get_args(Learn):
            raise FHRError(f"learn={learn!r}; give one of {', '.join(get_args(Learn))}")
        made = _made(trunk, trunk_args or {}, told)
        made.pool, made.head = nn.Identity(), nn.Identity()  # its own, which nothing would train
        self.trunk, self.learn = made, learn
        self.pool = NestedPooling(parts, quantiles)
        if learn != "all":
            made.requires_grad_(False)
        if learn == "last":
            made.last_block.requires_grad_(True)
        if learn == "low_rank":
            add_low_rank(made, rank)
        self.train()  # here, since Lightning begins a training without it

    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        """Scores (batch, n_outputs) of `signal` (batch, n_channels, time)."""
        scores: torch.Tensor = self.head(self.embed(signal))
        return scores

    def embed(self, signal: torch.Tensor) -> torch.Tensor:
        """Embedding (batch, d) of `signal` (batch, channel, time): kind by kind of the trunk's channels, pooled."""
        values, weight = self.trunk.sequence(signal)
        return torch.cat([self.pool(kind, weight) for kind in values.split(self.trunk.kinds, dim=1)], dim=1)

    @property
    def embedded_blocks(self) -> tuple[int, ...]:
        """Numbers of the embedding that each kind of channels gives."""
        return tuple(self.pool.n_pooled(channels) for channels in self.trunk.kinds)

    def train(self, mode: bool = True) -> Self:
        """Training mode, in which what is frozen drops nothing and keeps its running statistics."""
        super().train(mode)
        if mode and self.learn != "all":
            for module in self.trunk.modules():
                own = any(p.requires_grad for p in module.parameters())
                counts = self.learn == "statistics" and isinstance(module, _BatchNorm)
                module.training = counts or (own and self.learn == "last")
        return self


class OnTrunk(_OnTrunk):
    """A trunk with nested pooling and a linear head.

    Args:
        n_channels: of a window, told to the trunk.
        n_outputs: scores a window.
        fs: sampling rate, Hz, told to a trunk that asks for it.
        trunk: class path of a `Trunk`.
        trunk_args: its further arguments.
        learn: what of the trunk is trained beside the head: all; the last block; low-rank adapters of its weights; the
            running statistics of its normalisation alone, as a trunk of random weights needs; or nothing.
        rank: of the adapters.
        parts: of `NestedPooling`.
        quantiles: of `NestedPooling`.
        dropout: of the pooled features.

    Raises:
        FHRError: a class that is no trunk, or arguments that it does not take.

    Shape:
        (batch, n_channels, time) to (batch, n_outputs).

    Left out: pickles of a network with adapters, which PyTorch refuses; checkpoints and copies of it are as usual.
    """

    def __init__(
        self,
        n_channels: int = 3,
        n_outputs: int = 1,
        fs: float = 1.0,
        trunk: str = "fhr.models.InceptionNet",
        trunk_args: dict[str, Any] | None = None,
        learn: Learn = "all",
        rank: int = 4,
        parts: Sequence[float] = (1.0, 1 / 2, 1 / 3, 1 / 6),
        quantiles: Sequence[float] = (),
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        self._take_trunk({"n_channels": n_channels, "fs": fs}, trunk, trunk_args, learn, rank, parts, quantiles)
        d = sum(self.embedded_blocks)
        # Pooled statistics are of any size; a head that starts from them as they are learns slowly.
        self.head = nn.Sequential(nn.BatchNorm1d(d), nn.Dropout(dropout), nn.Linear(d, n_outputs))


class DeepKernel(_OnTrunk):
    """A trunk with nested pooling and a kernel-ridge head, trained by `fhr.tasks.KernelTask`.

    Until the head is fitted to records every score is 0.

    Args:
        n_channels: of a window, told to the trunk.
        fs: sampling rate, Hz, told to a trunk that asks for it.
        trunk: class path of a `Trunk`; each of its kinds of channels has a kernel of its own.
        trunk_args: its further arguments.
        learn: what of the trunk is trained, see `OnTrunk`.
        rank: of the adapters.
        parts: of `NestedPooling`.
        quantiles: of `NestedPooling`.
        capacity: most training records.
        penalty: of the ridge, at the start.
        decay: of the kernels, at the start.

    Raises:
        FHRError: a class that is no trunk, arguments that it does not take, or numbers that make no kernel.

    Shape:
        (batch, n_channels, time) to (batch, 1).
    """

    head: KernelRidgeHead

    def __init__(
        self,
        n_channels: int = 3,
        fs: float = 1.0,
        trunk: str = "fhr.models.InceptionNet",
        trunk_args: dict[str, Any] | None = None,
        learn: Learn = "all",
        rank: int = 4,
        parts: Sequence[float] = (1.0, 1 / 2, 1 / 3, 1 / 6),
        quantiles: Sequence[float] = (),
        capacity: int = 512,
        penalty: float = PENALTY,
        decay: float = DECAY,
    ) -> None:
        super().__init__()
        self._take_trunk({"n_channels": n_channels, "fs": fs}, trunk, trunk_args, learn, rank, parts, quantiles)
        self.head = KernelRidgeHead(self.embedded_blocks, capacity, penalty, decay)


def _made(trunk: str, trunk_args: Mapping[str, Any], told: Mapping[str, Any]) -> Trunk:
    """The trunk, told of what it takes of the shapes of the data."""
    if twice := sorted({"n_outputs", *told} & set(trunk_args)):
        raise FHRError(f"trunk_args with {', '.join(twice)}; the data and the head tell these, leave them out")
    taken = completed({"class_path": trunk, "init_args": dict(trunk_args)})["init_args"]
    init_args = {**trunk_args, **{name: value for name, value in told.items() if name in taken}}
    made = rebuild({"class_path": trunk, "init_args": init_args})
    if not isinstance(made, Trunk):
        raise FHRError(f"trunk={trunk}: it gives no sequence of features; name a fhr.models.Trunk")
    return made
