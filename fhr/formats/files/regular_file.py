"""Opening files of recordings: regular files only, within their folder, of a bounded size.

A FIFO would block for ever, `/dev/zero` has no end, and a link may show any file of the machine. What somebody who may
write to the folder changes between the check and the opening is beyond this.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import BinaryIO

from fhr.errors import FormatError

__all__ = ["cut", "open_regular", "read_whole", "reason", "shown", "shown_names"]

_SHOWN, _LINE = 80, 320  # characters of a file's contents in a message: of one value, of all


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading bytes. A link is followed where it stays within its own folder.

    Raises:
        OSError: no such file, a link that leaves its folder, a folder, FIFO, socket or device.
        ValueError: a path that no system takes, or a name of a file or folder that is not in UTF-8.
    """
    str(path).encode()  # a recording is called after its file, and tables of names and paths are written in UTF-8
    if path.is_symlink():
        target = Path(os.path.realpath(path))
        if not target.is_relative_to(os.path.realpath(path.parent)):
            raise OSError(f"a link to {shown(str(target))}, outside its folder; put the file itself there")
        path = target
    if not S_ISREG(mode := path.stat().st_mode):
        raise OSError("a folder, no file" if S_ISDIR(mode) else "no regular file but a pipe, socket or device")
    return open(path, "rb", opener=_without_waiting)


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # Windows has none, and no FIFO among its files


def read_whole(path: Path, *, limit: int, kind: str) -> bytes:
    """Read the bytes of a regular file of at most `limit` bytes that is a `kind`, "CSV table" say.

    A link is followed where it stays within its own folder.

    Raises:
        FormatError: no such file, one that cannot be read, is empty, is larger or changes meanwhile; a link that leaves
            its folder; what is no regular file.
    """
    try:
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
            if size > limit:
                raise FormatError(f"{path}: {size} bytes; a {kind} ends at {limit}, split it")
            data = file.read(size + 1) or b""  # None where the system has nothing to give yet
    except (OSError, ValueError) as error:
        raise FormatError(f"{path}: no readable {kind} ({reason(error)}); check the path") from None
    if not size:
        raise FormatError(f"{path}: the file is empty; fetch it again")
    if len(data) != size:
        raise FormatError(
            f"{path}: it was {size} bytes long and changed while it was read; read it when it is complete"
        )
    return data


def reason(error: Exception) -> str:
    """Say the reason of an error in one line, without the path that the message names already."""
    return cut(getattr(error, "strerror", None) or str(error).partition("\n")[0])


def cut(text: str) -> str:
    """Escape the unprintable characters of a text for a message, and cut it where it is long."""
    if len(text) <= _LINE and text.isprintable():
        return text
    plain = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text[:_LINE])
    return plain if len(text) <= _LINE else f"{plain}..."


def shown(text: str) -> str:
    """Quote a value of a file for a message, with unprintable characters escaped, and cut where it is long.

    >>> shown("high"), shown("9" * 100)
    ("'high'", "'99999999999999999999999999999999999999999999999999999999999999999999999999999999'...")
    """
    return repr(text) if len(text) <= _SHOWN else f"{text[:_SHOWN]!r}..."


def shown_names(paths: Sequence[Path | str], most: int = 3) -> str:
    """Names of files for a message, the first few of them.

    >>> shown_names(["x/a.ctg", "x/b.ctg", "x/c.ctg", "d.ctg"])
    'a.ctg, b.ctg, c.ctg and 1 more'
    """
    names = [cut(Path(path).name) for path in paths[:most]]
    return ", ".join(names) + (f" and {len(paths) - most} more" if len(paths) > most else "")
