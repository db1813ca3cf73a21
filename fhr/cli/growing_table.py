"""A CSV that grows batch by batch: on stdout, into a device, or beside its place until it is whole."""

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

import pandas as pd

from fhr.errors import FHRError
from fhr.recording import TableColumn, column_names

from .files_kept import check_not_read
from .tables import STDOUT, check_out, destination, in_csv, to_stdout

__all__ = ["GrowingTable", "check_places"]


class GrowingTable:
    """A table to which rows are appended.

    Args:
        out: its file; None or `-` for stdout.
        columns: of it.
        option: that names the file.
    """

    def __init__(self, out: str | None, columns: Sequence[TableColumn], option: str = "--out") -> None:
        self.out, self.option, self.columns = None if out == STDOUT else out, option, columns
        self._file: BinaryIO | None = None
        self._part: Path | None = None
        self._is_begun = False

    @property
    def is_file(self) -> bool:
        """True where it is to be a file of its own: no stdout, device or pipe."""
        return self.out is not None and _is_file(self.out)

    def open_part(self, stack: ExitStack, part: Path, size: int) -> None:
        """Go on with a file that grows elsewhere, after so many of its bytes; `put_in_place` copies it."""
        with self._writing():
            part.touch()
            self._part = part
            self._file = stack.enter_context(part.open("r+b"))
            self._file.truncate(size)
            self._file.seek(size)
        self._is_begun = size > 0

    def open(self, stack: ExitStack) -> None:
        """Begin what nothing is kept of; a file grows beside its place until `put_in_place`."""
        if self.out is None:
            return
        place = Path(self.out)
        if self.is_file:
            place = Path(os.path.realpath(self.out))
            with self._writing():
                beside = stack.enter_context(TemporaryDirectory(prefix=f"{place.name}.", dir=place.parent))
            self.open_part(stack, Path(beside, place.name), 0)
            return
        with self._writing():
            self._file = stack.enter_context(place.open("wb"))

    @property
    def none(self) -> pd.DataFrame:
        """The table without rows."""
        return pd.DataFrame(columns=list(column_names(self.columns)))

    def append(self, rows: pd.DataFrame) -> None:
        """Write rows, and the header before the first.

        Raises:
            FHRError: a disk that is full.
        """
        if len(rows):
            self._append(rows)

    def append_header(self) -> None:
        """Write the header of a table that has no row."""
        if not self._is_begun:
            self._append(self.none)

    def _append(self, rows: pd.DataFrame) -> None:
        text = in_csv(rows, self.columns).to_csv(None, index=False, header=not self._is_begun, lineterminator="\n")
        with self._writing():
            self._write(text)
        self._is_begun = True

    def _write(self, text: str) -> None:
        if self._file is None:
            sys.stdout.write(text)
            sys.stdout.flush()
            return
        self._file.write(text.encode())
        self._file.flush()
        if self._part is not None:
            os.fsync(self._file.fileno())  # before the journal says so

    @property
    def size(self) -> int:
        """Bytes of a part so far."""
        return 0 if self._file is None else self._file.tell()

    def put_in_place(self) -> None:
        """Copy the part to its place, which holds the whole table from one moment to the next.

        Raises:
            FHRError: a place that cannot be written to.
        """
        if self._part is None:
            return
        with (
            destination(self.out or STDOUT, self.option) as path,
            self._part.open("rb") as part,
            path.open("wb") as file,
        ):
            shutil.copyfileobj(part, file)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        if self.out is None:
            with to_stdout(self.option):
                yield
            return
        try:
            yield
        except OSError as error:
            reason = error.strerror or error
            raise FHRError(
                f"{self.option} {self.out}: cannot be written ({reason}); make room, or choose another path"
            ) from None


def check_places(
    tables: Sequence[GrowingTable],
    paths: Sequence[str] = (),
    recursive: bool = False,
    tables_read: Sequence[str | None] = (),
    **others: str | None,
) -> None:
    """Refuse files that cannot be written to, two tables in one file or on stdout, or one in the place of a recording.

    Args:
        tables: that grow.
        paths: of recordings, and of folders of them, that are read.
        recursive: with the folders within these.
        tables_read: further files that are read, such as outcomes.
        others: further files by the name of their option, without its dashes.

    Raises:
        FHRError: such files.
    """
    known: dict[str, str] = {}
    given = [f"--{name}" for name, out in others.items() if out == STDOUT]
    if len(on_stdout := [*(table.option for table in tables if table.out is None), *given]) > 1:
        raise FHRError(f"{' and '.join(on_stdout)} are tables for stdout, which takes one; give the others files")
    for option, out in (*((table.option, table.out) for table in tables), *((f"--{k}", v) for k, v in others.items())):
        check_out(out, option)
        if out in (None, STDOUT) or not _is_file(out):
            continue
        other = known.setdefault(os.path.realpath(out), option)
        if other != option:
            raise FHRError(f"{option} {out}: {other} names the same file; give each table its own")
        check_not_read(out, option, paths, recursive=recursive, tables=tables_read)


def _is_file(out: str) -> bool:
    return os.path.isfile(out) or not os.path.exists(out)
