"""Averaging of weights over the last epochs, for which Lightning adds an epoch to those that were asked for."""

import pytorch_lightning as pl
from pytorch_lightning.callbacks import StochasticWeightAveraging

__all__ = ["averaging_of", "planned_epochs"]


def averaging_of(trainer: pl.Trainer) -> StochasticWeightAveraging | None:
    """The trainer's `StochasticWeightAveraging`, or None."""
    return next((one for one in trainer.callbacks if isinstance(one, StochasticWeightAveraging)), None)  # type: ignore[attr-defined]


def planned_epochs(trainer: pl.Trainer) -> int | None:
    """The epochs that were asked for, without the one of the averaging; -1 for no end, None where steps are counted."""
    return getattr(averaging_of(trainer), "_max_epochs", trainer.max_epochs)  # which it notes as the fit starts
