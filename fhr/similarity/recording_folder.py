"""`RecordingFolder`: the recordings of a folder one after another, and again by name, with none of them held."""

import logging
from collections.abc import Iterator
from pathlib import Path

from fhr.datasets import record_names
from fhr.datasets.paths import database_and_others
from fhr.errors import DatasetNotFoundError, FHRError
from fhr.formats import read
from fhr.recording import Recording

__all__ = ["RecordingFolder"]

_log = logging.getLogger(__name__)


class RecordingFolder:
    """Recordings of every format of a folder, in the order of its `RECORDS` file, then by name.

    Args:
        root: the folder.
        records: its WFDB records alone, which `fhr features` takes.

    Raises:
        DatasetNotFoundError: a folder that is missing or holds no recording.
        FormatError: a `RECORDS` file that cannot be read, points elsewhere, or names a record twice.

    Attributes:
        quarantined: reason for each recording that could not be read, once they have been gone through.
    """

    def __init__(self, root: str | Path, *, records: bool = False) -> None:
        self.root = Path(root)
        listed, others = database_and_others(root) if self.root.is_dir() and not records else (True, [])
        self.paths = [*(self.root / name for name in (record_names(self.root) if listed else ())), *others]
        self.quarantined: dict[str, str] = {}
        self._path_of: dict[str, Path] = {}

    def __len__(self) -> int:
        return len(self.paths)

    def __iter__(self) -> Iterator[Recording]:
        """Recordings that can be read; what cannot be goes to `quarantined`."""
        self.quarantined.clear()
        for path in self.paths:
            try:
                recording = read(path)
            except FHRError as error:
                self.quarantined[path.name] = str(error)
                _log.info("quarantined %s: %s", path, error)
                continue
            self._path_of[recording.name] = path
            yield recording

    def __getitem__(self, name: str) -> Recording:
        """One recording by its name, read again."""
        if name not in self._path_of:
            self._path_of |= {path.stem: path for path in self.paths if path.stem == name}
        if name not in self._path_of:
            raise DatasetNotFoundError(f"{self.root}: no recording {name!r}; it was there when the index was made")
        return read(self._path_of[name])
