"""`RecordingFolder`: the database of a folder of recordings in any format, with outcomes from a table beside them."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fhr.errors import FHRError

from .database import Database
from .folder_source import FolderSource

__all__ = ["RecordingFolder"]

_log = logging.getLogger(__name__)


class RecordingFolder(Database):
    """All recordings of a folder, in every format that `fhr.read` takes, read at once.

    Of a folder of WFDB records it is what `CTUUHB` is, name by name. What cannot be read is quarantined with its
    reason, by its path in the folder, and so is what may be a recording and is not read, see `fhr.formats.contents_of`.
    Recordings that are called alike in two folders are called by their paths.

    Args:
        root: the folder.
        recursive: with the folders within it.
        join: tables of uterine activity with the heart rates of the same labours, see `fhr.formats.join`.
        outcomes: a table of the births, a row a record, see `read_measures`: pH, BDecf, BE, pCO2, Apgar1, Apgar5. What
            recordings carry themselves is kept, and a recording that the table contradicts is quarantined. A table of
            more births than the folder holds is told, and so are recordings that it does not name.
        reading: options of `fhr.read`, such as `{"columns": {"fhr": "HR"}, "fs": 4}`; a format gets those that it
            takes.

    Raises:
        DatasetNotFoundError: a folder that is missing, empty, or holds no readable recording.
        FormatError: a `RECORDS` file that cannot be read, points elsewhere, or names a record twice; two recordings of
            one name in one folder; no table of outcomes.
        OutcomeError: a table of outcomes that cannot be used, or is of other recordings.
    """

    def __init__(
        self,
        root: str | Path,
        *,
        recursive: bool = False,
        join: bool = False,
        outcomes: str | Path | None = None,
        reading: Mapping[str, Any] | None = None,
    ) -> None:
        self.root = Path(root)
        source = FolderSource.of(root, recursive=recursive, join=join, outcomes=outcomes, reading=reading)
        recordings, quarantined = [], {}
        for i, path in enumerate(source.paths):
            try:
                recordings.append(source.read(i))
            except FHRError as error:
                quarantined[path] = str(error)
                _log.info("quarantined %s: %s", path, error)
        if not recordings:
            raise source.none_readable(quarantined)
        super().__init__(recordings, origin=str(self.root), quarantined={**quarantined, **source.left_out})
