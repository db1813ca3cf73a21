"""Layout of a text table: comments, separator, decimal sign and header, told from its first lines."""

import re
from typing import NamedTuple

from fhr.errors import FormatError

from ..channels.names import seems_a_channel
from ..times.clock_times import DATE, is_time_text
from ..written.numbers import is_number
from .cells import MAX_LINE, cells_of, cells_or_none, decimal_of, is_value, separator_of
from .header import MOST_LINES, Channels, Units, beneath, found_header, joined, with_row_above, with_unnamed
from .text import above_and_first, lines_from

__all__ = ["Layout", "layout_of"]

_MAX_COLUMNS = 1000
_IN_SINGLE = re.compile(r"\s*'[^'\n]*'(?:[ \t]*[,;\t][ \t]*'[^'\n]*')+[ \t]*\n")  # a header, as WFDB's tools write it
_QUOTED_ALIKE = re.compile(r"(?:(?<=[,;\t\n])|^)[ \t]*'[^'\n]*'")


class Layout(NamedTuple):
    """Layout of a text table.

    Attributes:
        comments: the lines before the header that start with `#`, without it.
        names: the header's names; empty where there is no header row.
        units: what stands in a row of units beneath the names, one text a name; empty where there is none.
        width: number of columns.
        separator: one character, `" "` for any white space.
        decimal: "." or ",", as the first rows show it.
        first: the cells of the first row of values.
        body: the text beneath the header.
        row: the row of the file in which the body begins, from 1.
        above: the rows above the header that are neither blank nor comments.
    """

    comments: tuple[str, ...]
    names: list[str]
    units: list[str]
    width: int
    separator: str
    decimal: str
    first: list[str]
    body: str
    row: int = 1
    above: tuple[str, ...] = ()

    def cells(self, line: str) -> list[str]:
        """Cells of a line; none where it cannot be split."""
        return cells_or_none(line, self.separator)

    def is_time_text(self, column: int) -> bool:
        """True if a column begins with a date or a time of day."""
        return column < len(self.first) and is_time_text(self.first[column])

    def is_date(self, column: int) -> bool:
        """True if a column begins with an ISO date."""
        return column < len(self.first) and DATE.match(self.first[column].strip()) is not None

    def row_of(self, index: int, *, blank_lines: bool) -> str:
        """Words for the row of the file that holds a row of the body, counted from 0.

        Args:
            index: of the row.
            blank_lines: whether blank lines count among the rows of the body.
        """
        if blank_lines:
            return f"row {self.row + index}"
        rows = (i for i, line in enumerate(self.body.split("\n")) if line.strip())
        return f"row {self.row + next((row for n, row in enumerate(rows) if n == index), index)}"


