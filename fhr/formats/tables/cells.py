"""Cells of the lines of a table, and the separator and decimal sign that its first lines show."""

import csv
import re
from collections.abc import Sequence

from fhr.errors import FormatError

from ..files.regular_file import shown
from ..times.clock_times import is_time_text
from ..written.numbers import GAP, is_number

__all__ = [
    "MAX_LINE",
    "SEPARATORS",
    "cells_of",
    "cells_or_none",
    "decimal_of",
    "is_row",
    "is_row_of_values",
    "is_value",
    "separator_of",
]

SEPARATORS = (";", "\t", "|", ",")  # in this order: a comma may be the decimal sign beside the others
MAX_LINE = 1 << 16  # characters
_WORDS = re.compile(r'"[^"]*"|\S+')


def separator_of(lines: list[str], decimal: str | None) -> str:
    """Guess the separator of lines; it is not the decimal sign."""
    candidates = [separator for separator in SEPARATORS if separator != decimal]
    for separator in candidates:
        counts = {line.count(separator) for line in lines}
        if len(counts) == 1 and counts != {0}:
            return separator
    words = {len(line.split()) for line in lines}
    if len(words) == 1 and words != {1} and not any("," in line for line in lines[:1]):
        return " "
    return next(
        (separator for separator in candidates if separator in lines[0]), "\t"
    )  # one column; commas are decimal


def decimal_of(rows: list[list[str]], separator: str, body: str) -> str:
    """The decimal sign that the first rows show; where they show none, the one that the rows beneath can have."""
    signed = [cell for row in rows for cell in row if is_number(cell) and ("," in cell or "." in cell)]
    if signed:
        return "," if separator != "," and not any("." in cell for cell in signed) else "."
    return "," if separator != "," and "," in body and "." not in body else "."


def cells_of(line: str, separator: str, where: str) -> list[str]:
    """Split a line.

    Raises:
        FormatError: quotes that do not fit.
    """
    if separator == " ":
        return [cell.strip('"') for cell in _WORDS.findall(line)]
    try:
        return next(csv.reader([line], delimiter=separator, skipinitialspace=True), [""])
    except csv.Error as error:
        raise FormatError(f"{where}: the line {shown(line[:60])} cannot be split ({error}); use plain CSV") from None


def cells_or_none(line: str, separator: str) -> list[str]:
    """Cells of a line; none where it is too long or cannot be split."""
    try:
        return cells_of(line, separator, "") if len(line) < MAX_LINE else []
    except FormatError:
        return []


def is_row_of_values(cells: Sequence[str]) -> bool:
    """True if cells are numbers, times or gaps, and one at least is a number.

    >>> is_row_of_values(["10:00", "140", ""]), is_row_of_values(["time", "fhr"])
    (True, False)
    """
    return all(map(is_value, cells)) and any(map(is_number, cells))


def is_row(cells: Sequence[str]) -> bool:
    """True if there is a number or a time among cells."""
    return any(is_number(cell) or is_time_text(cell) for cell in cells)


def is_value(cell: str) -> bool:
    """True for a number, a time or a gap."""
    cell = cell.strip()
    return bool(is_number(cell) or GAP.fullmatch(cell) or is_time_text(cell))
