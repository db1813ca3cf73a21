"""A file read or written whole, or not at all; what is wrong with it said in one line."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fhr.errors import FormatError

__all__ = ["MAX_SAMPLES", "read_whole", "reason", "take_suffix", "whole_or_not_at_all", "write_whole"]

MAX_SAMPLES = 4 * 3600 * 24 * 14  # two weeks at 4 Hz: a bound on what a damaged or hostile file can ask for


def read_whole(path: Path, *, limit: int, kind: str) -> bytes:
    """The bytes of a file of at most `limit` bytes that is a `kind`, "CSV table" say.

    Raises:
        FormatError: no such file, one that cannot be read, is empty, or is larger.
    """
    try:
        size = path.stat().st_size
        if size > limit:
            raise FormatError(f"{path}: {size} bytes; a {kind} ends at {limit}, split it")
        data = path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a path that no system takes
        raise FormatError(f"{path}: no readable {kind} ({reason(error)}); check the path") from None
    if not data:
        raise FormatError(f"{path}: the file is empty; fetch it again")
    return data


@contextmanager
def whole_or_not_at_all(path: str | Path) -> Iterator[Path]:
    """A path to write to; put in the place of `path` at once when all is written, removed when it is not."""
    part = Path(f"{path}.part")
    try:
        yield part
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write_whole(path: Path, data: bytes) -> Path:
    """Write `data` to `path`, whole or not at all."""
    with whole_or_not_at_all(path) as part:
        part.write_bytes(data)
    return path


def reason(error: Exception) -> str:
    """What went wrong, without the path that the message names already."""
    return getattr(error, "strerror", None) or str(error)


def take_suffix(path: Path, suffixes: Iterable[str], *, kind: str) -> str:
    """The lower-case suffix of `path`, one of `suffixes`.

    Raises:
        FormatError: another suffix.
    """
    known = list(suffixes)
    if path.suffix.lower() not in known:
        raise FormatError(f"{path}: suffix {path.suffix!r}; the {kind} is called {' or '.join(known)}")
    return path.suffix.lower()
