"""`Generator` and `FittedGenerator`: what makes synthetic recordings, before and after it was fitted.

A recipe is plain numbers and names; fitted to recordings it gives as many others as are asked for, each marked as made,
by what and from which records, so that a test on one of these is refused wherever it is used.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pandas as pd

import fhr
from fhr.compute import seed_of, stream
from fhr.datasets import Database, Place, given
from fhr.errors import FHRError
from fhr.recording import Provenance, Recording, Source, Step

from .training_windows import TrainingWindows

__all__ = ["Drawn", "FittedGenerator", "Generator", "name_of"]

LOCAL = "local"
"""In the metadata of a field: a setting that changes nothing of what is made, such as a folder of kept work."""
_AT_ONCE = 16  # recordings in memory
_MOST_MINUTES = 24 * 60


class Drawn(NamedTuple):
    """Signals that a generator made.

    Attributes:
        signals: float32 (k, 2, time), FHR and UC; NaN is missing.
        stage2_start: (k,) s from the start, NaN for no second stage; None for those of the training records.
    """

    signals: np.ndarray
    stage2_start: np.ndarray | None = None


@dataclass(frozen=True, kw_only=True)
class Generator(ABC):
    """A way to make recordings from others. Every generator is a frozen dataclass of plain values.

    Args:
        minutes: length of what is made: the last minutes of a labour.

    Raises:
        FHRError: a length that is not positive or above a day.
    """

    minutes: float = 60.0

    kind: ClassVar[str] = "synthetic"
    keeps: ClassVar[str]
    """What a made recording shares with what it was made from."""
    destroys: ClassVar[str]
    """What is lost on the way."""

    def __post_init__(self) -> None:
        if not 0 < self.minutes <= _MOST_MINUTES:
            raise FHRError(f"minutes={self.minutes:g}; give a positive length of up to {_MOST_MINUTES} min")

    def fit(
        self,
        recordings: Sequence[Recording],
        labels: Sequence[float] | Mapping[str, float] | pd.Series | None = None,
        *,
        place: Place | None = None,
        outer: bool = False,
    ) -> "FittedGenerator":
        """Fit to recordings: those of a training fold, if anything is to be tested on others.

        Args:
            recordings: measured or simulated ones of one sampling rate, see `TrainingWindows.of`.
            labels: 0 or 1 of each, in order or by name, for `sample` by class.
            place: of a cross-validation; a recording that a model of this place may not learn from is refused.
            outer: only the outer test fold is refused, not the inner fold that is held out for calibration.

        Raises:
            FHRError: a recording of the test fold or of the held-out inner fold, or what `TrainingWindows.of` refuses.
        """
        recordings = list(recordings)
        digests = None
        if place is not None:
            _check_place(recordings, place, outer)
            if place.database is not None:  # of a control the records that the signals stand for
                digests = dict(zip(place.database.names, place.database.digests, strict=True))
        windows = self.usable(TrainingWindows.of(recordings, labels, minutes=self.minutes, digests=digests))
        fitted = FittedGenerator(self, windows, "" if place is None else _words(place, outer))
        _ = fitted.prepared  # what cannot be learnt is refused here
        return fitted

    def at(self, place: Place, *, outer: bool = False) -> "FittedGenerator":
        """Fit to what a model of a place may learn from: its training and its early-stopping records.

        Where the place is a control every record takes the signal of its giver, see `Place.givers`.

        Args:
            place: of a cross-validation, on a database.
            outer: also fit to the inner fold that is held out, for what is compared with the outer test fold alone.

        Raises:
            FHRError: a place without recordings, and as `fit`.
        """
        database = place.database
        if database is None:
            raise FHRError("a place without recordings; cross-validate a database")
        names = _allowed(place, outer)
        giver = place.givers(list(place.labels.index))
        recordings = [given(database[name], database[giver[name]]) for name in names]
        return self.fit(recordings, place.labels, place=place, outer=outer)

    @property
    def title(self) -> str:
        """Name and settings, `IAAFT(exact=amplitudes, joint=True)`."""
        settings = ", ".join(f"{key}={_said(value)}" for key, value in self.settings().items() if key != "minutes")
        return f"{type(self).__name__}({settings})"

    def settings(self) -> dict[str, Any]:
        """Settings by name, without those that are of this machine alone."""
        return {field.name: getattr(self, field.name) for field in fields(self) if not field.metadata.get(LOCAL)}

    def usable(self, windows: TrainingWindows) -> TrainingWindows:
        """The windows that something can be made from; all of them, unless a generator says otherwise."""
        return windows

    def prepare(self, windows: TrainingWindows) -> Any:
        """Learn from the windows what every draw needs; None for nothing."""
        return None

    @abstractmethod
    def draw(self, fitted: "FittedGenerator", rows: np.ndarray, seed: int, first: int) -> "Drawn":
        """Make the signals of a recording for each training record of `rows`, whose outcome it takes.

        Recording i of these must depend on its row, on the seed and on `first` + i alone.

        Args:
            fitted: to the training records.
            rows: (k,) positions of training records.
            seed: of all draws.
            first: number of the first of these draws.
        """


@dataclass(frozen=True, eq=False)
class FittedGenerator:
    """A generator with what it was fitted to.

    It holds the signals of its training records: whoever is given one is given these recordings.

    Attributes:
        recipe: that it was made by.
        windows: of the training records.
        split: the training fold in words; empty where it was fitted to all that was given.
    """

    recipe: Generator
    windows: TrainingWindows
    split: str = ""

    @cached_property
    def prepared(self) -> Any:
        """Prepared windows: what the recipe learns from them once, see `Generator.prepare`."""
        return self.recipe.prepare(self.windows)

    @property
    def fitted_to(self) -> tuple[str, ...]:
        """Digests of the records that it was fitted to; they stand in the provenance of whatever it makes."""
        return self.windows.fitted_to

    @property
    def made_by(self) -> str:
        """Maker in the provenance of what is drawn."""
        at = f", {self.split}" if self.split else ""
        return f"fhr.synthesis {fhr.__version__}, {self.recipe.title}, fitted to {len(self.windows)} records{at}"

    def sample(
        self, n: int, target: int | None = None, generator: int | np.random.Generator = 0, *, begin: int = 0
    ) -> Database:
        """Make recordings, see `draws`."""
        made = self.draws(n, target, generator, begin=begin)
        return Database(made, origin=f"{n} recordings of {self.made_by}")

    def draws(
        self, n: int, target: int | None = None, generator: int | np.random.Generator = 0, *, begin: int = 0
    ) -> Iterator[Recording]:
        """Make recordings one after another, with a batch of them in memory.

        Each has the outcome, and the beginning of the second stage, of a training record of its class that is drawn
        with replacement, and no other descriptor of a birth. Recording k depends on k, seed and class alone.

        Args:
            n: how many.
            target: 1 for births with the label, 0 for those without; None draws from all training records.
            generator: a seed, or a generator that one is drawn from.
            begin: leave out the first so many, which were made before.

        Raises:
            FHRError: n below 1, a negative seed, or a class without training records.
        """
        seed = int(generator.integers(2**32)) if isinstance(generator, np.random.Generator) else int(generator)
        if n < 1 or seed < 0 or begin < 0:
            raise FHRError(f"n={n} recordings with seed={seed} from {begin}; make 1 or more, with a seed of 0 or more")
        return self._draws(n, self.windows.rows(target), target, seed, begin)

    def provenance(self, target: int | None, seed: int) -> Provenance:
        """Provenance of what `draws` makes."""
        of_class = "" if target is None else f", target={target}"
        return Provenance(self.recipe.kind, f"{self.made_by}, seed={seed}{of_class}", self.fitted_to)

    def _draws(self, n: int, own: np.ndarray, target: int | None, seed: int, begin: int) -> Iterator[Recording]:
        provenance = self.provenance(target, seed)
        of_class = -1 if target is None else target
        of_signals = seed_of(seed, "signals of synthetic recordings", of_class)
        for first in range(begin, n, _AT_ONCE):
            ks = range(first, min(first + _AT_ONCE, n))
            # One stream a recording, so that none depends on how many are asked for.
            draws = [stream(seed, "outcomes of synthetic recordings", of_class, k).integers(len(own)) for k in ks]
            rows = own[draws]
            made = self.recipe.draw(self, rows, of_signals, first)
            stage2 = self.windows.stage2_start[rows] if made.stage2_start is None else made.stage2_start
            for k, row, signal, start in zip(ks, rows.tolist(), made.signals, stage2.tolist(), strict=True):
                yield self._recording(k, row, signal, start, provenance)

    def _recording(self, k: int, row: int, signal: np.ndarray, stage2: float, provenance: Provenance) -> Recording:
        return Recording(
            name_of(k),
            signal[0],
            signal[1],
            self.windows.fs,
            outcome=self.windows.outcomes[row],
            stage2_start=stage2,
            source=Source(provenance.made_by, "synthetic"),
            history=(Step("synthesize", {"draw": k + 1, "outcome_of": self.windows.names[row]}),),
            provenance=provenance,
        )


def name_of(k: int) -> str:
    """Name of the recording k that a generator makes, from 0."""
    return f"y{k + 1:04d}"


def _allowed(place: Place, outer: bool) -> list[str]:
    parts = place.partition
    return list(dict.fromkeys([*parts.train, *parts.validation, *(parts.calibration if outer else ())]))


def _check_place(recordings: Sequence[Recording], place: Place, outer: bool) -> None:
    allowed = set(_allowed(place, outer))
    if strange := [recording.name for recording in recordings if recording.name not in allowed]:
        held = {*place.partition.test, *place.partition.calibration}
        why = "is held out there" if strange[0] in held else "is none of its training records"
        raise FHRError(
            f"{strange[0]} {why}, and so {len(strange) - 1} more of {len(recordings)} recordings; a generator of "
            f"{_words(place, outer)} is fitted to its training records alone"
        )


def _words(place: Place, outer: bool) -> str:
    inner = "" if outer else f", inner fold {place.inner}"
    permuted = "" if place.permutation is None else ", permuted records"
    return f"splits {place.splits.checksum[:8]}, repeat {place.split_repeat}, outer fold {place.fold}{inner}{permuted}"


def _said(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
