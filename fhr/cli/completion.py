"""Scripts by which a shell completes verbs, their options, names of configurations, and files."""

import argparse
from collections.abc import Mapping, Sequence

import shtab

from .configurations import shipped_configurations
from .known_settings import parsers_of

__all__ = ["completion"]

_FILES, _FOLDERS = ("FILE", "PATH", "QUERY", "MODEL"), ("DIR", "FOLDER", "ROOT")
_FUNCTION = {  # names of configurations, and files
    "bash": '{}() {{ compgen -W \'{}\' -- "$1"; _shtab_compgen_files "$1"; }}\n',
    "zsh": "{}() {{ _alternative 'names:configuration:({})' 'files:file:_files'; }}\n",
}


def completion(parser: argparse.ArgumentParser, beside: Mapping[str, Sequence[str]], shell: str) -> str:
    """The script of a shell.

    Args:
        parser: of all verbs with all their options; it is changed.
        beside: verb to further options, which another parser takes.
        shell: bash, zsh or tcsh, which has no files beside names.
    """
    for verb, one in parsers_of(parser).items():
        for option in beside.get(verb, ()):
            one.add_argument(option, metavar="NAME")
        _mark(one, generators=verb == "synthesize")
    functions = "".join(_FUNCTION.get(shell, "").format(_function(kind), _names(kind)) for kind in (False, True))
    return str(shtab.complete(parser, shell, preamble=functions))


def _mark(parser: argparse.ArgumentParser, *, generators: bool) -> None:
    """Say of each argument what it takes, by its name in the help."""
    configurations = {"bash": _function(generators), "zsh": _function(generators), "tcsh": f"({_names(generators)})"}
    for action in parser._actions:
        takes = action.metavar if isinstance(action.metavar, str) else ""
        if "--config" in action.option_strings:
            action.complete = configurations  # type: ignore[attr-defined]  # which shtab looks for
        elif takes.startswith((*_FILES, *_FOLDERS)):
            action.complete = shtab.DIRECTORY if takes.startswith(_FOLDERS) else shtab.FILE  # type: ignore[attr-defined]


def _function(generators: bool) -> str:
    return "_fhr_generators" if generators else "_fhr_configurations"


def _names(generators: bool) -> str:
    return " ".join(shipped_configurations(generators=generators))
