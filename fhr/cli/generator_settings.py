"""The generator that a configuration names, with settings from the command line over it."""

from collections.abc import Sequence

from jsonargparse import ArgumentError, ArgumentParser

from fhr.errors import FHRError, mistake_behind
from fhr.synthesis import Generator

from .configurations import configuration_file

__all__ = ["generator_of"]


def generator_of(configuration: str, overrides: Sequence[str] = ()) -> Generator:
    """Make the generator.

    Args:
        configuration: a YAML file with a `generator`, or the name of a shipped one.
        overrides: further options, `--generator.exact spectrum`.

    Raises:
        FHRError: no such file, an unknown class or setting, or a value that the generator refuses.
    """
    if problem := [option for option in overrides if option.startswith("-") and not option.startswith("--generator")]:
        raise FHRError(f"{problem[0]}: no such option; `fhr synthesize --help` lists them")
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("--config", action="config")
    parser.add_subclass_arguments(Generator, "generator", required=True)
    try:
        given = parser.parse_args(["--config", configuration_file(configuration, generator=True), *overrides])
        return parser.instantiate_classes(given).generator
    except (ArgumentError, ValueError) as error:
        raise FHRError(f"--config {configuration}: {_said(error)}") from None


def _said(error: Exception) -> str:
    """The line that names the mistake, out of what the parser says of every type that it tried."""
    if (mistake := mistake_behind(error)) is not None:
        return str(mistake)
    said = " ".join(str(error).split())
    _, found, own = said.partition("Problem with given class_path ")
    return own.partition(" - Expected a <class 'NoneType'>")[0] if found else said
