"""Paths on the command line: files and folders of recordings."""

import logging
from collections.abc import Iterable
from pathlib import Path

from fhr.datasets import CTUUHB
from fhr.errors import FHRError
from fhr.formats import read
from fhr.recording import Recording
from fhr.tracking import progress

__all__ = ["read_paths", "report"]

_log = logging.getLogger(__name__)


def read_paths(paths: Iterable[str]) -> tuple[list[Recording], dict[str, str]]:
    """Every recording of the given files and folders, and the reason for each that cannot be read, by path.

    Raises:
        FHRError: not one readable recording.
    """
    recordings: list[Recording] = []
    quarantined: dict[str, str] = {}
    for path in progress(list(paths), description="read"):
        try:
            if Path(path).is_dir():
                database = CTUUHB(path)
                recordings += database.recordings
                quarantined |= {str(Path(path, name)): reason for name, reason in database.quarantined.items()}
            else:
                recordings.append(read(path))
        except FHRError as error:
            quarantined[path] = str(error)
    if not recordings:
        raise FHRError(f"none of the {len(quarantined)} recordings can be read: {'; '.join(quarantined.values())}")
    return recordings, quarantined


def report(quarantined: dict[str, str]) -> int:
    """Say on stderr, however quiet, which recordings were left out and why; the exit code."""
    for name, reason in quarantined.items():
        _log.error("quarantined %s: %s", name, reason)
    return 1 if quarantined else 0
