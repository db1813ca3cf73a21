"""Recordings of a folder to be read one by one, here or by another process: with names of their own and outcomes."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import repeat
from pathlib import Path
from typing import Any, Self

from fhr.errors import DatasetNotFoundError, FHRError, OutcomeError
from fhr.formats.files.regular_file import cut
from fhr.recording import Recording

from .members import apart, called, check_options, members_of, named, read_member, stem_of
from .outcome_rows import Called, names_of, rows_of
from .outcome_table import read_measures
from .told_outcomes import check_rows, told

__all__ = ["FolderSource"]


@dataclass(frozen=True)
class FolderSource:
    """Recordings of a folder, and how they are read; plain types alone, so that a worker can be given a part of it.

    Attributes:
        root: the folder, as it was given.
        paths: of the recordings within it, see `Members`.
        names: that each is called by, None for its own name, see `apart`.
        outcomes: measures of the births, by path, of a table beside the recordings.
        unusable: the reason for each whose outcome cannot be used, by path.
        reading: options of `fhr.read`.
        left_out: the reason for what is not read, by path.
        joined: the file of the uterine activity of each that is joined with one, by path.
        table: of the outcomes.
        rows: path of the recording that each row of the table is of, "" for none, by what the row calls it.
    """

    root: str
    paths: tuple[str, ...]
    names: tuple[str | None, ...]
    outcomes: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    unusable: Mapping[str, str] = field(default_factory=dict)
    reading: Mapping[str, Any] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    joined: Mapping[str, str] = field(default_factory=dict)
    table: str = ""
    rows: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        root: str | Path,
        *,
        recursive: bool = False,
        join: bool = False,
        outcomes: str | Path | None = None,
        reading: Mapping[str, Any] | None = None,
    ) -> Self:
        """Find the recordings of a folder, and the outcomes of a table.

        Args:
            root: the folder.
            recursive: with the folders within it.
            join: tables of uterine activity with the heart rates of the same labours, see `fhr.formats.join`.
            outcomes: a table as `read_measures` takes it; a row is of the recording whose file has this name, in
                its folder where it gives one, else of the one that calls itself so, see `rows_of`.
            reading: options of `fhr.read`; a format gets those that it takes.

        Raises:
            DatasetNotFoundError: a folder that is missing, or holds no recording.
            FormatError: a `RECORDS` file that cannot be read, two files of one folder that are called alike, or no
                table.
            FHRError: an option that none of the files takes.
            OutcomeError: a table without outcomes, or without one for any of the recordings.
        """
        reading = dict(reading or {})
        ignored = () if outcomes is None else (outcomes,)
        members = members_of(root, recursive=recursive, join=join, columns=reading.get("columns"), ignored=ignored)
        names = tuple(apart(members.paths, members.joined))
        members.tell_of_folders()
        check_options(reading, members.paths)
        source = cls(str(root), members.paths, names, reading=reading, left_out=members.left_out, joined=members.joined)
        return source if outcomes is None else source._with(outcomes)

    def _with(self, table: str | Path) -> Self:
        names = [Called(*one) for one in zip(self._called, repeat(None), map(self._in_files, self.paths))]
        measures = read_measures(table, known=names_of(names))
        rows, reasons = rows_of(measures.written, names)
        if len(rows) < len(measures.written):  # those that are left may call themselves as a row does
            for i in range(len(self)):
                if i not in rows and i not in reasons:
                    names[i] = names[i]._replace(own=self._own_name(i))
        rows, reasons = check_rows(measures, names, self.root)
        unusable = {i: measures.unusable[key] for i, key in rows.items() if key in measures.unusable} | reasons
        return replace(
            self,
            outcomes={self.paths[i]: measures.values[key] for i, key in rows.items() if key in measures.values},
            unusable={self.paths[i]: reason for i, reason in unusable.items()},
            rows={key: "" for key, path in measures.written.items() if key == path}
            | {key: self.paths[i] for i, key in rows.items()},
            table=measures.path,
        )

    def _in_files(self, path: str) -> tuple[str, ...]:
        """Absolute paths that a table may call a recording by."""
        top = os.path.abspath(self.root).replace(os.sep, "/")
        return tuple(f"{top}/{one}" for one in dict.fromkeys([stem_of(path), called(path, path in self.joined)]))

    def _own_name(self, position: int) -> str | None:
        """The name that a file gives its recording; a WFDB record has none but that of its file."""
        path = self.paths[position]
        if stem_of(path) == path:
            return None
        try:
            return read_member(self.root, path, self.reading, self.joined.get(path)).name
        except FHRError:
            return None  # it is told when it is read

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def _called(self) -> list[str]:
        """What each recording is called by its file."""
        return [
            name or called(path, path in self.joined).rpartition("/")[2]
            for path, name in zip(self.paths, self.names, strict=True)
        ]

    def none_readable(self, quarantined: Mapping[str, str]) -> DatasetNotFoundError:
        """The error for a folder of which nothing can be read, with the first reason.

        Args:
            quarantined: the reasons for what was not read, by path; without any those for what was left out count.
        """
        reasons = quarantined or self.left_out
        name, reason = next(iter(reasons.items()))
        return DatasetNotFoundError(
            f"{self.root}: none of its {len(reasons)} records can be read; the first, {name}: {reason}"
        )

    def find(self, name: str) -> int | None:
        """Position of the recording whose file is called so; None for none."""
        return next((i for i, one in enumerate(self._called) if one == name), None)

    def parts(self, size: int) -> Iterator[Self]:
        """Sources of so many recordings each, without what was left out."""
        for i in range(0, len(self), size):
            paths = self.paths[i : i + size]
            outcomes = {path: self.outcomes[path] for path in paths if path in self.outcomes}
            unusable = {path: self.unusable[path] for path in paths if path in self.unusable}
            names, joined = self.names[i : i + size], {p: self.joined[p] for p in paths if p in self.joined}
            yield replace(
                self, paths=paths, names=names, outcomes=outcomes, unusable=unusable, left_out={}, joined=joined
            )

    def read(self, position: int) -> Recording:
        """Read one recording, with its name and outcome.

        Raises:
            FHRError: as `fhr.read`.
            OutcomeError: an outcome that cannot be used, or that contradicts the one that the recording carries.
        """
        path = self.paths[position]
        if path in self.unusable:
            raise OutcomeError(f"{self.table}: {self.unusable[path]}")
        recording = read_member(self.root, path, self.reading, self.joined.get(path))
        in_files = Called(recording.name, None, self._in_files(path))
        if self.rows.get(recording.name, path) != path and recording.name not in names_of([in_files]):
            raise OutcomeError(
                f"{self.table}: it calls itself {cut(recording.name)}, as a row is called that is not of its file; "
                "rename one of them"
            )
        recording = named(recording, self.names[position])
        return told(recording, self.outcomes[path], self.table) if path in self.outcomes else recording
