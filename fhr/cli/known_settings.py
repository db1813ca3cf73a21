"""Settings and classes that there are, for what somebody may have meant by one that there is not."""

import argparse
import inspect
import typing
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any

from fhr.errors import FHRError

__all__ = [
    "UnknownOptionError",
    "classes_meant",
    "nearest",
    "options_of",
    "parsers_of",
    "settings",
    "settings_below",
    "type_of",
]

_FEW = 20  # classes that one line names


class UnknownOptionError(FHRError):
    """An option that there is not, with the one that may have been meant.

    Args:
        given: as it was typed.
        known: options that there are.

    Attributes:
        given: as it was typed.
        known: options that there are.
    """

    def __init__(self, given: str, known: Iterable[str]) -> None:
        self.given, self.known = given, tuple(known)
        near = nearest(given, self.known)
        super().__init__(f"{given}: there is no such option" + (f"; did you mean {near}?" if near else ""))


def options_of(parser: argparse.ArgumentParser) -> list[str]:
    """The long options of a parser."""
    names = (name for action in parser._actions for name in action.option_strings)
    return [name for name in names if name.startswith("--") and not name.endswith(("+", ".help"))]


def parsers_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The parsers of the verbs of a parser."""
    (verbs,) = (action.choices for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    return dict(verbs)


def nearest(given: str, known: Iterable[str]) -> str | None:
    """The option that begins with the given one, is spelt most like it, or ends with a word like its last; or None."""
    known = list(known)
    if begun := [name for name in known if name.startswith(given)]:
        return min(begun, key=len)
    if near := get_close_matches(given, known, n=1, cutoff=0.8):
        return near[0]
    by_last_word = {_last(name): name for name in sorted(known, key=len, reverse=True)}
    near = get_close_matches(_last(given), by_last_word, n=1, cutoff=0.75)
    return by_last_word[near[0]] if near else None


def settings(class_path: Any) -> list[str]:
    """The settings of a class, those of its bases included; none where there is no such class."""
    parser = _parser_of(class_path)
    return [] if parser is None else [name.removeprefix("--") for name in options_of(parser) if name != "--help"]


def settings_below(content: Any, keys: tuple[str, ...] = ()) -> Iterator[str]:
    """Options for all settings of the classes that a configuration names, at any depth.

    Args:
        content: of a file.
        keys: that lead to it.
    """
    if isinstance(content, Mapping):
        yield from (f"--{'.'.join((*keys, name))}" for name in settings(content.get("class_path")))
        for key, value in content.items():
            yield from settings_below(value, keys if key == "init_args" else (*keys, str(key)))


def type_of(name: str, class_path: Any, parser: argparse.ArgumentParser) -> Any:
    """The type of a setting of a class, or else of a parser; None where it is not known."""
    parser = _parser_of(class_path) or parser
    return next((getattr(action, "_typehint", None) for action in parser._actions if action.dest == name), None)


def classes_meant(named: str, typehint: Any) -> str:
    """Words on the class of a type that is named most alike, or else on those of this package; empty if unknown."""
    classes = {one for base in _bases(typehint) for one in _subclasses(base) if not one.__name__.startswith("_")}
    names = {one.__name__ for one in classes}
    if near := get_close_matches(_last(named), sorted(names), n=1):
        return f"did you mean {min((_shortest_path(one) for one in classes if one.__name__ == near[0]), key=len)}?"
    paths = sorted({path for one in classes if (path := _shortest_path(one)).startswith("fhr.")})
    paths = [path for path in paths if not inspect.isabstract(_class_at(path))]
    return f"there are {', '.join(paths)}" if 0 < len(paths) <= _FEW else ""


def _class_at(path: str) -> Any:
    module, _, name = path.rpartition(".")
    try:
        return getattr(import_module(module), name, None)
    except (ImportError, ValueError):
        return None


def _parser_of(class_path: Any) -> argparse.ArgumentParser | None:
    from jsonargparse import ArgumentParser

    found = _class_at(class_path) if isinstance(class_path, str) else None
    if not inspect.isclass(found):
        return None
    parser = ArgumentParser(exit_on_error=False)
    try:
        parser.add_class_arguments(found, fail_untyped=False)
    except (TypeError, ValueError):  # a class of somebody else's that the parser cannot read
        return None
    return parser


def _last(name: str) -> str:
    return name.lstrip("-").rpartition(".")[2]


def _bases(typehint: Any) -> list[type]:
    arguments = typing.get_args(typehint)
    found = [typehint] if inspect.isclass(typehint) and not arguments else []
    return found + [base for argument in arguments for base in _bases(argument) if base is not type(None)]


def _subclasses(base: type[Any]) -> Iterator[type]:
    yield base
    below: type[Any]
    for below in type.__subclasses__(base):
        yield from _subclasses(below)


def _shortest_path(one: type) -> str:
    parts = one.__module__.split(".")
    paths = (".".join([*parts[:n], one.__name__]) for n in range(1, len(parts)))
    return next((path for path in paths if _class_at(path) is one), f"{one.__module__}.{one.__qualname__}")
