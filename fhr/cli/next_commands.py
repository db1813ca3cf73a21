"""Commands to go on with after a training or a cross-validation, to be copied."""

import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .crossval_run import Outcome

__all__ = ["look", "next_commands", "program"]


def next_commands(outcome: "Outcome") -> list[str]:
    """Lines with the commands that predict with the networks of a run, list the runs, and show them in a browser."""
    fhr, lines = program("fhr"), []
    if outcome.predicts:
        path = "PATH..." if outcome.example is None else shlex.quote(_short(Path(outcome.example)))
        lines.append(f"predict:  {fhr} predict --run {outcome.run_id} {path}")
    return [*lines, f"runs:     {fhr} runs", look()]


def look() -> str:
    """Line with the command that shows the runs in a browser."""
    return f"look:     {program('fhr')} ui"


def program(name: str) -> str:
    """Word by which the shell finds a program of this environment, which may not be the active one."""
    here, found = Path(sys.executable).with_name(name), shutil.which(name)
    if not here.exists() or (found is not None and Path(found).samefile(here)):
        return name
    return shlex.quote(_short(here))


def _short(path: Path) -> str:
    """The path from here where it lies below, else as it is."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
