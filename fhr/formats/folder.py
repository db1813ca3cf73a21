"""Recordings of a folder, in every format that is read, and what becomes of every other file there.

A file is one of three things.

*A recording* has a suffix that is read. Of a table the header names an FHR column, or the one that was asked for, or
there is no header; a WFDB record counts once, by its header, and its segments with it.

*Plainly none* are hidden files; lists, checksums and licences (`RECORDS`, `LICENSE`, `SHA256SUMS.txt`); documents,
figures, code and settings (`.md`, `.pdf`, `.png`, `.json`); text that holds no samples; tables of several recordings
or of events, such as outcomes, and those of features; signal files, annotations and markers of a recording beside them.
Their number is told at INFO.

*Anything else* may be a recording, and is left out with its reason: a table without a column that is known to be FHR,
or with uterine activity alone; what cannot be opened or is no text; samples in a file of another suffix; signals
without a header and markers without a recording; archives; names that are not in UTF-8; links to folders; and suffixes
that nobody knows, those of a kind in one line.
"""

import logging
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fhr.errors import DatasetNotFoundError, FormatError

from .arrays.parquet import PARQUET_SUFFIX, parquet_problem
from .channels.names import guess_channels
from .files.regular_file import cut, shown_names
from .files_of_folder import FilesOfFolder
from .reading import READERS, suffix_of
from .table_head import Head, head_of
from .tables.table import TABLE_SUFFIXES

__all__ = [
    "FolderContents",
    "contents_of",
    "holds_activity",
    "is_activity",
    "recordings_in",
]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FolderContents:
    """Files of a folder.

    Attributes:
        recordings: sorted by folder and name, each a path for `fhr.read`.
        left_out: the reason for what may be a recording and is not read, by path.
        others: what plainly is no recording.
        activities: of what is left out the tables of uterine activity without heart rate.
        folders: within, where they were not looked into and directly hold what may be a recording.
    """

    recordings: tuple[Path, ...]
    left_out: Mapping[str, str]
    others: tuple[Path, ...]
    activities: tuple[Path, ...]
    folders: tuple[Path, ...]


def recordings_in(folder: str | Path, *, recursive: bool = False) -> list[Path]:
    """List the recordings of a folder, sorted by folder and name, each a path for `fhr.read`; see `contents_of`.

    What may be a recording and is left out is told in a warning each.

    Raises:
        DatasetNotFoundError: no such folder, or one that cannot be listed.
    """
    contents = contents_of(folder, recursive=recursive)
    for path, reason in contents.left_out.items():
        _log.warning("%s is left out: %s", path, reason)
    return list(contents.recordings)


def contents_of(
    folder: str | Path,
    *,
    recursive: bool = False,
    columns: Mapping[str, Any] | None = None,
    ignored: Collection[str | Path] = (),
) -> FolderContents:
    """Tell recordings from other files, by the rule above.

    Nothing but the beginnings of tables is read: what is damaged, a link out of the folder or no regular file is among
    the recordings, and `fhr.read` refuses it by name.

    Args:
        folder: of recordings.
        recursive: with the folders within it, at any depth; hidden ones and unfinished work of verbs (`FILE.parts`) are
            passed over, links to folders are not followed.
        columns: that tables are read with, see `read_table`.
        ignored: files and folders that are known to hold no recordings, such as one that is to be written.

    Raises:
        DatasetNotFoundError: no such folder, or one that cannot be listed.
    """
    if not os.path.isdir(folder):
        problem = "is a file" if os.path.isfile(folder) else "is not a folder"
        raise DatasetNotFoundError(f"{str(folder)!r} {problem}; give one that holds recordings")
    known = frozenset(os.path.realpath(path) for path in ignored)
    parts = [FilesOfFolder(Path(folder), columns, known)]
    if recursive:
        waiting = list(parts)
        while waiting:
            part = waiting.pop()
            for path in part.folders:
                try:
                    within = FilesOfFolder(path, columns, known)
                except DatasetNotFoundError as error:
                    part.left_out[cut(str(path))] = str(error)
                    continue
                parts.append(within)
                waiting.append(within)
        parts.sort(key=lambda part: part.path)
    others = tuple(path for part in parts for path in part.others)
    if others:
        _log.info("%s: no recordings, and not read: %d (%s)", folder, len(others), shown_names(others))
    return FolderContents(
        tuple(path for part in parts for path in part.recordings),
        {path: reason for part in parts for path, reason in part.left_out.items()},
        others,
        tuple(path for part in parts for path in part.activities),
        () if recursive else tuple(path for path in parts[0].folders if _holds_recordings(path, columns)),
    )


def holds_activity(path: Path) -> bool:
    """True if the header of a table names uterine activity, beside whatever else."""
    head = head_of(path) if suffix_of(path) in TABLE_SUFFIXES and path.is_file() else None
    try:
        return isinstance(head, Head) and "uc" in guess_channels(head.layout.names, where=str(path))
    except FormatError:  # `fhr.read` says why
        return False


def is_activity(path: Path) -> bool:
    """True if a file is a table of uterine activity without heart rate."""
    head = head_of(path) if suffix_of(path) in TABLE_SUFFIXES and path.is_file() else None
    return isinstance(head, Head) and head.is_activity


def _holds_recordings(folder: Path, columns: Mapping[str, Any] | None) -> bool:
    """True if a folder directly holds a file that may be a recording."""
    try:
        return any(_may_be_recording(path, columns) for path in sorted(folder.iterdir()))
    except OSError:
        return False


def _may_be_recording(path: Path, columns: Mapping[str, Any] | None) -> bool:
    suffix = suffix_of(path)
    if path.name.startswith((".", "~$")) or not path.is_file():
        return False
    if suffix == PARQUET_SUFFIX:
        return parquet_problem(path, columns) != ""
    if suffix not in TABLE_SUFFIXES:
        return bool(suffix) and suffix in READERS
    head = head_of(path, columns)
    if not isinstance(head, Head):
        return ".txt" not in suffix
    return head.is_recording or not (".txt" in suffix or head.is_of_results or head.is_of_several(set()))
