"""Rows of features of the recordings that a generator makes at a place of a cross-validation."""

import hashlib
import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from fhr.compute import seed_of
from fhr.datasets import Place, told_of_use
from fhr.errors import FHRError, FormatError
from fhr.features.computed_by import COMPUTED_BY
from fhr.formats.archives.array_archive import pack_arrays, unpack_arrays
from fhr.formats.files.regular_file import read_whole, reason
from fhr.formats.files.whole_file import write_whole
from fhr.recording import Recording
from fhr.synthesis import Generator
from fhr.synthesis.generator import LOCAL
from fhr.tracking import made_by

from .maker_source import maker_source

__all__ = ["SyntheticRows"]

_log = logging.getLogger(__name__)

_MADE_IN = (*COMPUTED_BY, "datasets", "processes", "simulation", "synthesis")
_LIBRARIES = ("numpy", "scipy", "pandas", "torch", "PyWavelets", "scikit-learn")
_MOST_BYTES = 2**30


class _Rows(NamedTuple):
    values: np.ndarray
    givers: tuple[str, ...]
    maker: str
    fitted_to: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class SyntheticRows:
    """Features of synthetic recordings, computed as those of the real ones are.

    The generator is fitted at the place, to its training and early-stopping records alone, see `Generator.at`.

    Args:
        table: from recordings to one row of features each, as `baseline_table` does; the function that made the table
            of the real recordings.
        folder: keeps the rows, with the generator and the records that it was fitted to, in files that are named after
            all that they depend on; those that are there are read, and damaged ones made anew. None keeps nothing.
    """

    table: Callable[[Iterable[Recording]], pd.DataFrame]
    folder: str | Path | None = field(default=None, metadata={LOCAL: True})

    def __call__(self, generator: Generator, place: Place, n: int, target: int, seed: int) -> pd.DataFrame:
        """Rows of n recordings of a class, each under the name of the training record whose outcome it has.

        Args:
            generator: unfitted.
            place: of a cross-validation, on a database.
            n: how many, 1 or more.
            target: class, 0 or 1.
            seed: of the draws.

        Raises:
            FHRError: recordings that the table has no row of, or a folder that cannot be written; and as
                `Generator.at` and `FittedGenerator.draws`.
            CheckpointError: while `fhr.datasets.refusing_seen` guards them: a generator that has seen test records.
        """
        if place.database is None:
            raise FHRError("a place without recordings; a generator needs a cross-validation of a database")
        columns = list(self.table([]).columns)
        drawn_with = seed_of(seed, "synthetic rows of a place", *_numbers(place))
        path = None if self.folder is None else self._path(columns, generator, place, n, target, drawn_with)
        rows = None if path is None else _read(path, (n, len(columns)))
        if rows is None:
            rows = self._made(columns, generator, place, n, target, drawn_with)
            if path is not None:
                _write(path, rows)
        seen = frozenset(rows.fitted_to)
        told_of_use(lambda: seen, f"recordings by {rows.maker}")
        return pd.DataFrame(rows.values, pd.Index(rows.givers, dtype=object), columns)

    def _made(
        self, columns: list[str], generator: Generator, place: Place, n: int, target: int, drawn_with: int
    ) -> _Rows:
        fitted = generator.at(place)
        recordings = list(fitted.draws(n, target, drawn_with))
        table = self.table(recordings)
        if lacking := [recording.name for recording in recordings if recording.name not in table.index]:
            raise FHRError(
                f"{fitted.recipe.title}: {len(lacking)} of {n} recordings of {generator.minutes:g} min have no row of "
                "features; give a generator of recordings as long as the window of the features"
            )
        values = table.loc[[recording.name for recording in recordings], columns].to_numpy(dtype=np.float64)
        givers = tuple(str(recording.history[0].parameters["outcome_of"]) for recording in recordings)
        return _Rows(values, givers, fitted.made_by, fitted.fitted_to)

    def _path(
        self, columns: list[str], generator: Generator, place: Place, n: int, target: int, drawn_with: int
    ) -> Path:
        assert place.database is not None  # `__call__` has refused it
        rests_on = {
            "generator": [type(generator).__name__, generator.settings()],
            "own": maker_source((self.table, generator)),
            "made_by": made_by(_MADE_IN, _LIBRARIES),
            "columns": columns,
            "data": place.database.checksum,
            "splits": place.splits.checksum,
            "place": [place.target, *_numbers(place), place.permutation],
            "drawn": [n, target, drawn_with],
        }
        key = hashlib.sha256(json.dumps(rests_on, sort_keys=True).encode()).hexdigest()
        return Path(str(self.folder)) / f"rows-{key[:32]}.npz"


def _numbers(place: Place) -> tuple[int, int, int, int]:
    return place.repeat, place.fold, place.inner, place.member


def _read(path: Path, shape: tuple[int, int]) -> _Rows | None:
    """The rows that are kept; None where there are none, or a damaged file, which is made anew."""
    try:
        arrays = unpack_arrays(read_whole(path, limit=_MOST_BYTES, kind="file of rows"), most_bytes=_MOST_BYTES)
        said = json.loads(arrays["about"].tobytes())
        values = arrays["values"]
        if values.shape != shape or len(said["givers"]) != len(values) or _sum(values) != said["sha256"]:
            raise ValueError("its checksum")
        return _Rows(values, tuple(said["givers"]), said["made_by"], tuple(said["fitted_to"]))
    except (FormatError, ValueError, KeyError, TypeError) as error:
        if path.exists():
            _log.warning("%s is damaged (%s); the recordings are made again", path, reason(error))
        return None


def _write(path: Path, rows: _Rows) -> None:
    about = {"made_by": rows.maker, "fitted_to": rows.fitted_to, "givers": rows.givers, "sha256": _sum(rows.values)}
    text = np.frombuffer(json.dumps(about).encode(), np.uint8)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, pack_arrays({"about": text, "values": rows.values}, compressed=True))
    except OSError as error:
        raise FHRError(f"{path}: cannot be written ({error.strerror}); name another folder") from None


def _sum(values: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()
