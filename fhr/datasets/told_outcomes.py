"""Outcomes of a table joined with recordings: what these carry themselves is kept, contradictions are refused."""

import logging
import os
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from fhr.errors import OutcomeError
from fhr.formats.regular_file import cut, shown
from fhr.recording import Recording

from .members import called, stem_of
from .outcome_table import Measures, OutcomeTable

__all__ = ["apart_by_path", "check_own_name", "check_rows", "outcomes_of", "rows_of", "told", "with_outcomes"]

_log = logging.getLogger(__name__)
_ALIKE = {"ph": 0.005}  # half of the last digit that tables give
_ALIKE_ELSE = 0.05
_NUMBER = re.compile(r"^0*(\d+?)(?:\.0+)?$")  # `0001` and, as a spreadsheet writes it, `1` or `1.0`
_SOME = 3  # names in a line


def told(recording: Recording, measures: Mapping[str, float], table: str) -> Recording:
    """The recording with the measures of a table where it carries none of its own.

    Raises:
        OutcomeError: the recording itself says otherwise, by more than rounding.
    """
    own = {name: getattr(recording.outcome, name) for name in measures}
    for name, value in measures.items():
        if abs(value - own[name]) > _ALIKE.get(name, _ALIKE_ELSE):  # never where one is unknown
            raise OutcomeError(
                f"{table}: {name} {value:g} contradicts {name} {own[name]:g} in the recording itself; correct one of "
                "them"
            )
    new = {name: value for name, value in measures.items() if own[name] != own[name]}
    return replace(recording, outcome=replace(recording.outcome, **new))


def rows_of(paths: Sequence[str], written: Mapping[str, str]) -> list[str | None]:
    """The row of each recording: the one whose path, as far as it is written, is the end of that of the recording.

    Args:
        paths: of the recordings, whole, without suffix.
        written: paths in the table by the name of the row, see `Measures`.

    Returns:
        The names of rows, None for no row; none for two recordings of which one row may be.

    >>> rows_of(["/x/p1/a", "/x/p2/b", "/x/p3/c"], {"a": "p1/a", "b": "other/b", "c": "c"})
    ['a', None, 'c']
    """
    by_last = defaultdict(list)
    for row, path in written.items():
        parts = tuple(path.split("/"))
        by_last[parts[-1]].append((parts, row))
    found = []
    for one in paths:
        whole = tuple(one.replace(os.sep, "/").split("/"))
        fitting = [(len(parts), row) for parts, row in by_last[whole[-1]] if whole[-len(parts) :] == parts]
        found.append(max(fitting)[1] if fitting else None)
    taken = Counter(found)
    return [row if taken[row] == 1 else None for row in found]


def check_own_name(recording: Recording, file: str, rows: Collection[str], table: str) -> None:
    """Refuse a recording that says itself that it is another one of a table than the one that its file is called after.

    Raises:
        OutcomeError: it does.
    """
    last = file.rpartition("/")[2]
    if recording.name.rpartition("/")[2] != last and recording.name in rows:
        raise OutcomeError(
            f"{table}: has a row for {shown(last)}, as the file is called, and one for {shown(recording.name)}, as the "
            "recording calls itself; name the file after its birth"
        )


def check_rows(measures: Measures, found: Sequence[str | None], names: Sequence[str], where: str) -> None:
    """Warn of recordings without a row in a table of outcomes, and of rows without a recording.

    Args:
        measures: of the table.
        found: the row of each recording, None for none.
        names: of the recordings.
        where: these are.

    Raises:
        OutcomeError: no row is of any recording.
    """
    rows = {*measures.values, *measures.unusable, *measures.written}
    without = [name for name, row in zip(names, found, strict=True) if row is None]
    unused = [measures.written.get(row, row) for row in rows - set(found)]
    plain = {_NUMBER.sub(r"\1", name): name for name in without}
    if cut_off := [row for row in unused if _NUMBER.sub(r"\1", row) in plain]:
        first = sorted(cut_off)[0]
        of_first = plain[_NUMBER.sub(r"\1", first)]
        raise OutcomeError(
            f"{measures.path}: row {shown(first)} may be of recording {shown(of_first)}, as "
            f"{len(cut_off)} may: programs for spreadsheets cut zeros off; write the names as the files are called"
        )
    if len(without) == len(names):
        raise OutcomeError(
            f"{measures.path}: none of its {len(rows)} rows names one of the {len(names)} recordings of {where} "
            f"({_some(measures.written.values())} beside {_some(names)}); name each by its file"
        )
    for what, some in (("recordings without an outcome", without), ("outcomes without a recording", unused)):
        if some:
            _log.warning("%s: %s: %d (%s)", measures.path, what, len(some), _some(some))


