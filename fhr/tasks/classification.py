"""Training, validation and test of one risk score for one label."""

from dataclasses import replace
from math import inf
from typing import Any

import pytorch_lightning as pl
import torch
from torch import nn
from torchmetrics.classification import BinaryAUROC, BinaryAveragePrecision

import fhr
from fhr.calibration import RidgePlatt
from fhr.datasets import Database
from fhr.errors import CheckpointError, FHRError
from fhr.features import FeatureScaling
from fhr.models import CheckpointCard, Network, completed

from .batch import Batch, DataFacts

__all__ = ["ClassificationTask"]


class ClassificationTask(pl.LightningModule):
    """A network with one score for each window: the larger, the likelier the label.

    AdamW with a one-cycle schedule over the longest training the trainer allows.

    Args:
        model: the network; its first output is the risk score.
        loss: takes scores, label, pH and weight.
        learning_rate: peak of the schedule.
        weight_decay: of AdamW.
    """

    def __init__(
        self, model: Network, loss: nn.Module, learning_rate: float = 3e-3, weight_decay: float = 0.05
    ) -> None:
        super().__init__()
        self.model, self.loss = model, loss
        self.learning_rate, self.weight_decay = learning_rate, weight_decay
        self.calibrator: RidgePlatt | None = None
        self.epochs = 0
        self._planned_steps: int | None = None  # of a training that goes on
        # "fitting", since a module dictionary has a method of its own called `train`.
        self.metrics = nn.ModuleDict({stage: _metrics() for stage in ("fitting", "val", "test")})

    def forward(self, signal: torch.Tensor, features: torch.Tensor | None = None) -> torch.Tensor:
        """Risk score (batch,) of `signal` (batch, channel, time) and scaled `features` (batch, n_features)."""
        return self.model.scores(signal, features)[:, 0]

    @property
    def facts(self) -> DataFacts:
        """What the attached data module knows of its data."""
        facts: DataFacts = self.trainer.datamodule.facts  # type: ignore[attr-defined]
        return facts

    def _step(self, batch: Batch, stage: str) -> torch.Tensor:
        scores = self.model.scores(batch.signal, batch.features)
        loss: torch.Tensor = self.loss(scores, batch.label, batch.ph, batch.weight)
        prefix, metrics = ("train" if stage == "fitting" else stage), self.metrics[stage]
        for name, metric in metrics.items():  # type: ignore[operator]
            metric.update(scores[:, 0].detach(), batch.label.int())
            self.log(f"{prefix}/{name}", metric, on_epoch=True, on_step=False)
        self.log(f"{prefix}/loss", loss, on_epoch=True, on_step=False, prog_bar=True, batch_size=len(batch.label))
        return loss

    def training_step(self, batch: Batch, batch_idx: int) -> torch.Tensor:
        """One step on a batch of training windows."""
        return self._step(batch, "fitting")

    def validation_step(self, batch: Batch, batch_idx: int) -> torch.Tensor:
        """One batch of the early-stopping slice."""
        return self._step(batch, "val")

    def test_step(self, batch: Batch, batch_idx: int) -> torch.Tensor:
        """One batch of the outer fold."""
        return self._step(batch, "test")

    def on_train_epoch_end(self) -> None:
        """Count the epochs that the weights have seen."""
        self.epochs += 1

    def on_test_start(self) -> None:
        """Refuse untrained weights."""
        if self.epochs < 1:
            raise CheckpointError("the weights were never trained; test a run with `fhr test --run RUN_ID`")

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
        optimizer = torch.optim.AdamW(self.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, self.learning_rate, total_steps=int(steps), pct_start=0.2
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def card(self) -> CheckpointCard:
        """What a checkpoint of this task says of itself."""
        facts = self.facts
        names = facts.learnt_from
        return CheckpointCard(
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
        )

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Write the card."""
        epochs = checkpoint["epoch"] + 1 if checkpoint["global_step"] > 0 else 0
        replace(self.card(), epochs=epochs).write(checkpoint)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Read the card and refuse data or a network that it does not fit.

        Raises:
            CheckpointError: another network, pipeline, label or features, test records that the weights have seen, or
                training that would go on with other records, or from a finished checkpoint.
        """
        card, own = CheckpointCard.of(checkpoint, "checkpoint"), self.card()
        card = replace(card, network=completed(card.network))
        for field in ("network", "pipeline", "target", "features"):
            stored, given = getattr(card, field), getattr(own, field)
            if stored != given:
                what = "set of features" if field == "features" else field
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
        seen = set(card.learnt_from) & set(test)
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
        self.calibrator = RidgePlatt.from_dict(card.calibrator) if card.calibrator else None


def _metrics() -> nn.ModuleDict:
    # The checks of the arguments cost more than the metrics; labels and scores are ours.
    return nn.ModuleDict(
        {"auroc": BinaryAUROC(validate_args=False), "auprc": BinaryAveragePrecision(validate_args=False)}
    )
