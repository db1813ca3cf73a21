"""Rows of a table of outcomes and the recordings that they are of: by their files, else by the names in these."""

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from typing import NamedTuple

from fhr.errors import OutcomeError
from fhr.formats.files.regular_file import cut
from fhr.formats.joining import base_of
from fhr.recording import Recording

from .members import stem_of

__all__ = ["Called", "called_in_files", "listed", "names_of", "refuse_near_names", "rows_of"]

_ROOT = re.compile(r"/|[A-Za-z]:/")
_SOME = 3  # names in a line


class Called(NamedTuple):
    """Names and paths that a table may call a recording by.

    Attributes:
        name: by which the others know it.
        own: that its file gives it; None where that is not known.
        files: absolute paths without suffix, with and without the word for the channel of a file that is joined.
    """

    name: str
    own: str | None
    files: tuple[str, ...] = ()


def called_in_files(recording: Recording) -> Called:
    """Names and paths that a table may call a recording by that was read."""
    if recording.path is None:
        return Called(recording.name, recording.name)
    file = stem_of(os.path.abspath(recording.path).replace(os.sep, "/"))
    folder, _, last = file.rpartition("/")
    joined = (f"{folder}/{recording.name}",) if base_of(last) == recording.name else ()
    return Called(recording.name, recording.name, (file, *joined))


def names_of(recordings: Iterable[Called]) -> set[str]:
    """All names, without folders, that a table may call some recordings by."""
    some = list(recordings)
    own = {one.own for one in some if one.own is not None}
    return own | {file.rpartition("/")[2] for one in some for file in one.files}


def rows_of(written: Mapping[str, str], recordings: Sequence[Called]) -> tuple[dict[int, str], dict[int, str]]:
    """Find the row of each recording.

    A row is of the recording whose file has its name, and lies in its folder where the row gives one, whole or in part;
    where no file has it, of the recording that calls itself so.

    Args:
        written: what each row calls its record, with folders and without suffix, by the key of the row.
        recordings: to be found.

    Returns:
        The key of its row for each recording that has one, and the reason for each that more than one row may be of,
        or that shares a row with another; by position.

    >>> files = [Called("a", "1001", ("/x/a",)), Called("1001", "1004", ("/x/1001",)), Called("b", "7", ("/x/b",))]
    >>> rows, reasons = rows_of({"1001": "1001", "7": "7", "c": "other/c"}, files)
    >>> rows, list(reasons)
    ({1: '1001', 2: '7'}, [0])
    """
    by_last = defaultdict[str, list[int]](list)
    for i, one in enumerate(recordings):
        for last in {file.rpartition("/")[2] for file in one.files}:
            by_last[last].append(i)
    rows, reasons = dict[int, str](), dict[int, str]()
    paths = _below_what_they_share(written)
    for key, path in paths.items():
        there = [i for i in by_last[path.rpartition("/")[2]] if any(_lies(file, path) for file in recordings[i].files)]
        there = [i for i in there if recordings[i].name == path] or there
        for i in there:
            if len(there) > 1:
                names = listed([recordings[j].name for j in there])
                reasons[i] = f"the row of {cut(path)} may be of any of {names}; give its folder"
            elif i in rows:
                reasons[i] = f"the rows of {cut(paths[rows[i]])} and {cut(path)} are both of it; keep one of them"
            else:
                rows[i] = key
    of_file, by_own = {key: i for i, key in rows.items()}, defaultdict[str, list[int]](list)
    for i, one in enumerate(recordings):
        own = one.own
        if own is None or paths.get(own) != own or rows.get(i) == own or own in names_of([one._replace(own=None)]):
            continue
        if i in rows:
            reasons[i] = (
                f"the row of {cut(paths[rows[i]])} is of its file, and that of {cut(own)} of the name in it; rename one"
            )
        elif own in of_file:
            reasons[i] = f"it calls itself {cut(own)}, and that row is of the file of another recording; rename one"
        else:
            by_own[own].append(i)
    for own, some in by_own.items():
        rows |= dict.fromkeys(some, own)
        if len(some) > 1:
            names = listed([recordings[i].name for i in some])
            reasons |= dict.fromkeys(some, f"the row of {cut(own)} may be of any of {names}; name each by its file")
    return {i: key for i, key in rows.items() if i not in reasons}, reasons


def refuse_near_names(table: str, rows: Iterable[str], recordings: Iterable[Called]) -> None:
    """Refuse rows that are of recordings but for zeros and points that a spreadsheet takes or adds, or for capitals.

    Args:
        table: the file.
        rows: what those that are of no recording call theirs.
        recordings: those that have no row.

    Raises:
        OutcomeError: there is such a row.
    """
    some = list(recordings)
    plain, exact = {_plain(name): one.name for one in some for name in sorted(names_of([one]))}, names_of(some)
    lasts = {row: row.rpartition("/")[2] for row in rows}
    near = {row: plain[_plain(last)] for row, last in lasts.items() if _plain(last) in plain and last not in exact}
    if near:
        raise OutcomeError(
            f"{table}: {len(near)} rows are called as recordings but for leading zeros, '.0' or capitals "
            f"({listed(list(near))} beside {listed(list(near.values()))}); call each as its recording, in a column of "
            "text, or leave these rows out"
        )


def _plain(name: str) -> str:
    return re.sub(r"(?<!\d)0+(?=\d)", "", re.sub(r"\.0+$", "", name.strip().casefold()))


def listed(names: Sequence[str]) -> str:
    """The first few of some names, whole."""
    more = f" and {len(names) - _SOME} more" if len(names) > _SOME else ""
    return ", ".join(map(cut, names[:_SOME])) + more


def _below_what_they_share(written: Mapping[str, str]) -> dict[str, str]:
    """Paths of the rows; those of another machine below the folder that they have in common."""
    shared: list[str] = []
    if written and all(_ROOT.match(path) for path in written.values()):
        folders = zip(*(path.split("/")[:-1] for path in written.values()), strict=False)
        shared = [level[0] for level in takewhile(lambda level: len(set(level)) == 1, folders)]
        shared = [] if os.path.isdir("/".join(shared) + "/") else shared
    return {key: "/".join(path.split("/")[len(shared) :]) for key, path in written.items()}


def _lies(file: str, path: str) -> bool:
    return file == path if _ROOT.match(path) else f"/{file}".endswith(f"/{path}")
