"""Table of pair labels: a CSV with a pair a row, as a reader writes it."""

import csv
from math import isfinite
from pathlib import Path

from fhr.errors import FormatError
from fhr.formats import read_whole
from fhr.formats.files.regular_file import shown
from fhr.formats.tables.text import text_of

from .pair_labels import PairLabels

__all__ = ["read_pair_labels"]

_MAX_TABLE = 1 << 26  # bytes
_RELATIONS = {"must-link": 1.0, "cannot-link": -1.0, "unsure": 0.0}
_NEEDED = ("first", "second", "relation")


def read_pair_labels(path: str | Path) -> PairLabels:
    r"""Read labels of pairs from a CSV with a header: `first`, `second`, `relation`, and `weight` if there is one.

    A row names two records and `must-link`, `cannot-link` or `unsure`; a weight above 0 that is empty is 1. Other
    columns, such as the reader or the date, pass. Lines that are empty or begin with # are left out.

    Args:
        path: of the table.

    Raises:
        FormatError: no regular file, no such header, a line that is no pair; the message names the line.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp(), "pairs.csv")
        >>> _ = path.write_text("first,second,relation,weight\n1001,1002,must-link,2\n1001,1003,unsure,\n")
        >>> read_pair_labels(path).together
        array([1., 0.])
    """
    where = str(path)
    text = text_of(read_whole(Path(path), limit=_MAX_TABLE, kind="table of pairs"), where)
    reader = csv.reader(text.split("\n"), skipinitialspace=True, strict=True)
    header: list[str] | None = None
    rows: list[tuple[str, str, float, float]] = []
    try:
        for cells in ([cell.strip() for cell in line] for line in reader):
            at = f"{where}, line {reader.line_num}"
            if not any(cells) or cells[0].startswith("#"):
                continue
            if header is None:
                header = [cell.lower() for cell in cells]
                _check_header(header, at)
            elif len(cells) != len(header):
                raise FormatError(f"{at}: {len(cells)} cells beneath {len(header)} names; correct the line")
            else:
                rows.append(_pair(dict(zip(header, cells, strict=True)), at))
    except csv.Error as error:
        raise FormatError(f"{where}, line {reader.line_num}: no plain CSV ({error}); export the table again") from None
    if not rows:
        raise FormatError(f"{where}: no pair; write a header first,second,relation and a pair a line beneath it")
    return PairLabels(*zip(*rows, strict=True))


def _check_header(header: list[str], at: str) -> None:
    if missing := [name for name in _NEEDED if name not in header]:
        raise FormatError(
            f"{at}: no column {', '.join(missing)} in the header {shown(','.join(header))}; name them "
            "first,second,relation, and weight where pairs differ in it"
        )
    if twice := [name for name in (*_NEEDED, "weight") if header.count(name) > 1]:
        raise FormatError(f"{at}: column {twice[0]} stands twice; keep one of them")


def _pair(cells: dict[str, str], at: str) -> tuple[str, str, float, float]:
    first, second = cells["first"], cells["second"]
    if not (first and second):
        raise FormatError(f"{at}: a pair of {shown(first)} and {shown(second)}; name both records")
    if first == second:
        raise FormatError(f"{at}: record {shown(first)} is paired with itself; remove the line")
    relation = cells["relation"].lower()
    if relation not in _RELATIONS:
        raise FormatError(f"{at}: relation {shown(cells['relation'])}; write {', '.join(_RELATIONS)}")
    written = cells.get("weight", "")
    try:
        weight = float(written or 1)
    except ValueError:
        weight = 0.0
    if not (isfinite(weight) and weight > 0):
        raise FormatError(f"{at}: weight {shown(written)}; write a number above 0, or remove the line")
    return first, second, _RELATIONS[relation], weight
