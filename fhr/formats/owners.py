"""Owner of a file among the places that are read, so that nothing is written over it."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .arrays.parquet import PARQUET_SUFFIX, parquet_problem
from .fhrma.markers import MARKER_SUFFIXES
from .files.regular_file import open_regular
from .reading import READERS, suffix_of
from .table_head import Head, head_of
from .tables.table import TABLE_SUFFIXES
from .wfdb.annotations import WFDB_ANNOTATORS

__all__ = ["owner_of"]

_BESIDE = {".hea", ".dat", *WFDB_ANNOTATORS, *MARKER_SUFFIXES}  # files of a recording beside each other
_LIST = "RECORDS"
_HEADER = 1 << 16


def owner_of(
    file: str | Path, paths: Iterable[str | Path], *, columns: Mapping[str, Any] | None = None, recursive: bool = False
) -> str | None:
    """The first of the paths that a file which is there belongs to; None for a file of none, or one to be made.

    To a file belong itself and the signals, annotations and markers of its recording; to a folder each recording,
    every part of one, a table that may be one, and a list of records. Links lead to where they
    lead. What else lies in a folder, such as a table of outcomes or of features, belongs to none.

    Args:
        file: that may be written over.
        paths: files and folders that are read.
        columns: that tables are read with, see `read_table`.
        recursive: with the folders within these.
    """
    if not os.path.isfile(file):
        return None
    return next((str(path) for path in paths if _belongs(Path(file), Path(path), columns, recursive)), None)


def _belongs(file: Path, path: Path, columns: Mapping[str, Any] | None, recursive: bool) -> bool:
    if not path.is_dir():
        return _is_part_of(Path(os.path.realpath(file)), path)
    real = Path(os.path.realpath(file))
    folder = Path(os.path.realpath(path))
    if real.parent == folder or (recursive and real.is_relative_to(folder)):
        return _holds_samples(real, columns)
    names = _other_names(real, path, recursive)
    return bool(names) and any(_holds_samples(name, columns) for name in (real, *names))


def _is_part_of(file: Path, recording: Path) -> bool:
    """True for a file of one recording, which may be given without its suffix."""
    if recording.exists() and os.path.samefile(file, recording):
        return True
    real = Path(os.path.realpath(recording))
    header = real if suffix_of(real) == ".hea" else real.with_name(f"{_stem(real)}.hea")
    if file.parent != real.parent:
        return False
    return (suffix_of(file) in _BESIDE and _stem(file) == _stem(real)) or _is_named(file, [header])


def _stem(path: Path) -> str:
    suffix = path.suffix.lower()
    return path.stem if suffix in _BESIDE or suffix in READERS else path.name


def _other_names(file: Path, folder: Path, recursive: bool) -> list[Path]:
    """Links in a folder that lead to a file, hard ones too."""
    known, found = os.stat(file), list[Path]()
    for where, _, names in os.walk(folder):
        for name in names:
            try:
                if os.path.samestat(known, os.stat(one := Path(where, name))):
                    found.append(one)
            except OSError:
                continue
        if not recursive:
            break
    return found


def _holds_samples(file: Path, columns: Mapping[str, Any] | None) -> bool:
    """True for what may be a recording, or a part of one."""
    suffix = suffix_of(file)
    if suffix in TABLE_SUFFIXES:
        head = head_of(file, columns)
        return isinstance(head, Head) and _may_be_recording(head)
    if suffix == PARQUET_SUFFIX:
        return parquet_problem(file, columns) != ""
    if file.name == _LIST or suffix in _BESIDE or (suffix and suffix in READERS):
        return True
    return _is_named(file, file.parent.glob("*.[hH][eE][aA]"))


def _may_be_recording(head: Head) -> bool:
    if head.is_recording or head.is_activity:
        return True
    return bool(head.channels) and not (head.is_of_results or head.is_of_several(set()))


def _is_named(file: Path, headers: Iterable[Path]) -> bool:
    """True if a WFDB header names a file as one of signals."""
    for header in headers:
        try:
            with open_regular(header) as opened:
                text = (opened.read(_HEADER) or b"").decode("latin-1")
        except (OSError, ValueError):
            continue
        if file.name in {line.split()[0] for line in text.splitlines() if line.strip() and not line.startswith("#")}:
            return True
    return False
