"""Recordings of a folder to be read one by one, here or by another process: with names of their own and outcomes."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from fhr.errors import DatasetNotFoundError, OutcomeError
from fhr.recording import Recording

from .members import apart, called, check_options, members_of, named, read_member
from .outcome_table import Measures, read_measures
from .told_outcomes import check_own_name, check_rows, rows_of, told

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
        in_table: names of its records.
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
    in_table: frozenset[str] = frozenset()

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
            outcomes: a table as `read_measures` takes it; a row is of the recording whose file has this name, with the
                folders within `root` where several are called alike.
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
        return source if outcomes is None else source._with(read_measures(outcomes))

    def _with(self, measures: Measures) -> Self:
        below = os.path.abspath(self.root)
        keys = rows_of([f"{below}/{called(path, path in self.joined)}" for path in self.paths], measures.written)
        check_rows(measures, keys, self._called, self.root)
        rows = {path: key for path, key in zip(self.paths, keys, strict=True) if key is not None}
        known = {path: measures.values[key] for path, key in rows.items() if key in measures.values}
        unusable = {path: measures.unusable[key] for path, key in rows.items() if key in measures.unusable}
        return replace(
            self, outcomes=known, unusable=unusable, table=measures.path, in_table=frozenset(measures.written)
        )

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
        if path in self.outcomes:
            check_own_name(recording, called(path, path in self.joined), self.in_table, self.table)
        recording = named(recording, self.names[position])
        return told(recording, self.outcomes[path], self.table) if path in self.outcomes else recording
