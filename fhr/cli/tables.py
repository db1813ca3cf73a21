"""Tables on stdout or into a file, and where any file of a verb may go."""

import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from fhr.errors import FHRError
from fhr.formats import whole_as_named
from fhr.recording import TableColumn, column_names

__all__ = ["STDOUT", "check_folder", "check_out", "destination", "in_csv", "to_stdout", "write_csv"]

_log = logging.getLogger(__name__)
STDOUT = "-"


def check_out(out: str | None, option: str = "--out") -> None:
    """Refuse a place that cannot be written to before the work, not after it; the message names the `option`.

    Raises:
        FHRError: a folder that does not exist or cannot be written to, or a folder in place of a file.
    """
    if out not in (None, STDOUT) and (Path(out).is_dir() or not os.access(Path(out).parent, os.W_OK)):
        raise FHRError(f"{option} {out}: cannot be written; name a file in a folder that exists")


def check_folder(given: str | None, option: str) -> None:
    """Refuse a folder that cannot be made or written to before the work, not after it.

    Raises:
        FHRError: a file in its place, or a folder above it that cannot be written to.
    """
    if given is None:
        return
    folder = Path(given)
    if folder.exists() and not folder.is_dir():
        raise FHRError(f"{option} {given}: a file; name a folder, which is made where it is missing")
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not (there.is_dir() and os.access(there, os.W_OK)):
        raise FHRError(f"{option} {given}: {there} cannot be written to; name another folder")


@contextmanager
def destination(out: str, option: str = "--out") -> Iterator[Path]:
    """A path to write to. A file comes whole or not at all, where a link leads to too; a device or pipe stays one.

    For `-` it is a file whose text goes to stdout at the end.

    Raises:
        FHRError: a path that cannot be written to, a full disk; the message names the `option`.
    """
    if out == STDOUT:
        with TemporaryDirectory() as folder:
            path = Path(folder, "text")
            yield path
            with to_stdout(option), path.open(encoding="utf-8", newline="") as file:
                sys.stdout.writelines(file)
        return
    try:
        with whole_as_named(out) as path:
            yield path
    except OSError as error:
        reason = error.strerror or error
        raise FHRError(f"{option} {out}: cannot be written ({reason}); make room, or choose another path") from None
    _log.info("wrote %s", out)


def in_csv(table: pd.DataFrame, columns: Sequence[TableColumn] = ()) -> pd.DataFrame:
    """Prepare a table for a CSV: numbers rounded as their columns say, flags as 1 and 0, whole ones without a point.

    Args:
        table: with the columns; others are refused.
        columns: of the table; without them it stays as it is.

    Raises:
        ValueError: a column that is not described, or one that is missing: a fault of this program.
    """
    if not columns:
        return table
    names = [str(name) for name in table]
    single = {column.name: column for column in columns if column.is_one}
    found = [single.get(name) or next((one for one in columns if one.describes(name)), None) for name in names]
    if None in found or [one.name for one in found if one is not None and one.is_one] != list(single):
        raise ValueError(f"columns {', '.join(names)}; described are {', '.join(column_names(columns))}")
    cells = {name: _cells(table[name], one) for name, one in zip(names, found, strict=True) if one is not None}
    return table.assign(**cells)


def _cells(values: pd.Series, column: TableColumn) -> pd.Series:
    if column.type == "text":
        return values
    if column.type in ("flag", "integer"):
        return values.astype("Float64").round().astype("Int64")
    numbers = values.astype(float)
    return numbers if column.digits is None else numbers.round(column.digits) + 0.0  # no -0.0


def write_csv(table: pd.DataFrame, out: str | None, option: str = "--out", columns: Sequence[TableColumn] = ()) -> None:
    """Write `table` as CSV to `out`, whole or not at all, or to stdout where `out` is None or `-`; see `in_csv`.

    Raises:
        FHRError: a folder that does not exist or cannot be written to, a full disk.
    """
    table = in_csv(table, columns)
    if out in (None, STDOUT):
        with to_stdout(option):
            table.to_csv(sys.stdout, index=False)
        return
    with destination(out, option) as path, open(path, "w", encoding="utf-8", newline="") as file:
        table.to_csv(file, index=False)


@contextmanager
def to_stdout(option: str = "--out") -> Iterator[None]:
    """Say what hinders writing to stdout.

    Raises:
        FHRError: a full disk behind it.
    """
    try:
        yield
    except BrokenPipeError:  # whoever read it has what they want: `main` knows
        raise
    except OSError as error:
        raise FHRError(f"stdout cannot be written ({error.strerror}); make room, or give {option} FILE") from None
