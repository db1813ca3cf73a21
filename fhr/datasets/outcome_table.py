"""Outcomes of births in a table beside their recordings: a row a record, as a hospital exports it.

Recordings of monitors hold no outcome. The table names the record and either the measures of the newborn (pH, base
deficit, Apgar scores) or the label itself as 0 and 1.
"""

import csv
import logging
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite, nan
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from fhr.errors import FormatError, OutcomeError
from fhr.formats import plausible, read_whole
from fhr.formats.files.regular_file import shown
from fhr.formats.reading import READERS, suffix_of
from fhr.formats.tables.layout import layout_of
from fhr.formats.tables.spreadsheet import sheets_of
from fhr.formats.tables.table import SHEET_SUFFIXES
from fhr.formats.tables.text import text_of
from fhr.formats.written.measure_names import MEASURE_NAMES

from .targets import Target

__all__ = ["Measures", "OutcomeTable", "read_measures", "read_outcomes"]

_log = logging.getLogger(__name__)

_MAX_TABLE = 1 << 26  # bytes
_MAX_ROWS = 1_000_000
_MOST_IMPLAUSIBLE = 0.2  # of the values of a measure; more are another unit or another column
_UNKNOWN = re.compile(r"|nan|na|n/a|null|none|nat|-|--|\?|unknown", re.IGNORECASE)
_SUFFIX = re.compile(f"({'|'.join(map(re.escape, sorted(READERS, reverse=True)[:-1]))}|.txt)$", re.IGNORECASE)
_UPWARDS = re.compile(r"^(\.{1,2}/+)+")
_LABELS = {"1": 1.0, "1.0": 1.0, "true": 1.0, "yes": 1.0, "0": 0.0, "0.0": 0.0, "false": 0.0, "no": 0.0}
# Header names by what they hold, without case, spaces, signs and what stands in brackets; in order of preference.
_NAMES = (
    *("name", "record", "recording", "recordname", "recordingname", "recordid", "recordingid", "filename", "file"),
    *("case", "caseid", "id"),
)


@dataclass(frozen=True)
class OutcomeTable:
    """Labels of births by the name of their record.

    Attributes:
        labels: 0, 1, or NaN where the outcome is unknown, by record name; each name once.
        unusable: reason for each record whose outcome cannot be used, by name; not among the labels.
        groups: the other columns that were asked for, as text, None where a cell is empty; index as `labels`.
        written: what the table calls each record, with its folder and without suffix, by name; those that are not
            among them are called by their name.
    """

    labels: pd.Series
    unusable: Mapping[str, str]
    groups: pd.DataFrame
    written: Mapping[str, str] = field(default_factory=dict)


class Measures(NamedTuple):
    """Measures of births by the name of their record.

    Attributes:
        path: of the table.
        values: by name, then by measure; without those that are unknown.
        unusable: reason for each record with a value that cannot be, by name; not among the values.
        written: what the table calls each record, with its folder and without suffix, by name.
    """

    path: str
    values: Mapping[str, Mapping[str, float]]
    unusable: Mapping[str, str]
    written: Mapping[str, str]


