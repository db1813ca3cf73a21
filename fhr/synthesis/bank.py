"""Bank: features of one set of simulated labours, stored once and refitted inside every training fold."""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self
from zipfile import BadZipFile

import numpy as np
import pandas as pd

from fhr.compute import check_workers, spread, tell
from fhr.datasets import Place
from fhr.errors import FHRError
from fhr.features import computed_by
from fhr.formats import whole_or_not_at_all
from fhr.recording import Outcome
from fhr.simulation import simulate_recording
from fhr.tracking import made_by

from .birth_table import BIRTH_COLUMNS, MORPHOLOGY, birth_row, birth_table
from .refitted import Refitted, refitted

__all__ = ["Bank"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Bank:
    """Features of simulated labours, to be weighted until they have the law of a training fold.

    The constants of `fhr.simulation` that bear on the outcome (vulnerability, distress, decision, the laws of the pH)
    were tuned to 442 records of CTU-UHB, all of them: what learns from simulated labours has learnt from every test
    fold of these records, and is refused there. A bank takes from the simulator signals alone. How the labours go with
    the outcome is learnt anew from the training fold, as a weight of each labour given an outcome (`fit_tilt`), and
    the outcomes are those of the training records; signals are made again when labours are drawn.

    What stays tuned to the 442 records is how labours look, whatever their outcome (rates, loss, lengths of stages).

    Attributes:
        table: one row a labour, see `birth_table`.
        seed: of the simulator.

    Example:
        Labours that a model of one place of a cross-validation may learn from, beside or before its own records:

            bank = Bank.simulate(4000, folder="build/bank", workers=2)  # minutes, once
            births = birth_table(database)

            def make(place, seed):
                labours = bank.at(place, births).sample(2000, seed=seed)
                ...
    """

    table: pd.DataFrame
    seed: int = 0

    @classmethod
    def simulate(cls, n: int = 4000, *, seed: int = 0, folder: str | Path | None = None, workers: int = 1) -> Self:
        """Simulate labours and compute their features; 0.05 s a labour.

        Args:
            n: number of labours.
            seed: of the simulator, as of `fhr.simulation.simulate`.
            folder: keeps the features, in a file that is named after all that they depend on; one that is there is
                read. None keeps nothing.
            workers: processes.

        Raises:
            FHRError: n below 1, a negative seed, or a folder that cannot be written.
        """
        if n < 1:
            raise FHRError(f"n={n} labours were asked for; a bank has at least 1")
        if seed < 0:
            raise FHRError(f"seed={seed} is negative; give an integer of at least 0")
        check_workers(workers)
        path = None if folder is None else Path(folder) / f"bank-{n}-seed{seed}-{_meaning()[:16]}.npz"
        if path is not None:
            _make_room(path)
        values = None if path is None else _read(path, n)
        if values is None:
            tell("bank: %d labours to simulate", n)
            values = np.empty((n, len(BIRTH_COLUMNS)))
            with closing(spread(partial(_row, seed), range(n), workers=min(workers, n))) as rows:
                for index, row in rows:
                    values[index] = row
            if path is not None:
                _write(path, values)
        names = pd.Index([f"s{i + 1:04d}" for i in range(n)], name="record", dtype=object)
        return cls(pd.DataFrame(values, names, list(BIRTH_COLUMNS)), seed)

    def __len__(self) -> int:
        return len(self.table)

    def refit(
        self,
        births: pd.DataFrame,
        labels: pd.Series,
        *,
        fitted_to: Sequence[str],
        outcomes: Mapping[str, Outcome] | None = None,
    ) -> Refitted:
        """Refit the bank to records of a training fold; one to three seconds with 353 records and 4,000 labours.

        Args:
            births: `birth_table` of the training records and of no other, some or all of its columns.
            labels: 0 or 1 by record name; other records than those of `births` are ignored.
            fitted_to: digests of the training records, as `Database.digests` has them; they stand in the provenance
                of whatever is drawn, so that a test on one of them is refused.
            outcomes: of the training records by name, for the labours that are drawn, whose law then follows the pH
                within each class, too; None for weights alone.

        Raises:
            FHRError: columns that the bank does not have, a record without label or outcome, one class only, or
                another number of digests than of records.
        """
        return refitted(self.table, self.seed, births, labels, fitted_to=tuple(fitted_to), outcomes=outcomes)

    def at(self, place: Place, births: pd.DataFrame | None = None) -> Refitted:
        """Refit the bank to what a model of this place may learn from: its training and its early-stopping records.

        Args:
            place: of a cross-validation, on a database.
            births: `birth_table` of the database; None computes the rows that are needed. Where the place is a
                control, every record takes the row of its giver, see `Place.givers`.

        Raises:
            FHRError: a place without recordings, a table that lacks a training record, and as `refit`.
        """
        database = place.database
        if database is None:
            raise FHRError("a place without recordings; cross-validate a database")
        names = [*place.partition.train, *place.partition.validation]
        known = None if births is None else set(births.index)
        giver = place.givers([name for name in place.labels.index if known is None or name in known])
        if lacking := [name for name in names if name not in giver]:
            raise FHRError(f"births has no row of {lacking[0]!r}; give `birth_table` of the whole database")
        if births is None:
            births = birth_table(database[giver[name]] for name in names)
        digests = dict(zip(database.names, database.digests, strict=True))
        return self.refit(
            births.loc[[giver[name] for name in names]].set_axis(pd.Index(names, name=births.index.name)),
            place.labels,
            fitted_to=[digests[name] for name in names],
            outcomes={name: database[name].outcome for name in names},
        )


def _row(seed: int, index: int) -> tuple[int, np.ndarray]:
    return index, birth_row(simulate_recording(index, seed=seed))


def _meaning() -> str:
    """SHA-256 of what the features of a labour depend on beside its number and seed: source, libraries, columns."""
    made = [computed_by(), made_by(("simulation", "processes", "synthesis"), ("numpy", "scipy"))]
    said = {"made_by": made, "columns": BIRTH_COLUMNS, "morphology": MORPHOLOGY.checksum}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _read(path: Path, n: int) -> np.ndarray | None:
    """The features that are kept; None where there are none, or a damaged file, which is made anew."""
    try:
        with np.load(path, allow_pickle=False) as file:
            values: np.ndarray = file["values"]
            whole = hashlib.sha256(values.tobytes()).hexdigest() == str(file["sha256"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, BadZipFile, EOFError) as error:
        _log.warning("%s is damaged (%s); the labours are simulated again", path, error)
        return None
    if not whole or values.shape != (n, len(BIRTH_COLUMNS)):
        _log.warning("%s is damaged (its checksum); the labours are simulated again", path)
        return None
    return values


def _make_room(path: Path) -> None:
    """Make the folder, before minutes are spent on what would go there."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FHRError(f"{path.parent}: no folder can be made there ({error.strerror}); name another") from None


def _write(path: Path, values: np.ndarray) -> None:
    try:
        with whole_or_not_at_all(path) as part, part.open("wb") as file:
            np.savez(file, values=values, sha256=np.array(hashlib.sha256(values.tobytes()).hexdigest()))
    except OSError as error:
        raise FHRError(f"{path}: cannot be written ({error.strerror}); name another folder") from None
