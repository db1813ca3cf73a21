"""Places that a verb may write to: none of what it reads."""

import argparse
import os
from collections.abc import Iterator, Mapping
from typing import Any

from fhr.errors import FHRError
from fhr.formats.owners import owner_of

from .reading_options import reading_of
from .tables import STDOUT

__all__ = ["check_unread"]


def check_unread(options: argparse.Namespace, places: Mapping[str, str | None]) -> None:
    """Refuse to write over a file that is given, or that belongs to the recordings of a path that is.

    Args:
        options: of the command line, each of whose words may name something that is read.
        places: files that are to be written, by their option.

    Raises:
        FHRError: such a file.
    """
    outs = {option.lstrip("-") for option in places}
    given = [word for word in _words({name: one for name, one in vars(options).items() if name not in outs}) if word]
    how: dict[str, Any] = {}
    if hasattr(options, "recursive"):
        how = {"recursive": options.recursive, "columns": reading_of(options).get("columns")}
    for option, out in places.items():
        if out in (None, STDOUT) or not os.path.isfile(out):
            continue
        if (read := owner_of(out, given, **how)) is None:
            continue
        known = (
            f"it is among the recordings of {read}" if os.path.isdir(read) or read in _paths(options) else "it is read"
        )
        raise FHRError(f"{option} {out}: {known}; choose another file, elsewhere")


def _paths(options: argparse.Namespace) -> list[str]:
    """Recordings that are given."""
    return [*getattr(options, "paths", ()), *([options.path] if hasattr(options, "path") else [])]


def _words(given: Mapping[str, Any]) -> Iterator[str]:
    """Words of the command line, those of lists one by one, and what is set to KEY=VALUE."""
    for value in given.values():
        for word in value if isinstance(value, list) else [value]:
            if isinstance(word, str):
                yield from dict.fromkeys((word, word.partition("=")[2]))
