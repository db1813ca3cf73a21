"""Layout of a text table: encoding, comments, separator, decimal sign and header, told from its first lines."""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from fhr.errors import FormatError

from ..files.regular_file import shown
from ..times.clock_times import DATE, is_time_text
from ..written.numbers import GAP, is_comment, is_number

__all__ = ["Layout", "is_row_of_values", "layout_of", "text_of"]

_SEPARATORS = (";", "\t", "|", ",")  # in this order: a comma may be the decimal sign beside the others
_LINES = 20  # that tell the layout
_MAX_ABOVE = 10_000  # comments and blank lines above the header
_MAX_SEARCH = 300  # lines among which a header is looked for that is not the first
_MAX_HEADER = 6  # rows of one header
_MAX_LINE = 1 << 16  # characters
_MAX_COLUMNS = 1000
_MARKS = {
    b"PK\3\4": "a zip archive, as spreadsheets are; call it .xlsx",
    b"\x1f\x8b": "compressed; call it .csv.gz",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet; save it as .xlsx or CSV",
}

_IN_NAMES = dict.fromkeys((*_SEPARATORS, " "), "") | {"\t": ","}  # beside a tab, that of the only column
_IN_SINGLE = re.compile(r"\s*'[^'\n]*'(?:[ \t]*[,;\t][ \t]*'[^'\n]*')+[ \t]*\n")  # a header, as WFDB's tools write it
_QUOTED_ALIKE = re.compile(r"(?:(?<=[,;\t\n])|^)[ \t]*'[^'\n]*'")
_WORDS = re.compile(r'"[^"]*"|\S+')

Channels = Callable[[Sequence[str]], int]
Units = Callable[[Sequence[str]], bool]


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
        return _split(line, self.separator)

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


class _Line(NamedTuple):
    row: int  # from 1
    text: str
    end: int  # of the line, in the text


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
    comments, lines, said = _above(text, where)
    separator, above, over = separator or said, 0, []
    if header_row:
        over = [line.text for line in lines if line.row < header_row and line.text.strip()]
        lines = _from_row(text, header_row, where)
    filled = [line for line in lines if line.text.strip()]
    if not filled:
        raise FormatError(f"{where}: no row; the file is empty or holds comments only")
    if (longest := max(len(line.text) for line in lines[:_LINES])) > _MAX_LINE:
        raise FormatError(f"{where}: a line of {longest} characters; a table of samples has one row a line")
    head = [line.text for line in filled]
    usual = separator or _separator(head[:_LINES], decimal)
    found = None
    if header_row is None and channels is not None:
        found = _find(head, separator, usual, decimal, channels, is_unit)
    units: list[str] = []
    if found is not None:
        usual, above, rest = found
    if found is not None and rest == above:
        names = []
    elif found is not None and channels is not None:
        names = _joined(_cells(head[above], usual, where), head[above], head[rest:], usual)
        if (whole := _with_row_above(names, head, above, usual)) != names and channels(whole) > channels(names):
            names, above = whole, above - 1
    elif header_row == 0 or (not header_row and all(_is_value(cell) for cell in _cells(head[0], usual, where))):
        names, rest = [], 0
    else:
        names, rest = _joined(_cells(head[0].lstrip("#"), usual, where), head[0].lstrip("#"), head[1:], usual), 1
    separator = usual
    if names and is_unit is not None:
        units, rest = _beneath(head, rest, names, separator, is_unit)
    rows = [_cells(line, separator, where) for line in head[rest : rest + _LINES]]
    if not rows:
        raise FormatError(f"{where}: no row beneath the header; fetch the file again")
    first = next((row for row in rows if any(cell.strip() for cell in row)), [])
    if not names and header_row is None and comments and len(comments[-1]) <= _MAX_LINE:
        last = [cell.lstrip("# ") for cell in _cells(comments[-1], separator, where)]
        blank = len(first) > len(last) and not any(cell.strip() for cell in first[len(last) :])
        if (len(last) == len(first) or blank) and channels is not None and channels(last):
            names = last  # a header row behind a comment sign, as numpy writes it
    names = _with_unnamed([" ".join(name.split()) for name in names], first, head[rest : rest + _LINES], separator)
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
    if width > 1:
        begin += len(text) - begin - len(text[begin:].lstrip("\n"))
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
        decimal or _decimal(rows, separator, body),
        first,
        body,
        1 + text.count("\n", 0, begin),
        (*over, *head[:above]),
    )


