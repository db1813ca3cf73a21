"""FalseSignalDataModule: FHRMA false-signal recordings for training, early stopping and test."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from torch.utils.data import DataLoader

from fhr.datasets import FalseSignals, Partition, Splits, make_splits
from fhr.errors import DatasetNotFoundError, FHRError, SplitError
from fhr.preprocessing import FalseSignalAugmentation, FalseSignalInput
from fhr.tasks import DataFacts, SampleBatch

from .crops import Crops, Marked, WholeRecordings
from .facts_module import FactsDataModule
from .loaders import shuffled
from .samplers import OnEveryProcess

__all__ = ["FalseSignalDataModule"]

_SENSORS = {"Scalp": "scalp", "Dop": "doppler"}  # by the beginning of a set's name, as the published sets are called


class FalseSignalDataModule(FactsDataModule):
    """A data module of false-signal recordings: crops for training, whole recordings for validation and test.

    Recordings are split into stratified folds (by set, and by whether any FHR is false). Doppler recordings are
    validated and tested twice: as they are, and with MHR withheld. Nothing is calibrated on recordings of its own: the
    early-stopping slice, 15% of three inner folds, also gives the thresholds.

    Args:
        root: the folder; None takes `fhrma-false-signals` in the folder that the environment variable FHR_DATA names.
        repeat: which shuffle of the outer folds; the standard split has one.
        fold: which outer fold is for testing, 0 to 4.
        inner: which early-stopping slice, 0 to 3.
        crop_minutes: length of a crop.
        batch_size: crops a batch.
        augmentation: random changes of the crops, or None.
        splits: a split file; None makes the standard one (5 folds, seed 0) from the data.
        seed: of the order of the crops, their places and the augmentation.
    """

    n_features = 0
    n_outputs = 2
    experiment = "false signals"

    def __init__(
        self,
        root: str | None = None,
        *,
        repeat: int = 0,
        fold: int = 0,
        inner: int = 0,
        crop_minutes: float = 34.0,
        batch_size: int = 8,
        augmentation: FalseSignalAugmentation | None = None,
        splits: str | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.encoding = FalseSignalInput()
        if not (crop_minutes * 60 * self.encoding.fs >= 1 and batch_size >= 1):
            raise FHRError(f"crop_minutes={crop_minutes}, batch_size={batch_size}; both must be positive")
        self.root, self.repeat, self.fold, self.inner = root, repeat, fold, inner
        self.crop_minutes, self.batch_size, self.augmentation = crop_minutes, batch_size, augmentation
        self.splits_path, self.seed = splits, seed

    @property
    def n_channels(self) -> int:
        """Channels of a crop; known before any data is read."""
        return self.encoding.n_channels

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of the data for MLflow's comparison view; known before any data is read."""
        return {
            "batch_size": self.batch_size,
            "augmentation": str(self.augmentation),
            "crop_minutes": self.crop_minutes,
            "fs": self.encoding.fs,
            "seed": self.seed,
        }

    def setup(self, stage: str | None = None) -> None:
        """Read, split and resample, once.

        Raises:
            DatasetNotFoundError: no data.
            SplitError: data that the split was not made for, or too few recordings for the folds.
        """
        if self._facts is not None:
            return
        database = FalseSignals(self._folder())
        if self.splits_path:
            splits = Splits.load(Path(self.splits_path))
        else:
            splits = make_splits(database, n_repeats=1, strata=database.strata)
        splits.check(database)
        self._marked = {r.name: _marked(database, r.name, self.encoding) for r in database}
        label = pd.Series({name: _share_false(one) for name, one in self._marked.items()})
        unlabelled = [name for name, one in self._marked.items() if np.isnan(one.marks).all()]
        part = splits.partition(self.repeat, self.fold, self.inner)
        uses = ((*part.train, *part.calibration), part.validation, (), part.test)
        partition = Partition(*(tuple(sorted(set(names) - set(unlabelled))) for names in uses))
        if not (partition.train and partition.validation and partition.test):
            raise SplitError(f"{database.origin}: {len(database)} recordings leave a use without one; add recordings")
        self._facts = DataFacts(
            pipeline=self.encoding,
            target="false signal",
            partition=partition,
            origin=database.origin,
            data_checksum=database.checksum,
            splits=splits,
            fold=(self.repeat, self.fold, self.inner),
            labels=label,
            recordings={recording.name: recording for recording in database},
            quarantined=database.quarantined,
            unlabelled=tuple(unlabelled),
        )

    def _folder(self) -> Path:
        if self.root is not None:
            return Path(self.root)
        if not os.environ.get("FHR_DATA"):
            raise DatasetNotFoundError(
                "no data folder was named; give `--data.root DIR`, or set FHR_DATA to the folder that holds "
                "`fhrma-false-signals`"
            )
        return Path(os.environ["FHR_DATA"]) / "fhrma-false-signals"

    def train_dataloader(self) -> DataLoader[SampleBatch]:
        """Crops of the recordings that fit the weights, shuffled and augmented."""
        dataset = Crops(
            [self._marked[name] for name in self.facts.partition.train],
            round(self.crop_minutes * 60 * self.encoding.fs),
            encoding=self.encoding,
            augmentation=self.augmentation,
            seed=self.seed,
        )
        return shuffled(dataset, self.batch_size, seed=self.seed, full=True)

    def val_dataloader(self) -> DataLoader[SampleBatch]:
        """The recordings that stop the training."""
        return self._whole(self.facts.partition.validation)

    def test_dataloader(self) -> DataLoader[SampleBatch]:
        """The outer fold."""
        return self._whole(self.facts.partition.test)

    def _whole(self, names: Sequence[str]) -> DataLoader[SampleBatch]:
        recordings = []
        for name in names:
            one = self._marked[name]
            recordings.append(one)
            if one.group == "doppler":
                without = np.stack([one.rates[0], np.full_like(one.rates[1], np.nan)])
                recordings.append(one._replace(rates=without, group="doppler_without_mhr"))
        dataset = WholeRecordings(recordings, encoding=self.encoding)
        return DataLoader(dataset, batch_size=None, sampler=OnEveryProcess(dataset))


def _marked(database: FalseSignals, name: str, encoding: FalseSignalInput) -> Marked:
    group = next((sensor for start, sensor in _SENSORS.items() if database.groups[name].startswith(start)), None)
    if group is None:
        raise FHRError(
            f"{name} is of the set {database.groups[name]!r}; the names of sets begin with {' or '.join(_SENSORS)}, "
            "which tells the sensor: correct it in recordings.csv"
        )
    rates, marks = encoding.rates(database[name]), database.marks(name)
    if rates.shape != marks.shape:
        raise FHRError(f"{name} is not sampled at {encoding.fs:g} Hz, as its marks are; leave it out")
    return Marked(name, rates, marks, group)


def _share_false(one: Marked) -> float:
    """Of the marked FHR samples that hold a value; NaN where there is none."""
    marks = one.marks[0][~np.isnan(one.rates[0]) & ~np.isnan(one.marks[0])]
    return float(marks.mean()) if len(marks) else np.nan
