"""The contract between data modules and tasks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd
import torch

from fhr.datasets import Partition, Splits
from fhr.features import FeatureScaling, FeatureSet
from fhr.preprocessing import FalseSignalInput, Pipeline
from fhr.recording import Composition, Recording

__all__ = ["Batch", "DataFacts"]


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


@dataclass(frozen=True)
class DataFacts:
    """What a run has to remember of its data.

    Attributes:
        pipeline: what prepared the windows, or the samples.
        target: the label with its inequality.
        partition: the records of this fold, by use.
        origin: where the recordings come from.
        data_checksum: of the whole database.
        splits: all folds.
        fold: repeat, outer fold, inner fold.
        labels: 0 or 1 by record name; of samples, the fraction of false ones.
        recordings: by record name.
        quarantined: reason for each record that was left out, by name.
        unlabelled: records that lack the outcome.
        features: what is computed beside the signal, or None.
        scaling: of the features, or None.
    """

    pipeline: Pipeline | FalseSignalInput
    target: str
    partition: Partition
    origin: str
    data_checksum: str
    splits: Splits
    fold: tuple[int, int, int]
    labels: pd.Series
    recordings: Mapping[str, Recording]
    quarantined: Mapping[str, str]
    unlabelled: tuple[str, ...]
    features: FeatureSet | None = None
    scaling: FeatureScaling | None = None

    @property
    def learnt_from(self) -> tuple[str, ...]:
        """Names of all records that the weights, the stopping or the calibrator see."""
        return (*self.partition.train, *self.partition.validation, *self.partition.calibration)

    @property
    def composition(self) -> Composition:
        """Kinds of all recordings, their makers, and what these were fitted to."""
        return Composition.of(self.recordings.values())

    @property
    def learnt_composition(self) -> Composition:
        """That of the recordings in `learnt_from`."""
        return Composition.of(self.recordings[name] for name in self.learnt_from)

    @property
    def tested_composition(self) -> Composition:
        """That of the recordings of the outer fold."""
        return Composition.of(self.recordings[name] for name in self.partition.test)
