"""Recordings of a folder, each with a name that no other of them has, and what of the folder is not read."""

import logging
import os
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from fhr.errors import DatasetNotFoundError, FHRError, FormatError
from fhr.formats import contents_of, options_taken, read
from fhr.formats import join as join_files
from fhr.formats.files.any_case import in_any_case
from fhr.formats.files.regular_file import cut, shown_names
from fhr.formats.folder import holds_activity
from fhr.formats.joining import base_of, not_paired, pairs_of
from fhr.formats.reading import READERS, suffix_of
from fhr.formats.table_head import Head, head_of
from fhr.formats.tables.table import TABLE_SUFFIXES
from fhr.recording import Recording

from .record_list import LIST, distinct_names, words_on_unlisted

__all__ = ["Members", "apart", "called", "check_options", "members_of", "named", "read_file", "read_member", "stem_of"]

_log = logging.getLogger(__name__)


class Members(NamedTuple):
    """Recordings of a folder.

    Attributes:
        root: the folder, as it was given.
        paths: of the recordings within it; of a WFDB record without suffix. These come first, in the order of
            `RECORDS` files where there are any, then the others by folder and name.
        n_records: number of the WFDB records.
        left_out: the reason for what may be a recording and is not read, by path.
        joined: the file of the uterine activity that is joined with a recording, by the path of that.
        folders: within, that were not looked into and may hold recordings.
    """

    root: str
    paths: tuple[str, ...]
    n_records: int
    left_out: Mapping[str, str]
    joined: Mapping[str, str]
    folders: tuple[str, ...]

    def tell_of_folders(self) -> None:
        """Warn where recordings lie in folders that were not looked into."""
        if self.folders:
            shown = shown_names(self.folders)
            _log.warning("%s: recordings in folders within it are not read (%s); give recursive=True", self.root, shown)


def members_of(
    root: str | Path,
    *,
    recursive: bool = False,
    join: bool = False,
    columns: Mapping[str, Any] | None = None,
    ignored: Collection[str | Path] = (),
    records: bool = True,
) -> Members:
    """Find the recordings of a folder: the WFDB records that its `RECORDS` files list, else all, and other files.

    Args:
        root: the folder.
        recursive: with the folders within it, each with its own `RECORDS` file where there is one.
        join: tables of uterine activity with the heart rates of the same labours, see `fhr.formats.join`.
        columns: that tables are read with.
        ignored: files that are known to be no recordings.
        records: False to leave out the WFDB records, where their list is found to be unusable.

    Raises:
        DatasetNotFoundError: a folder that is missing, or holds no recording.
        FormatError: a `RECORDS` file that cannot be read, points elsewhere, or names a record twice.
    """
    if not os.path.isdir(root):
        distinct_names(Path(root))  # says what is there instead
    contents = contents_of(root, recursive=recursive, columns=columns, ignored=ignored)
    within = [path.relative_to(root) for path in contents.recordings]
    headers = [path.with_suffix("").as_posix() for path in within if path.suffix.lower() == ".hea"]
    others = [path.as_posix() for path in within if path.suffix.lower() != ".hea"]
    left_out = dict(contents.left_out)
    activities = {path.relative_to(root).as_posix(): path for path in contents.activities}
    joined = pairs_of(others, activities) if join else {}
    for rate, activity in tuple(joined.items()):
        where = cut(str(activities[activity]))
        if holds_activity(Path(root, rate)):
            left_out[where] = f"{cut(rate)} holds uterine activity of its own, and is read without this file"
            del joined[rate]
        else:
            del left_out[where]
    for path, reason in not_paired(others, activities).items() if join else ():
        left_out[cut(str(Path(root, path)))] = reason
        others = [other for other in others if other != path]
    found: dict[str, None] = {}
    if records:
        lists = {Path(root), *(path.parent for path in contents.others if path.name == LIST)}
        listed_in = set[str]()
        for folder in sorted(one for one in lists if (one / LIST).is_file()):
            here, listed = folder.relative_to(root), distinct_names(folder)
            names = [(here / name).as_posix() for name in listed]
            found |= dict.fromkeys(names)
            listed_in |= {here.as_posix(), *(Path(name).parent.as_posix() for name in names)}
            left_out |= words_on_unlisted(folder, listed)
        headers.sort(key=lambda name: (Path(name).parent.parts, Path(name).name))
        found |= dict.fromkeys(name for name in headers if Path(name).parent.as_posix() not in listed_in)
    if found or others:
        told = "recordings in it are not read; give recursive=True, or that folder itself"
        left_out |= {cut(str(path)): told for path in contents.folders}
    if records and not found and not others and not left_out:
        if contents.folders:
            raise DatasetNotFoundError(
                f"data folder {str(root)!r} holds no recording; folders within it do "
                f"({shown_names(contents.folders)}): give recursive=True"
            )
        if os.path.lexists(Path(root, LIST)):
            distinct_names(Path(root))  # says what is wrong with it
        raise DatasetNotFoundError(
            f"data folder {str(root)!r} holds no recording in a format that is read; give the folder that does, or "
            "make a simulated one with `fhr simulate --n 500 --out DIR`"
        )
    folders = tuple(map(str, contents.folders))
    return Members(str(root), (*found, *others), len(found), left_out, joined, folders)


