"""TruthBatch: the windows that a data module gives to a pretraining, with the truth behind them."""

from typing import NamedTuple

import torch

from .batch import moved_to

__all__ = ["TruthBatch"]


class TruthBatch(NamedTuple):
    """A batch of windows with what is true of them in time.

    Attributes:
        signal: (batch, channel, time), parts of its heart rate hidden.
        truth: (batch, 6, time), rows of `fhr.losses.TruthLoss.targets`, NaN where it is not known; levels in
            the units of the signal's heart rate.
        ph: (batch,), NaN where it is not known, or not to be learnt from.
    """

    signal: torch.Tensor
    truth: torch.Tensor
    ph: torch.Tensor

    def to(self, device: torch.device) -> "TruthBatch":
        """The batch on a device; Lightning calls this."""
        return TruthBatch(*(moved_to(device, part) for part in self))
