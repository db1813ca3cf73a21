"""Folder that WFDB records are written to: what it holds already is refused or replaced, never mixed with others."""

import re
from collections.abc import Iterable
from pathlib import Path

from fhr.errors import FHRError

__all__ = ["occupied", "records_in", "remove_records"]


def records_in(folder: Path, ours: re.Pattern[str], *, others: str) -> list[Path]:
    """Records of one writer in a folder, with their list and what a killed run left.

    Args:
        folder: that is there.
        ours: names of the files that this writer writes.
        others: what the folder is said to hold where there are records of others.

    Raises:
        FHRError: there are.
    """
    files = [path for path in folder.iterdir() if path.suffix in (".hea", ".dat") or ours.fullmatch(path.name)]
    if strange := sorted(path.name for path in files if not ours.fullmatch(path.name)):
        raise FHRError(f"{folder} holds {others} ({strange[0]} and {len(strange) - 1} more files); name another folder")
    return files


def occupied(folder: Path) -> FHRError:
    """The error of a writer that may not replace the records that are there."""
    return FHRError(f"{folder} holds recordings already; name another folder, or give overwrite=True")


def remove_records(files: Iterable[Path]) -> None:
    """Remove files; `RECORDS` goes first, so that an interrupted run leaves no list of recordings that are gone."""
    for path in sorted(files, key=lambda path: path.name != "RECORDS"):
        path.unlink()
