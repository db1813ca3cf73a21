"""A training: a task with its data and its trainer, as something that a cross-validation can fit at one place."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pandas as pd
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint

from fhr.datasets import FittedModel, FittedNetwork, Place
from fhr.errors import FHRError, SplitError
from fhr.models import at_once_hindrance, finish_checkpoint

from .best_weights import best_weights, keeper_of
from .classification import ClassificationTask
from .members import fit_members
from .scores import score_windows
from .task import Task

__all__ = ["PlaceData", "Training"]


class PlaceData(Protocol):
    """Loaders that a training asks of its data beside Lightning's own; `fhr.datamodules` has them.

    A `facts.partition`, where there is one, names the records of each loader in order; without it the loaders follow
    the partition of the place.
    """

    def calibration_dataloader(self) -> Any:
        """Batches of the held-out inner fold, in order."""

    def test_dataloader(self) -> Any:
        """Batches of the outer fold, in order."""


@dataclass(eq=False)
class Training:
    """A LightningModule that is fitted and then scores records that it has not seen.

    The weights that score are those that a fit ends with (the best epoch, or an average) where the trainer has a
    `ModelCheckpoint`, else the last ones.
    The module gives a risk score a window by `predict_step`, which Lightning takes from `forward` where there is none.
    A `ClassificationTask` with a checkpoint is kept, so that the cross-validation can predict new recordings.

    Args:
        task: any LightningModule.
        data: its data module; see `PlaceData`.
        trainer: new for each training, like the others.
        checkpoint: keeps the best weights; None takes the trainer's first.
    """

    task: pl.LightningModule
    data: Any
    trainer: pl.Trainer
    checkpoint: ModelCheckpoint | None = None

    def fit(self, place: Place, seed: int) -> FittedModel:
        """Train, take the best weights, score.

        Args:
            place: whose records are trained on and scored.
            seed: for a network of our own, the generators were seeded with it before it was made.

        Raises:
            SplitError: loaders of other records than the place has, or a trainer that ran without a batch kept.
            FHRError: what the task or the data refuse.
        """
        start = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            for i, callback in enumerate(self._checkpoints()):
                # Of this fit alone: another process may train at the same time. Each callback removes what it wrote.
                callback.dirpath = str(Path(folder, str(i)))
            self.trainer.fit(self.task, self.data)
            best = self._best_weights()
            held_out, test = self._scores(place)
            content = self._finished(best, Path(folder)) if best is not None else None
        network = None
        if content is not None:
            metrics = {"best_epoch": float(self.task.epochs), "seconds": time.monotonic() - start}  # type: ignore[arg-type]
            network = FittedNetwork(content, place.inner, place.member, str(self.trainer.strategy.root_device), metrics)
        return FittedModel(held_out, test, network)

    @property
    def gains_together(self) -> bool:
        """True where members train faster as one batched model: on a GPU, if the network allows."""
        if type(self.task) is not ClassificationTask or self.trainer.strategy.root_device.type != "cuda":
            return False
        alike = hasattr(self.data, "members") and self.trainer.limit_val_batches != 0
        return alike and at_once_hindrance(self.task.model) is None

    @staticmethod
    def fit_together(
        trainings: Sequence["Training"], places: Sequence[Place], seeds: Sequence[int]
    ) -> list[FittedModel]:
        """Train several members of one inner fold as one batched model, see `fit_members`.

        Args:
            trainings: the members, each with first weights of its own; data and trainer of the first are used.
            places: of each.
            seeds: of each.

        Raises:
            FHRError: tasks, or a trainer, that cannot be stacked.
        """
        start, first = time.monotonic(), trainings[0]
        data = first.data.members(seeds)
        with tempfile.TemporaryDirectory() as folder:
            tasks = [training.task for training in trainings]
            fitted = fit_members(tasks, data, first.trainer, Path(folder), seed=seeds[0], at_once=True)  # type: ignore[arg-type]
            device, seconds = str(first.trainer.strategy.root_device), (time.monotonic() - start) / len(fitted)
            return [
                FittedModel(
                    one.held_out,
                    one.test,
                    FittedNetwork(
                        one.checkpoint.read_bytes(),
                        place.inner,
                        place.member,
                        device,
                        {"best_epoch": float(one.epochs), "seconds": seconds},
                    ),
                )
                for one, place in zip(fitted, places, strict=True)
            ]

    def _checkpoints(self) -> list[ModelCheckpoint]:
        return [one for one in self.trainer.callbacks if isinstance(one, ModelCheckpoint)]  # type: ignore[attr-defined]

    def _best_weights(self) -> Path | None:
        """Take the weights that a fit ends with; None where the trainer keeps none, and the last ones score."""
        if self.trainer.fast_dev_run:  # type: ignore[attr-defined]
            raise SplitError("the trainer kept no checkpoint; leave `fast_dev_run` out")
        keeper = keeper_of(self.trainer, self.checkpoint)
        if keeper is None:
            return None
        best = best_weights(self.trainer, self.task, keeper, trained=True)
        ours = isinstance(self.task, Task)  # another's may hold more than plain types; this process wrote it just now
        weights = torch.load(best, map_location=self.task.device, weights_only=ours)
        self.task.load_state_dict(weights["state_dict"])
        if isinstance(self.task, Task) and self.task.has_facts:
            self.task.epochs = weights["fhr"]["epochs"]
        return best

    def _finished(self, best: Path, folder: Path) -> bytes | None:
        if not isinstance(self.task, ClassificationTask) or not self.task.has_facts:
            return None
        return finish_checkpoint(best, None, folder / "finished.ckpt").read_bytes()

    def _scores(self, place: Place) -> tuple[pd.Series, pd.Series]:
        """Of the held-out inner fold and of the outer fold, by record name."""
        facts = getattr(self.data, "facts", None)
        partition = place.partition if facts is None else facts.partition
        series = []
        for use in ("calibration", "test"):
            loader = getattr(self.data, f"{use}_dataloader", None)
            if loader is None:
                raise FHRError(
                    f"{type(self.data).__name__} has no {use}_dataloader(); give the batches of "
                    f"`place.partition.{use}` in order"
                )
            names = list(getattr(partition, use))
            scores, _ = score_windows(self.task, loader())
            if len(scores) != len(names):
                raise SplitError(
                    f"{type(self.data).__name__}.{use}_dataloader() gives {len(scores)} windows, the place has "
                    f"{len(names)} records; give one window a record, in the order of `place.partition.{use}`"
                )
            series.append(pd.Series(scores, names))
        return series[0], series[1]
