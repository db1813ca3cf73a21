"""Recordings of paths in batches: read, computed, and their rows appended to tables, with one batch in memory.

A verb that was stopped or killed goes on where it was when the same command is given again, see `kept_work`.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd

from fhr.compute import Countdown
from fhr.datasets import Reading, stream_paths
from fhr.recording import Recording, told_apart
from fhr.tracking import made_by

from .growing_table import GrowingTable
from .kept_work import KeptWork, kept_work
from .recordings import origin, report

__all__ = ["Batches", "Computed", "work_of", "write_in_batches"]

_SIZE = 64  # recordings a batch: some MB of signals, and seconds of work that a kill may lose
_EVERY = 10.0  # s from one word on the progress to the next
_NO_PART = ("verb", "model", "verbose", "quiet", "overrides")  # of what decides about the rows
_PLAIN = str | int | float | list | None  # options; the parser keeps functions beside them
_LIBRARIES = ("numpy", "scipy", "pandas", "torch", "PyWavelets")


@dataclass(frozen=True)
class Batch:
    """Recordings that are read together.

    Attributes:
        recordings: that could be read.
        unreadable: the reason for each other, by path.
    """

    recordings: list[Recording]
    unreadable: dict[str, str]

    def __len__(self) -> int:
        return len(self.recordings) + len(self.unreadable)

    @property
    def fingerprint(self) -> str:
        """Hash of all that was read: signals, whatever else is known of the recordings, and reasons."""
        total = hashlib.sha256(repr(self.unreadable).encode())
        for one in self.recordings:
            known = (one.name, one.digest, one.outcome, one.clinical, one.stage2_start, one.source, one.history)
            total.update(repr((*known, one.provenance)).encode())
        return total.hexdigest()


class Batches:
    """Batches of the recordings of files and folders; the first is read at once.

    Args:
        paths: of them.
        how: they are read, see `stream_paths`.

    Raises:
        FHRError: not one recording can be read.
    """

    def __init__(self, paths: Sequence[str], **how: Any) -> None:
        stream = stream_paths(paths, **how)
        self.n_recordings = len(stream)
        self._rest = _batches(stream)
        self._read_ahead = [next(self._rest)]

    def __iter__(self) -> Iterator[Batch]:
        while self._read_ahead:
            yield self._read_ahead.pop()
        yield from self._rest


class Computed(NamedTuple):
    """Outcome of a batch.

    Attributes:
        tables: the rows of each table.
        unusable: the reason for each recording without rows, by its position in the batch.
    """

    tables: Sequence[pd.DataFrame]
    unusable: Mapping[int, str]


def work_of(options: Any, tables: Sequence[GrowingTable], *, model: str = "") -> dict[str, Any]:
    """All that decides about the rows of a verb but the recordings: its options, model and version, in plain types.

    Args:
        options: of the command line.
        tables: that it writes; where they go decides nothing but which of them are written.
        model: checksum of the model.
    """
    outs = [table.option.lstrip("-") for table in tables]
    plain = {name: value for name, value in vars(options).items() if isinstance(value, _PLAIN)}
    given = {name: value for name, value in plain.items() if name not in (*_NO_PART, *outs)}
    return {**given, **dict.fromkeys(outs[1:], True), "model": model, "made_by": made_by(("",), _LIBRARIES)}


def write_in_batches(
    batches: Batches,
    tables: Sequence[GrowingTable],
    compute: Callable[[Sequence[Recording]], Computed],
    *,
    work: Callable[[], Mapping[str, Any]],
    known_as: Callable[[Recording], str] = origin,
    met_again: Callable[[Sequence[Recording]], object] = len,
) -> int:
    """Compute every batch, append its rows to the tables, and say which recordings were left out; the exit code.

    Args:
        batches: of the recordings.
        tables: that grow; the first names what is kept of unfinished work.
        compute: rows of recordings.
        work: all that decides about the rows, see `work_of`; asked for where it is kept.
        known_as: name of a recording that was left out.
        met_again: called with the recordings of a batch that an earlier run has finished, of those with rows.

    Raises:
        FHRError: a place that cannot be written to, or what is kept is of other work.
    """
    left_out = _LeftOut({}, [])
    todo = iter(batches)
    with kept_work(tables, work) as kept:
        batch = next(todo, None)
        n_known = 0
        while kept is not None and batch is not None:
            if (done := kept.again(batch.fingerprint)) is None:
                break
            left_out.add(batch, done.unusable)
            positions = {position for position, _, _ in done.unusable}
            met_again([one for i, one in enumerate(batch.recordings) if i not in positions])
            n_known += len(batch)
            batch = next(todo, None)
        if kept is not None:
            kept.go_on()
        with Countdown(batches.n_recordings - n_known, what="recording", every=_EVERY) as countdown:
            while batch is not None:
                left_out.add(batch, _append(batch, tables, compute, known_as, kept))
                countdown.update(len(batch))
                batch = next(todo, None)
        for table in tables:
            table.append_header()
    return report(left_out.reasons)


class _LeftOut(NamedTuple):
    """Recordings that were left out, with the reason."""

    unreadable: dict[str, str]
    unusable: list[tuple[str, str, str]]  # name, path, reason

    def add(self, batch: Batch, unusable: Sequence[tuple[int, str, str]]) -> None:
        """Those of a batch."""
        self.unreadable.update(batch.unreadable)
        self.unusable.extend((name, origin(batch.recordings[position]), reason) for position, name, reason in unusable)

    @property
    def reasons(self) -> dict[str, str]:
        """By path, and of those without rows by name, where that is told apart from others."""
        names, paths, reasons = zip(*self.unusable, strict=True) if self.unusable else ((), (), ())
        return self.unreadable | dict(zip(told_apart(names, paths), reasons, strict=True))


def _append(
    batch: Batch,
    tables: Sequence[GrowingTable],
    compute: Callable[[Sequence[Recording]], Computed],
    known_as: Callable[[Recording], str],
    kept: KeptWork | None,
) -> list[tuple[int, str, str]]:
    """Compute a batch, append its rows and note it; position, name and reason of each recording without rows."""
    done = compute(batch.recordings) if batch.recordings else Computed([table.none for table in tables], {})
    for table, rows in zip(tables, done.tables, strict=True):
        table.append(rows)
    unusable = [(i, known_as(batch.recordings[i]), reason) for i, reason in sorted(done.unusable.items())]
    if kept is not None:
        kept.note(batch.fingerprint, len(batch), unusable)
    return unusable


def _batches(stream: Iterable[Reading]) -> Iterator[Batch]:
    batch = Batch([], {})
    for path, recording, reason in stream:
        if recording is None:
            batch.unreadable[path] = reason
        else:
            batch.recordings.append(recording)
        if len(batch.recordings) == _SIZE:
            yield batch
            batch = Batch([], {})
    if batch.recordings or batch.unreadable:
        yield batch
