"""Mistakes in a configuration in one line: where it is, what is wrong, what was meant.

The parser of configurations answers with the usage and with what every type that it tried has against a value. The
setting, the class and the reason stand in that text; what was meant comes from the settings that there are. What is
not understood is told in the parser's own words, and all of them are logged.
"""

import argparse
import logging
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import yaml

from fhr.errors import FHRError

from .given_settings import GivenSettings
from .known_settings import UnknownOptionError, classes_meant, nearest, options_of, settings, settings_below, type_of

__all__ = ["refusal"]

_log = logging.getLogger(__name__)
_KEY = re.compile(r'Parser key "([^"]*)"[^:]*:\s*(.*)')
_CLASS = re.compile(r"Problem with given class_path '([^']*)':")
_UNKNOWN = re.compile(r"(?:Subcommand '\w+' does not accept option|Option|Key) '([^']+)'")
_NO_CLASS = re.compile(
    r"module '\S+' has no attribute '\S+'$|No module named '\S+'|Expected a dot import path string: |"
    r"Import path .*does not (?:correspond|match)"
)
_TYPE = re.compile(r"Expected a (?:<class '(?:\w+\.)*(\w+)'>|typing\.Literal\[(.*)\])$")
_WORDS = {"NoneType": "null", "str": "text", "int": "a whole number", "float": "a number", "bool": "true or false"}
_WORDS |= {"Sequence": "a list [...]", "list": "a list [...]", "dict": "a mapping {...}"}
_TRIED = re.compile(
    r"Does not validate against|Subtypes:|Errors:|Given value|Not a valid subclass|Subclass types expect|"
    r"a class path \(|a dict with|Expected a path but"
)
_LONGEST = 300  # characters of somebody else's words
_VERBS = ("fit", "validate", "test")


class _Told(NamedTuple):
    """What the parser says of a value.

    Attributes:
        keys: that lead to it.
        class_path: of the class that the mistake is in or about, or None.
        reasons: what is wrong.
    """

    keys: tuple[str, ...]
    class_path: str | None
    reasons: tuple[str, ...]


def refusal(message: str, parser: argparse.ArgumentParser, arguments: Sequence[str]) -> FHRError:
    """The error that says in one line what the parser says in many.

    Args:
        message: of the parser.
        parser: whose options are those that there are.
        arguments: that it was given.
    """
    _log.info("%s", message)
    given = GivenSettings.of(arguments)
    if (unread := _unread(message, given)) is not None:
        return FHRError(unread)
    told = _told(message)
    reason = " ".join(told.reasons)
    if reason.startswith("unrecognized arguments: "):
        return _unrecognized(reason.split()[2:], parser, given)
    if found := re.match(r"argument (?:-\w/)?(--?[\w.-]+): expected ", reason):
        return FHRError(f"{found[1]}: no value was given; give one after it")
    if found := re.match(r"the following arguments are required: (.*)", reason):
        return FHRError(_missing(found[1].split(", "), told, given))
    if found := _UNKNOWN.match(reason):
        return FHRError(_unknown(told, found[1].split("."), parser, given))
    place = given.place(told.keys)
    if any(_NO_CLASS.match(one) for one in told.reasons):
        named = told.class_path or given.class_of(told.keys) or "what was given"
        *above, last = told.keys
        owner = given.class_of(above) if above else None
        meant = classes_meant(named, type_of(last if owner else ".".join(told.keys), owner, parser))
        wrong = "is not of the right kind" if "Import path" in reason else "is no class"
        return FHRError(f"{place}: {named} {wrong}; {meant or 'give the whole path of one that can be imported'}")
    types = [_TYPE.match(one) for one in told.reasons]
    if types and None not in types:
        names = [found[2] or _WORDS.get(found[1], found[1]) for found in types if found is not None]
        value = given.value(told.keys)
        shown = "" if value is None else f" {_short(value)}"
        return FHRError(f"{place}{shown}: it takes {', or '.join(dict.fromkeys(names))}")
    return FHRError(_short(f"{place}: {reason or message}" if told.keys else message))


def _told(message: str) -> _Told:
    """Go down the text along its indentation: below a class stand the reasons, after it what else was tried."""
    keys: list[str] = []
    reasons: list[str] = []
    class_path, depth = None, -1
    for line in message.splitlines():
        text = line.strip(" -")
        indent = len(line) - len(line.lstrip(" "))
        if text and indent <= depth:
            break
        if found := _KEY.match(text):
            keys += found[1].split(".")
            text, reasons, class_path = found[2], [], None
        elif found := _CLASS.match(text):
            class_path, depth, reasons = found[1], indent, []
            continue
        if text and not _TRIED.match(text):
            reasons.append(text.partition(". Got value:")[0])
    return _Told(tuple(keys), class_path, tuple(reasons))


def _unread(message: str, given: GivenSettings) -> str | None:
    """The file that is no configuration, and the line where it stops being one."""
    for path, content in given.files:
        if isinstance(content, UnicodeDecodeError):
            return f"{path} is no text in UTF-8 ({content.reason} at byte {content.start}); save it as UTF-8"
        if isinstance(content, OSError):
            return f"{path} cannot be read ({content.strerror}); give a file that can"
        if isinstance(content, yaml.YAMLError):
            mark = getattr(content, "problem_mark", None)
            where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
            why = getattr(content, "problem", None) or getattr(content, "reason", None)
            return f"{path}{where}: no YAML: {why}; mend it there or just above"
        if "Unexpected config" in message and not isinstance(content, Mapping):
            held = "nothing" if content is None else _short(content)
            return f"{path} holds {held}, not settings; write them in the form `trainer: {{max_epochs: 5}}`"
    return None


def _unrecognized(words: Sequence[str], parser: argparse.ArgumentParser, given: GivenSettings) -> FHRError:
    option = next((word for word in words if word.startswith("-")), None)
    if option is None:
        return FHRError(f"{words[0]!r} belongs to no option; a setting is given as `--SETTING VALUE`")
    return UnknownOptionError(option.partition("=")[0], _known(parser, given))


def _missing(names: Sequence[str], told: _Told, given: GivenSettings) -> str:
    wanted = [name.partition(".")[2] if name.split(".")[0] in _VERBS else name for name in names]
    options = " and ".join(f"--{'.'.join((*told.keys, name))}" for name in wanted)
    if not told.keys:
        lacking = f"{given.files[-1][0]} lacks {' and '.join(wanted)}" if given.files else f"no {options}"
        return f"{lacking}; give {options if given.files else 'a configuration with `--config NAME`'}"
    return f"{given.place(told.keys)}: {told.class_path} needs {', '.join(wanted)}; give {options}"


def _unknown(told: _Told, key: Sequence[str], parser: argparse.ArgumentParser, given: GivenSettings) -> str:
    keys = (*told.keys, *key)
    place = given.place(keys)
    own = [f"--{'.'.join((*told.keys, name))}" for name in settings(told.class_path)]
    near = nearest(f"--{'.'.join(keys)}", own or _known(parser, given))
    if near is not None and not place.startswith("-"):  # inside a file it is a key
        near = ".".join(near.removeprefix("--").split(".")[len(told.keys) :])
    what = "there is no such setting" if told.class_path is None else f"{told.class_path} has no such setting"
    return f"{place}: {what}" + (f"; did you mean {near}?" if near else "")


def _known(parser: argparse.ArgumentParser, given: GivenSettings) -> list[str]:
    """The options that there are, with the settings of the classes that the files name."""
    return [*options_of(parser), *(name for _, content in given.files for name in settings_below(content))]


def _short(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."
