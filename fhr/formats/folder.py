"""The recordings of a folder, in every format that is read."""

import os
from pathlib import Path

from fhr.errors import DatasetNotFoundError

from .read import READERS
from .table import TABLE_SUFFIXES, is_table_recording

__all__ = ["recordings_in"]


def recordings_in(folder: str | Path) -> list[Path]:
    """The recordings directly in `folder`, sorted by name, each a path for `fhr.read`.

    A WFDB record counts once, by its `.hea`; of CSV and TSV tables those whose header names an FHR column, for such
    folders hold tables of annotations too. Hidden files are passed over. Nothing else is read: a damaged file is in
    the list.

    Raises:
        DatasetNotFoundError: no such folder.
    """
    if not os.path.isdir(folder):
        raise DatasetNotFoundError(f"{str(folder)!r} is not a folder; give one that holds recordings")
    suffixes = {suffix for suffix in READERS if suffix not in ("", ".dat")}
    files = (path for path in Path(folder).iterdir() if path.suffix.lower() in suffixes and path.is_file())
    return sorted(
        path
        for path in files
        if not path.name.startswith(".") and (path.suffix.lower() not in TABLE_SUFFIXES or is_table_recording(path))
    )
