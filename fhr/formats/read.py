"""`fhr.read`: one recording from any supported file."""

import os
from pathlib import Path

from fhr.errors import FormatError
from fhr.recording import Recording

from .wfdb import read_wfdb

__all__ = ["read"]

_READERS = {"": read_wfdb, ".hea": read_wfdb, ".dat": read_wfdb}


def read(path: str | Path) -> Recording:
    """Read one recording; the file's suffix names its format.

    Args:
        path: a WFDB record as `DIR/1001`, `DIR/1001.hea` or `DIR/1001.dat`.

    Raises:
        FormatError: no such file, an unknown suffix, or contents that contradict the format.
    """
    path = Path(path)
    if os.path.isdir(path):  # unlike Path.is_dir, no OSError for a path that no system takes
        raise FormatError(f"{path} is a folder; fhr.read takes one recording, fhr.datasets.CTUUHB takes a folder")
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        known = ", ".join(suffix for suffix in _READERS if suffix)
        raise FormatError(f"{path}: unknown suffix {path.suffix!r}; known are {known}, or a WFDB record without suffix")
    return reader(path)
