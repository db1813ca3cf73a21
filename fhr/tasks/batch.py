"""Batch: the windows that a data module gives to a classification task."""

from math import nan
from typing import NamedTuple

import torch
from torch import nn

from fhr.models import exactest

__all__ = ["Batch"]

_UNKNOWN, _NO_OFFSET = torch.tensor(nan), torch.tensor(0.0)


class Batch(NamedTuple):
    """A batch of windows with their labels.

    Attributes:
        signal: (batch, channel, time).
        label: (batch,), 0 or 1.
        ph: (batch,), NaN where unknown.
        weight: (batch,), of each record in the loss.
        features: (batch, n_features), as they were computed, NaN where missing; n_features is 0 where the data give
            none.
        bdecf: (batch,), base deficit in the extracellular fluid, mmol/l, NaN where unknown; one NaN where the data give
            none.
        offset: (batch,), a score from elsewhere that the first one of the network is added to, so that the network
            learns what it leaves; 0 for none.
    """

    signal: torch.Tensor
    label: torch.Tensor
    ph: torch.Tensor
    weight: torch.Tensor
    features: torch.Tensor
    bdecf: torch.Tensor = _UNKNOWN
    offset: torch.Tensor = _NO_OFFSET

    def to(self, device: torch.device) -> "Batch":
        """The batch on a device, its features in a precision that the device has; Lightning calls this."""
        features = self.features.to(torch.float32) if exactest(device) is torch.float32 else self.features
        return Batch(*(moved_to(device, part) for part in self._replace(features=features)))

    def cost(self, loss: nn.Module, scores: torch.Tensor) -> torch.Tensor:
        """The loss of the network's `scores` (batch, n_outputs) and the offset.

        A loss that says `takes_bdecf` is given the base deficit, too.
        """
        more = (self.bdecf,) if getattr(loss, "takes_bdecf", False) else ()
        cost: torch.Tensor = loss(scores + self.offset[..., None], self.label, self.ph, self.weight, *more)
        return cost


def moved_to(device: torch.device, part: torch.Tensor) -> torch.Tensor:
    """A tensor on a device; a GPU takes it when it comes to it, while the CPU goes on."""
    if device.type != "cuda":
        return part.to(device)
    on_cpu = part.device.type == "cpu"
    return (part.pin_memory() if on_cpu else part).to(device, non_blocking=True)  # memory that may move is waited for
