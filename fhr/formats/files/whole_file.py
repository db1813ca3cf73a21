"""Writing a file whole, or not at all; its suffix, and the bounds on what it may hold."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fhr.errors import FormatError
from fhr.recording import Recording

from .regular_file import shown

__all__ = [
    "MAX_RATE",
    "MAX_SAMPLES",
    "MIN_RATE",
    "check_samples",
    "take_suffix",
    "whole_as_named",
    "whole_or_not_at_all",
    "write_whole",
]

MAX_SAMPLES = 4 * 3600 * 24 * 14  # two weeks at 4 Hz: a bound on what a damaged or hostile file can ask for
MIN_RATE, MAX_RATE = 1e-3, 1e5  # Hz, far beyond any device; within them no time or number of samples overflows


@contextmanager
def whole_or_not_at_all(path: str | Path) -> Iterator[Path]:
    """Give a path to write to; put in the place of `path` at once when all is written, removed when it is not."""
    part = Path(f"{path}.part")
    try:
        yield part
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


@contextmanager
def whole_as_named(path: str | Path) -> Iterator[Path]:
    """Apply `whole_or_not_at_all` to a path that a user named: a link stays one; a device or pipe is written as is."""
    if os.path.exists(path) and not os.path.isfile(path):  # /dev/null: no file to be put in its place
        yield Path(path)
        return
    with whole_or_not_at_all(os.path.realpath(path)) as part:
        yield part


def write_whole(path: Path, data: bytes) -> Path:
    """Write `data` to `path`, whole or not at all."""
    with whole_or_not_at_all(path) as part:
        part.write_bytes(data)
    return path


def check_samples(recording: Recording) -> None:
    """Refuse to write a recording without a sample.

    Raises:
        FormatError: it has none.
    """
    if not len(recording):
        raise FormatError(f"{recording.name}: the recording holds no sample; there is nothing to write")


def take_suffix(path: Path, suffixes: Iterable[str], *, kind: str) -> str:
    """Check and return the lower-case suffix of `path`, one of `suffixes`; of two that are known together, both.

    Raises:
        FormatError: another suffix, or a folder.
    """
    known = list(suffixes)
    both = "".join(path.suffixes[-2:]).lower()
    if both in known:
        return both
    if path.suffix.lower() not in known:
        if os.path.isdir(path):  # unlike Path.is_dir, no OSError for a path that no system takes
            raise FormatError(f"{path} is a folder; the {kind} is a file called {' or '.join(known)}")
        raise FormatError(f"{path}: suffix {shown(path.suffix)}; the {kind} is called {' or '.join(known)}")
    return path.suffix.lower()
