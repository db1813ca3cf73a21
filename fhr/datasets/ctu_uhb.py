"""A folder of recordings in the style of the CTU-UHB intrapartum database."""

import logging
import os
from collections import Counter
from pathlib import Path

from fhr.errors import DatasetNotFoundError, FHRError, FormatError
from fhr.formats import read_wfdb, read_whole
from fhr.formats.regular_file import shown

from .database import Database

__all__ = ["CTUUHB", "distinct_names", "record_names"]

_log = logging.getLogger(__name__)
_MAX_LIST = 1 << 23  # bytes of RECORDS: a million names


class CTUUHB(Database):
    """All recordings of a folder, read and verified at once.

    A record that cannot be read is quarantined with its reason; the rest load. There is no cache on disk:
    several hundred records parse in well under a second.

    Args:
        root: a folder with a `RECORDS` file (its records, its order) or with `.hea` files (sorted by name).

    Raises:
        DatasetNotFoundError: a folder that is missing, empty, or holds no readable record.
        FormatError: a `RECORDS` file that cannot be read, points elsewhere, or names a record twice.
    """

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)
        recordings, quarantined = [], {}
        for name in record_names(self.root):
            try:
                recordings.append(read_wfdb(self.root / name))
            except FHRError as error:
                quarantined[name] = str(error)
                _log.info("quarantined %s: %s", name, error)
        if not recordings:
            name, reason = next(iter(quarantined.items()))
            raise DatasetNotFoundError(
                f"{self.root}: none of its {len(quarantined)} records can be read; the first, {name}: {reason}"
            )
        super().__init__(recordings, origin=str(self.root), quarantined=quarantined)


def record_names(root: Path) -> list[str]:
    """List the records of a folder, by its `RECORDS` file, else by its `.hea` files.

    Raises:
        DatasetNotFoundError: a folder that is missing or empty.
        FormatError: a `RECORDS` file that cannot be read, is a link out of the folder, points elsewhere, or names a
            record twice.
    """
    if not os.path.isdir(root):
        problem = "is a file" if os.path.isfile(root) else "does not exist"
        raise DatasetNotFoundError(
            f"data folder {str(root)!r} {problem}; give the folder that holds the recordings, or make "
            "a simulated one with `fhr simulate --n 500 --out DIR`"
        )
    listing = root / "RECORDS"
    listed = os.path.lexists(listing)
    if listed:
        try:
            names = read_whole(listing, limit=_MAX_LIST, kind="list of records").decode("utf-8").split()
        except UnicodeDecodeError as error:
            raise FormatError(f"{listing}: cannot be read ({error}); it is a text file, one record a line") from None
    else:
        names = sorted(path.stem for path in root.glob("*.hea"))
    if not names:
        problem = "RECORDS is empty" if listed else "no RECORDS file, no .hea file"
        raise DatasetNotFoundError(
            f"data folder {str(root)!r} holds no recording ({problem}); "
            "give the folder that does, or make a simulated one with `fhr simulate --n 500 --out DIR`"
        )
    if not listed:
        return names
    if len(set(names)) < len(names):  # before each is read as often as it stands there
        twice = next(name for name, n in Counter(names).items() if n > 1)
        raise FormatError(f"{listing}: record {shown(twice)} stands twice; keep one of them")
    outside = (n for n in names if Path(n).name != n or "\\" in n or ":" in n or n == ".." or not n.isprintable())
    if (first := next(outside, None)) is not None:
        raise FormatError(f"{listing}: {shown(first)} is not a plain record name in this folder; list plain names")
    return names


def distinct_names(root: Path) -> list[str]:
    """List the names of the records of a folder as `record_names` does, without the suffix of a file.

    Raises:
        DatasetNotFoundError: as `record_names`.
        FormatError: as `record_names`, or the header and the signal file of one record in the list.
    """
    listed = (Path(name) for name in record_names(root))
    names = [path.stem if path.suffix.lower() in (".hea", ".dat") else path.name for path in listed]
    if len(set(names)) < len(names):
        twice = next(name for name, n in Counter(names).items() if n > 1)
        raise FormatError(f"{root}: record {twice!r} stands twice; keep one of them")
    return names
