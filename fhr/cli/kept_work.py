"""Finished batches of unfinished work, kept in a folder `FILE.parts` beside its table until that is whole.

The folder holds the tables as far as they are and a journal: a line that says of which work they are, and a line for
each finished batch, with a hash of the recordings it read and the size of every table after it. Whatever stands in a
table beyond the last whole line is cut off, so that a kill loses the batch that was being worked on, and no more.
Finished batches are taken again as long as their recordings read the same.
"""

import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from filelock import FileLock, Timeout

from fhr.compute import tell
from fhr.errors import FHRError
from fhr.tracking import made_otherwise

from .growing_table import GrowingTable

__all__ = ["Finished", "KeptWork", "kept_work"]

_log = logging.getLogger(__name__)
_PLACES = {"paths": "the recordings", "model": "--run"}
_MADE_BY = "made_by"
_DRAFT = "journal.new"


class Finished(NamedTuple):
    """A finished batch.

    Attributes:
        read: hash of what was read.
        n: recordings, those that could not be read too.
        unusable: position in the batch, name and reason of each recording that was read, and could not be used.
        sizes: bytes of each table after it.
    """

    read: str
    n: int
    unusable: Sequence[tuple[int, str, str]]
    sizes: Sequence[int]


class KeptWork:
    """The journal of a folder; see `kept_work`."""

    def __init__(self, folder: Path, work: Mapping[str, Any], tables: Sequence[GrowingTable], stack: ExitStack) -> None:
        self.folder, self._tables, self._stack = folder, tables, stack
        self._work = json.loads(json.dumps(work))  # as it is read again
        self._parts = [folder / f"{table.option.lstrip('-')}.csv" for table in tables]
        self._journal = folder / "journal"
        self.finished = self._found()
        if not self.finished:
            self._check_empty()
        self.n = 0  # of the finished batches that were met again, or are new

    @property
    def n_recordings(self) -> int:
        """Recordings of the finished batches."""
        return sum(batch.n for batch in self.finished)

    def again(self, read: str) -> Finished | None:
        """The next batch, if it is finished; None once one is not, from which on everything is computed."""
        if self.n == len(self.finished) or self.finished[self.n].read != read:
            return None
        self.n += 1
        return self.finished[self.n - 1]

    def go_on(self) -> None:
        """Open the tables after the batches that were met again.

        Raises:
            FHRError: a folder that cannot be written to.
        """
        given_up = len(self.finished) > self.n
        self.finished = self.finished[: self.n]
        if self.n:
            tell("going on after %d recordings that are finished in %s", self.n_recordings, self.folder)
        if given_up:
            tell("what was finished of %srecordings that have changed is computed anew", "later " if self.n else "")
        sizes = self.finished[-1].sizes if self.finished else [0] * len(self._tables)
        for table, part, size in zip(self._tables, self._parts, sizes, strict=True):
            table.open_part(self._stack, part, size)
        text = [json.dumps(self._work), *(json.dumps(batch) for batch in self.finished)]
        draft = self.folder / _DRAFT
        with self._writing():
            draft.write_text("".join(f"{line}\n" for line in text), encoding="utf-8")
            os.replace(draft, self._journal)

    def note(self, read: str, n: int, unusable: Sequence[tuple[int, str, str]]) -> None:
        """Write down a batch whose rows are in the tables.

        Raises:
            FHRError: a disk that is full.
        """
        batch = Finished(read, n, unusable, [table.size for table in self._tables])
        with self._writing(), self._journal.open("a", encoding="utf-8") as file:
            file.write(f"{json.dumps(batch)}\n")
            file.flush()
            os.fsync(file.fileno())
        self.finished.append(batch)
        self.n += 1

    def _found(self) -> list[Finished]:
        """Finished batches of an earlier run, as far as the journal and the tables are whole.

        Raises:
            FHRError: they are of other work.
        """
        lines = self._journal.read_bytes().split(b"\n")[:-1] if self._journal.is_file() else []
        found: list[Finished] = []
        for i, line in enumerate(lines):
            try:
                plain = json.loads(line)
                if not i:
                    self._check(plain)
                    continue
                batch = Finished(*plain)
                sizes = [part.stat().st_size for part in self._parts]
                whole = all(there >= size for there, size in zip(sizes, batch.sizes, strict=True))
            except (ValueError, TypeError, OSError):  # damaged: what comes after it is computed again
                break
            if not whole:
                break
            found.append(batch)
        return found

    def _check(self, there: Mapping[str, Any]) -> None:
        if there == self._work:
            return
        different = [key for key in {**there, **self._work} if there.get(key) != self._work.get(key)]
        if different == [_MADE_BY]:
            what = f"another version ({made_otherwise(str(there.get(_MADE_BY)), str(self._work[_MADE_BY]))})"
        else:
            named = (_PLACES.get(key, f"--{key}") for key in different if key != _MADE_BY)
            what = f"another command ({', '.join(named)})"
        raise FHRError(
            f"{self.folder}: holds what {what} has finished of this table; give that command to go on, or remove the "
            "folder to begin anew"
        )

    def _check_empty(self) -> None:
        """Refuse a folder of something else, such as what another verb keeps beside a table of that name."""
        ours = {"lock", self._journal.name, _DRAFT, *(part.name for part in self._parts)}
        if not self._journal.is_file() and (others := sorted({path.name for path in self.folder.iterdir()} - ours)):
            raise FHRError(f"{self.folder}: holds {others[0]}, which is of something else; choose another --out")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise FHRError(
                f"{self.folder}: cannot be written ({error.strerror or error}); make room, or choose another --out"
            ) from None


@contextmanager
def kept_work(tables: Sequence[GrowingTable], work: Callable[[], Mapping[str, Any]]) -> Iterator[KeptWork | None]:
    """Keep what is finished of tables, the first of which names the folder; None where that is no file.

    The tables are put in their places when the block is left, and the folder is removed. Where the block fails, the
    folder stays if it holds a finished batch.

    Args:
        tables: that grow.
        work: all that makes them, in plain types: only the same work goes on with what is kept.

    Raises:
        FHRError: what is kept is of other work, another run works on it, or a place that cannot be written to.
    """
    first = tables[0]
    with ExitStack() as stack:
        if first.out is None or not first.is_file:
            for table in tables:
                table.open(stack)
            yield None
            return
        folder, made = Path(f"{os.path.realpath(first.out)}.parts"), work()
        try:
            folder.mkdir(exist_ok=True)
            stack.enter_context(FileLock(folder / "lock", timeout=0))
        except Timeout:
            raise FHRError(
                f"{first.option} {first.out}: another run is writing this table; wait for it, or choose another name"
            ) from None
        except OSError as error:
            raise FHRError(
                f"{folder}: no folder for what is finished ({error.strerror}); choose another --out"
            ) from None
        kept = KeptWork(folder, made, tables, stack)
        try:
            yield kept
            for table in tables:
                table.put_in_place()
        except BaseException:
            if kept.finished:
                _log.warning(
                    "recordings finished: %d, in %s; the same command goes on with them", kept.n_recordings, folder
                )
            else:
                shutil.rmtree(folder)
            raise
        shutil.rmtree(folder)
