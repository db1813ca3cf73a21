"""BankDataModule: a place of a cross-validation, trained on simulated labours that were refitted inside it."""

from typing import Any, Protocol

from fhr.datasets import Database, Place
from fhr.errors import FHRError

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
        self._join(self.sampler.sample(self.n, seed=self.seed), alone=self.alone)