def read_outcomes(
    path: str | Path, target: str, *, groups: Sequence[str] = (), known: Collection[str] = ()
) -> OutcomeTable:
    """Read the outcomes of births from a table with a header row, text or `.xlsx`; separator and decimal are guessed.

    A column called `name`, `record`, `file` or `id` names the record; endings of files are left out. The label comes
    from a column that is called as the target (`ph<7.05`), with 0 or 1, or from the measures that it needs: pH,
    BDecf, BE, pCO2 (kPa), Apgar1, Apgar5, in any case and with words such as "umbilical artery". Values outside of
    the plausible range (pH 6.5 to 7.8) are no outcome: the record is named in `unusable`.

    Args:
        path: of the table.
        target: the label, with its inequality.
        groups: headers of columns that group the births, such as a ward.
        known: names of the recordings: of several columns that may name the record, the one with most of them does.

    Raises:
        OutcomeError: a target that is not defined; no column for it or for the names; measures and labels that
            contradict each other; a fifth and more of the values implausible.
        FormatError: no regular file, no table, a row of another length, a record that stands twice or has no name.
    """
    where, rule = str(path), Target(target)
    columns = _columns(path)
    written = _names(columns, where, known)
    names = list(written)
    measures = [measure for measure in MEASURE_NAMES if re.search(rf"\b{measure}\b", target)]
    found = {m: column for m in measures if (column := _only(columns, MEASURE_NAMES[m], m, where)) is not None}
    given = [header for header in columns if _plain(header, spaces_only=True) == _plain(target, spaces_only=True)]
    if not given and len(found) < len(measures):
        lacking = ", ".join(m for m in measures if m not in found)
        raise OutcomeError(
            f"{where}: no column for {lacking} among {_listed(columns)}; call one so, or give a column {target!r} of "
            "0 and 1"
        )
    labels, unusable = pd.Series(nan, pd.Index(names, dtype=object), dtype=float), dict[str, str]()
    if len(found) == len(measures):
        values = pd.DataFrame({m: _numbers(columns[header], names, m, unusable, where) for m, header in found.items()})
        labels = rule(values.set_axis(names))
    if given:
        told = _told(columns[given[0]], names, target, unusable)
        if len(found) == len(measures):
            both = labels.notna() & told.notna()
            if (other := labels.index[both & (labels != told)]).size:
                raise OutcomeError(
                    f"{where}: column {given[0]!r} contradicts {', '.join(found.values())} for {len(other)} records "
                    f"({', '.join(other[:3])}); correct one of them, or leave a column out"
                )
        labels = told.where(told.notna(), labels)
    if unknown := [group for group in groups if group not in columns]:
        raise OutcomeError(f"{where}: no column {unknown[0]!r} to group by; the header is {_listed(columns)}")
    cells = {group: [None if _UNKNOWN.fullmatch(c) else c for c in columns[group]] for group in groups}
    kept = [name not in unusable for name in names]
    table = pd.DataFrame(cells, index=pd.Index(names, dtype=object), dtype=object)
    return OutcomeTable(labels.rename(target)[kept], unusable, table[kept], written)


def read_measures(path: str | Path, *, known: Collection[str] = ()) -> Measures:
    """Read all measures of births from a text table, whatever label they are to make; see `read_outcomes`.

    Args:
        path: of the table.
        known: names of the recordings: of several columns that may name the record, the one with most of them does.

    Raises:
        OutcomeError: no column of a measure or for the names, two for one, a fifth and more of the values implausible.
        FormatError: as `read_outcomes`.
    """
    where, columns = str(path), _columns(path)
    written = _names(columns, where, known)
    names = list(written)
    found = {m: header for m, known in MEASURE_NAMES.items() if (header := _only(columns, known, m, where)) is not None}
    if not found:
        raise OutcomeError(
            f"{where}: no column of an outcome among {_listed(columns)}; call one of them {', '.join(MEASURE_NAMES)}"
        )
    unusable = dict[str, str]()
    values = {m: _numbers(columns[header], names, m, unusable, where) for m, header in found.items()}
    rows = {
        name: {m: given[i] for m, given in values.items() if isfinite(given[i])}
        for i, name in enumerate(names)
        if name not in unusable
    }
    return Measures(where, rows, unusable, written)


