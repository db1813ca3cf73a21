"""Files that are read are never written over: places of tables are checked against the recordings of a verb."""

import os
from collections.abc import Sequence

from fhr.errors import FHRError
from fhr.formats.owners import owner_of

__all__ = ["check_not_read"]


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
    if any(table is not None and os.path.isfile(table) and os.path.samefile(table, out) for table in tables):
        raise FHRError(f"{option} {out}: it is read itself; choose another file")
    owner = owner_of(out, [path for path in paths if path is not None], recursive=recursive)
    if owner is not None:
        raise FHRError(f"{option} {out}: it is among the recordings of {owner}; choose another file, elsewhere")
