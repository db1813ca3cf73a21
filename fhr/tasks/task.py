"""Task: the step, the optimizer and the checkpoints that all tasks share."""

import logging
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

from fhr.datasets import Database, seen_records
from fhr.errors import CheckpointError, FHRError
from fhr.formats.files.regular_file import cut
from fhr.metrics import Interval
from fhr.models import CheckpointCard, Network, completed, take_pretrained, with_scaling

from .averaging import planned_epochs
from .data_facts import DataFacts
from .facts_handover import FactsHandover
from .training_card import checkpoint_card

__all__ = ["Evaluation", "Finish", "Task"]

_log = logging.getLogger(__name__)


class Finish(Protocol):
    """A calibrator, or thresholds: what a fit learns from held-out records and keeps in the checkpoint."""

    def to_dict(self) -> dict[str, Any]:
        """Plain types, for a checkpoint."""


@dataclass(frozen=True)
class Evaluation:
    """Results of a test on the outer fold.

    Attributes:
        results: metrics with intervals.
        predictions: one row a record.
    """

    results: dict[str, Interval]
    predictions: pd.DataFrame


class Task(pl.LightningModule):
    """A network in training: AdamW with a one-cycle schedule over the longest training the trainer allows.

    A task of its own kind says what a batch costs (`cost`), what the fit ends with (`finish`), and how it is judged
    (`evaluate`, `report`). What it has to remember of its data is handed to it (`take`), by a callback of its own where
    the trainer has a data module; a task without these facts trains, and its checkpoints carry no card.

    Args:
        model: the network.
        loss: takes scores, label, pH and weight.
        learning_rate: peak of the schedule.
        weight_decay: of AdamW.
        weights: a checkpoint, of a pretraining for example, whose trunk a training from the start begins with; see
            `fhr.models.take_pretrained`; `shipped` for the weights that come with the package. None begins with random
            weights.

    Attributes:
        kind: of the task, as its checkpoints name it.
        headline: names of the main metrics of a test, which loggers keep, none for all of them; a table among the
            files of the run has all.
        sometimes_measured: metrics of the validation that not every batch can give.
        calibrator: what the fit ended with, or None.
        epochs: how many the weights were trained for.
    """

    kind: ClassVar[str]
    headline: ClassVar[tuple[str, ...]] = ()
    sometimes_measured: ClassVar[frozenset[str]] = frozenset()
    calibrator: Finish | None

    def __init__(
        self,
        model: Network,
        loss: nn.Module,
        learning_rate: float = 3e-3,
        weight_decay: float = 0.05,
        weights: str | None = None,
    ) -> None:
        super().__init__()
        self.model, self.loss = model, loss
        self.learning_rate, self.weight_decay, self.weights = learning_rate, weight_decay, weights
        self.calibrator = None
        self.epochs = 0
        self._facts: DataFacts | None = None
        self._handover = FactsHandover()
        self._planned_steps: int | None = None  # of a training that goes on

    @abstractmethod
    def cost(self, batch: Any, stage: str) -> tuple[torch.Tensor, int]:
        """Loss of a batch and how many samples it is the mean of; updates the metrics of `stage`.

        `stage` is fitting, val or test ("fitting", since a module dictionary has a method of its own called `train`).
        """

    @abstractmethod
    def finish(self, data: Any) -> Finish | None:
        """Learn what the fit ends with from records of the data module that the weights have not seen; or None."""

    @abstractmethod
    def finish_from(self, plain: Mapping[str, Any]) -> Finish:
        """Rebuild the finish that `to_dict` wrote."""

    @abstractmethod
    def evaluate(self, data: Any) -> Evaluation:
        """Metrics with intervals on the outer fold of the data module."""

    @abstractmethod
    def report(self, evaluation: Evaluation, folder: Path) -> None:
        """Write the files of an evaluation into `folder`."""

    def check_finish(self, data: Any) -> None:
        """Refuse data that `finish` could not use, before anything is trained."""

    def check_trainer(self, trainer: pl.Trainer) -> None:
        """Refuse a trainer that this task cannot be trained by."""

    def take(self, facts: DataFacts | None) -> None:
        """Remember the facts of the data; None forgets them."""
        self._facts = facts

    def scale_features(self) -> bool:
        """Give the scaling of the training fold to a network not trained yet; whether there was one to give.

        Trained weights keep the scaling that they know.

        Raises:
            FHRError: the data give another number of features than the network takes.
        """
        scaling = self._facts.scaling if self._facts is not None else None
        if scaling is None or self.epochs > 0:
            return False
        self.model.take_scaling(scaling)
        return True

    def begin(self) -> bool:
        """Give the pretrained weights to a network not trained yet; whether there were some to give.

        Raises:
            CheckpointError: as for `fhr.models.take_pretrained`, or weights that know other windows than the data have.
        """
        if self.weights is None or self.epochs > 0:
            return False
        card = take_pretrained(self.model, self.weights)
        if self.has_facts:
            theirs, ours = card.pipeline, self.facts.pipeline.to_dict()
            for key in ("fs", "channels", "scaling"):
                if theirs.get(key) != ours.get(key):
                    raise CheckpointError(
                        f"{self.weights}: these weights know windows with {key} {theirs.get(key)}, the data have "
                        f"{ours.get(key)}; prepare the data alike, or pretrain on windows like these"
                    )
        _log.info("the trunk of %s begins with the weights of %s", type(self.model).__name__, self.weights)
        return True

    @property
    def has_facts(self) -> bool:
        """True once the facts of the data were handed over."""
        return self._facts is not None

    @property
    def facts(self) -> DataFacts:
        """Facts of the data that the task is trained or tested on.

        Raises:
            FHRError: they were not handed over.
        """
        if self._facts is None:
            raise FHRError(
                f"this {type(self).__name__} knows nothing of its data; fit or test it with a data module of "
                "fhr.datamodules, or hand their facts over with `task.take(facts)`"
            )
        return self._facts

    def configure_callbacks(self) -> list[pl.Callback]:
        """The callback that hands over the facts of the data module."""
        return [self._handover]

    def _step(self, batch: Any, stage: str) -> torch.Tensor:
        loss, size = self.cost(batch, stage)
        name = f"{'train' if stage == 'fitting' else stage}/loss"
        self.log(name, loss, on_epoch=True, on_step=False, prog_bar=True, batch_size=size, sync_dist=True)
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
        """Count the epochs that the weights have seen, and tell of a loss that is no number any more."""
        self.epochs += 1
        loss = self.trainer.callback_metrics.get("train/loss")
        if loss is not None and not bool(loss.isfinite()):
            _log.warning(
                "the training diverged: the loss of epoch %d is %s; try a lower learning rate, or clip gradients",
                self.trainer.current_epoch,
                float(loss),
            )

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
        rise = 0.25 if steps == 5 else 0.2  # of the steps; PyTorch divides by rise * steps - 1
        peaks = [group["lr"] for group in optimizer.param_groups]
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, peaks, total_steps=int(steps), pct_start=rise)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def card(self) -> CheckpointCard:
        """The card of a checkpoint of this task.

        Raises:
            FHRError: the facts of the data were not handed over.
        """
        calibrator = self.calibrator.to_dict() if self.calibrator else None
        return checkpoint_card(
            self.model.specification,
            self.facts,
            kind=self.kind,
            epochs=self.epochs,
            calibrator=calibrator,
            heritage=self.model.heritage,
        )

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Write the card, where the facts of the data are known."""
        if not self.has_facts:
            _log.info("a checkpoint without a card: nobody handed over what this training has to remember of its data")
            return
        epochs, planned = _epochs(checkpoint), -1 if self._trainer is None else planned_epochs(self.trainer)
        replace(self.card(), epochs=min(epochs, planned) if planned and planned > 0 else epochs).write(checkpoint)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Read the card and refuse data or a network that it does not fit.

        A task without the facts of its data takes any weights that fit; there is nothing to compare them with.

        Raises:
            CheckpointError: another kind of task, network, pipeline, label or features, test records that the weights
                have seen, or training that would go on with other records, or from a finished checkpoint.
        """
        if self._trainer is not None:  # Lightning gives weights their precision later, and would round these before
            self.trainer.precision_plugin.convert_module(self)
        card = self._checked_card(checkpoint) if self.has_facts else None
        if card is not None and card.scaling is not None:
            for key in {"state_dict", "current_model_state"} & set(checkpoint):  # the latter beside averaged weights
                checkpoint[key] = with_scaling(checkpoint[key], card.scaling, "model.")
        if self._in_training:
            if not checkpoint.get("optimizer_states"):
                raise CheckpointError(
                    "the checkpoint is finished, or was kept with `save_weights_only`: it holds no state of the "
                    "training to go on from; take a `last.ckpt`, or start anew"
                )
            self._planned_steps = _planned_steps(checkpoint)
        if card is None:
            self.epochs = _epochs(checkpoint)
            return
        self.epochs = card.epochs
        self.calibrator = self.finish_from(card.calibrator) if card.calibrator else None

    def _checked_card(self, checkpoint: dict[str, Any]) -> CheckpointCard:
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
        if self._in_training and (card.data, card.splits, card.fold) != (own.data, own.splits, own.fold):
            raise CheckpointError(
                f"training would go on with other records: the checkpoint is of fold {card.fold} of the data "
                f"{card.data[:12]}, asked for is fold {own.fold} of {own.data[:12]}; go on with the same, or start anew"
            )
        test = Database((self.facts.recordings[name] for name in self.facts.partition.test), origin="test fold")
        # Also by what made some of its recordings, as the simulator whose constants were tuned to CTU-UHB.
        if seen := seen_records(card.seen, test, checksum=self.facts.data_checksum):
            some = f"{len(seen)} of the {len(test)} test records"
            folds = f"(fold {card.fold}, asked for {own.fold})"
            if card.made_by and not seen_records(card.learnt_from, test):
                raise CheckpointError(
                    f"this checkpoint {folds} learnt from recordings of {cut(card.made_by[0])}, which was fitted to "
                    f"{some}; test it on others, or train on a bank that is refitted inside the training fold "
                    "(fhr.synthesis.Bank)"
                )
            raise CheckpointError(
                f"{some} were used to train this checkpoint {folds}; test it on the fold that it was trained for"
            )
        return card

    @property
    def _in_training(self) -> bool:
        return self._trainer is not None and bool(self.trainer.training)


def _planned_steps(checkpoint: Mapping[str, Any]) -> int | None:
    """How many steps the schedule of a training was made for; None where it has none, or another that has no end."""
    schedules = checkpoint.get("lr_schedulers")
    if not schedules or checkpoint["global_step"] == 0:  # where nothing was trained, as in a search for the batch size
        return None
    return schedules[0].get("total_steps")


def _epochs(checkpoint: Mapping[str, Any]) -> int:
    """How many epochs have begun; after the last one `epoch` says as much, within an epoch one less."""
    if checkpoint["global_step"] == 0:
        return 0
    if "loops" not in checkpoint:
        return int(checkpoint["epoch"]) + 1
    return int(checkpoint["loops"]["fit_loop"]["epoch_progress"]["current"]["ready"])
