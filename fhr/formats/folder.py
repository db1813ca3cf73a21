"""Recordings of a folder, in every format that is read."""

import os
from pathlib import Path

from fhr.errors import DatasetNotFoundError

from .reading import READERS, suffix_of
from .table import TABLE_SUFFIXES, is_table_recording

__all__ = ["recordings_in"]


def recordings_in(folder: str | Path) -> list[Path]:
    """List the recordings directly in `folder`, sorted by name, each a path for `fhr.read`.

    A WFDB record counts once, by its `.hea`; of CSV and TSV tables those whose header names an FHR column, for such
    folders hold tables of annotations too; one that cannot be opened is left out with a warning. Folders and hidden
    files are passed over. Nothing else is read: what is damaged, a link out of the folder or no regular file is in the
    list, and `fhr.read` refuses it by name.

    Raises:
        DatasetNotFoundError: no such folder, or one that cannot be listed.
    """
    if not os.path.isdir(folder):
        raise DatasetNotFoundError(f"{str(folder)!r} is not a folder; give one that holds recordings")
    suffixes = {suffix for suffix in READERS if suffix not in ("", ".dat")}
    try:
        # A broken link is no folder.
        files = [path for path in Path(folder).iterdir() if suffix_of(path) in suffixes and not path.is_dir()]
    except OSError as error:
        raise DatasetNotFoundError(f"{str(folder)!r} cannot be listed ({error.strerror}); check its rights") from None
    return sorted(
        path
        for path in files
        if not path.name.startswith(".") and (suffix_of(path) not in TABLE_SUFFIXES or is_table_recording(path))
    )
