"""Tables on stdout or into a file, and where any file of a verb may go."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from fhr.errors import FHRError
from fhr.formats import whole_as_named

__all__ = ["check_folder", "check_out", "destination", "write_csv"]

_log = logging.getLogger(__name__)


def check_out(out: str | None, option: str = "--out") -> None:
    """Refuse a place that cannot be written to before the work, not after it; the message names the `option`.

    Raises:
        FHRError: a folder that does not exist or cannot be written to, or a folder in place of a file.
    """
    if out is not None and (Path(out).is_dir() or not os.access(Path(out).parent, os.W_OK)):
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

    Raises:
        FHRError: a path that cannot be written to, a full disk; the message names the `option`.
    """
    try:
        with whole_as_named(out) as path:
            yield path
    except OSError as error:
        reason = error.strerror or error
        raise FHRError(f"{option} {out}: cannot be written ({reason}); make room, or choose another path") from None
    _log.info("wrote %s", out)


def write_csv(table: pd.DataFrame, out: str | None, option: str = "--out") -> None:
    """Write `table` as CSV to `out`, whole or not at all, or to stdout where `out` is None.

    Raises:
        FHRError: a folder that does not exist or cannot be written to, a full disk.
    """
    if out is None:
        try:
            table.to_csv(sys.stdout, index=False)
        except BrokenPipeError:  # whoever read it has what they want: `main` knows
            raise
        except OSError as error:
            raise FHRError(f"stdout cannot be written ({error.strerror}); make room, or give {option} FILE") from None
        return
    with destination(out, option) as path, open(path, "w", encoding="utf-8", newline="") as file:
        table.to_csv(file, index=False)
