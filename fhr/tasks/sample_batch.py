"""SampleBatch: the recordings that a data module gives to a false-signal task."""

from typing import NamedTuple

import torch

from .batch import moved_to

__all__ = ["SampleBatch"]


class SampleBatch(NamedTuple):
    """A batch of stretches of recordings with the marks of experts, sample by sample; rows are FHR and MHR.

    Attributes:
        signal: (batch, channel, time).
        target: (batch, 2, time), 1 false, 0 true; 0 where the weight is.
        weight: (batch, 2, time), 1 where a sample is marked and its channel holds a value, else 0.
        names: of the recordings.
        group: of all in the batch: `doppler`, `doppler_without_mhr` (its MHR withheld), `scalp`; of a training batch
            `mixed`.
    """

    signal: torch.Tensor
    target: torch.Tensor
    weight: torch.Tensor
    names: tuple[str, ...]
    group: str

    def to(self, device: torch.device) -> "SampleBatch":
        """The batch on a device; Lightning calls this."""
        signal, target, weight = (moved_to(device, part) for part in (self.signal, self.target, self.weight))
        return self._replace(signal=signal, target=target, weight=weight)
