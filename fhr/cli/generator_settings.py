"""The generator that a configuration names, with settings from the command line over it."""

from collections.abc import Sequence

from jsonargparse import ArgumentError, ArgumentParser

from fhr.errors import FHRError, mistake_behind
from fhr.synthesis import Generator

from .configurations import configuration_file
from .mistakes import refusal

__all__ = ["generator_of"]


def generator_of(configuration: str, overrides: Sequence[str] = ()) -> Generator:
    """Make the generator.

    Args:
        configuration: a YAML file with a `generator`, or the name of a shipped one.
        overrides: further options, `--generator.exact spectrum`.

    Raises:
        FHRError: no such file, an unknown class or setting, or a value that the generator refuses.
    """
    arguments = ["--config", configuration_file(configuration, generator=True), *overrides]
    parser = ArgumentParser(exit_on_error=False, allow_abbrev=False)
    parser.add_argument("--config", action="config")
    parser.add_subclass_arguments(Generator, "generator", required=True)
    try:
        given = parser.parse_args(arguments)
    except ArgumentError as error:
        raise mistake_behind(error) or refusal(str(error), parser, arguments) from None
    try:
        return parser.instantiate_classes(given).generator
    except ValueError as error:
        raise mistake_behind(error) or FHRError(f"--config {configuration}: {error}") from error
