"""Files that are read are never written over: places of tables are checked against the recordings of a verb."""

import os
from collections.abc import Sequence
from pathlib import Path

from fhr.errors import FHRError
from fhr.formats import contents_of
from fhr.formats.any_case import in_any_case
from fhr.formats.fhrma_markers import MARKER_SUFFIXES
from fhr.formats.folder import WFDB_ANNOTATORS
from fhr.formats.reading import suffix_of

__all__ = ["check_not_read"]

_RECORD = {".hea", ".dat", *WFDB_ANNOTATORS, *MARKER_SUFFIXES}


def check_not_read(
    out: str | None,
    option: str,
    paths: Sequence[str | None],
    *,
    recursive: bool = False,
    tables: Sequence[str | None] = (),
) -> None:
    """Refuse a place where a file lies that is read, or that belongs to one that is: signals, activity, annotations.

    Args:
        out: the place; None or `-` for none.
        option: that names it.
        paths: of recordings, and of folders of them, that are read.
        recursive: with the folders within these.
        tables: further files that are read, such as outcomes.

    Raises:
        FHRError: there is one.
    """
    if out is None or not os.path.isfile(out):
        return
    file = os.path.realpath(out)
    for table in tables:
        if table is not None and os.path.realpath(table) == file:
            raise FHRError(f"{option} {out}: it is read itself; choose another file")
    for path in paths:
        if path is not None and _is_of(Path(file), path, recursive):
            raise FHRError(f"{option} {out}: it is among the recordings of {path}; choose another file, elsewhere")


def _is_of(file: Path, path: str, recursive: bool) -> bool:
    """True for a file that belongs to a recording, or to those of a folder."""
    if not os.path.isdir(path):
        stem = Path(path).with_suffix("") if Path(path).suffix.lower() in _RECORD else Path(path)
        beside = [in_any_case(stem.with_name(f"{stem.name}{suffix}")) for suffix in _RECORD] if _is_record(stem) else []
        return str(file) in {os.path.realpath(one) for one in (path, *map(str, beside))}
    folder = Path(os.path.realpath(path))
    if file.parent != folder and not (recursive and file.is_relative_to(folder)):
        links = () if recursive else contents_of(path).recordings
        return str(file) in map(os.path.realpath, links)
    contents = contents_of(file.parent)
    activities = set(map(os.path.realpath, contents.activities))
    others = {os.path.realpath(other) for other in (*map(str, contents.others), *contents.left_out)} - activities
    return str(file) not in others or suffix_of(file) in _RECORD or file.name == "RECORDS"


def _is_record(stem: Path) -> bool:
    return in_any_case(stem.with_name(f"{stem.name}.hea")).exists()
