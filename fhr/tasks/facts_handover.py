"""FactsHandover: the callback that gives a task the facts of the data module."""

from typing import Protocol, runtime_checkable

import pytorch_lightning as pl
from pytorch_lightning.callbacks.weight_averaging import WeightAveraging

from .data_facts import DataFacts

__all__ = ["FactsHandover", "TakesFacts"]


@runtime_checkable
class TakesFacts(Protocol):
    """A LightningModule that remembers the facts of its data."""

    def take(self, facts: DataFacts | None) -> None:
        """Remember the facts, or forget them."""

    def scale_features(self) -> bool:
        """Give the scaling of the training fold to a network not trained yet; whether there was one to give."""

    def begin(self) -> bool:
        """Give pretrained weights to a network not trained yet; whether there were some to give."""


class FactsHandover(pl.Callback):
    """A callback that hands the facts of the trainer's data module to the task, once the data module is set up.

    Every task brings its own by `configure_callbacks`, so that a plain `Trainer.fit(task, datamodule=data)` suffices.
    Facts that a user gave by `take` stay where no data module has any; those of an earlier data module do not.

    A network that is not trained yet gets the scaling of its features and the pretrained weights that its task names.
    """

    def __init__(self) -> None:
        self._handed = False

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Hand the facts over; Lightning calls this after the `setup` of the data module."""
        facts = getattr(getattr(trainer, "datamodule", None), "facts", None)
        if not isinstance(pl_module, TakesFacts):
            return
        if isinstance(facts, DataFacts):
            pl_module.take(facts)
            self._handed = True
        elif self._handed:
            pl_module.take(None)
            self._handed = False
        if stage == "fit" and pl_module.scale_features():
            _average_anew(trainer, pl_module)

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Begin with pretrained weights, unless a checkpoint was restored, which Lightning does before this."""
        if isinstance(pl_module, TakesFacts) and pl_module.begin():
            _average_anew(trainer, pl_module)


def _average_anew(trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
    """Let averages of weights start from the network as it is now; they have copied it before."""
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        if isinstance(callback, WeightAveraging):
            callback.setup(trainer, pl_module, "fit")
