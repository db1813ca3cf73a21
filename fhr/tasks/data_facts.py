"""DataFacts: what a run remembers of the data that it was trained on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from fhr.datasets import Partition, Splits
from fhr.features import FeatureScaling, FeatureSet
from fhr.preprocessing import FalseSignalInput, Pipeline
from fhr.recording import Composition, Recording

__all__ = ["DataFacts"]


@dataclass(frozen=True)
class DataFacts:
    """Facts of the data of a run; a data module gives them to its task.

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
        scaling: of the features, as the training fold gives it, or None.
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

    def __deepcopy__(self, memo: dict[int, Any]) -> "DataFacts":
        """Itself: nothing of it changes, and the copies of a task share the recordings."""
        return self

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
        """Kinds of the recordings in `learnt_from`, with their makers."""
        return Composition.of(self.recordings[name] for name in self.learnt_from)

    @property
    def tested_composition(self) -> Composition:
        """Kinds of the recordings of the outer fold, with their makers."""
        return Composition.of(self.recordings[name] for name in self.partition.test)
