"""Public names that live elsewhere now: they work for one minor version, with a warning that names the successor."""

import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["moved"]


def moved(room: str, successors: Mapping[str, str]) -> Callable[[str], Any]:
    """`__getattr__` of a room whose names moved.

    Args:
        room: that had them, such as `fhr.tracking`.
        successors: name -> the room that has it now, or `ROOM:NAME` where the name is another, too.

    Example:
        >>> find = moved("fhr.old", {"Recording": "fhr.recording"})
        >>> with warnings.catch_warnings(record=True) as said:
        ...     warnings.simplefilter("always")
        ...     print(find("Recording").__name__, said[0].message)
        Recording fhr.old.Recording is fhr.recording.Recording now; the old name goes with the next minor version
    """

    def find(name: str) -> Any:
        if name not in successors:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        new, _, other = successors[name].partition(":")
        warnings.warn(
            f"{room}.{name} is {new}.{other or name} now; the old name goes with the next minor version",
            FutureWarning,
            stacklevel=2,
        )
        return getattr(import_module(new), other or name)

    return find
