"""What every task shares: its step, its optimizer, the card of its checkpoints and what these are refused for."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from typing import Any, ClassVar, Protocol

import pandas as pd
import pytorch_lightning as pl
import torch
from torch import nn

import fhr
from fhr.datasets import Database
from fhr.errors import CheckpointError, FHRError
from fhr.features import FeatureScaling
from fhr.metrics import Interval
from fhr.models import CheckpointCard, Network, completed

from .batch import DataFacts

__all__ = ["Evaluation", "Finish", "Task"]


class Finish(Protocol):
    """What a fit learns beside the weights, from records that these have not seen; it goes into the checkpoint."""

    def to_dict(self) -> dict[str, Any]:
        """Plain types, for a checkpoint."""


@dataclass(frozen=True)
class Evaluation:
    """What a test found.

    Attributes:
        results: metrics with intervals.
        predictions: one row a record.
    """

    results: dict[str, Interval]
    predictions: pd.DataFrame


class Task(pl.LightningModule):
    """A network in training: AdamW with a one-cycle schedule over the longest training the trainer allows.

    A task of its own kind says what a batch costs (`cost`), what the fit ends with (`finish`), and how it is judged
    (`evaluate`, `report`).

    Args:
        model: the network.
        loss: takes scores, label, pH and weight.
        learning_rate: peak of the schedule.
        weight_decay: of AdamW.

    Attributes:
        kind: of the task, as its checkpoints name it.
        calibrator: what the fit ended with, or None.
        epochs: how many the weights were trained for.
    """

    kind: ClassVar[str]
    calibrator: Finish | None

    def __init__(
        self, model: Network, loss: nn.Module, learning_rate: float = 3e-3, weight_decay: float = 0.05
    ) -> None:
        super().__init__()
        self.model, self.loss = model, loss
        self.learning_rate, self.weight_decay = learning_rate, weight_decay
        self.calibrator = None
        self.epochs = 0
        self._planned_steps: int | None = None  # of a training that goes on

    @abstractmethod
    def cost(self, batch: Any, stage: str) -> tuple[torch.Tensor, int]:
        """Loss of a batch and how many samples it is the mean of; updates the metrics of `stage`.

        `stage` is fitting, val or test ("fitting", since a module dictionary has a method of its own called `train`).
        """

    @abstractmethod
    def finish(self, data: Any) -> Finish:
        """What the fit ends with, from records of the data module that the weights have not seen."""

    @abstractmethod
    def finish_from(self, plain: Mapping[str, Any]) -> Finish:
        """What `to_dict` of the finish wrote."""

    @abstractmethod
    def evaluate(self, data: Any) -> Evaluation:
        """Metrics with intervals on the outer fold of the data module."""

    @abstractmethod
    def report(self, evaluation: Evaluation, folder: Path) -> None:
        """Write the files of an evaluation into `folder`."""

    def check_finish(self) -> None:
        """Refuse data that `finish` could not use, before anything is trained."""

    @property
    def facts(self) -> DataFacts:
        """What the attached data module knows of its data."""
        facts: DataFacts = self.trainer.datamodule.facts  # type: ignore[attr-defined]
        return facts

    def _step(self, batch: Any, stage: str) -> torch.Tensor:
        loss, size = self.cost(batch, stage)
        name = f"{'train' if stage == 'fitting' else stage}/loss"
        self.log(name, loss, on_epoch=True, on_step=False, prog_bar=True, batch_size=size)
        return loss

    def training_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
        """One step on a batch of training records."""
        return self._step(batch, "fitting")

    def validation_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
        """One batch of the early-stopping slice."""
        return self._step(batch, "val")

    def test_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
        """One batch of the outer fold."""
        return self._step(batch, "test")

    def on_train_epoch_end(self) -> None:
        """Count the epochs that the weights have seen."""
        self.epochs += 1

    def on_test_start(self) -> None:
        """Refuse untrained weights."""
        if self.epochs < 1:
            raise CheckpointError("the weights were never trained; test a run with `fhr test --run RUN_ID`")

    def parameter_groups(self) -> list[dict[str, Any]]:
        """The parameters, in groups that AdamW treats alike."""
        return [{"params": list(self.parameters())}]

    def configure_optimizers(self) -> Any:
        """AdamW and its one-cycle schedule."""
        steps = self.trainer.estimated_stepping_batches
        if not 0 < steps < inf:
            raise FHRError(
                f"a training of {steps} steps; give `--trainer.max_epochs` of 1 or more, the schedule needs it"
            )
        if self._planned_steps not in (None, steps):
            raise CheckpointError(
                f"the training was planned for {self._planned_steps} steps, asked for are {steps}; go on with the same "
                "number of epochs and batch size, or start anew"
            )
        optimizer = torch.optim.AdamW(self.parameter_groups(), lr=self.learning_rate, weight_decay=self.weight_decay)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, self.learning_rate, total_steps=int(steps), pct_start=0.2
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def card(self) -> CheckpointCard:
        """What a checkpoint of this task says of itself."""
        facts = self.facts
        names = facts.learnt_from
        return CheckpointCard(
            kind=self.kind,
            network=self.model.specification,
            pipeline=facts.pipeline.to_dict(),
            target=facts.target,
            prevalence=float(facts.labels.loc[list(names)].mean()),
            learnt_from=Database((facts.recordings[n] for n in names), origin=facts.origin).digests,
            data=facts.data_checksum,
            splits=facts.splits.checksum,
            fold=facts.fold,
            epochs=self.epochs,
            calibrator=self.calibrator.to_dict() if self.calibrator else None,
            version=fhr.__version__,
            features={"set": f.to_dict(), "checksum": f.checksum} if (f := facts.features) else None,
            scaling=facts.scaling.to_dict() if facts.scaling else None,
            **({} if (made := facts.learnt_composition).all_measured else made.plain()),
        )

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Write the card."""
        epochs = checkpoint["epoch"] + 1 if checkpoint["global_step"] > 0 else 0
        replace(self.card(), epochs=epochs).write(checkpoint)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Read the card and refuse data or a network that it does not fit.

        Raises:
            CheckpointError: another kind of task, network, pipeline, label or features, test records that the weights
                have seen, or training that would go on with other records, or from a finished checkpoint.
        """
        card, own = CheckpointCard.of(checkpoint, "checkpoint"), self.card()
        card = replace(card, network=completed(card.network))
        for field in ("kind", "network", "pipeline", "target", "features"):
            stored, given = getattr(card, field), getattr(own, field)
            if stored != given:
                what = {"features": "set of features", "kind": "kind of task"}.get(field, field)
                raise CheckpointError(
                    f"the checkpoint was trained with another {what} than this configuration asks for: "
                    f"{stored} there, {given} here; use the configuration of its run (`fhr test --run RUN_ID`)"
                )
        if self.trainer.training and not checkpoint.get("optimizer_states"):
            raise CheckpointError(
                "the checkpoint is finished, it holds no state of the training to go on from; take a `last.ckpt`, or "
                "start anew"
            )
        if self.trainer.training and (card.data, card.splits, card.fold) != (own.data, own.splits, own.fold):
            raise CheckpointError(
                f"training would go on with other records: the checkpoint is of fold {card.fold} of the data "
                f"{card.data[:12]}, asked for is fold {own.fold} of {own.data[:12]}; go on with the same, or start anew"
            )
        test = Database((self.facts.recordings[n] for n in self.facts.partition.test), origin="test fold").digests
        seen = {*card.learnt_from, *card.fitted_to} & set(test)  # also by what made some of its recordings
        if seen:
            raise CheckpointError(
                f"{len(seen)} of the {len(test)} test records were used to train this checkpoint (fold {card.fold}, "
                f"asked for {own.fold}); test it on the fold that it was trained for"
            )
        if card.scaling is not None:  # the weights know the features as their own training fold scaled them
            self.trainer.datamodule.use_scaling(FeatureScaling.from_dict(card.scaling))  # type: ignore[attr-defined]
        if self.trainer.training:
            self._planned_steps = int(checkpoint["lr_schedulers"][0]["total_steps"])
        self.epochs = card.epochs
        self.calibrator = self.finish_from(card.calibrator) if card.calibrator else None
