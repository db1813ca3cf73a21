"""Text of a table: its encoding, the comments above it, and its first lines."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from fhr.errors import FormatError

from ..written.numbers import is_comment

__all__ = ["Line", "above_and_first", "lines_from", "text_of"]

_MAX_ABOVE = 10_000  # comments and blank lines above the header
_MAX_SEARCH = 300  # lines among which a header is looked for that is not the first
_MARKS = {
    b"PK\3\4": "a zip archive, as spreadsheets are; call it .xlsx",
    b"\x1f\x8b": "compressed; call it .csv.gz",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet; save it as .xlsx or CSV",
}


class Line(NamedTuple):
    """A line of a text.

    Attributes:
        row: of the file, from 1.
        text: without its end.
        end: its place in the whole text.
    """

    row: int
    text: str
    end: int


def text_of(raw: bytes, where: str) -> str:
    """Read a file as text in UTF-8, UTF-16, or Latin-1, with the line ends of Unix.

    Raises:
        FormatError: bytes that are no text.
    """
    if found := next((what for mark, what in _MARKS.items() if raw.startswith(mark)), None):
        raise FormatError(f"{where}: not a text file but {found}")
    wide = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else ""
    if not wide and len(raw) > 3 and (raw[0] == 0) != (raw[1] == 0):
        wide = "utf-16-be" if raw[0] == 0 else "utf-16-le"
    try:
        text = raw.decode(wide or "utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    if "\0" in text:
        raise FormatError(f"{where}: not a text file; export the table as CSV")
    return text.rstrip("\x1a").replace("\r\n", "\n").replace("\r", "\n")  # old systems end a text with Ctrl-Z


def above_and_first(text: str, where: str) -> tuple[list[str], list[Line], str | None]:
    """The comments above the table, its first lines, and the separator that a spreadsheet's first line says."""
    comments: list[str] = []
    lines: list[Line] = []
    said = None
    for count, line in enumerate(_logical_lines(text, 0, 1)):
        plain = line.text.strip()
        if not lines and count >= _MAX_ABOVE:
            raise FormatError(f"{where}: more than {_MAX_ABOVE} comments and blank lines above the header; remove them")
        if not lines and (match := re.fullmatch(r'"?sep=(.|\\t)"?', plain or line.text.strip("\n"), re.IGNORECASE)):
            said = "\t" if match[1] in ("\\t", "\t") else match[1]
        elif not lines and re.match(r"sep=\t?$", line.text, re.IGNORECASE):
            said = "\t"
        elif not lines and (not line.text.strip(" ") or is_comment(plain)):
            if plain:
                comments.append(plain[1:].strip() if plain[0] == "#" else plain)
        else:
            lines.append(line)
            if len(lines) >= _MAX_SEARCH:
                break
    return comments, lines, said


def lines_from(text: str, row: int, where: str) -> list[Line]:
    """First lines from a row on."""
    lines: list[Line] = []
    for line in _logical_lines(text, 0, 1):
        if line.row >= row:
            lines.append(line)
        if len(lines) >= _MAX_SEARCH:
            break
    if not lines or lines[0].row != row or not lines[0].text.strip():
        raise FormatError(f"{where}: header_row={row} is blank or not there; count the rows from 1, comments too")
    return lines


def _logical_lines(text: str, position: int, row: int) -> Iterator[Line]:
    """Lines of a text from a position on; one with an open quote goes on in the next, as headers of two lines do."""
    while position < len(text):
        end = text.find("\n", position)
        end = len(text) if end < 0 else end
        begin, more = position, 0
        while text.count('"', begin, end) % 2 and more < 3 and (next_end := text.find("\n", end + 1)) >= 0:
            end, more = next_end, more + 1
        if more and text.count('"', begin, end) % 2:
            end = text.find("\n", position)  # the quote is never closed
        yield Line(row, text[begin:end], end)
        row += text.count("\n", begin, end) + 1
        position = end + 1
