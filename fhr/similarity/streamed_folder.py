"""`StreamedFolder`: the recordings of a folder one after another, and again by name, with none of them held."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fhr.datasets import FolderSource
from fhr.errors import DatasetNotFoundError, FHRError
from fhr.recording import Recording

__all__ = ["StreamedFolder"]

_log = logging.getLogger(__name__)


class StreamedFolder:
    """Recordings of every format of a folder, in the order of its `RECORDS` file, then by name.

    Args:
        root: the folder.
        how: it is read, see `fhr.datasets.FolderSource.of`.

    Raises:
        FHRError: a folder that is missing or holds no recording, or whatever else `FolderSource.of` refuses.

    Attributes:
        quarantined: reason for each recording that could not be read, once they have been gone through.
    """

    def __init__(self, root: str | Path, **how: Any) -> None:
        self.root, self._source = Path(root), FolderSource.of(root, **how)
        self.quarantined: dict[str, str] = {}
        self._position_of: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._source)

    def __iter__(self) -> Iterator[Recording]:
        """Recordings that can be read; what cannot be goes to `quarantined`."""
        self.quarantined.clear()
        self.quarantined.update(self._source.left_out)
        for i, path in enumerate(self._source.paths):
            try:
                recording = self._source.read(i)
            except FHRError as error:
                self.quarantined[path] = str(error)
                _log.info("quarantined %s: %s", path, error)
                continue
            self._position_of[recording.name] = i
            yield recording

    def __getitem__(self, name: str) -> Recording:
        """One recording by its name, read again."""
        position = self._position_of.get(name, self._source.find(name))
        if position is None:
            raise DatasetNotFoundError(f"{self.root}: no recording {name!r}; it was there when the index was made")
        return self._source.read(position)
