"""Layout of a text table: encoding, comments, separator, decimal sign and header row, told from its first lines."""

import csv
import re
from typing import NamedTuple

from fhr.errors import FormatError

from .channel_names import guess_channels

__all__ = ["Layout", "layout_of", "text_of"]

_SEPARATORS = (";", "\t", "|", ",")  # in this order: a comma may be the decimal sign beside the others
_LINES = 20  # that tell the layout
_MAX_ABOVE = 10_000  # comments and blank lines above the header
_MAX_LINE = 1 << 16  # characters
_MAX_COLUMNS = 1000
_DATE = re.compile(r"\d{4}-\d\d-\d\d([ T]|$)")
_NUMBER = re.compile(r"[-+]?(\d+([.,]\d*)?|[.,]\d+)([eE][-+]?\d+)?")
_GAP = re.compile(r"|nan|na|n/a|null|none|nat|-|--|\?", re.IGNORECASE)


class Layout(NamedTuple):
    """Layout of a text table.

    Attributes:
        comments: the lines before the header that start with `#`, without it.
        names: the header's names; empty where there is no header row.
        width: number of columns.
        separator: one character, `" "` for any white space.
        decimal: "." or ",".
        first: the cells of the first row of values.
        body: the text beneath the header.
    """

    comments: tuple[str, ...]
    names: list[str]
    width: int
    separator: str
    decimal: str
    first: list[str]
    body: str

    def is_date(self, column: int) -> bool:
        """True if a column begins with an ISO date."""
        return column < len(self.first) and _DATE.match(self.first[column].strip()) is not None


def text_of(raw: bytes, where: str) -> str:
    """Read a file as text in UTF-8, UTF-16 with its byte order mark, or Latin-1, with the line ends of Unix.

    Raises:
        FormatError: bytes that are no text.
    """
    wide = raw[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        text = raw.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    if "\0" in text:
        raise FormatError(f"{where}: not a text file; export the table as CSV")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def layout_of(text: str, *, separator: str | None, decimal: str | None, where: str) -> Layout:
    """Find the layout of a text table; what is given is not guessed.

    Raises:
        FormatError: a text without a row, whose first rows cannot be split into cells, or of more comments or columns
            than any recording has.
    """
    position, comments, above = 0, [], 0
    while position < len(text):
        above += 1
        if above > _MAX_ABOVE:
            raise FormatError(f"{where}: more than {_MAX_ABOVE} comments and blank lines above the header; remove them")
        end = text.find("\n", position)
        end = len(text) if end < 0 else end
        line = text[position:end].strip()
        if line and not line.startswith("#"):
            break
        if line:
            comments.append(line[1:].strip())
        position = end + 1
    body = text[position:].rstrip("\n")
    lines = body.split("\n", _LINES)[:_LINES]
    if not body:
        raise FormatError(f"{where}: no row; the file is empty or holds comments only")
    if (longest := max(map(len, lines))) > _MAX_LINE:
        raise FormatError(f"{where}: a line of {longest} characters; a table of samples has one row a line")
    separator = separator or _separator([line for line in lines if line.strip()], decimal)
    rows = [_cells(line, separator, where) for line in lines]
    if (columns := max(map(len, rows))) > _MAX_COLUMNS:
        raise FormatError(
            f"{where}: {columns} columns; a table of samples has one row a sample, at most {_MAX_COLUMNS}"
        )
    header = not all(_is_value(cell) for cell in rows[0])
    values = rows[1:] if header else rows
    if decimal is None:
        numbers = [cell for row in values for cell in row if _NUMBER.fullmatch(cell.strip())]
        comma = separator != "," and any("," in cell for cell in numbers) and not any("." in cell for cell in numbers)
        decimal = "," if comma else "."
    if header:
        body = body.partition("\n")[2]
    first = next((row for row in values if any(cell.strip() for cell in row)), [])
    if not body:
        raise FormatError(f"{where}: no row beneath the header; fetch the file again")
    names = rows[0] if header else []
    if not header and comments and len(comments[-1]) <= _MAX_LINE:
        last = _cells(comments[-1], separator, where)
        if len(last) == len(rows[0]) and guess_channels(last, where=where):
            names = last  # a header row behind a comment sign, as numpy writes it
    names = [name.strip() for name in names]
    if names and len(first) > len(names) and any(cell.strip() for cell in first[len(names) :]):
        raise FormatError(
            f"{where}: {len(names)} names above rows of {len(first)} cells; name every column, or say the separator "
            f"(read as {separator!r}) and the decimal sign"
        )
    return Layout(tuple(comments), names, len(rows[0]), separator, decimal, first, body)


def _separator(lines: list[str], decimal: str | None) -> str:
    candidates = [separator for separator in _SEPARATORS if separator != decimal]
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


def _cells(line: str, separator: str, where: str) -> list[str]:
    if separator == " ":
        return line.split()
    try:
        return next(csv.reader([line], delimiter=separator), [""])
    except csv.Error as error:
        raise FormatError(f"{where}: the line {line[:60]!r} cannot be split ({error}); use plain CSV") from None


def _is_value(cell: str) -> bool:
    cell = cell.strip()
    return bool(_NUMBER.fullmatch(cell) or _GAP.fullmatch(cell) or _DATE.match(cell))
