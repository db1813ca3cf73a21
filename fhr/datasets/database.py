"""Database of recordings with their outcomes, whatever the recordings were read from."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cached_property

import pandas as pd

from fhr.errors import DatasetNotFoundError, FormatError, SignalError
from fhr.preprocessing import cut_from
from fhr.recording import Composition, Recording

from .targets import Target

__all__ = ["Database", "checksum_line", "checksum_of_lines", "digest_as_read"]


class Database(Sequence[Recording]):
    """Recordings by position and by name, with their outcomes as a table.

    Args:
        recordings: the recordings, each with a name of its own.
        origin: where they come from, for messages.
        quarantined: reason for each record that could not be read, by name.

    Raises:
        FormatError: a name that stands twice: the same labour would fall on both sides of a split.
    """

    def __init__(
        self, recordings: Iterable[Recording], *, origin: str, quarantined: Mapping[str, str] | None = None
    ) -> None:
        self.recordings = tuple(recordings)
        self.origin = origin
        self.quarantined = dict(quarantined or {})
        self._whole_checksum = ""  # where these are changed recordings
        self._positions = {recording.name: i for i, recording in enumerate(self.recordings)}
        if len(self._positions) < len(self.recordings):
            twice = next(r.name for i, r in enumerate(self.recordings) if self._positions[r.name] != i)
            raise FormatError(f"{origin}: record {twice!r} stands twice; keep one of them")

    def __len__(self) -> int:
        return len(self.recordings)

    def __getitem__(self, key: int | str) -> Recording:  # type: ignore[override]
        """One recording, by position or by name."""
        if isinstance(key, str):
            if key not in self._positions:
                reason = self.quarantined.get(key, "there is no such record")
                raise DatasetNotFoundError(f"{self.origin}: no record {key!r} ({reason})")
            key = self._positions[key]
        return self.recordings[key]

    def __iter__(self) -> Iterator[Recording]:
        return iter(self.recordings)

    @property
    def names(self) -> list[str]:
        """Names of the records, in order."""
        return [recording.name for recording in self.recordings]

    @property
    def outcomes(self) -> pd.DataFrame:
        """Outcome and clinical fields, one row a record, NaN where unknown."""
        return self._outcomes.copy()

    @cached_property
    def _outcomes(self) -> pd.DataFrame:
        rows = [asdict(recording.outcome) | asdict(recording.clinical) for recording in self.recordings]
        return pd.DataFrame(rows, index=pd.Index(self.names, name="record"))

    @property
    def composition(self) -> Composition:
        """Numbers of recordings by kind, their makers, and the records that these were fitted to."""
        return Composition.of(self.recordings)

    @property
    def kinds(self) -> Mapping[str, int]:
        """Number of recordings by kind, see `fhr.recording.Provenance`; `{"measured": 552}` for CTU-UHB."""
        return self.composition.kinds

    @property
    def fitted_to(self) -> tuple[str, ...]:
        """Records that the makers of these recordings were fitted to; a test on one of them is no test."""
        return self.composition.fitted_to

    def labels(self, target: str) -> pd.Series:
        """Label each record (1, 0, or NaN where its outcome is unknown), indexed by name.

        Raises:
            OutcomeError: a target that is not defined.
        """
        return Target(target)(self.outcomes)

    @cached_property
    def digests(self) -> tuple[str, ...]:
        """SHA-256 of the file each recording was read from, of its signals where there is none; in order.

        A window that was cut out of a recording has the digest of the whole.
        """
        return tuple(digest_as_read(recording) for recording in self.recordings)

    @cached_property
    def digests_of_signals(self) -> tuple[str, ...]:
        """SHA-256 of the signals of each recording, whatever file they are from; in order.

        A window that was cut out of a recording has the digest of the whole.
        """
        return tuple(cut_from(recording) or recording.digest for recording in self.recordings)

    @property
    def checksum(self) -> str:
        """SHA-256 over the names, signals, sampling rates and outcomes, whatever the order of the records.

        Provenance is no part of it: the same signals are the same data for a split, whatever is known of their maker.
        """
        return self._checksum

    @cached_property
    def _checksum(self) -> str:
        return checksum_of_lines({recording.name: checksum_line(recording) for recording in self.recordings})

    @property
    def whole_checksum(self) -> str:
        """Checksum of the recordings as they were read, which splits are made for; see `changed`."""
        return self._whole_checksum or self.checksum

    def changed(self, change: Callable[[Recording], Recording]) -> "Database":
        """The same records with other signals, such as one window of each.

        All that is computed from the result sees the changed signals, and its `checksum` is theirs; splits of the whole
        recordings fit it. A recording that cannot be changed stays as it is: what prepares it refuses it once more.

        Args:
            change: a recording for a recording, of the same name and outcome; raises `SignalError` where it cannot.

        Example:
            Only the hour before the second stage: `database.changed(Pipeline(before="stage2").cut)`.
        """
        recordings = []
        for recording in self.recordings:
            try:
                recordings.append(change(recording))
            except SignalError:
                recordings.append(recording)
        database = Database(recordings, origin=self.origin, quarantined=self.quarantined)
        database._whole_checksum = self.whole_checksum
        return database


def checksum_line(recording: Recording) -> str:
    """Line of a recording in `Database.checksum`: its name, signals, sampling rate and outcome."""
    outcome = ",".join(f"{value:.10g}" for value in asdict(recording.outcome).values())
    return f"{recording.name}:{recording.digest}:{outcome}\n"


def checksum_of_lines(lines: Mapping[str, str]) -> str:
    """Compute `Database.checksum` from the `checksum_line` of each record, by name."""
    digest = hashlib.sha256()
    for name in sorted(lines):
        digest.update(lines[name].encode())
    return digest.hexdigest()


def digest_as_read(recording: Recording) -> str:
    """Digest of a recording as it was read: of its file, or of the signals that a window was cut from."""
    if recording.source and recording.source.sha256:
        return recording.source.sha256
    return cut_from(recording) or recording.digest