def _columns(path: str | Path) -> dict[str, list[str]]:
    """Cells by header."""
    where = str(path)
    raw = read_whole(Path(path), limit=_MAX_TABLE, kind="table of outcomes")
    text = _sheet(raw, where) if suffix_of(path) in SHEET_SUFFIXES else text_of(raw, where)
    layout = layout_of(text, separator=None, decimal=None, where=where)
    if not layout.names:
        raise FormatError(f"{where}: no header row; name the columns, such as record,pH,Apgar1")
    if twice := [name for name, n in Counter(layout.names).items() if n > 1 and name]:
        raise FormatError(f"{where}: column {shown(twice[0])} stands twice; keep one of them")
    try:
        lines = csv.reader(layout.body.split("\n"), delimiter=layout.separator, skipinitialspace=True, strict=True)
        rows = [[cell.strip() for cell in row] for row in lines if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise FormatError(f"{where}: not a plain table ({error}); export it as CSV") from None
    width = len(layout.names)
    for i, row in enumerate(rows):
        if len(row) < width or any(row[width:]):
            text = shown(layout.separator.join(row))
            raise FormatError(f"{where}: row {i + 1} has {len(row)} cells beneath {width} names ({text}); correct it")
    return {name: [row[i] for row in rows] for i, name in enumerate(layout.names) if name}


def _sheet(raw: bytes, where: str) -> str:
    """The only sheet of a spreadsheet that has rows, as text."""
    of_file = sheets_of(raw, limit=_MAX_TABLE, where=where, most_rows=_MAX_ROWS)
    sheets = {sheet.name: sheet.text for sheet in of_file if sheet.text}
    if len(sheets) != 1:
        raise FormatError(
            f"{where}: {len(sheets)} sheets with rows; leave the one with the outcomes, or save it as CSV"
        )
    return next(iter(sheets.values()))


def _names(columns: Mapping[str, list[str]], where: str, known: Collection[str]) -> dict[str, str]:
    """Path of the record of each row as the table gives it, without suffix; by its name, with folders if needed."""
    by_key = {_plain(header): header for header in reversed(list(columns))}
    paths = {by_key[key]: [_path(cell) for cell in columns[by_key[key]]] for key in _NAMES if key in by_key}
    if not paths:
        raise OutcomeError(
            f"{where}: no column names the record; the header is {_listed(columns)}, call one of them 'record'"
        )
    known = set(known)
    header = max(paths, key=lambda one: (sum(_last(path) in known for path in paths[one]), _tells_apart(paths[one])))
    names = [_last(path) for path in paths[header]]
    alike = Counter(names)
    names = [path if alike[name] > 1 else name for path, name in zip(paths[header], names, strict=True)]
    if (nameless := sum(not name for name in names)) > 0:
        raise FormatError(f"{where}: {nameless} rows without a name in the column {header!r}; name each record")
    if twice := [name for name, n in Counter(names).items() if n > 1]:
        raise FormatError(
            f"{where}: record {shown(twice[0])} stands in {names.count(twice[0])} rows (of {len(twice)} such records); "
            "keep one row a birth"
        )
    return dict(zip(names, paths[header], strict=True))


def _path(cell: str) -> str:
    """A cell as a path without suffix, and without a way to it that depends on where one stands."""
    return _UPWARDS.sub("", _SUFFIX.sub("", cell.replace("\\", "/")))


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def _tells_apart(paths: Sequence[str]) -> bool:
    return all(paths) and len(set(paths)) == len(paths)


def _only(columns: Mapping[str, list[str]], known: Sequence[str], measure: str, where: str) -> str | None:
    found = [header for header in columns if _plain(header) in known]
    if len(found) > 1:
        raise OutcomeError(f"{where}: {_listed(found)} may all be {measure}; keep one of them, or rename the others")
    return found[0] if found else None


def _numbers(
    cells: Sequence[str], names: Sequence[str], measure: str, unusable: dict[str, str], where: str
) -> list[float]:
    """Values of a measure; a record with one that cannot be is added to `unusable`."""
    low, high = plausible(measure)
    values, wrong = [], {}
    for cell, name in zip(cells, names, strict=True):
        value = nan
        if not _UNKNOWN.fullmatch(cell):
            try:
                value = float(cell if "." in cell else cell.replace(",", "."))
            except ValueError:
                wrong[name] = f"{measure} is {shown(cell)}, which is no number"
            else:
                if not (isfinite(value) and low <= value <= high):
                    wrong[name] = f"{measure} is {cell[:20]}, outside of {low:g} to {high:g}"
                    value = nan
        values.append(value)
    if (known := len(wrong) + sum(isfinite(value) for value in values)) and len(wrong) >= _MOST_IMPLAUSIBLE * known:
        name, problem = next(iter(wrong.items()), ("", ""))
        if len(wrong) > 1 or known == 1:
            raise OutcomeError(
                f"{where}: {len(wrong)} of {known} values of {measure} cannot be (record {name}: {problem}); check its "
                "unit, decimal sign and column"
            )
    unusable |= wrong
    return values


def _told(cells: Sequence[str], names: Sequence[str], target: str, unusable: dict[str, str]) -> pd.Series:
    labels = []
    for cell, name in zip(cells, names, strict=True):
        label = nan if _UNKNOWN.fullmatch(cell) else _LABELS.get(cell.lower())
        if label is None:
            unusable[name] = f"{target} is {shown(cell)}; write 0 or 1"
        labels.append(nan if label is None else label)
    return pd.Series(labels, list(names), dtype=float)


def _plain(header: str, *, spaces_only: bool = False) -> str:
    if spaces_only:
        return re.sub(r"\s", "", header.lower())
    return re.sub(r"[^a-z0-9]", "", re.sub(r"[(\[].*?[)\]]", "", header.lower()))


def _listed(headers: Sequence[str] | Mapping[str, list[str]]) -> str:
    names = [shown(header) for header in headers]
    return ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
