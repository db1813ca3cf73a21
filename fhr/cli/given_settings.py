"""Settings that were given, on the command line and in files: where each stands, in the words of who gave it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

__all__ = ["GivenSettings"]


class GivenSettings(NamedTuple):
    """Options and files of a command line; a later one goes before an earlier one, and an option before a file.

    Attributes:
        options: as they were typed, with their values.
        files: paths with their content, or with the error that they cannot be read by.
    """

    options: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, Any], ...]

    @classmethod
    def of(cls, arguments: Sequence[str]) -> "GivenSettings":
        """The settings of these arguments."""
        options, files = [], []
        for i, argument in enumerate(arguments):
            name, equals, value = argument.partition("=")
            if not equals:
                value = next(iter(arguments[i + 1 : i + 2]), "")
            if name in ("-c", "--config"):
                files.append(_file(value))
            elif name.startswith("-"):
                options.append((name.removesuffix("+"), value))
        return cls(tuple(options), tuple(files))

    def place(self, keys: Sequence[str]) -> str:
        """The option or the key of a file by which a setting was given, or else the last of the keys above it."""
        plain = _plain(keys)
        if any(_plain_option(name) == plain for name, _ in self.options):
            return self._typed(plain)
        for n in range(len(plain), 0, -1):
            for path, content in reversed(self.files):
                if (found := _found(content, plain[:n])) is not None:
                    return f"{path}: {'.'.join(found[0])}"
            for name, _ in reversed(self.options):
                if _plain_option(name)[:n] == plain[:n]:
                    return name
        return f"--{'.'.join(plain)}"

    def value(self, keys: Sequence[str]) -> Any:
        """The value of a setting, or None where it is not found."""
        plain = _plain(keys)
        for name, value in reversed(self.options):
            if _plain_option(name) == plain:
                return value
        found = (_found(content, plain) for _, content in reversed(self.files))
        return next((one[1] for one in found if one is not None), None)

    def class_of(self, keys: Sequence[str]) -> str | None:
        """The class that is named under these keys, as it was named."""
        value = self.value(keys)
        return value if isinstance(value, str) else self.value((*keys, "class_path"))

    def _typed(self, plain: tuple[str, ...]) -> str:
        return next(name for name, _ in reversed(self.options) if _plain_option(name) == plain)


def _plain(keys: Sequence[str]) -> tuple[str, ...]:
    return tuple(key for key in keys if key != "init_args")


def _plain_option(name: str) -> tuple[str, ...]:
    return _plain(name.lstrip("-").split("."))


def _found(content: Any, keys: Sequence[str]) -> tuple[list[str], Any] | None:
    """The keys of a file that lead to a setting, `init_args` and places in lists among them, and its value."""
    if not keys:
        return [], content
    if isinstance(content, list):
        items = ((f"{i}", _found(item, keys)) for i, item in enumerate(content))
        return next((([i, *found[0]], found[1]) for i, found in items if found is not None), None)
    if not isinstance(content, Mapping):
        return None
    key = keys[0] if keys[0] in content else "init_args"
    if key not in content:
        return None
    below = _found(content[key], keys if key == "init_args" else keys[1:])
    return None if below is None else ([key, *below[0]], below[1])


def _file(given: str) -> tuple[str, Any]:
    """The name of a configuration and its content; text may be a configuration itself."""
    try:
        is_file = Path(given).is_file()
    except (OSError, ValueError):  # a text that no path can be
        is_file = False
    try:
        content = yaml.safe_load(Path(given).read_text(encoding="utf-8") if is_file else given)
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        content = error
    return given if is_file else "--config", content
