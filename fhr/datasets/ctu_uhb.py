"""A folder of recordings in the style of the CTU-UHB intrapartum database."""

import logging
from pathlib import Path

from fhr.errors import DatasetNotFoundError, FHRError
from fhr.formats import read_wfdb

from .database import Database
from .members import apart, named
from .record_list import distinct_names, words_on_unlisted

__all__ = ["CTUUHB"]

_log = logging.getLogger(__name__)


class CTUUHB(Database):
    """All WFDB records of a folder, read and verified at once; `RecordingFolder` takes every format.

    A record that cannot be read is quarantined with its reason, and so are those together that lie beside a `RECORDS`
    file that does not name them; the rest load. There is no cache on disk: several hundred records parse in well under
    a second.

    Args:
        root: a folder with a `RECORDS` file (its records, its order) or with `.hea` files (sorted by name).

    Raises:
        DatasetNotFoundError: a folder that is missing, empty, or holds no readable record.
        FormatError: a `RECORDS` file that cannot be read, points elsewhere, or names a record twice.
    """

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)
        recordings, quarantined = [], {}
        names = distinct_names(self.root)
        for path, name in zip(names, apart(names), strict=True):
            try:
                recordings.append(named(read_wfdb(self.root / path), name))
            except FHRError as error:
                quarantined[path] = str(error)
                _log.info("quarantined %s: %s", path, error)
        if not recordings:
            name, reason = next(iter(quarantined.items()))
            raise DatasetNotFoundError(
                f"{self.root}: none of its {len(quarantined)} records can be read; the first, {name}: {reason}"
            )
        unlisted = words_on_unlisted(self.root, names)
        super().__init__(recordings, origin=str(self.root), quarantined=quarantined | unlisted)
