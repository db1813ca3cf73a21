"""Batch: the windows that a data module gives to a classification task."""

from typing import NamedTuple

import torch

__all__ = ["Batch"]


class Batch(NamedTuple):
    """Windows with their labels.

    Attributes:
        signal: (batch, channel, time).
        label: (batch,), 0 or 1.
        ph: (batch,), NaN where unknown.
        weight: (batch,), of each record in the loss.
        features: (batch, n_features), scaled, 0 where missing; n_features is 0 where the data give none.
    """

    signal: torch.Tensor
    label: torch.Tensor
    ph: torch.Tensor
    weight: torch.Tensor
    features: torch.Tensor
