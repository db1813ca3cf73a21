"""Names of a room that are imported when they are first used, so that nobody waits for a library that is not needed."""

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

__all__ = ["late_names"]


def late_names(room: str, files: Mapping[str, Sequence[str]]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Make the `__getattr__` and `__dir__` of a room of which some names are imported late, see PEP 562.

    The room imports the same names under `TYPE_CHECKING`, for whoever reads it.

    Args:
        room: that shows the names, such as `fhr.models`.
        files: module of the room -> the names that it holds.
    """
    file_of = {name: file for file, names in files.items() for name in names}

    def find(name: str) -> Any:
        if name not in file_of:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        found = getattr(import_module(f"{room}.{file_of[name]}"), name)
        setattr(sys.modules[room], name, found)  # asked for once
        return found

    def names() -> list[str]:
        return sorted({*vars(sys.modules[room]), *file_of})

    return find, names