def _logical_lines(text: str, position: int, row: int) -> Iterator[_Line]:
    """Lines of a text from a position on; one with an open quote goes on in the next, as headers of two lines do."""
    while position < len(text):
        end = text.find("\n", position)
        end = len(text) if end < 0 else end
        begin, more = position, 0
        while text.count('"', begin, end) % 2 and more < 3 and (next_end := text.find("\n", end + 1)) >= 0:
            end, more = next_end, more + 1
        if more and text.count('"', begin, end) % 2:
            end = text.find("\n", position)  # the quote is never closed
        yield _Line(row, text[begin:end], end)
        row += text.count("\n", begin, end) + 1
        position = end + 1


def _above(text: str, where: str) -> tuple[list[str], list[_Line], str | None]:
    """The comments above the table, its first lines, and the separator that a spreadsheet's first line says."""
    comments: list[str] = []
    lines: list[_Line] = []
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


def _from_row(text: str, row: int, where: str) -> list[_Line]:
    """First lines from a row on."""
    lines: list[_Line] = []
    for line in _logical_lines(text, 0, 1):
        if line.row >= row:
            lines.append(line)
        if len(lines) >= _MAX_SEARCH:
            break
    if not lines or lines[0].row != row or not lines[0].text.strip():
        raise FormatError(f"{where}: header_row={row} is blank or not there; count the rows from 1, comments too")
    return lines


def _find(
    head: list[str],
    separator: str | None,
    usual: str,
    decimal: str | None,
    channels: Channels,
    is_unit: Units | None,
) -> tuple[str, int, int] | None:
    """Separator, rows above, and rows to the end of the names of a header that names what is looked for.

    Where positions are given and no row of as many names stands above the values, there is no header.
    """
    others = (one for one in (*_SEPARATORS, " ") if one not in (usual, decimal))
    for one in [separator] if separator else [usual, *others]:
        at, above = None, 0  # the last row of such names, and rows of values that no header may pass over
        blank, near = 0, False  # rows of blank cells at the beginning, and whether a row may be one of values
        left = _MAX_LINE
        for i, line in enumerate(head):
            left -= len(line)
            if left < 0:
                break
            cells = _split(line, one)
            if len(cells) == 1 and any(other in line for other in _SEPARATORS if other not in (one, *_IN_NAMES[one])):
                continue  # a whole line, and these separate its cells
            filled = [cell for cell in cells if cell.strip()]
            values = sum(_is_value(cell) for cell in filled)
            if not _may_be_names(cells):
                if 2 * values > len(filled) and at is not None:
                    return one, at, at + 1
                alone = not above and not near and channels(["x" if _is_value(cell) else "" for cell in cells]) > 0
                if 2 * values > len(filled) and alone and _is_even(head[i : i + _LINES], one):
                    first = 0 if blank == i else i
                    return one, first, first
                blank += not filled and blank == i
                inside = [cell if _is_value(cell) else "" for cell in cells]
                above += values == len(filled) > 1
                near = near or is_time_text(cells[0]) or channels(inside) > 0
                if above > _MAX_HEADER:
                    break
            elif (names := _joined(cells, line, head[i + 1 : i + _LINES], one)) and (
                is_unit is None or not is_unit(names)
            ):
                if one == "," and is_unit is not None and any(is_unit([name]) for name in names[1:]):
                    continue  # the comma of `FHR, bpm` stands in a name, and in the numbers beneath
                if channels(names) or channels(_with_row_above(names, head, i, one)):
                    at = i if not above else None
                elif at is not None and i - at > _MAX_HEADER:
                    at = None
    return None


def _with_row_above(names: list[str], head: list[str], at: int, separator: str) -> list[str]:
    """Names of two rows: "Fetal" above "heart rate"; those of the lower row where the upper one has others cells."""
    above = _split(head[at - 1], separator) if at else []
    if len(above) != len(names) or len(names) < 2 or not _may_be_names(above):
        return names
    return [f"{upper} {name}".strip() for upper, name in zip(above, names, strict=True)]


