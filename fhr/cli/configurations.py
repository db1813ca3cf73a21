"""Names that `--config` takes: a file, or one of the configurations that come with the package."""

import os
import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from fhr.errors import FHRError

__all__ = ["configuration_file", "shipped_configurations", "with_configuration_files"]

_FOLDER = Path(__file__).resolve().parents[1] / "configs"
# No text in YAML, which is a configuration itself, and no `-`, which is stdin.
_LIKE_A_PATH = re.compile(r"(?:(?!: )[^\n{}])*\.ya?ml|[\w./\\~-]*[\w./\\~]", re.IGNORECASE)


def shipped_configurations(*, generators: bool = False) -> dict[str, Path]:
    """Configurations of trainings, or else of generators, that come with the package: name, such as `cnn`, to file."""
    files = {path.stem: path for path in sorted(_FOLDER.glob("*.yaml"))}
    return {name: path for name, path in files.items() if generators == _names_generator(path)}


def _names_generator(path: Path) -> bool:
    return any(line.startswith("generator:") for line in path.read_text(encoding="utf-8").splitlines())


def configuration_file(given: str, *, generator: bool = False) -> str:
    """The file that `--config` names, as text for the parser.

    A file of just that name comes first, whatever it is called; then a shipped configuration: `cnn` is the shipped one
    unless there is a file `cnn`, and a file `cnn.yaml` is named in full. Text that is itself a configuration stays.

    Args:
        given: name or path.
        generator: whether a generator is asked for, not a training.

    Raises:
        FHRError: neither, for what looks like a name or a path; the message lists the shipped ones.

    Example:
        >>> "/".join(Path(configuration_file("cnn")).parts[-2:])
        'configs/cnn.yaml'
    """
    if os.path.exists(given) and not os.path.isdir(given):  # a pipe of the shell is no regular file
        return given
    shipped = shipped_configurations(generators=generator)
    if given in shipped:
        return str(shipped[given])
    if not _LIKE_A_PATH.fullmatch(given):
        return given
    near = get_close_matches(Path(given).stem.lower(), shipped, n=1)
    meant = f"did you mean {near[0]!r}? " if near else ""
    raise FHRError(
        f"--config {given}: there is no such file, and no configuration of that name; {meant}"
        f"shipped are {', '.join(shipped)}"
    )


def with_configuration_files(arguments: Sequence[str]) -> list[str]:
    """Arguments of a training verb in which every `--config` names a file.

    Raises:
        FHRError: see `configuration_file`.
    """
    found: list[str] = []
    for argument in arguments:
        if found and found[-1] in ("-c", "--config"):
            argument = configuration_file(argument)
        elif argument.startswith("--config="):
            argument = f"--config={configuration_file(argument.removeprefix('--config='))}"
        found.append(argument)
    return found
