"""Loaders of datasets that give whole batches: in order, or shuffled anew in every epoch."""

from typing import Any, TypeVar

from torch.utils.data import DataLoader, Dataset

from .windows import EpochShuffle

__all__ = ["in_order", "shuffled"]

_B = TypeVar("_B")


def in_order(dataset: Dataset[_B], batch_size: int) -> DataLoader[_B]:
    """Batches of a dataset in its order."""
    return DataLoader(dataset, batch_size=batch_size, collate_fn=_as_is)


def shuffled(dataset: Dataset[_B], batch_size: int, *, seed: int, drop_last: bool) -> DataLoader[_B]:
    """Batches of a dataset in an order of each epoch, see `EpochShuffle`.

    Args:
        dataset: with a length and an `epoch`, which its batches may depend on.
        batch_size: of a batch.
        seed: of the order.
        drop_last: leave a last batch out that is not full.
    """
    sampler = EpochShuffle(dataset, seed=seed)  # type: ignore[arg-type]  # PyTorch's `Dataset` names neither of them
    return DataLoader(dataset, batch_size=batch_size, sampler=sampler, drop_last=drop_last, collate_fn=_as_is)


def _as_is(batch: Any) -> Any:
    return batch
