"""Figures that are saved without being drawn, which takes longer than most trainings of tests."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO
from unittest import mock

from matplotlib.figure import Figure

PNG = b"\x89PNG"


def figures_not_drawn() -> AbstractContextManager[object]:
    """Whatever a figure is saved to, a path or an open file, holds the first bytes of a PNG."""
    return mock.patch.object(Figure, "savefig", _save)


def _save(_: Figure, to: str | Path | IO[bytes], **__: object) -> None:
    if isinstance(to, str | Path):
        Path(to).write_bytes(PNG)
    else:
        to.write(PNG)
