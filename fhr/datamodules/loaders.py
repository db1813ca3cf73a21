"""Loaders of datasets that give whole batches: in order, or shuffled anew in every epoch."""

from typing import Any, TypeVar

from torch.utils.data import DataLoader, Dataset

from .samplers import EpochShuffle, OnEveryProcess

__all__ = ["in_order", "shuffled"]

_B = TypeVar("_B")


def in_order(dataset: Dataset[_B], batch_size: int) -> DataLoader[_B]:
    """Batches of a dataset in its order; of several processes that train one network, each sees all."""
    return DataLoader(dataset, batch_size=batch_size, sampler=OnEveryProcess(dataset), collate_fn=_as_is)


def shuffled(dataset: Dataset[_B], batch_size: int, *, seed: int, full: bool = False) -> DataLoader[_B]:
    """Batches of a dataset in an order of each epoch, see `EpochShuffle`.

    Args:
        dataset: with a length and an `epoch`, which its batches may depend on.
        batch_size: of a batch; of each process, where several train one network.
        seed: of the order.
        full: leave out a last batch that is not full, unless it is the only one; else only one of a single record,
            of which batch normalisation can learn nothing.
    """
    sampler = EpochShuffle(dataset, seed=seed)  # type: ignore[arg-type]  # PyTorch's `Dataset` names neither of them
    drop_last = len(sampler) >= batch_size if full else len(sampler) % batch_size == 1
    return DataLoader(dataset, batch_size=batch_size, sampler=sampler, drop_last=drop_last, collate_fn=_as_is)


def _as_is(batch: Any) -> Any:
    return batch
