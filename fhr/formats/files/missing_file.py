"""Paths at which nothing lies: said to be so, whatever their suffix, with names there that are spelt alike."""

import os
from difflib import get_close_matches
from pathlib import Path

from fhr.errors import FormatError

from .any_case import in_any_case
from .regular_file import shown

__all__ = ["check_there"]

_MOST = 100_000  # files of a folder that are compared


def check_there(path: Path, *, record: bool) -> None:
    """Refuse a path at which there is no file.

    Args:
        path: of a recording.
        record: True if it may name a WFDB record, whose files are its header and others.

    Raises:
        FormatError: there is none, with what may have been meant, or several that differ from it by letter case.
    """
    if os.path.lexists(path):
        return
    stem = path.stem if record and path.suffix else path.name
    if os.path.lexists(in_any_case(path.parent / f"{stem}.hea")):
        return
    try:
        names = os.listdir(path.parent)[:_MOST]
    except (OSError, ValueError):
        names = []
    without = {os.path.splitext(name)[0] for name in names} if record and not path.suffix else set()
    near = get_close_matches(path.name, sorted({*names, *without}), n=1, cutoff=0.7)
    meant = f"did you mean {shown(near[0])}?" if near else "check the path"
    raise FormatError(f"{path}: No such file or directory; {meant}")
