"""BankDataModule: a place of a cross-validation, trained on simulated labours that were refitted inside it."""

from dataclasses import replace
from typing import Any, Protocol

import pandas as pd

from fhr.datasets import Database, Place, told_of_use
from fhr.errors import FHRError
from fhr.recording import Heritage

from .features import compute_features
from .place import PlaceDataModule

__all__ = ["BankDataModule", "Sampler"]


class Sampler(Protocol):
    """Source of recordings to train on, fitted to the training part of a place; `fhr.synthesis.Refitted` is one."""

    def sample(self, n: int, *, seed: int) -> Database:
        """Draw `n` recordings with their outcomes; their provenance says what the sampler was fitted to."""


class BankDataModule(PlaceDataModule):
    """Windows of a place, whose training part is drawn from a sampler, beside its own records or in place of them.

    What stops the training, the held-out inner fold and the outer fold are the records of the place.

    Args:
        place: which records, by use.
        sampler: fitted to training records of this place and to no other: `Bank.at(place)` gives one.
        n: recordings to draw.
        alone: train on what is drawn alone; the own records are trained on, too, where it is False.
        options: see `PlaceDataModule`; the seed draws the recordings, too.

    Raises:
        FHRError: n below 1, a place without recordings, or recordings of names that the place has.
        CheckpointError: a sampler that was fitted to test records, in a cross-validation.

    Example:
        bank = Bank.simulate(4000, folder="build/bank")
        births = birth_table(database)

        def make(place, seed):
            data = BankDataModule(place, bank.at(place, births), n=2000, seed=seed)
            return Training(ClassificationTask(InceptionNet(), PHRegression()), data, pl.Trainer(max_epochs=10))
    """

    def __init__(self, place: Place, sampler: Sampler, n: int, *, alone: bool = False, **options: Any) -> None:
        if n < 1:
            raise FHRError(f"n={n} recordings to draw; give 1 or more")
        super().__init__(place, **options)
        self.sampler, self.n, self.alone = sampler, n, alone

    def setup(self, stage: str | None = None) -> None:
        """Prepare the records of the place, then draw and prepare the others, once."""
        if self._facts is not None:
            return
        super().setup(stage)
        drawn = self.sampler.sample(self.n, seed=self.seed)
        if self.pipeline.is_cut:  # features and typicality see the window alone
            drawn = drawn.changed(self.pipeline.cut)
        composition = drawn.composition
        told_of_use(lambda: Heritage(drawn.digests, composition).seen, f"what is trained on {drawn.origin} has")
        facts = self.facts
        if twice := {*drawn.names} & {*self._database.names}:
            self._facts = None
            raise FHRError(f"the recording {min(twice)!r} that was drawn has the name of a record; draw other names")
        windows, unusable = self.pipeline.prepare(drawn)
        signals = {window.recording.name: window.signal for window in windows}
        labels = drawn.labels(self.target.name).dropna()
        if self._computed is not None and self.features is not None:
            more = compute_features(drawn, self.features)
            unusable = {**unusable, **more.unusable}
            self.__dict__["_computed"] = self._computed._replace(table=pd.concat([self._computed.table, more.table]))
        names = [name for name in drawn.names if name in labels.index and name in signals and name not in unusable]
        if not names:
            self._facts = None
            raise FHRError(f"{drawn.origin}: none of {len(drawn)} recordings can be trained on; draw more")
        own = () if self.alone else facts.partition.train
        self._signal = {**self._signal, **{name: signals[name] for name in names}}
        self._giver = {**self._giver, **{name: name for name in names}}
        self._label = pd.concat([self._label, labels.loc[names]])
        self._ph = pd.concat([self._ph, drawn.outcomes["ph"].loc[names]])
        self._facts = replace(
            facts,
            partition=replace(facts.partition, train=(*own, *names)),
            labels=self._label,
            recordings={**facts.recordings, **{name: drawn[name] for name in names}},
        )
