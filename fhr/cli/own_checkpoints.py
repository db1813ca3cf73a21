"""Checkpoints that callbacks of a user's own keep beside the best one: in the run, unless they have a folder."""

from pathlib import Path

import pytorch_lightning as pl
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.loggers import MLFlowLogger

__all__ = ["keep_with_run", "log_own_checkpoints"]

_OWN = "own_checkpoints"  # folder of a run; `checkpoints` holds the finished one alone


def keep_with_run(trainer: pl.Trainer, best: ModelCheckpoint, folder: Path) -> None:
    """Give checkpoint callbacks that name no folder one in that of the run.

    Lightning would make `EXPERIMENT/RUN/checkpoints` where the command was given.

    Args:
        trainer: whose callbacks they are.
        best: keeps the best weights, in the folder itself.
        folder: of the run, local.
    """
    for callback in trainer.checkpoint_callbacks:
        if isinstance(callback, ModelCheckpoint) and callback.dirpath is None:
            callback.dirpath = str(folder if callback is best else folder / _OWN)


def log_own_checkpoints(logger: MLFlowLogger, folder: Path) -> None:
    """Move what they have kept into the run."""
    if (folder / _OWN).is_dir():
        logger.experiment.log_artifacts(logger.run_id, str(folder / _OWN), _OWN)
