"""Calibration: the callback that ends a fit with the best weights and their calibrator."""

import logging
from pathlib import Path

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint

from fhr.errors import FHRError
from fhr.models import CheckpointCard, finish_checkpoint, with_scaling

from .classification import ClassificationTask
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
    """

    def __init__(self, calibrate: bool = True, *, checkpoint: ModelCheckpoint | None = None) -> None:
        self.checkpoint, self.calibrate = checkpoint, calibrate
        self.path: Path | None = None

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Refuse held-out records that are too few before anything is trained."""
        kept = trainer.checkpoint_callbacks and not trainer.fast_dev_run  # type: ignore[attr-defined]
        if self.calibrate and isinstance(pl_module, Task) and kept:
            data = trainer.datamodule  # type: ignore[attr-defined]
            if data is None:
                raise FHRError("no data module, so no held-out records to calibrate on; give `fit` one by `datamodule`")
            pl_module.check_finish(data)

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Take the best weights and calibrate; a `fast_dev_run` keeps no checkpoint, so that nothing is done."""
        keeper = self.checkpoint or trainer.checkpoint_callback
        if not isinstance(keeper, ModelCheckpoint) or not keeper.best_model_path or trainer.fast_dev_run:  # type: ignore[attr-defined]
            _log.info("no checkpoint was kept, so nothing is calibrated")
            return
        if not isinstance(pl_module, Task):
            return
        if not pl_module.has_facts:
            _log.info("the checkpoints have no card, so that none is finished")
            return
        best = Path(keeper.best_model_path)
        weights = torch.load(best, map_location=pl_module.device, weights_only=True)
        card = CheckpointCard.of(weights, str(best))
        pl_module.load_state_dict(with_scaling(weights["state_dict"], card.scaling, "model."))
        pl_module.epochs = card.epochs
        # The first process has all held-out records and writes the file; the others wait for what it found.
        made = self._finish(trainer, pl_module, best) if trainer.is_global_zero else None
        self.path, pl_module.calibrator = trainer.strategy.broadcast((made, pl_module.calibrator))

    def _finish(self, trainer: pl.Trainer, pl_module: Task, best: Path) -> Path:
        if self.calibrate:
            pl_module.calibrator = pl_module.finish(trainer.datamodule)  # type: ignore[attr-defined]
        calibrator = pl_module.calibrator.to_dict() if pl_module.calibrator else None
        confidence = ranking = None
        if self.calibrate and isinstance(pl_module, ClassificationTask):
            reference = pl_module.reference(trainer.datamodule)  # type: ignore[attr-defined]
            confidence, ranking = reference.to_dict(), pl_module.ranking(reference)
        path = best.with_name("finished.ckpt")
        _log.info("best epoch %d", pl_module.epochs)
        return finish_checkpoint(best, calibrator, path, confidence=confidence, ranking=ranking)
