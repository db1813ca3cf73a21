"""MembersDataModule: the data of several retrainings of one network, batch by batch side by side."""

from collections.abc import Iterator, Sequence
from copy import copy
from typing import Protocol

import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from fhr.errors import FHRError
from fhr.tasks import Batch, DataFacts

__all__ = ["MembersDataModule", "SeededData", "StackedLoader"]


class SeededData(Protocol):
    """A data module whose training batches depend on a seed, and nothing else does.

    Attributes:
        seed: of the order of the records, of the augmentation and of the bootstrap.
    """

    seed: int

    @property
    def facts(self) -> DataFacts:
        """Facts of the data, after `setup`."""

    def prepare_data(self) -> None:
        """Compute what is kept on disk."""

    def setup(self, stage: str | None = None) -> None:
        """Read, split, label and prepare, once."""

    def train_dataloader(self) -> DataLoader[Batch]:
        """The records that fit the weights."""

    def val_dataloader(self) -> DataLoader[Batch]:
        """The records that stop the training."""

    def calibration_dataloader(self) -> DataLoader[Batch]:
        """The held-out inner fold."""

    def test_dataloader(self) -> DataLoader[Batch]:
        """The outer fold."""


class StackedLoader:
    """The batches of several loaders, stacked: every part has a first axis of length M.

    Args:
        loaders: M of them, with batches of the same sizes.
    """

    def __init__(self, loaders: Sequence[DataLoader[Batch]]) -> None:
        self.loaders = tuple(loaders)

    @property
    def sampler(self) -> "StackedLoader":
        """Sampler of the epoch: Lightning looks here for `set_epoch`."""
        return self

    def set_epoch(self, epoch: int) -> None:
        """Tell every loader the epoch; Lightning calls this before each."""
        for loader in self.loaders:
            loader.sampler.set_epoch(epoch)  # type: ignore[attr-defined]

    def __len__(self) -> int:
        return len(self.loaders[0])

    def __iter__(self) -> Iterator[Batch]:
        for batches in zip(*self.loaders, strict=True):
            yield Batch(*(torch.stack(parts) for parts in zip(*batches, strict=True)))


class MembersDataModule(pl.LightningDataModule):
    """A data module as M retrainings see it: each with its own seed, read and prepared once.

    A training batch is a `Batch` whose parts are (M, batch, ...): member m has the order, the augmentation and, where
    the data module has `bootstrap`, the resampled records that the data module gives with `seed=seeds[m]`. The other
    loaders are those of the data module, the same for all members.

    Args:
        data: read, split and prepared once for all members.
        seeds: one a member.

    Raises:
        FHRError: no seeds, or the same one twice, which would make two members one.
    """

    def __init__(self, data: SeededData, seeds: Sequence[int]) -> None:
        super().__init__()
        if not seeds or len(set(seeds)) < len(seeds):
            raise FHRError(f"seeds={list(seeds)}; give each member one of its own")
        self.data, self.seeds = data, tuple(seeds)

    @property
    def facts(self) -> DataFacts:
        """Facts of the data, after `setup`."""
        return self.data.facts

    def prepare_data(self) -> None:
        """Prepare the data module, once for all members."""
        self.data.prepare_data()

    def setup(self, stage: str | None = None) -> None:
        """Set the data module up, once for all members."""
        self.data.setup(stage)

    def of(self, seed: int) -> SeededData:
        """The data module as one member sees it; what was read is shared."""
        member = copy(self.data)
        member.seed = seed
        return member

    def train_dataloader(self) -> StackedLoader:
        """The batches of all members."""
        return StackedLoader([self.of(seed).train_dataloader() for seed in self.seeds])

    def val_dataloader(self) -> DataLoader[Batch]:
        """The records that stop the training."""
        return self.data.val_dataloader()

    def calibration_dataloader(self) -> DataLoader[Batch]:
        """The held-out inner fold."""
        return self.data.calibration_dataloader()

    def test_dataloader(self) -> DataLoader[Batch]:
        """The outer fold."""
        return self.data.test_dataloader()
