"""Recordings of paths: files, folders, and databases among them; all at once, or one after another with none held."""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from fhr.compute import progress
from fhr.errors import FHRError
from fhr.formats import join as join_files
from fhr.formats.folder import is_activity
from fhr.formats.joining import pairs_of
from fhr.recording import Recording

from .members import Members, check_options, members_of, read_file, read_member

__all__ = ["Reading", "RecordingStream", "read_paths", "stream_paths"]

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


class RecordingStream:
    """Every recording of files and folders, one after another, in the order of `read_paths`; see `stream_paths`."""

    def __init__(
        self,
        paths: Sequence[str],
        *,
        recursive: bool = False,
        join: bool = False,
        reading: Mapping[str, Any] | None = None,
        ignored: Collection[str | Path] = (),
    ) -> None:
        self._given, self._reading = tuple(map(str, paths)), dict(reading or {})
        self._parts: list[str | Members | Reading] = []
        files = [path for path in self._given if not Path(path).is_dir()]
        self._joined = pairs_of(*_by_channel(files)) if join else {}
        for path in self._given:
            if path in self._joined.values():
                continue
            if not Path(path).is_dir():
                self._parts.append(path)
                continue
            how: dict[str, Any] = {"columns": self._reading.get("columns"), "ignored": ignored}
            how |= {"recursive": recursive, "join": join}
            try:
                members = members_of(path, **how)
            except FHRError as error:
                self._parts.append(Reading(path, None, str(error)))
                members = members_of(path, **how, records=False)
            self._parts += [members, *(Reading(file, None, reason) for file, reason in members.left_out.items())]
            members.tell_of_folders()
        check_options(
            self._reading,
            [*files, *(path for part in self._parts if isinstance(part, Members) for path in part.paths)],
        )

    def __len__(self) -> int:
        """Number of recordings that there seem to be."""
        return sum(len(part.paths) if isinstance(part, Members) else 1 for part in self._parts)

    def __iter__(self) -> Iterator[Reading]:
        """What becomes of each path.

        Raises:
            FHRError: not one of them can be read; after the last.
        """
        n_read, left_out, reasons = 0, 0, list[str]()
        for part in self._parts:
            for one in self._read(part):
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

    def _read(self, part: "str | Members | Reading") -> Iterator[Reading]:
        """What becomes of a file, or of each of a folder."""
        if isinstance(part, Reading):
            _log.info("left out %s: %s", part.path, part.reason)
            yield part
        elif isinstance(part, str):
            activity = self._joined.get(part)
            if activity is None:
                yield _reading(part, lambda: read_file(part, self._reading))
            else:
                yield _reading(part, lambda: join_files(part, activity, **self._reading))
        else:
            yield from self._read_members(part)

    def _read_members(self, members: Members) -> Iterator[Reading]:
        """What becomes of each file; of records that all fail, one answer, once that is known."""
        waiting: list[Reading] | None = [] if members.n_records else None
        for i, path in enumerate(members.paths):
            if i == members.n_records and waiting:
                yield _none_of(members, waiting)
                waiting = None
            how = partial(read_member, members.root, path, self._reading, members.joined.get(path))
            one = _reading(str(Path(members.root, path)), how)
            if waiting is not None and one.recording is None:
                waiting.append(one)
                continue
            yield from waiting or ()
            waiting = None
            yield one
        if waiting:
            yield _none_of(members, waiting)


def stream_paths(
    paths: Sequence[str],
    *,
    recursive: bool = False,
    join: bool = False,
    reading: Mapping[str, Any] | None = None,
    ignored: Collection[str | Path] = (),
) -> RecordingStream:
    """Read the recordings of the given files and folders while they are gone through; memory holds one at a time.

    The WFDB records of a folder come first, in the order of its `RECORDS` file, then its other recordings, file by
    file. What cannot be read comes with the reason, and so does what may be a recording and is not read, see
    `fhr.formats.contents_of`; a database of which no record can be read counts once.

    Args:
        paths: files and folders.
        recursive: with the folders within those that are given.
        join: tables of uterine activity with the heart rates of the same labours, of a folder or of the files that are
            given, see `fhr.formats.join`.
        reading: options of `fhr.read`, such as `columns`, `units` and `fs`; a format gets those that it takes.
        ignored: files in the folders that are known to be no recordings, such as one that is to be written.

    Raises:
        FHRError: a folder that cannot be listed, an option that none of the files takes; while it is gone through, not
            one readable recording.
    """
    return RecordingStream(paths, recursive=recursive, join=join, reading=reading, ignored=ignored)


def read_paths(
    paths: Sequence[str],
    *,
    recursive: bool = False,
    join: bool = False,
    reading: Mapping[str, Any] | None = None,
    ignored: Collection[str | Path] = (),
) -> tuple[list[Recording], dict[str, str]]:
    """Read every recording of the given files and folders; for each that cannot be read, by path, the reason.

    They are those of `stream_paths`, which says what the arguments are, in the same order, held all together.

    Raises:
        FHRError: not one readable recording.
    """
    recordings: list[Recording] = []
    quarantined: dict[str, str] = {}
    stream = stream_paths(paths, recursive=recursive, join=join, reading=reading, ignored=ignored)
    for one in progress(stream, description="read", total=len(stream)):
        if one.recording is None:
            quarantined[one.path] = one.reason
        else:
            recordings.append(one.recording)
    return recordings, quarantined


def _by_channel(files: Sequence[str]) -> tuple[list[str], list[str]]:
    """Files that are given, and those of them that are tables of uterine activity without heart rate."""
    activities = [path for path in files if is_activity(Path(path))]
    return [path for path in files if path not in activities], activities


def _reading(path: str, how: Callable[[], Recording]) -> Reading:
    try:
        return Reading(path, how())
    except FHRError as error:
        _log.info("quarantined %s: %s", path, error)
        return Reading(path, None, str(error))


def _none_of(members: Members, waiting: Sequence[Reading]) -> Reading:
    first = waiting[0]
    reason = (
        f"{Path(members.root)}: none of its {len(waiting)} records can be read; the first, "
        f"{Path(first.path).name}: {first.reason}"
    )
    return Reading(members.root, None, reason)
