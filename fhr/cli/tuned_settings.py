"""TunedSettings: the callback that lets a fit train, and go on, with what Lightning's finders have found."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytorch_lightning as pl
from jsonargparse import Namespace
from pytorch_lightning.callbacks import BatchSizeFinder, LearningRateFinder

from fhr.errors import FHRError

__all__ = ["TunedSettings", "without_finders"]

_SOUGHT = {BatchSizeFinder: ("data", "batch_size"), LearningRateFinder: ("model", "learning_rate")}


class TunedSettings(pl.Callback):
    """A callback that makes optimizer and schedule anew after a search for a learning rate or a batch size.

    Lightning makes both before the search, with the steps and the peak of the settings that were given.

    Args:
        note: is told what was found, by the names of the settings.
    """

    def __init__(self, note: Callable[[Mapping[str, float]], None]) -> None:
        self._note = note

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Refuse a search for what a task or data module of one's own has not.

        Raises:
            FHRError: it has no such attribute.
        """
        for finder, owner, name, _ in _searches(trainer, pl_module):
            if not hasattr(owner, name):
                raise FHRError(
                    f"{finder} looks for a better `{name}` of {type(owner).__name__}, which has none; name the setting "
                    "and the attribute so, or leave the finder out"
                )

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Take what was found; Lightning calls its finders first."""
        found = {setting: getattr(owner, name) for _, owner, name, setting in _searches(trainer, pl_module)}
        if found:
            trainer.strategy.setup_optimizers(trainer)
            self._note(found)


def _searches(trainer: pl.Trainer, task: pl.LightningModule) -> Iterator[tuple[str, Any, str, str]]:
    """Finders of a trainer: name, whose attribute they set, which, and by which setting it is given."""
    owners = {"model": task, "data": trainer.datamodule}  # type: ignore[attr-defined]
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        for finder, (part, name) in _SOUGHT.items():
            if isinstance(callback, finder):
                yield finder.__name__, owners[part], name, f"{part}.init_args.{name}"


def without_finders(config: Namespace, found: Mapping[str, float]) -> None:
    """Write what was found into a configuration, in place of those who have searched for it."""
    for setting, value in found.items():
        config[setting] = value
    names = {finder.__name__ for finder in _SOUGHT}
    config.trainer.callbacks = [
        one for one in config.trainer.callbacks if one.class_path.rpartition(".")[2] not in names
    ]
