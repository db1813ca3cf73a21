"""Batch: the windows that a data module gives to a classification task."""

from typing import NamedTuple

import torch

from fhr.models import exactest

__all__ = ["Batch"]


class Batch(NamedTuple):
    """A batch of windows with their labels.

    Attributes:
        signal: (batch, channel, time).
        label: (batch,), 0 or 1.
        ph: (batch,), NaN where unknown.
        weight: (batch,), of each record in the loss.
        features: (batch, n_features), as they were computed, NaN where missing; n_features is 0 where the data give
            none.
    """

    signal: torch.Tensor
    label: torch.Tensor
    ph: torch.Tensor
    weight: torch.Tensor
    features: torch.Tensor

    def to(self, device: torch.device) -> "Batch":
        """The batch on a device, its features in a precision that the device has; Lightning calls this."""
        features = self.features.to(torch.float32) if exactest(device) is torch.float32 else self.features
        parts = (part.to(device, non_blocking=device.type == "cuda") for part in self._replace(features=features))
        return Batch(*parts)
