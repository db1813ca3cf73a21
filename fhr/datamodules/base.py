"""DatabaseDataModule: the data module of a `Database`, whatever the database was read from."""

import logging
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from torch.utils.data import DataLoader

from fhr.datasets import (
    Database,
    Partition,
    Place,
    Splits,
    Target,
    bootstrap_of,
    given,
    givers,
    make_splits,
    told_of_use,
)
from fhr.errors import FHRError, SignalError, SplitError
from fhr.features import FeatureScaling, FeatureSet
from fhr.preprocessing import Augmentation, Pipeline
from fhr.recording import Composition, Heritage, Recording
from fhr.synthesis import Rebalancing
from fhr.tasks import Batch, DataFacts

from .facts_module import WindowsDataModule
from .features import Features, cached_features
from .joined import joined
from .loaders import in_order, shuffled
from .members import MembersDataModule
from .prepared import is_prepared, prepared
from .windows import WindowDataset

__all__ = ["DatabaseDataModule"]

_log = logging.getLogger("fhr.datamodules")


class DatabaseDataModule(WindowsDataModule):
    """A data module of fixed windows, split by record into train, validation, calibration and test.

    Args:
        target: the label with its inequality, for example `ph<=7.15`.
        repeat: which shuffle of the outer folds.
        fold: which outer fold is for testing.
        inner: which of the four inner folds is held out for calibration.
        window_minutes: length of the window, counted back from the end, or from what the next two say.
        window_before: `stage2` for a window that ends where the second stage begins (at the end, where there was
            none); `end` for one at the end of the recording.
        withheld_minutes: between the window and what it ends before. A recording holds a window of 60 - m min that ends
            m min before its end as surely as one of the last hour; a longer one would leave out short recordings.
        fs: sampling rate of the windows, Hz.
        channels: which of `fhr`, `uc`, `mask`; several need the mask, which networks take from the last channel.
        batch_size: records a batch.
        class_weights: `balanced` gives both classes the same weight in the loss.
        rebalancing: of the classes of the training part: weights in the loss, copies, or recordings of a generator that
            is fitted to the records that fit the weights of the network, and to no other. The records that stop the
            training get weights to the same share; calibration and test stay as they are. None for none.
        augmentation: random changes of the training windows, or None.
        features: what is computed beside the signal of each record, from its own window at the end of the record; None
            for nothing. Batches hold it unscaled; the training part of the fold gives the network its scaling. The
            augmentation leaves it.
        splits: a split file; None makes the standard one (10 x 5 folds, seed 0) from the data.
        seed: of the order of the records, of the augmentation and of the bootstrap.
        bootstrap: fit the weights on as many records drawn with replacement, for a retraining that is independent of
            others; the early-stopping slice and all else stay.
        permute: a control: every record gets the signal and the features of another one, by this seed, so that there
            is nothing to learn; None for none.
    """

    def __init__(
        self,
        *,
        target: str = "ph<=7.15",
        repeat: int = 0,
        fold: int = 0,
        inner: int = 0,
        window_minutes: float = 60.0,
        window_before: Literal["end", "stage2"] = "end",
        withheld_minutes: float = 0.0,
        fs: float = 1.0,
        channels: Sequence[str] = ("fhr", "uc", "mask"),
        batch_size: int = 32,
        class_weights: Literal["none", "balanced"] = "none",
        rebalancing: Rebalancing | None = None,
        augmentation: Augmentation | None = None,
        features: FeatureSet | None = None,
        splits: str | None = None,
        seed: int = 0,
        bootstrap: bool = False,
        permute: int | None = None,
    ) -> None:
        super().__init__()
        if len(channels) > 1 and "mask" not in channels:
            raise FHRError(f"channels={list(channels)}; add `mask`: networks take the last of several channels for it")
        if batch_size < 2:
            raise FHRError(f"batch_size={batch_size}; batch normalisation needs 2 or more")
        if rebalancing is not None and rebalancing.method == "none":
            rebalancing = None
        if rebalancing is not None and (rebalancing.method == "smote" or class_weights != "none"):
            raise FHRError(
                f"rebalancing by {rebalancing.title} with class_weights={class_weights}; SMOTE draws between features, "
                "which signals are not, and classes are weighted once: give weights, oversampling or synthetic alone"
            )
        self.target = Target(target)
        self.repeat, self.fold, self.inner = repeat, fold, inner
        self.pipeline = Pipeline(
            fs=fs,
            minutes=window_minutes,
            channels=tuple(channels),
            before=window_before,
            withheld=withheld_minutes,
        )
        if rebalancing is not None and rebalancing.generator is not None and self.pipeline.is_cut:
            raise FHRError(
                f"rebalancing by {rebalancing.title} beside {self.pipeline.window}; a generator makes the last minutes "
                "of a labour: take windows at the end"
            )
        if features is not None and self.pipeline.is_cut and features.minutes > window_minutes:
            raise FHRError(
                f"features of {features.minutes:g} min beside {self.pipeline.window}; set `data.features.minutes` to "
                f"{window_minutes:g} or less: features see nothing beyond the window"
            )
        self.batch_size, self.class_weights, self.augmentation = batch_size, class_weights, augmentation
        self.rebalancing = rebalancing
        self.features, self.splits_path, self.seed = features, splits, seed
        self.bootstrap, self.permute = bootstrap, permute
        self.place: Place | None = None
        self._offset: pd.Series | None = None

    def at(self, place: Place) -> Self:
        """Take records, label and folds from a place of a cross-validation, and its database where it has one.

        A data module that was set up for other records is set up anew.
        """
        self._facts = self._offset = None
        for read in ("splits", "_database", "_computed"):
            self.__dict__.pop(read, None)
        self.place, self.target = place, Target(place.target)
        self.repeat, self.fold, self.inner = place.split_repeat, place.fold, place.inner
        self.bootstrap = self.bootstrap or place.members > 1
        if place.permutation is not None:
            self.permute = place.permutation
        return self

    def take_offset(self, offset: pd.Series) -> None:
        """Add a score from elsewhere to that of the network, which then learns what it leaves.

        `at` forgets it.

        Args:
            offset: by record name, in the units of the loss; of each record by something that has not seen its outcome.
        """
        self._offset = offset

    @property
    def n_outputs(self) -> int:
        """Scores a window; known before any data is read."""
        return 1

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the features beside the signal; known before any data is read."""
        return self.features.names if self.features is not None else ()

    @property
    def n_features(self) -> int:
        """Features beside the signal; known before any data is read."""
        return len(self.feature_names)

    @property
    def experiment(self) -> str:
        """Runs of one label are compared with each other in MLflow; those on recordings that were made, apart."""
        return Composition.of(self.database_read).marked(f"acidosis {self.target.name}")

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of the data for MLflow's comparison view; known before any data is read."""
        features = self.features
        return {
            "batch_size": self.batch_size,
            "augmentation": str(self.augmentation),
            "class_weights": self.class_weights,
            "rebalancing": "none" if self.rebalancing is None else self.rebalancing.title,
            "window_minutes": self.pipeline.minutes,
            "window": self.pipeline.window,
            "fs": self.pipeline.fs,
            "features": ", ".join(features.groups) if features else "none",  # their names are in data.json
            "features_checksum": features.checksum if features else "none",
            "seed": self.seed,
            "bootstrap": self.bootstrap,
            "permute": self.permute,
        }

    @abstractmethod
    def read(self) -> Database:
        """Read or make the database."""

    @cached_property
    def _database(self) -> Database:
        given = None if self.place is None else self.place.database
        if not self.pipeline.is_cut:
            return self.read() if given is None else given
        if given is None:
            return self.read().changed(self.pipeline.cut)
        if given.whole_checksum == given.checksum:
            raise FHRError(
                f"the network takes {self.pipeline.window}, and the cross-validation has whole recordings; give it "
                "`database.changed(Pipeline(minutes=..., before=..., withheld=...).cut)`, so that nothing beside the "
                "network sees more"
            )
        return given

    @property
    def database_read(self) -> Database:
        """The recordings, read once; where the window ends before they do, the window of each."""
        return self._database

    @cached_property
    def _computed(self) -> Features | None:
        return cached_features(self._database, self.features) if self.features is not None else None

    @cached_property
    def splits(self) -> Splits:
        """The outer folds: those of the place, of the split file, or the standard ones of the data.

        Raises:
            SplitError: splits of other data, or a file that cannot be read.
        """
        if self.place is not None:
            return self.place.splits
        if not self.splits_path:
            return make_splits(self._database)
        splits = Splits.load(Path(self.splits_path))
        splits.check(self._database)
        return splits

    def prepare_data(self) -> None:
        """Compute the features that are not on disk yet; Lightning calls this in one process a machine.

        `setup` does it too where nobody has: any number of processes compute them once.
        """
        if self._facts is None and self.features is not None:
            self._computed  # noqa: B018

    def setup(self, stage: str | None = None) -> None:
        """Read, split, label and prepare, once.

        Raises:
            DatasetNotFoundError: no data.
            OutcomeError: no record carries the outcome of the target.
            SplitError: data that the split was not made for, or a class too small for the folds.
            SignalError: no record can be prepared.
        """
        if self._facts is not None:
            return
        database, computed = self._database, self._computed
        splits = self.splits
        new = not is_prepared(database, self.pipeline)
        windows, unusable = prepared(database, self.pipeline)
        if computed is not None:
            unusable = {**computed.unusable, **unusable}
        self._signal = {name: signal for name, signal in windows.items() if name not in unusable}
        if not self._signal:
            name, reason = next(iter(unusable.items()))
            raise SignalError(f"{database.origin}: none of {len(unusable)} records can be used; the first: {reason}")
        for name, reason in (database.quarantined | unusable).items() if new else ():  # once, not for every fold
            _log.warning("left out %s: %s", name, reason)
        label = database.labels(self.target.name)
        unlabelled = label.index[label.isna()].tolist()
        if unlabelled and new:
            _log.warning("%d records lack the outcome of %s: %s", len(unlabelled), self.target, ", ".join(unlabelled))
        usable = label[label.notna() & label.index.isin(list(self._signal))]
        if self.place is not None:  # which may hold some of the records alone
            usable = usable[usable.index.isin(self.place.labels.index)]
        n_folds = len(splits.folds[0])
        for value, word in ((1, "meet"), (0, "do not meet")):
            count = int((usable == value).sum())
            if count < n_folds:
                raise SplitError(
                    f"{count} of {len(usable)} usable records {word} {self.target}, fewer than the {n_folds} folds; "
                    "use more records or another target"
                )
        self._label, self._outcomes = usable, database.outcomes
        self._giver = givers(usable.index.tolist(), self.permute)
        partition = splits.partition(self.repeat, self.fold, self.inner)
        partition = Partition(*(tuple(n for n in names if n in usable.index) for names in vars(partition).values()))
        learnt = [self._giver[name] for name in partition.train]
        of_name = {recording.name: recording for recording in database}
        drawn = self._drawn(partition.train, of_name)
        self._facts = DataFacts(
            pipeline=self.pipeline,
            target=self.target.name,
            partition=partition,
            origin=database.origin,
            data_checksum=database.checksum,
            splits=splits,
            fold=(self.repeat, self.fold, self.inner),
            labels=usable,
            recordings={name: of_name[giver] for name, giver in self._giver.items()},
            quarantined={**database.quarantined, **unusable},
            unlabelled=tuple(unlabelled),
            features=self.features,
            scaling=FeatureScaling.fit(computed.table.loc[learnt]) if computed is not None else None,
        )
        told_of_use(self._seen, f"what is trained on {database.origin} has")
        if drawn is not None:
            self._join(drawn)

    def _drawn(self, train: Sequence[str], of_name: Mapping[str, Recording]) -> Database | None:
        """Recordings of the class that is too few, by a generator that is fitted to these records alone."""
        if self.rebalancing is None or self.rebalancing.generator is None:
            return None
        labels = self._label.loc[list(train)]
        own = [given(of_name[name], of_name[self._giver[name]]) for name in train]
        target, n = self.rebalancing.missing(labels.to_numpy())
        fitted = self.rebalancing.generator.fit(own, labels, place=self._place())
        return fitted.sample(n, target, self.seed) if n else None

    def _place(self) -> Place:
        return self.place or Place(
            self.target.name,
            self._label,
            self._outcomes["ph"],
            self.splits,
            self._database,
            self.repeat,
            self.fold,
            self.inner,
            permutation=self.permute,
        )

    def _join(self, drawn: Database, *, alone: bool = False) -> None:
        """Train on recordings that were drawn, too, or on them alone; all other parts stay.

        Raises:
            FHRError: a name that a record has, or recordings that cannot be used.
            CheckpointError: drawn by what was fitted to test records, in a cross-validation.
        """
        facts = self.facts
        try:
            more = joined(drawn, self.target.name, self.pipeline, self.features, taken=self._database.names)
        except FHRError:
            self._facts = None  # it is not set up
            raise
        if more.features is not None and self._computed is not None:
            table = pd.concat([self._computed.table, more.features])
            self.__dict__["_computed"] = self._computed._replace(table=table)
        self._signal = {**self._signal, **more.signals}
        self._giver = {**self._giver, **{name: name for name in more.signals}}
        self._label = pd.concat([self._label, more.labels])
        self._outcomes = pd.concat([self._outcomes, more.outcomes])
        self._facts = replace(
            facts,
            partition=replace(facts.partition, train=(*(() if alone else facts.partition.train), *more.signals)),
            labels=self._label,
            recordings={**facts.recordings, **more.recordings},
        )

    def _seen(self) -> frozenset[str]:
        """Records that whatever is trained on these data has seen."""
        digests = dict(zip(self._database.names, self._database.digests, strict=True))
        facts = self.facts
        return Heritage(tuple(digests[name] for name in facts.learnt_from), facts.learnt_composition).seen

    def members(self, seeds: Sequence[int]) -> MembersDataModule:
        """Data of several retrainings, read once, see `MembersDataModule`."""
        return MembersDataModule(self, seeds)

    def train_dataloader(self) -> DataLoader[Batch]:
        """The records that fit the weights, shuffled and augmented."""
        names = self.facts.partition.train
        method = "none" if self.rebalancing is None else self.rebalancing.method
        if self.rebalancing is not None and method == "oversampling":
            copies = self.rebalancing.copies(self._label.loc[list(names)].to_numpy(), self._place(), self.seed)
            names = (*names, *(names[k] for k in copies))
        if self.bootstrap:  # of the copies too, for members trained at once need as many records each
            names = bootstrap_of(names, self.seed)
        dataset = self._dataset(names, self.augmentation, weighted=method == "weights")
        return shuffled(dataset, self.batch_size, seed=self.seed)

    def val_dataloader(self) -> DataLoader[Batch]:
        """The records that stop the training."""
        return self._in_order(self.facts.partition.validation, weighted=self.rebalancing is not None)

    def calibration_dataloader(self) -> DataLoader[Batch]:
        """The held-out inner fold."""
        return self._in_order(self.facts.partition.calibration)

    def test_dataloader(self) -> DataLoader[Batch]:
        """The outer fold."""
        return self._in_order(self.facts.partition.test)

    def _in_order(self, names: Sequence[str], *, weighted: bool = False) -> DataLoader[Batch]:
        return in_order(self._dataset(names, weighted=weighted), self.batch_size)

    def _dataset(
        self, names: Sequence[str], augmentation: Augmentation | None = None, *, weighted: bool = False
    ) -> WindowDataset:
        label, outcomes = self._label.loc[list(names)].to_numpy(), self._outcomes.loc[list(names)]
        weight = np.ones(len(label))
        if weighted and self.rebalancing is not None and 0 < label.sum() < len(label):
            weight = self.rebalancing.weights(label)
        if self.class_weights == "balanced":
            weight = np.where(label == 1, 0.5 / max(label.mean(), 1e-9), 0.5 / max(1 - label.mean(), 1e-9))
        return WindowDataset(
            np.stack([self._signal[self._giver[name]] for name in names]),
            label,
            outcomes["ph"].to_numpy(),
            weight,
            self._features(names),
            pipeline=self.pipeline,
            bdecf=outcomes["bdecf"].to_numpy(),
            offset=self._offsets(names),
            augmentation=augmentation,
            seed=self.seed,
        )

    def _offsets(self, names: Sequence[str]) -> np.ndarray | None:
        if self._offset is None:
            return None
        if missing := [name for name in names if name not in self._offset.index]:
            raise FHRError(
                f"{len(missing)} of {len(names)} records have no offset, {missing[0]} the first; give `take_offset` a "
                "score of every record, and train on no recordings that are drawn"
            )
        return self._offset.loc[list(names)].to_numpy(dtype=np.float64)

    def _features(self, names: Sequence[str]) -> np.ndarray:
        if self._computed is None:
            return np.empty((len(names), 0), dtype=np.float32)
        return self._computed.table.loc[[self._giver[name] for name in names]].to_numpy(dtype=np.float64)
