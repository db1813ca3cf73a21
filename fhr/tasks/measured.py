"""Measured: the callback that refuses metrics to go by that no validation measures, before anything is trained."""

import pytorch_lightning as pl
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint

from fhr.errors import FHRError

from .task import Task

__all__ = ["Measured"]


class Measured(pl.Callback):
    """A callback that compares what others go by with what the check of the validation, before the training, measured.

    Lightning would refuse it after the first epoch. A metric that some batches alone can give is named by the task.
    """

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Refuse a schedule by a metric of a validation that there is not.

        Raises:
            FHRError: there is such a schedule.
        """
        validated = trainer.limit_val_batches != 0  # type: ignore[attr-defined]
        for config in trainer.lr_scheduler_configs:
            if config.reduce_on_plateau and str(config.monitor).startswith("val") and not validated:
                raise FHRError(
                    f"{type(config.scheduler).__name__} goes by {config.monitor}, and nothing is validated; take "
                    "train/loss, or another schedule"
                )

    def on_sanity_check_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Refuse a metric of the validation that is not there.

        Raises:
            FHRError: early stopping, a checkpoint or a schedule goes by it.
        """
        there = {key for key in trainer.callback_metrics if key.startswith("val")}
        known = there | (pl_module.sometimes_measured if isinstance(pl_module, Task) else set())
        for what, metric in _gone_by(trainer).items():
            if metric.startswith("val") and metric not in known:
                raise FHRError(
                    f"{what} goes by {metric}, which the validation does not measure; it measures "
                    f"{', '.join(sorted(known))}"
                )


def _gone_by(trainer: pl.Trainer) -> dict[str, str]:
    """Who goes by which metric."""
    callbacks = [one for one in trainer.callbacks if isinstance(one, EarlyStopping | ModelCheckpoint)]  # type: ignore[attr-defined]
    schedules = [one for one in trainer.lr_scheduler_configs if one.reduce_on_plateau]
    return {
        **{type(one).__name__: one.monitor for one in callbacks if one.monitor},
        **{type(one.scheduler).__name__: one.monitor for one in schedules if one.monitor},
    }
