"""Orders of records: EpochShuffle, by seed and epoch alone; OnEveryProcess, all of them as they are."""

from collections.abc import Iterator
from typing import Any, Protocol

from torch import distributed
from torch.utils.data import DistributedSampler

from fhr.compute import stream

__all__ = ["EpochShuffle", "OnEveryProcess"]


class _OfEpochs(Protocol):
    epoch: int

    def __len__(self) -> int: ...


class EpochShuffle(DistributedSampler[int]):
    """A shuffle that depends only on (seed, epoch), so that a resumed run sees the order it would have seen.

    Of several processes that train one network each takes every n-th record of the same order, and no record is taken
    twice: up to n - 1 of them, others in each epoch, are left out. Lightning leaves a sampler of this kind as it is,
    and would repeat records with another.

    Args:
        dataset: with a length and an `epoch`.
        seed: of the order.
    """

    def __init__(self, dataset: _OfEpochs, *, seed: int) -> None:
        super().__init__(dataset, num_replicas=1, rank=0, seed=seed)  # type: ignore[arg-type]  # any with a length

    def set_epoch(self, epoch: int) -> None:
        """Lightning calls this before each epoch."""
        super().set_epoch(epoch)
        self.dataset.epoch = epoch  # type: ignore[attr-defined]

    def __len__(self) -> int:
        return len(self.dataset) // _processes()[1]  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[int]:
        rank, n = _processes()
        generator = stream(self.seed, "order of records", self.epoch)
        order = generator.permutation(len(self.dataset))  # type: ignore[arg-type]
        return iter(order[rank::n][: len(self)].tolist())


class OnEveryProcess(DistributedSampler[int]):
    """All records in their order, on each of the processes that train one network.

    So each of them stops by the same loss, and no record counts twice because their number does not divide.

    Args:
        dataset: with a length.
    """

    def __init__(self, dataset: Any) -> None:
        super().__init__(dataset, num_replicas=1, rank=0, shuffle=False)


def _processes() -> tuple[int, int]:
    """The number of this process and of all that train together."""
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1
