"""CTUUHBDataModule: CTU-UHB, or any other folder of recordings, with outcomes from a table beside them."""

import os
from pathlib import Path
from typing import Any

from fhr.datasets import Database, RecordingFolder
from fhr.errors import DatasetNotFoundError

from .base import DatabaseDataModule

__all__ = ["CTUUHBDataModule"]


class CTUUHBDataModule(DatabaseDataModule):
    """A data module of a folder of recordings, in every format that is read.

    Args:
        root: the folder; None takes `ctu-uhb-ctgdb` in the folder that the environment variable FHR_DATA names.
        recursive: with the folders within it.
        join: tables of uterine activity with the heart rates of the same labours, see `fhr.formats.join`.
        outcomes: a table of the births, see `fhr.datasets.RecordingFolder`; None for those in the recordings.
        reading: options of `fhr.read`, such as `columns`, `units` and `fs`, for formats that take them.
        options: see `DatabaseDataModule`.
    """

    def __init__(
        self,
        root: str | None = None,
        *,
        recursive: bool = False,
        join: bool = False,
        outcomes: str | None = None,
        reading: dict[str, Any] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.root = root
        self.how: dict[str, Any] = {
            "recursive": recursive,
            "join": join,
            "outcomes": outcomes,
            "reading": _nested(reading),
        }

    def read(self) -> Database:
        """Read the folder.

        Raises:
            DatasetNotFoundError: no folder was named, or it holds no recording.
            OutcomeError: a table of outcomes that cannot be used, or is of other recordings.
        """
        if self.root is not None:
            return self._read(self.root)
        if not os.environ.get("FHR_DATA"):
            raise DatasetNotFoundError(
                "no data folder was named; give `--data.root DIR`, or set FHR_DATA to the folder that holds "
                "`ctu-uhb-ctgdb`"
            )
        return self._read(Path(os.environ["FHR_DATA"]) / "ctu-uhb-ctgdb")

    def _read(self, root: str | Path) -> Database:
        return RecordingFolder(root, **self.how)


def _nested(reading: dict[str, Any] | None) -> dict[str, Any] | None:
    """The options with `columns.fhr`, as a command line gives it, below `columns`."""
    if reading is None:
        return None
    found: dict[str, Any] = {}
    for name, value in reading.items():
        outer, dot, inner = name.partition(".")
        if dot:
            found[outer] = {**found.get(outer, {}), inner: value}
        else:
            found[name] = value
    return found
