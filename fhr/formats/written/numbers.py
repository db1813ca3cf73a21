"""Numbers as programs and people write them: decimal comma or point, digits in groups of three.

A file has one style, though not every number shows it: "1,250" alone may be 1.25 or 1250. All numbers of all columns
are looked at, and what stays open is refused.
"""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from fhr.errors import FormatError

from ..files.regular_file import shown

__all__ = ["GAP", "Text", "is_comment", "is_number", "numbers", "shows_decimal", "stripped"]

GAP = re.compile(  # errors of spreadsheets too, of a sum over missing values, say
    r"|nan|na|n/a|n\.a\.|#n/a|#nv|#n/d|#(?:div/0|num|zahl|value|wert|valeur|valor)!|null|none|nat|missing|-{1,5}|\?{1,3}"
    r"|\*{1,3}|\.",
    re.IGNORECASE,
)
_MINUS = "\N{MINUS SIGN}"
_NUMBER = re.compile(r"[-+]?(\d+([.,]\d*)?|[.,]\d+)([eE][-+]?\d+)?")
_GROUPS = re.compile(r"[-+]?(?!0\d)\d{1,3}([ \u00a0\u2009\u202f'\u2019.,]\d{3})+([.,]\d*)?")
_SPACES = re.compile(r"(?<=\d)[ \u00a0\u2009\u202f'\u2019](?=\d{3})")
_SIGNS = (".", ",")
_STEPS = (0.01, 60.0)  # s between rows; this package's choice
_LARGEST = 10_000.0  # of small numbers, heart rates and pressures
_HEAD = 1000  # cells that tell the steps


class Text(NamedTuple):
    """A column of cells that are text.

    Attributes:
        name: for messages.
        cells: stripped; blank where missing.
        is_small: whether it holds heart rates or pressures, which are below 10,000.
        second: length of the unit in s, of times; 0 where it is not said.
    """

    name: str
    cells: pd.Series
    is_small: bool = False
    second: float | None = None


def is_comment(line: str) -> bool:
    """True if a line starts with `#`, in quotes or not, and not with a mark of spreadsheets such as `#N/A`."""
    return (
        re.match(r'["\s]*#(?!N/A|NV|N/D|NAME|DIV|VALUE|VALEUR|VALOR|WERT|REF|NUM!|ZAHL!)', line, re.IGNORECASE)
        is not None
    )


def is_number(cell: str) -> bool:
    """True if a cell is a number, with or without groups of three digits.

    >>> [is_number(cell) for cell in ("1.5e2", "1,250,000", "12 500,5", "1.2.3", "x")]
    [True, True, True, False, False]
    """
    cell = cell.strip().replace(_MINUS, "-")
    return bool(_NUMBER.fullmatch(cell) or _GROUPS.fullmatch(cell))


def shows_decimal(text: str, sign: str) -> bool:
    """True if somewhere in a text a number shows that `sign` is the decimal sign: "0.125", "1.5", "1.0625".

    >>> shows_decimal("1.250;980", "."), shows_decimal("1.250;9.5", ".")
    (False, True)
    """
    digits = rf"(?:\d+[{sign}](?:\d{{1,2}}|\d{{4,}})|0[{sign}]\d+)"
    return re.search(rf"(?<![\d{sign}:/-]){digits}(?![\d{sign}:/-])", text) is not None


def stripped(cells: pd.Series) -> pd.Series:
    """Text without spaces at its ends, with the minus of keyboards, blank where it is missing."""
    return pd.Series(
        [cell.strip().replace(_MINUS, "-") if isinstance(cell, str) else "" for cell in cells], dtype=object
    )


def numbers(
    columns: Mapping[int, Text],
    *,
    decimal: str | None,
    in_times: str | None = None,
    row_of: Callable[[int], str],
    where: str,
) -> tuple[dict[int, np.ndarray], dict[int, str]]:
    """Numbers of columns of text, and the decimal sign of each column.

    Args:
        columns: by position.
        decimal: "." or ",", where it is given; the other sign then stands between groups of three digits.
        in_times: the sign before fractions of a second in times that are text.
        row_of: says the row of a cell in the file, for messages.
        where: the file, for messages.

    Returns:
        float64 (n,), NaN for a blank, by position; and "." or "," by position where one stands in the cells.

    Raises:
        FormatError: a cell that is no number, signs that contradict each other in a column, or a comma that may be
            either.
    """
    plain = {position: _without_spaces(column.cells) for position, column in columns.items()}
    roles = {position: _told(cells) for position, cells in plain.items()}
    shown_by_all = {sign: {role[sign] for role in roles.values() if sign in role} for sign in _SIGNS}
    if in_times:
        shown_by_all[in_times].add("decimal")
    values, decimals = {}, {}
    for position, column in columns.items():
        role = roles[position]
        cells = plain[position]
        sign = decimal or _decimal(column, cells, role, shown_by_all, where)
        group = "," if sign == "." else "."
        right = _are_grouped(cells, sign, group)
        unsigned = cells.str.replace(group, "", regex=False).str.replace(sign, ".", regex=False)
        found = pd.to_numeric(unsigned.where(unsigned != "", None), errors="coerce").to_numpy(np.float64)
        wrong = (np.isnan(found) & (cells != "").to_numpy()) | ~right
        if column.is_small:  # a group is none where the rate would be 140250
            wrong |= (np.abs(found) >= _LARGEST) & cells.str.contains(group, regex=False).to_numpy(bool)
        if wrong.any():
            row = int(np.argmax(wrong))
            raise FormatError(
                f"{where}: not a table of numbers ({row_of(row)}, column {shown(column.name)}, holds "
                f"{shown(column.cells.iloc[row])}; the decimal sign is {sign!r}); correct the cell, or give decimal= "
                "or separator="
            )
        values[position] = found
        if cells.str.contains(".", regex=False).any() or cells.str.contains(",", regex=False).any():
            decimals[position] = sign
    return values, decimals


