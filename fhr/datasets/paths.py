"""Recordings of paths: files, folders, and databases among them."""

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

from fhr.compute import progress
from fhr.errors import FHRError
from fhr.formats import read, recordings_in
from fhr.recording import Recording

from .ctu_uhb import CTUUHB

__all__ = ["read_paths"]

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
        folder = Path(path)
        within = recordings_in(folder) if folder.is_dir() else []
        others = [str(file) for file in within if file.suffix.lower() != ".hea"]
        # An empty folder stays what it is: reading it says what is missing.
        database = len(others) < len(within) or (folder / "RECORDS").is_file() or not others
        files += [path, *others] if database else others
    return files
