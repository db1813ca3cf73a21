"""FHRMA false-signal recordings: heart rates of which experts marked every stretch as true or false."""

import csv
import hashlib
import io
import logging
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from math import nan
from pathlib import Path

import numpy as np

from fhr.errors import DatasetNotFoundError, FHRError, FormatError
from fhr.formats import read_fhrma, read_whole
from fhr.formats.files.regular_file import cut, shown
from fhr.recording import Recording

from .database import Database

__all__ = ["FalseSignals"]

_log = logging.getLogger(__name__)
_RECORDINGS = ("file", "dataset", "stage2_start_sample")
_ANNOTATIONS = ("file", "dataset", "channel", "label", "start_sample", "end_sample")
_ROWS = {"fhr": 0, "mhr": 1}
_VALUES = {"true": 0.0, "false": 1.0}
_MAX_BYTES = 1 << 26
_Marks = list[tuple[int, int, int, float]]  # row, first sample, one past the last, value


class FalseSignals(Database):
    """Recordings of a folder with `recordings.csv` and `annotations.csv`, read and verified at once.

    A signal is false where it is not what it is called: fetal heart rate that is the mother's, or an artefact. Experts
    marked stretches as true or false; what they left unmarked is unknown. Later rows of `annotations.csv` win over
    earlier ones. A recording that cannot be read, or whose marks do not fit it, is quarantined with its reason.

    `checksum` covers the marks beside the recordings.

    Args:
        root: the folder.

    Attributes:
        groups: which of the published sets each recording is of, by name (DopMHRTrain: Doppler FHR, most with MHR;
            ScalpTrain: scalp electrode).

    Raises:
        DatasetNotFoundError: a folder that is missing, lacks one of its two tables, or holds no readable recording.
        FormatError: a table that cannot be read, is a link out of the folder, or lists a recording twice.

    Source:
        Boudet et al. 2022, Biosensors 12:691, doi:10.3390/bios12090691.
    """

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)
        rows = _read_table(self.root / "recordings.csv", _RECORDINGS)
        marked = _read_table(self.root / "annotations.csv", _ANNOTATIONS)
        of_file: dict[str, list[list[str]]] = {}
        for row in marked:
            of_file.setdefault(row[0], []).append(row)
        if strange := sorted(set(of_file) - {row[0] for row in rows}):
            _log.warning(
                "%s: marks of %d files that recordings.csv does not list are left out: %s",
                *(self.root, len(strange), cut(", ".join(strange[:3]))),
            )
        counts = Counter(row[0] for row in rows)
        if twice := next((name for name, n in counts.items() if n > 1), None):
            raise FormatError(f"{self.root / 'recordings.csv'}: {shown(twice)} stands twice; keep one of them")
        recordings: list[Recording] = []
        quarantined: dict[str, str] = {}
        self.groups: dict[str, str] = {}
        self._marks: dict[str, _Marks] = {}
        for file, group, stage2 in rows:
            name = Path(file).stem
            try:
                recording, marks = self._read(file, stage2, of_file.get(file, []))
            except FHRError as error:
                quarantined[name] = str(error)
                _log.info("quarantined %s: %s", name, error)
            else:
                recordings.append(recording)
                self.groups[name], self._marks[name] = group, marks
        if not recordings:
            reason = next(iter(quarantined.values()), "recordings.csv is empty")
            raise DatasetNotFoundError(
                f"{self.root}: none of its {len(quarantined)} recordings can be read; the first: {reason}"
            )
        super().__init__(recordings, origin=str(self.root), quarantined=quarantined)

    def _read(self, file: str, stage2: str, rows: Iterable[list[str]]) -> tuple[Recording, _Marks]:
        if Path(file).name != file or "\\" in file or ":" in file or not file.isprintable():
            raise FormatError(f"{self.root / 'recordings.csv'}: {shown(file)} is not a plain file name in this folder")
        recording = read_fhrma(self.root / file)
        marks = [_mark(row, len(recording), self.root / "annotations.csv") for row in rows]
        start = nan
        if stage2 not in ("", "antepartum"):
            where = f"{self.root / 'recordings.csv'}: {file}: stage2_start_sample"
            sample = _whole(stage2, where)
            if not 1 <= sample <= len(recording):
                raise FormatError(
                    f"{where} is {shown(stage2)}; give one of the {len(recording)} samples, counted from 1"
                )
            start = (sample - 1) / recording.fs  # samples count from 1
        return replace(recording, stage2_start=start), marks

    def marks(self, name: str) -> np.ndarray:
        """Marks of the experts in one recording.

        Returns:
            float32 (2, n), FHR and MHR: 1 false, 0 true, NaN not marked.

        Raises:
            DatasetNotFoundError: there is no such recording.
        """
        marks = np.full((2, len(self[name])), np.nan, dtype=np.float32)
        for row, start, end, value in self._marks[name]:
            marks[row, start:end] = value
        return marks

    @property
    def checksum(self) -> str:
        """SHA-256 over the recordings (see `Database.checksum`), their second stages and the marks."""
        digest = hashlib.sha256(super().checksum.encode())
        for name in sorted(self._marks):
            digest.update(f"{name}:{self.groups[name]}:{self[name].stage2_start}:{self._marks[name]}\n".encode())
        return digest.hexdigest()

    @property
    def strata(self) -> dict[str, int]:
        """Stratum of each recording for a split, by name: a number for its set and for FHR that is marked false."""
        kinds = {
            name: (self.groups[name], any(row == 0 and value == 1 for row, _, _, value in self._marks[name]))
            for name in self.names
        }
        numbers = {kind: i for i, kind in enumerate(sorted(set(kinds.values())))}
        return {name: numbers[kind] for name, kind in kinds.items()}