def apart(paths: Sequence[str], joined: Collection[str] = ()) -> list[str | None]:
    """Name of its own for each recording of a folder; None for the name that it has, where no other is called alike.

    Where files in two folders are called alike, each is called by its path, without suffix.

    Args:
        paths: of the recordings.
        joined: those that are joined with another file: they are called without the word for their channel.

    Raises:
        FormatError: two files of one folder that are called alike: they may hold the same labour, which would fall on
            both sides of a split.

    >>> apart(["p1/ctg.csv", "p2/ctg.csv", "a"])
    ['p1/ctg', 'p2/ctg', None]
    """
    whole = [called(path, path in joined) for path in paths]
    if len(set(whole)) < len(whole):
        twice = next(name for name, n in Counter(whole).items() if n > 1)
        both = [path for path, name in zip(paths, whole, strict=True) if name == twice]
        raise FormatError(
            f"{' and '.join(both[:2])} are called alike and may be the same labour, which would be trained and tested "
            "on; keep one of them"
        )
    alike = Counter(name.rpartition("/")[2] for name in whole)
    return [name if alike[name.rpartition("/")[2]] > 1 else None for name in whole]


def stem_of(path: str) -> str:
    """Path of a recording without its suffix."""
    suffix = suffix_of(path)
    return path[: len(path) - len(suffix)] if suffix in READERS else path


def called(path: str, joined: bool) -> str:
    """Path of a recording without its suffix, and where it is joined without the word for its channel."""
    folder, sign, name = stem_of(path).rpartition("/")
    return f"{folder}{sign}{(base_of(name) if joined else '') or name}"


def named(recording: Recording, name: str | None) -> Recording:
    """The recording under another name, if there is one."""
    return recording if name is None else replace(recording, name=name)


def check_options(reading: Mapping[str, Any], paths: Sequence[str]) -> None:
    """Refuse an option that none of some files takes.

    Args:
        reading: options of `fhr.read`.
        paths: of the files.

    Raises:
        FHRError: there is one.
    """
    taken = {name for suffix in {suffix_of(path) for path in paths} for name in options_taken(f"x{suffix}")}
    if paths and (unknown := [name for name in reading if name not in taken]):
        takes = f"they take {', '.join(sorted(taken))}" if taken else "they take none"
        raise FHRError(f"option {unknown[0]!r}: no file that is given takes it; {takes}")


def read_file(path: str | Path, reading: Mapping[str, Any]) -> Recording:
    """Read a file with those of the options that it takes.

    Raises:
        FHRError: as `fhr.read`.
    """
    taken = options_taken(path)
    try:
        return read(path, **{name: value for name, value in reading.items() if name in taken})
    except FormatError:
        head = head_of(Path(path), reading.get("columns")) if suffix_of(path) in TABLE_SUFFIXES else None
        if isinstance(head, Head) and head.is_activity:
            raise FormatError(f"{path}: {head.problem}") from None
        raise


def read_member(
    root: str | Path, path: str, reading: Mapping[str, Any] | None = None, activity: str | None = None
) -> Recording:
    """Read a recording of a folder.

    Args:
        root: the folder.
        path: within it, see `Members`.
        reading: options of `fhr.read`; a format gets those that it takes.
        activity: the file within the folder that it is joined with.

    Raises:
        FHRError: as `fhr.read`.
    """
    whole = Path(root, path if suffix_of(path) in READERS else f"{path}.hea")  # of a record named with a dot
    if activity is not None:
        return join_files(whole, Path(root, activity), **(reading or {}))
    if suffix_of(whole) == "" and not os.path.lexists(in_any_case(header := whole.with_name(f"{whole.name}.hea"))):
        raise FormatError(f"{header}: No such file or directory, though {LIST} names it; fetch it, or correct the list")
    return read_file(whole, reading or {})
