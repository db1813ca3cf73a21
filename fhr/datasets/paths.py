"""Recordings of paths: files, folders, and databases among them."""

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

from fhr.compute import progress
from fhr.errors import FHRError
from fhr.formats import read, recordings_in
from fhr.recording import Recording

from .ctu_uhb import CTUUHB

__all__ = ["database_and_others", "read_paths"]

_log = logging.getLogger(__name__)


def read_paths(paths: Sequence[str]) -> tuple[list[Recording], dict[str, str]]:
    """Read every recording of the given files and folders; for each that cannot be read, by path, the reason.

    The WFDB records of a folder with a `RECORDS` file or `.hea` files are read as a database, its other recordings, and
    those of any other folder, file by file.

    Raises:
        FHRError: not one readable recording.
    """
    recordings: list[Recording] = []
    quarantined: dict[str, str] = {}
    for path in progress(_files(paths), description="read"):
        try:
            if Path(path).is_dir():
                database = CTUUHB(path)
                recordings += database.recordings
                quarantined |= {str(Path(path, name)): reason for name, reason in database.quarantined.items()}
            else:
                recordings.append(read(path))
        except FHRError as error:
            quarantined[path] = str(error)
    _log.info("read %d recordings of %s, %d left out", len(recordings), ", ".join(map(str, paths)), len(quarantined))
    if not recordings:
        raise FHRError(f"none of the {len(quarantined)} recordings can be read: {'; '.join(quarantined.values())}")
    return recordings, quarantined


def _files(paths: Iterable[str]) -> list[str]:
    files: list[str] = []
    for path in paths:
        database, others = database_and_others(path) if Path(path).is_dir() else (True, [])
        files += [path] * database + [str(file) for file in others]
    return files


def database_and_others(folder: str | Path) -> tuple[bool, list[Path]]:
    """True where a folder holds WFDB records, or nothing at all, so that reading them says what is missing.

    Returns:
        That, and the recordings of other formats in it.
    """
    within = recordings_in(folder)
    others = [file for file in within if file.suffix.lower() != ".hea"]
    return len(others) < len(within) or Path(folder, "RECORDS").is_file() or not others, others
