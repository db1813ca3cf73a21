"""File in a folder by its name in any letter case: records come from systems that tell no case, `R.DAT` for `r.dat`."""

import os
from pathlib import Path

from fhr.errors import FormatError

__all__ = ["in_any_case"]


def in_any_case(path: Path) -> Path:
    """The path itself if there is such a file, or else the one beside it that differs by letter case only.

    Raises:
        FormatError: several that differ so.
    """
    if os.path.lexists(path):
        return path
    try:
        names = [name for name in os.listdir(path.parent) if name.casefold() == path.name.casefold()]
    except (OSError, ValueError):
        return path
    if len(names) > 1:
        raise FormatError(f"{path}: no such file, but {' and '.join(sorted(names)[:3])}; say which in its own letters")
    return path.with_name(names[0]) if names else path
