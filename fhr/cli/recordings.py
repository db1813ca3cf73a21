"""Recordings that a verb was given, and what is said of those that it left out."""

import logging

from fhr.datasets import apart_by_path, read_paths
from fhr.recording import Recording

__all__ = ["apart_by_path", "origin", "read_paths", "report"]

_log = logging.getLogger(__name__)


def origin(recording: Recording) -> str:
    """Path of a recording, to name it by, or its name: two folders may hold the same names."""
    return recording.path or recording.name


def report(quarantined: dict[str, str]) -> int:
    """Say on stderr, however quiet, which recordings were left out and why; the exit code."""
    for name, reason in quarantined.items():
        _log.error("quarantined %s: %s", name, reason)
    return 1 if quarantined else 0