def layout_of(
    text: str,
    *,
    separator: str | None,
    decimal: str | None,
    where: str,
    header_row: int | None = None,
    channels: Channels | None = None,
    is_unit: Units | None = None,
) -> Layout:
    """Find the layout of a text table; what is given is not guessed.

    Args:
        text: of the table.
        separator: between cells.
        decimal: the decimal sign.
        where: the file, for messages.
        header_row: row of the header, from 1 as a spreadsheet counts, 0 for none; None looks for it.
        channels: number of channels that cells name, 0 where what is looked for is not among them; where the first row
            has none, a later one is taken that has, and rows of text beneath it belong to the header. None takes the
            first row.
        is_unit: tells whether the cells of a row beneath the header are units.

    Raises:
        FormatError: a text without a row, whose first rows cannot be split into cells, or of more comments or columns
            than any recording has.
    """
    text = _QUOTED_ALIKE.sub(lambda match: match[0].replace("'", '"'), text) if _IN_SINGLE.match(text) else text
    comments, lines, said = above_and_first(text, where)
    separator, above, over = separator or said, 0, []
    if header_row:
        over = [line.text for line in lines if line.row < header_row and line.text.strip()]
        lines = lines_from(text, header_row, where)
    filled = [line for line in lines if line.text.strip()]
    if not filled:
        raise FormatError(f"{where}: no row; the file is empty or holds comments only")
    if (longest := max(len(line.text) for line in lines[:MOST_LINES])) > MAX_LINE:
        raise FormatError(f"{where}: a line of {longest} characters; a table of samples has one row a line")
    head = [line.text for line in filled]
    usual = separator or separator_of(head[:MOST_LINES], decimal)
    found = None
    if header_row is None and channels is not None:
        found = found_header(head, separator, usual, decimal, channels, is_unit)
    units: list[str] = []
    if found is not None:
        usual, above, rest = found
    if found is not None and rest == above:
        names = []
    elif found is not None and channels is not None:
        names = joined(cells_of(head[above], usual, where), head[above], head[rest:], usual)
        if (whole := with_row_above(names, head, above, usual)) != names and channels(whole) > channels(names):
            names, above = whole, above - 1
    elif header_row == 0 or (not header_row and all(is_value(cell) for cell in cells_of(head[0], usual, where))):
        names, rest = [], 0
    else:
        names, rest = joined(cells_of(head[0].lstrip("#"), usual, where), head[0].lstrip("#"), head[1:], usual), 1
    separator = usual
    if names and is_unit is not None:
        units, rest = beneath(head, rest, names, separator, is_unit)
    rows = [cells_of(line, separator, where) for line in head[rest : rest + MOST_LINES]]
    if not rows:
        raise FormatError(f"{where}: no row beneath the header; fetch the file again")
    first = next((row for row in rows if any(cell.strip() for cell in row)), [])
    if not names and header_row is None and comments and len(comments[-1]) <= MAX_LINE:
        last = [cell.lstrip("# ") for cell in cells_of(comments[-1], separator, where)]
        blank = len(first) > len(last) and not any(cell.strip() for cell in first[len(last) :])
        if (len(last) == len(first) or blank) and channels is not None and channels(last):
            names = last  # a header row behind a comment sign, as numpy writes it
    names = with_unnamed([" ".join(name.split()) for name in names], first, head[rest : rest + MOST_LINES], separator)
    widest = max(len(names), *map(len, rows))
    if widest > _MAX_COLUMNS:
        raise FormatError(f"{where}: {widest} columns; a table of samples has one row a sample, at most {_MAX_COLUMNS}")
    if names and any(cell.strip() for cell in first[len(names) :]):
        raise FormatError(
            f"{where}: {len(names)} names above rows of {len(first)} cells; name every column, or say the separator "
            f"(read as {separator!r}) and the decimal sign"
        )
    _check_nameless(names, rows, separator, where)
    # A blank line of a single column is a missing sample where rows have no times, unless it parts the rows from words
    # that are no header, or is the only one below the last; several columns have their separators there.
    start = filled[rest] if rest else lines[0]  # a row of tabs is blank, and a row
    begin = filled[rest - 1].end + 1 if rest and names else start.end - len(start.text)
    if not text[:begin].strip():
        begin = 0
    width = len(names) or len(first)
    any_words = channels is not None and channels(["x"]) > 0  # may be the name, since its position is given
    if width > 1 or (any_words and names and not seems_a_channel(names[0])):
        begin = len(text) - len(text[begin:].lstrip("\n"))
    if width > 1:
        text = text.rstrip("\n")
    elif text.endswith("\n\n") and not text.endswith("\n\n\n"):
        text = text[:-1]
    body = text[begin:]
    return Layout(
        tuple(comments),
        names,
        units,
        width,
        separator,
        decimal or decimal_of(rows, separator, body),
        first,
        body,
        1 + text.count("\n", 0, begin),
        (*over, *head[:above]),
    )


def _check_nameless(names: list[str], rows: list[list[str]], separator: str, where: str) -> None:
    """Refuse numbers beneath no name at the end of rows between commas: 1,5,140 may be two numbers."""
    if separator != "," or not names or names[-1]:
        return
    position = len(names) - 1
    if any(len(row) > position and is_number(row[position]) for row in rows):
        raise FormatError(
            f"{where}: numbers beneath a blank name in column {position}; where the comma is the decimal sign too, "
            "export with ';' between the cells, else name every column"
        )
