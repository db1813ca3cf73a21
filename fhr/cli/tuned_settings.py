"""TunedSettings: the callback that lets a fit train, and go on, with what Lightning's finders have found."""

from collections.abc import Callable
from typing import Any

import pytorch_lightning as pl
from jsonargparse import Namespace
from pytorch_lightning.callbacks import BatchSizeFinder, LearningRateFinder

__all__ = ["TunedSettings", "without_finders"]

_FINDERS = (BatchSizeFinder, LearningRateFinder)


class TunedSettings(pl.Callback):
    """A callback that makes optimizer and schedule anew after a search for a learning rate or a batch size.

    Lightning makes both before the search, with the steps and the peak of the settings that were given.

    Args:
        note: is told the learning rate and the batch size once they are found.
    """

    def __init__(self, note: Callable[[float, int], None]) -> None:
        self._note = note

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Take what was found; Lightning calls its finders first."""
        if any(isinstance(callback, _FINDERS) for callback in trainer.callbacks):  # type: ignore[attr-defined]
            trainer.strategy.setup_optimizers(trainer)
            data: Any = trainer.datamodule  # type: ignore[attr-defined]
            self._note(float(pl_module.learning_rate), int(data.batch_size))  # type: ignore[arg-type]


def without_finders(config: Namespace, learning_rate: float, batch_size: int) -> None:
    """Write what was found into a configuration, in place of those who have searched for it."""
    config.model.init_args.learning_rate, config.data.init_args.batch_size = learning_rate, batch_size
    names = {finder.__name__ for finder in _FINDERS}
    config.trainer.callbacks = [
        one for one in config.trainer.callbacks if one.class_path.rpartition(".")[2] not in names
    ]
