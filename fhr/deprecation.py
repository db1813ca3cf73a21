"""Public names that live elsewhere now: they work for one minor version, with a warning that names the successor."""

import sys
import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.machinery import ModuleSpec
from pkgutil import walk_packages
from types import ModuleType
from typing import Any, NamedTuple

__all__ = ["moved", "moved_package", "stand_in"]


def moved(room: str, successors: Mapping[str, str]) -> Callable[[str], Any]:
    """Make the `__getattr__` of a room whose names moved.

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


def moved_package(old: str, new: str) -> None:
    """Register the old name of a package: an import of it gives the modules of the new name, not copies of them.

    The name is looked up after all others, so that somebody else's package of the old name is found first.

    Args:
        old: such as `datamodules`.
        new: such as `fhr.datamodules`; imported when the old name is first used.
    """
    finder = _OldName(old, new)
    if finder not in sys.meta_path:
        sys.meta_path.append(finder)


def stand_in(old: str, new: str) -> None:
    """Enter a package and its modules in `sys.modules` under their old names too, with a warning.

    For the import of the old name, by a finder or by a file that is found under both names.
    """
    warnings.warn(
        f"{old} is {new} now, in class paths too ({old}.NAME is {new}.NAME); "
        "the old name goes with the next minor version",
        FutureWarning,
        stacklevel=3,  # whoever imports the old name; Python passes over its own frames of an import
    )
    package = import_module(new)
    for module in walk_packages(package.__path__, f"{new}."):  # all of them: any other would be found as a copy
        sys.modules[old + module.name.removeprefix(new)] = import_module(module.name)
    sys.modules[old] = package


class _OldName(NamedTuple):
    """Finder and loader of a package that lives elsewhere now."""

    old: str
    new: str

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        return ModuleSpec(name, self, is_package=True) if name == self.old else None  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> None:
        """Python makes an empty module, which `exec_module` replaces."""

    def exec_module(self, module: ModuleType) -> None:
        stand_in(self.old, self.new)