def _is_even(lines: Sequence[str], separator: str) -> bool:
    """True if a separator parts lines into as many cells each."""
    return len({len(_split(line, separator)) for line in lines}) == 1


def _beneath(head: list[str], rest: int, names: list[str], separator: str, is_unit: Units) -> tuple[list[str], int]:
    """Units in the rows of text beneath the names, and the number of rows to the end of the header."""
    units: list[str] = []
    for i in range(rest, min(rest + _MAX_HEADER, len(head))):
        cells = [cell.strip() for cell in _split(head[i], separator)]
        if _is_row(cells) or all(_is_value(cell) for cell in cells):
            break
        if not is_unit(cells):
            # Rows of words are part of the header only where rows of values follow.
            if len(cells) < len(names) or not any(_is_row(_split(line, separator)) for line in head[i + 1 : i + 3]):
                break
        else:
            units = cells
        rest = i + 1
    return units, rest


def _may_be_names(cells: Sequence[str]) -> bool:
    return not all(_is_value(cell) for cell in cells) and not _is_row(cells)


def _is_row(cells: Sequence[str]) -> bool:
    """True if there is a number or a time among cells."""
    return any(is_number(cell) or is_time_text(cell) for cell in cells)


def _joined(cells: list[str], line: str, beneath: Sequence[str], separator: str) -> list[str]:
    """Names in a row between spaces, where a name may hold spaces itself: as many as the row beneath has cells."""
    if separator != " ":
        return cells
    width = next((len(row) for row in (_split(line, separator) for line in beneath) if _is_row(row)), len(cells))
    if width == len(cells):
        return cells
    apart = re.split(r"\t|\s{2,}", line.strip())
    bracketed = re.findall(r"[^\s(\[]+(?: ?[(\[][^)\]]*[)\]])?", " ".join(cells))
    return next((names for names in (bracketed, apart) if len(names) == width), cells)


def _with_unnamed(names: list[str], first: list[str], lines: Sequence[str], separator: str) -> list[str]:
    """Names with that of a column that has none: of row names in quotes, as R writes them, or of dates before times."""
    if not names or len(first) != len(names) + 1:
        return names
    if all(line.lstrip().startswith('"') and line.count('"') == 2 for line in lines):
        return ["", *names]
    at = (
        next((i for i, cell in enumerate(first) if DATE.fullmatch(cell)), len(names))
        if separator == " "
        else len(names)
    )
    if at < len(names) and is_time_text(first[at + 1]) and ":" in first[at + 1]:
        return [*names[:at], "date", *names[at:]]
    return names


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


def _decimal(rows: list[list[str]], separator: str, body: str) -> str:
    """The decimal sign that the first rows show; where they show none, the one that the rows beneath can have."""
    signed = [cell for row in rows for cell in row if is_number(cell) and ("," in cell or "." in cell)]
    if signed:
        return "," if separator != "," and not any("." in cell for cell in signed) else "."
    return "," if separator != "," and "," in body and "." not in body else "."


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


def _split(line: str, separator: str) -> list[str]:
    try:
        return _cells(line, separator, "") if len(line) < _MAX_LINE else []
    except FormatError:
        return []


def _cells(line: str, separator: str, where: str) -> list[str]:
    if separator == " ":
        return [cell.strip('"') for cell in _WORDS.findall(line)]
    try:
        return next(csv.reader([line], delimiter=separator, skipinitialspace=True), [""])
    except csv.Error as error:
        raise FormatError(f"{where}: the line {shown(line[:60])} cannot be split ({error}); use plain CSV") from None


def is_row_of_values(cells: Sequence[str]) -> bool:
    """True if cells are numbers, times or gaps, and one at least is a number.

    >>> is_row_of_values(["10:00", "140", ""]), is_row_of_values(["time", "fhr"])
    (True, False)
    """
    return all(map(_is_value, cells)) and any(map(is_number, cells))


def _is_value(cell: str) -> bool:
    cell = cell.strip()
    return bool(is_number(cell) or GAP.fullmatch(cell) or is_time_text(cell))
