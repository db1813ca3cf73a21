"""Calibration: the callback that ends a fit with the best weights and their calibrator."""

import logging
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint

from fhr.errors import FHRError
from fhr.models import CheckpointCard, finish_checkpoint, with_scaling

from .best_weights import best_weights, keeper_of
from .classification import ClassificationTask
from .single_precision import in_single_precision
from .task import Task

__all__ = ["Calibration"]

_log = logging.getLogger(__name__)


class Calibration(pl.Callback):
    """A callback that ends a fit: it takes the best weights, fits their calibrator on held-out records and saves both.

    The finished checkpoint of a calibrated classification also holds what the confidence of its predictions rests on.

    Args:
        calibrate: False leaves the calibrator out, where it is cross-fitted over several networks later.
        checkpoint: keeps the best weights; None takes the trainer's first.

    Attributes:
        path: the finished checkpoint, once the fit has ended.
        without: why there is none, once the fit has ended; a setting of trainer or callback where that says it.
        began: whether anything was trained, or is; set it for a fit that goes on.
        for_test: set it to calibrate weights that no fit has finished before their test, on held-out records that they
            have not seen.
    """

    def __init__(self, calibrate: bool = True, *, checkpoint: ModelCheckpoint | None = None) -> None:
        self.checkpoint, self.calibrate = checkpoint, calibrate
        self.path: Path | None = None
        self.without = ""
        self.began = self.for_test = False

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Refuse held-out records that are too few before anything is trained."""
        self.check(trainer, pl_module, trainer.datamodule)  # type: ignore[attr-defined]

    def check(self, trainer: pl.Trainer, task: pl.LightningModule, data: Any) -> None:
        """Refuse held-out records that are too few; worth asking before a run is made.

        Raises:
            FHRError: see `Task.check_finish`; no data module.
        """
        if self.calibrate and isinstance(task, Task) and keeper_of(trainer, self.checkpoint) is not None:
            if data is None:
                raise FHRError("no data module, so no held-out records to calibrate on; give `fit` one by `datamodule`")
            task.check_finish(data)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Remember that there was something left to train."""
        self.began = True

    def on_test_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Calibrate the weights of another checkpoint than the finished one, where that is asked for."""
        if self.for_test and isinstance(pl_module, Task) and pl_module.calibrator is None:
            with in_single_precision(pl_module):
                pl_module.calibrator = pl_module.finish(trainer.datamodule)  # type: ignore[attr-defined]

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Take the best weights and calibrate; nothing is done where no checkpoint is to be kept.

        Raises:
            FHRError: nothing was trained, or to weights that are not finite.
        """
        keeper = keeper_of(trainer, self.checkpoint)
        if keeper is None:
            self.without = _why_none(trainer)
        elif not isinstance(pl_module, Task):
            self.without = f"{type(pl_module).__name__} is no fhr.tasks.Task"
        elif not pl_module.has_facts:
            self.without = "the checkpoints have no card, so that none is finished"
        if keeper is None or not isinstance(pl_module, Task) or not pl_module.has_facts:
            _log.info("no checkpoint was kept to calibrate: %s", self.without)
            return
        best = best_weights(trainer, pl_module, keeper, trained=self.began)
        weights = torch.load(best, map_location=pl_module.device, weights_only=True)
        card = CheckpointCard.of(weights, str(best))
        pl_module.load_state_dict(with_scaling(weights["state_dict"], card.scaling, "model."))
        pl_module.epochs = card.epochs
        with in_single_precision(pl_module):
            # The first process has all held-out records and writes the file; the others wait for what it found.
            data = trainer.datamodule  # type: ignore[attr-defined]
            made = self._finished(best, pl_module, data) if trainer.is_global_zero else None
        self.path, pl_module.calibrator = trainer.strategy.broadcast((made, pl_module.calibrator))
        _log.info("best epoch %d", pl_module.epochs)

    def _finished(self, best: Path, task: Task, data: Any) -> Path:
        if self.calibrate:
            task.calibrator = task.finish(data)
        calibrator = task.calibrator.to_dict() if task.calibrator else None
        confidence = ranking = None
        if self.calibrate and isinstance(task, ClassificationTask):
            reference = task.reference(data)
            confidence, ranking = reference.to_dict(), task.ranking(reference)
        path = best.with_name("finished.ckpt")
        return finish_checkpoint(best, calibrator, path, confidence=confidence, ranking=ranking)


def _why_none(trainer: pl.Trainer) -> str:
    """The setting by which no callback keeps the best weights."""
    if trainer.fast_dev_run:  # type: ignore[attr-defined]
        return "trainer.fast_dev_run"
    keeps = any(isinstance(one, ModelCheckpoint) for one in trainer.checkpoint_callbacks)
    return "checkpoint.save_top_k=0" if keeps else "trainer.enable_checkpointing=false"
