"""Measured: the callback that refuses metrics to go by that no validation measures, before much is trained."""

import pytorch_lightning as pl
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint
from pytorch_lightning.trainer.states import TrainerFn

from fhr.errors import FHRError

from .task import Task

__all__ = ["Measured", "NotMeasuredError", "is_validated"]


class NotMeasuredError(FHRError):
    """Somebody goes by a metric that there is not."""


def is_validated(limit: float | None, every: int | None, epochs: int | None) -> bool:
    """True where a training is validated at all.

    Args:
        limit: batches of a validation, or their share; see `limit_val_batches` of Lightning's trainer.
        every: epochs from one validation to the next, `check_val_every_n_epoch`.
        epochs: at most, `max_epochs`.
    """
    late = every is not None and epochs is not None and 0 < epochs < every
    return limit != 0 and not late


class Measured(pl.Callback):
    """A callback that compares what others go by with what the first validation measured.

    That is, as a rule, the check of the validation before the training. Lightning itself would refuse, or warn, later.
    It stands in front of those that it looks at. A metric that some batches alone can give is named by the task.
    """

    def __init__(self) -> None:
        self._looked = False

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Refuse a metric of a validation that there is not.

        Raises:
            NotMeasuredError: early stopping, a checkpoint or a schedule goes by it.
        """
        self._looked = False
        if is_validated(trainer.limit_val_batches, trainer.check_val_every_n_epoch, trainer.max_epochs):
            return
        for what, metric in _gone_by(trainer):
            if metric.startswith("val"):
                raise NotMeasuredError(
                    f"{what} goes by {metric}, and nothing is validated; let it go by train/loss, or leave it out"
                )

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Refuse a metric that the first validation of a fit has not measured.

        Raises:
            NotMeasuredError: early stopping, a checkpoint or a schedule goes by it.
        """
        if self._looked or trainer.state.fn is not TrainerFn.FITTING:
            return
        self._looked = True
        there = {key for key in trainer.callback_metrics if key.startswith("val")}
        known = there | (pl_module.sometimes_measured if isinstance(pl_module, Task) else set())
        for what, metric in _gone_by(trainer):
            if metric.startswith("val") and metric not in known:
                raise NotMeasuredError(
                    f"{what} goes by {metric}, which the validation does not measure; it measures "
                    f"{', '.join(sorted(known))}"
                )


def _gone_by(trainer: pl.Trainer) -> list[tuple[str, str]]:
    """Who goes by which metric."""
    callbacks = [one for one in trainer.callbacks if isinstance(one, EarlyStopping | ModelCheckpoint)]  # type: ignore[attr-defined]
    schedules = [one for one in trainer.lr_scheduler_configs if one.reduce_on_plateau]
    return [
        *((type(one).__name__, one.monitor) for one in callbacks if one.monitor),
        *((type(one.scheduler).__name__, one.monitor) for one in schedules if one.monitor),
    ]
