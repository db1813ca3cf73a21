"""Scores of a trained task, and the calibrator that a fit ends with."""

import logging
from pathlib import Path

import numpy as np
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint
from torch.utils.data import DataLoader

from fhr.calibration import RidgePlatt
from fhr.models import finish_checkpoint

from .batch import Batch
from .classification import ClassificationTask

__all__ = ["Calibration", "score_windows"]

_log = logging.getLogger(__name__)


@torch.inference_mode()
def score_windows(task: ClassificationTask, loader: DataLoader[Batch]) -> tuple[np.ndarray, np.ndarray]:
    """Risk scores (n,) and labels (n,) of all windows of `loader`, in its order."""
    training = task.training
    task.eval()
    scores, labels = [], []
    for batch in loader:
        scores.append(task(batch.signal.to(task.device), batch.features.to(task.device)).cpu())
        labels.append(batch.label)
    task.train(training)
    return torch.cat(scores).numpy().astype(float), torch.cat(labels).numpy()


class Calibration(pl.Callback):
    """Ends a fit: takes the best weights, fits the calibrator on the held-out inner fold, saves both.

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
        """Refuse a held-out fold that is too small for a calibrator before anything is trained."""
        kept = trainer.checkpoint_callbacks and not trainer.fast_dev_run  # type: ignore[attr-defined]
        if self.calibrate and isinstance(pl_module, ClassificationTask) and kept:
            facts = pl_module.facts
            RidgePlatt.check_sample(facts.labels.loc[list(facts.partition.calibration)])

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Take the best weights and calibrate; a `fast_dev_run` keeps no checkpoint, so that nothing is done."""
        keeper = self.checkpoint or trainer.checkpoint_callback
        if not isinstance(keeper, ModelCheckpoint) or not keeper.best_model_path or trainer.fast_dev_run:  # type: ignore[attr-defined]
            _log.info("no checkpoint was kept, so nothing is calibrated")
            return
        if not isinstance(pl_module, ClassificationTask):
            return
        best = Path(keeper.best_model_path)
        weights = torch.load(best, map_location=pl_module.device, weights_only=True)
        pl_module.load_state_dict(weights["state_dict"])
        pl_module.epochs = weights["fhr"]["epochs"]
        if self.calibrate:
            loader = trainer.datamodule.calibration_dataloader()  # type: ignore[attr-defined]
            pl_module.calibrator = RidgePlatt().fit(*score_windows(pl_module, loader))
        calibrator = pl_module.calibrator.to_dict() if pl_module.calibrator else None
        self.path = finish_checkpoint(best, calibrator, best.with_name("finished.ckpt"))
        _log.info("best epoch %d", pl_module.epochs)
