"""Older class paths in configurations: a new run notes down today's paths, and configurations are compared by them."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from importlib import import_module
from typing import Any, NoReturn

from jsonargparse import Namespace
from pytorch_lightning.cli import LightningArgumentParser

from .mistakes import refusal

__all__ = ["CurrentPathsParser", "old_names_logged", "with_current_class_paths"]

_log = logging.getLogger(__name__)
_MOVED = ("datamodules",)  # packages of class paths; `fhr` registers where they are now


class CurrentPathsParser(LightningArgumentParser):
    """Parser of a configuration: classes under the paths of today, whole names of options, mistakes in one line."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"allow_abbrev": False, **kwargs})

    def parse_args(self, *args: Any, **kwargs: Any) -> Any:
        """Parse; a file of another encoding is a mistake, too."""
        try:
            return super().parse_args(*args, **kwargs)
        except UnicodeDecodeError as error:
            self.error(str(error), error)

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Refuse in one line; a parser of one class leaves that to the one that asked it.

        Raises:
            FHRError: see `refusal`.
        """
        if not self.exit_on_error:
            super().error(message, ex)
        parser = getattr(ex, "subcommand_parser", None) or self
        raise refusal(message, parser, self.args) from None

    def dump(self, configuration: Any, *args: Any, **kwargs: Any) -> str:
        """The configuration as text."""
        current = _without_members(configuration.clone())
        for key, value in current.items():
            if key.endswith("class_path"):
                current[key] = _current(value)
        return str(super().dump(current, *args, **kwargs))


def with_current_class_paths(configuration: Any) -> Any:
    """Replace older class paths in a configuration of plain types, as a new run would note it down.

    Somebody else's package of an old name keeps its paths.
    """
    if isinstance(configuration, dict):
        return {
            key: _current(value) if key == "class_path" else with_current_class_paths(value)
            for key, value in configuration.items()
        }
    if isinstance(configuration, list):
        return [with_current_class_paths(value) for value in configuration]
    return configuration


@contextmanager
def old_names_logged() -> Iterator[None]:
    """Log what is said of old names; the line of the parser that a warning would show helps nobody."""
    show = warnings.showwarning

    def log(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
        if issubclass(category, FutureWarning):
            _log.warning("%s", message)
        else:
            show(message, category, *place, **more)

    warnings.showwarning = log
    try:
        yield
    finally:
        warnings.showwarning = show


def _without_members(value: Any) -> Any:
    """Members of enumerations that are text as that text, which YAML knows; callbacks have some as defaults."""
    if isinstance(value, Enum) and isinstance(value, str):
        return str(value.value)
    if isinstance(value, list):
        return [_without_members(one) for one in value]
    if isinstance(value, Namespace):
        for key, one in value.items(branches=True, nested=False):
            value[key] = _without_members(one)
    return value


def _current(path: Any) -> Any:
    package, _, name = str(path).partition(".")
    return f"{import_module(package).__name__}.{name}" if package in _MOVED else path