def _without_spaces(cells: pd.Series) -> pd.Series:
    """Cells without spaces and apostrophes between groups of digits; gaps are blank."""
    if cells.str.contains(r"\d[ \u00a0\u2009\u202f'\u2019]\d", regex=True).any():
        cells = cells.map(lambda cell: _SPACES.sub("", cell) if _GROUPS.fullmatch(cell) else cell)
    return cells.mask(cells.str.fullmatch(GAP.pattern, case=False), "")


def _are_grouped(cells: pd.Series, sign: str, group: str) -> np.ndarray:
    """Whether each cell has its groups, if any, of three digits."""
    right = re.compile(rf"[-+]?\d{{1,3}}([{group}]\d{{3}})+([{sign}]\d*)?")
    return np.array([group not in cell or right.fullmatch(cell) is not None for cell in cells], bool)


def _told(cells: pd.Series) -> dict[str, str]:
    """What the cells of a column tell for sure of the signs in them: "decimal" or "group"."""
    role: dict[str, str] = {}
    for sign, other in (_SIGNS, _SIGNS[::-1]):
        s, o = re.escape(sign), re.escape(other)
        if cells.str.contains(rf"{s}\d*{s}|{s}\d{{3}}{o}", regex=True).any():
            role[sign] = "group"
        elif cells.str.contains(
            rf"^[-+]?(?:0*{s}\d|\d+{s}(?:\d{{0,2}}|\d{{4,}})(?:[eE].*)?$|\d{{4,}}{s})|\d{o}\d{{3}}{s}", regex=True
        ).any():
            role[sign] = "decimal"
    return role


def _decimal(
    column: Text, cells: pd.Series, role: Mapping[str, str], elsewhere: Mapping[str, set[str]], where: str
) -> str:
    """Decimal sign of a column."""
    for sign, other in (_SIGNS, _SIGNS[::-1]):
        if role.get(sign) == "decimal" or (role.get(other) == "group" and role.get(sign) != "group"):
            if role.get(other) == "decimal":
                raise FormatError(
                    f"{where}: column {shown(column.name)}: both '.' and ',' stand before the decimals; write one of "
                    "them"
                )
            return sign
    present = [sign for sign in _SIGNS if cells.str.contains(sign, regex=False).any()]
    if not present:
        return "."
    sign = present[0]  # each of its cells may be a number of groups: 1,250
    other = "," if sign == "." else "."
    signed = cells.str.contains(sign, regex=False)
    whole = cells[~signed & ~cells.isin(["", "0"])]
    if column.second:
        steps = np.diff(pd.to_numeric(cells[signed].head(_HEAD).str.replace(sign, "."), errors="coerce"))
        step = float(np.median(np.abs(steps))) * column.second if len(steps) else 0.0
        may_be = {sign: _STEPS[0] <= step <= _STEPS[1], other: _STEPS[0] <= 1000 * step <= _STEPS[1]}
        if not len(whole) and may_be[sign] != may_be[other]:
            return sign if may_be[sign] else other
    if not column.is_small and (elsewhere[sign] == {"decimal"} or elsewhere[other] == {"group"}):
        return sign
    if not column.is_small and (elsewhere[sign] == {"group"} or elsewhere[other] == {"decimal"}):
        return other
    if whole.str.contains(r"\d{4}", regex=True).any():
        return sign  # groups would be set apart here too
    if column.is_small and cells[signed].str.match(rf"[-+]?\d{{2,3}}{re.escape(sign)}").any():
        return sign  # no heart rate is 140250
    # Who writes whole numbers without decimals does not write 1.250 for 1.25.
    if len(whole) and cells[signed].str.endswith("0").any():
        return other
    if column.is_small or sign == "." or column.second == 0:
        return sign  # of times, 10,250 s and 10,250 ms are the same time
    raise FormatError(
        f"{where}: column {shown(column.name)}: {shown(cells[signed].iloc[0])} may be a number with decimals or one in "
        f"thousands; say decimal='.' or decimal=','"
    )
