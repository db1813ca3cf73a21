"""Recordings of paths: files, folders, and databases among them; all at once, or one after another with none held."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from fhr.compute import progress
from fhr.errors import FHRError
from fhr.formats import read, read_wfdb, recordings_in
from fhr.recording import Recording

from .ctu_uhb import distinct_names

__all__ = ["Reading", "RecordingStream", "database_and_others", "read_paths", "stream_paths"]

_log = logging.getLogger(__name__)


class Reading(NamedTuple):
    """A recording of a path, or the reason why there is none.

    Attributes:
        path: what was read, as it was given, with the name of the record where a folder was given.
        recording: as it was read, or None.
        reason: why there is none.
    """

    path: str
    recording: Recording | None
    reason: str = ""


class _Files(NamedTuple):
    """Files to read one by one; of a database these are the records of its folder."""

    paths: Sequence[str]
    database: str = ""


class RecordingStream:
    """Every recording of files and folders, one after another, in the order of `read_paths`; see `stream_paths`."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._given = tuple(map(str, paths))
        self._parts: list[_Files | Reading] = []
        for path in self._given:
            database, others = database_and_others(path) if Path(path).is_dir() else (False, [Path(path)])
            if database:
                try:
                    self._parts.append(_Files(distinct_names(Path(path)), path))
                except FHRError as error:
                    self._parts.append(Reading(path, None, str(error)))
            self._parts.append(_Files([str(file) for file in others] if Path(path).is_dir() else [path]))

    def __len__(self) -> int:
        """Number of recordings that there seem to be."""
        return sum(1 if isinstance(part, Reading) else len(part.paths) for part in self._parts)

    def __iter__(self) -> Iterator[Reading]:
        """What becomes of each path.

        Raises:
            FHRError: not one of them can be read; after the last.
        """
        n_read, left_out, reasons = 0, 0, list[str]()
        for part in self._parts:
            for one in [part] if isinstance(part, Reading) else _read(part):
                if one.recording is not None:
                    n_read += 1
                else:
                    left_out += 1
                    if not n_read:
                        reasons.append(one.reason)
                yield one
        _log.info("read %d recordings of %s, %d left out", n_read, ", ".join(self._given), left_out)
        if not n_read:
            raise FHRError(f"none of the {left_out} recordings can be read: {'; '.join(reasons)}")


def stream_paths(paths: Sequence[str]) -> RecordingStream:
    """Read the recordings of the given files and folders while they are gone through; memory holds one at a time.

    The WFDB records of a folder with a `RECORDS` file or `.hea` files come first, in its order, then its other
    recordings, and those of any other folder, file by file. What cannot be read comes with the reason; a database of
    which no record can be read counts once.

    Raises:
        FHRError: a folder that cannot be listed; while it is gone through, not one readable recording.
    """
    return RecordingStream(paths)


def read_paths(paths: Sequence[str]) -> tuple[list[Recording], dict[str, str]]:
    """Read every recording of the given files and folders; for each that cannot be read, by path, the reason.

    They are those of `stream_paths`, in the same order, held all together.

    Raises:
        FHRError: not one readable recording.
    """
    recordings: list[Recording] = []
    quarantined: dict[str, str] = {}
    stream = stream_paths(paths)
    for one in progress(stream, description="read", total=len(stream)):
        if one.recording is None:
            quarantined[one.path] = one.reason
        else:
            recordings.append(one.recording)
    return recordings, quarantined


def _read(files: _Files) -> Iterator[Reading]:
    """What becomes of each file; of a database whose records all fail, one answer, once that is known."""
    waiting: list[Reading] | None = [] if files.database else None
    for name in files.paths:
        path = str(Path(files.database, name)) if files.database else name
        try:
            one = Reading(path, read_wfdb(path) if files.database else read(path))
        except FHRError as error:
            one = Reading(path, None, str(error))
            _log.info("quarantined %s: %s", path, error)
        if waiting is not None and one.recording is None:
            waiting.append(one)
            continue
        yield from waiting or ()
        waiting = None
        yield one
    if waiting:
        first = waiting[0]
        reason = (
            f"{Path(files.database)}: none of its {len(waiting)} records can be read; the first, "
            f"{Path(first.path).name}: {first.reason}"
        )
        yield Reading(files.database, None, reason)


def database_and_others(folder: str | Path) -> tuple[bool, list[Path]]:
    """True where a folder holds WFDB records, or nothing at all, so that reading them says what is missing.

    Returns:
        That, and the recordings of other formats in it.
    """
    within = recordings_in(folder)
    others = [file for file in within if file.suffix.lower() != ".hea"]
    return len(others) < len(within) or Path(folder, "RECORDS").is_file() or not others, others