def _some(paths: Iterable[str]) -> str:
    """The first of some paths, with their folders, and how many there are more."""
    ordered = sorted(paths)
    more = f" and {len(ordered) - _SOME} more" if len(ordered) > _SOME else ""
    return ", ".join(cut(path) for path in ordered[:_SOME]) + more


def with_outcomes(recordings: Sequence[Recording], measures: Measures) -> tuple[list[Recording], dict[str, str]]:
    """Join recordings with the rows of their files, or where they are of no file of their names.

    Returns:
        The recordings that can be joined, those without a row as they are; and the reason for each that cannot be, by
        name.

    Raises:
        OutcomeError: no row is of any of them.
    """
    rows = _rows_of_recordings(recordings, measures.written)
    check_rows(measures, rows, [recording.name for recording in recordings], "those that were read")
    joined, left_out = [], dict[str, str]()
    for recording, row in zip(recordings, rows, strict=True):
        try:
            if row is not None:
                check_own_name(recording, _file_of(recording), measures.written, measures.path)
            if row is not None and row in measures.unusable:
                raise OutcomeError(f"{measures.path}: {measures.unusable[row]}")
            joined.append(told(recording, measures.values.get(row or "", {}), measures.path))
        except OutcomeError as error:
            left_out[recording.name] = str(error)
    return joined, left_out


def _file_of(recording: Recording) -> str:
    """Path without suffix of the file of a recording, its name where there is none."""
    source = recording.source
    return called(os.path.abspath(source.path), source.format == "joined") if source and source.path else recording.name


def _rows_of_recordings(recordings: Sequence[Recording], written: Mapping[str, str]) -> list[str | None]:
    """The row of each: of its file, or of its own name if that row is of no other file."""
    files = [_file_of(recording) for recording in recordings]
    found = rows_of(files, written)
    free = {row for row, path in written.items() if "/" not in path} - set(found)
    alike = Counter(recording.name for recording in recordings)
    for i, (recording, file) in enumerate(zip(recordings, files, strict=True)):
        name = recording.name
        if found[i] is None and name != file.rpartition("/")[2] and name in free and alike[name] == 1:
            found[i] = name
    return found


def outcomes_of(recordings: Sequence[Recording], table: OutcomeTable) -> OutcomeTable:
    """The table with its rows called as their recordings, by the rule of `with_outcomes`; other rows by their paths."""
    unusable = dict(table.unusable)
    calls, names = dict[str, str](), {recording.name for recording in recordings}
    for recording, row in zip(recordings, _rows_of_recordings(recordings, table.written), strict=True):
        if row is None:
            continue
        calls[row] = recording.name
        try:
            check_own_name(recording, _file_of(recording), table.written, "the table of outcomes")
        except OutcomeError as error:
            unusable[row] = str(error)

    def name_of(row: str) -> str:
        other = table.written.get(row, row)
        return calls.get(row, other if other not in names else f"{other} (no recording)")

    kept = [row for row in table.labels.index if row not in unusable]
    return OutcomeTable(
        table.labels[kept].rename(index=name_of),
        {name_of(row): reason for row, reason in unusable.items()},
        table.groups.loc[kept].rename(index=name_of),
    )


def apart_by_path(recordings: Sequence[Recording]) -> list[Recording]:
    """Call recordings of one name from several folders by their paths below what these have in common.

    >>> import numpy as np
    >>> from fhr.recording import Source
    >>> some = [Recording("1", np.ones(4), np.ones(4), 4.0, source=Source(f"x/{w}/1.csv", "table", "")) for w in "ab"]
    >>> [recording.name for recording in apart_by_path(some)]
    ['a/1', 'b/1']
    """
    alike = Counter(recording.name for recording in recordings)
    paths = {recording.path for recording in recordings if alike[recording.name] > 1 and recording.path}
    if not paths:
        return list(recordings)
    common = os.path.commonpath([os.path.dirname(os.path.abspath(path)) for path in paths])
    return [
        replace(recording, name=stem_of(os.path.relpath(recording.path, common).replace(os.sep, "/")))
        if recording.path in paths
        else recording
        for recording in recordings
    ]