def _read_table(path: Path, columns: tuple[str, ...]) -> list[list[str]]:
    """The rows of a table, in the order of `columns`."""
    if not os.path.lexists(path):
        problem = f"has no {path.name}" if os.path.isdir(path.parent) else "does not exist"
        raise DatasetNotFoundError(
            f"data folder {str(path.parent)!r} {problem}; give the folder of the FHRMA false-signal set (.fhrm files, "
            "recordings.csv, annotations.csv), or set FHR_DATA to the folder that holds `fhrma-false-signals`"
        )
    raw = read_whole(path, limit=_MAX_BYTES, kind="CSV table")
    try:
        rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    except (UnicodeDecodeError, csv.Error) as error:
        raise FormatError(f"{path}: cannot be read ({error}); it is a CSV file with {', '.join(columns)}") from None
    table = [[row.get(column) for column in columns] for row in rows]
    for number, row in enumerate(table, start=2):
        if any(value is None for value in row):
            raise FormatError(f"{path}: line {number} lacks a value; the columns are {', '.join(columns)}")
    return table  # type: ignore[return-value]


def _mark(row: list[str], n: int, path: Path) -> tuple[int, int, int, float]:
    file, _, channel, label, first, last = row
    where = f"{path}: {file}"
    if channel not in _ROWS or label not in _VALUES:
        raise FormatError(
            f"{where}: channel {shown(channel)}, label {shown(label)}; channels are fhr and mhr, labels true and false"
        )
    start, end = _whole(first, f"{where}: start_sample"), _whole(last, f"{where}: end_sample")
    if not 1 <= start <= end <= n:
        raise FormatError(f"{where}: samples {cut(first)} to {cut(last)} are no range within 1 to {n}; correct the row")
    return _ROWS[channel], start - 1, end, _VALUES[label]


def _whole(text: str, where: str) -> int:
    try:
        return int(float(text)) if float(text).is_integer() else int(text)
    except (ValueError, OverflowError):
        raise FormatError(f"{where} is {shown(text)}; give a whole number of samples") from None
