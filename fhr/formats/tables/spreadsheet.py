"""Sheets of an `.xlsx` file as text tables of bounded size.

A sheet becomes text with one line a row, so that one reader knows headers, units and times, whatever file they stand
in. What a formula gives is read as the spreadsheet stored it, and what is shown in percent in percent.
"""

import csv
import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import IO, Any, NamedTuple

from fhr.errors import FHRError, FormatError

from ..files.regular_file import reason, shown

__all__ = ["Sheet", "sheets_of"]

_MAX_MEMBERS = 1000
_MAX_SHEETS = 50
_MAX_COLUMNS = 1000
_ENTRY = b"PK\1\2"  # of the archive's directory
# A formula without a stored value: its cell would pass for a missing sample.
_EMPTY_FORMULA = re.compile(rb"(?:</f>|<f\b[^<>]*/>)\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>")


class Sheet(NamedTuple):
    """A sheet of cells.

    Attributes:
        name: of the sheet.
        text: its cells, with `;` between them and decimal points.
        since_1904: whether the numbers of its days count from 1904, as old programs on a Macintosh wrote them.
    """

    name: str
    text: str
    since_1904: bool = False


def sheets_of(raw: bytes, *, limit: int, where: str, most_rows: int) -> Iterator[Sheet]:
    """Sheets of an `.xlsx` file, one after another.

    Args:
        raw: the file.
        limit: of the bytes that its parts unpack to.
        where: the file, for messages.
        most_rows: of a sheet.

    Raises:
        FHRError: openpyxl is not installed.
        FormatError: no such file, a damaged one, one that unpacks to more, or too many sheets, rows or columns.
    """
    try:
        from openpyxl.reader.excel import ExcelReader
        from openpyxl.utils.datetime import CALENDAR_MAC_1904
    except ImportError:
        raise FHRError(
            f"{where}: spreadsheets need openpyxl; pip install 'intrapartum-fhr[excel]', or save the sheet as CSV"
        ) from None
    _check_size(raw, limit, where)

    class Reader(ExcelReader):
        def read_chartsheet(self, sheet: Any, rel: Any) -> None:
            """A chart holds no cells."""

    try:
        reader = Reader(io.BytesIO(raw), read_only=True, data_only=True, keep_links=False)
        reader.read()
        book = reader.wb
        names = [sheet.title for sheet in book.worksheets]
    except Exception as error:  # zipfile, its codecs and openpyxl raise many kinds on damaged bytes
        raise FormatError(f"{where}: no intact spreadsheet ({reason(error)}); save it again as .xlsx or CSV") from None
    if len(names) > _MAX_SHEETS:
        raise FormatError(f"{where}: {len(names)} sheets; leave the one with the recording")
    for position, name in enumerate(names):
        text = _as_text(book, position, f"{where}, sheet {shown(name)}", limit, most_rows)
        yield Sheet(name, text, book.epoch == CALENDAR_MAC_1904)


def _check_size(raw: bytes, limit: int, where: str) -> None:
    try:
        if raw.count(_ENTRY) > _MAX_MEMBERS:  # before zipfile makes an object of each
            raise ValueError(f"more than {_MAX_MEMBERS} parts")
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            members = archive.infolist()
            if (size := sum(member.file_size for member in members)) > limit:
                raise ValueError(f"it unpacks to {size} bytes, more than {limit}")
            for member in members:
                with archive.open(member) as file:
                    head = file.read(4096)
                    if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
                        raise ValueError("a document type of its own")
                    if "worksheets/" in member.filename and _holds_empty_formula(head, file):
                        raise ValueError(
                            f"formulas without stored values in {member.filename}; open it in the spreadsheet program, "
                            "save it"
                        )
    except Exception as error:  # zipfile and its codecs raise many kinds on damaged bytes
        raise FormatError(f"{where}: no spreadsheet that can be read ({reason(error)}); save it as CSV") from None


def _as_text(book: Any, position: int, where: str, limit: int, most_rows: int) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\n")
    sheet = book.worksheets[position]
    try:
        sheet.reset_dimensions()  # what a file says of its size is not to be trusted
        rows: Iterator[Any] = sheet.iter_rows(values_only=True)
        if _shows_percent(book):
            rows = (list(map(_shown_value, row)) for row in sheet.iter_rows())
        for count, row in enumerate(rows):
            if count >= most_rows or len(row) > _MAX_COLUMNS:
                raise ValueError(f"more than {most_rows} rows or {_MAX_COLUMNS} columns")
            writer.writerow([_cell(value) for value in row])
            if text.tell() > limit:
                raise ValueError(f"more than {limit} characters")
    except Exception as error:  # as above
        raise FormatError(f"{where}: it cannot be read ({reason(error)}); save it as CSV") from None
    lines = ["" if line in ('""', ";" * len(line)) else line for line in text.getvalue().split("\n")]
    while lines and not lines[-1]:  # rows below the last that have a format and no value
        lines.pop()
    filled = [i for i, line in enumerate(lines) if line]
    usual = Counter(lines[i].count(";") for i in filled).most_common(1)
    blank = ";" * usual[0][0] if usual else ""  # as programs for spreadsheets export such a row
    return "\n".join(line or (blank if i > filled[0] else "") for i, line in enumerate(lines))


def _shows_percent(book: Any) -> bool:
    """True if a cell of the book may be shown in percent."""
    from openpyxl.styles.numbers import BUILTIN_FORMATS

    own = dict(enumerate(book._number_formats, 164))
    return any("%" in (BUILTIN_FORMATS | own).get(style.numFmtId, "") for style in book._cell_styles)


def _shown_value(cell: Any) -> Any:
    """Value of a cell; in percent where the spreadsheet shows it so, which stores 20% as 0.2."""
    value = cell.value
    if isinstance(value, int | float) and not isinstance(value, bool) and "%" in (cell.number_format or ""):
        return float(f"{100 * value:.12g}")
    return value


def _holds_empty_formula(before: bytes, file: IO[bytes]) -> bool:
    while block := file.read(1 << 20):
        if _EMPTY_FORMULA.search(before + block):
            return True
        before = block[-4096:]
    return _EMPTY_FORMULA.search(before) is not None


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        # A date has the form of a midnight; in a column of dates and times it means one.
        return value.isoformat(sep=" ") if value.time() != time() else value.date().isoformat()
    if isinstance(value, time):
        return value.isoformat()
    if isinstance(value, timedelta):
        seconds = value.total_seconds()
        minutes, rest = divmod(round(seconds * 1000), 60_000)
        return f"{minutes // 60}:{minutes % 60:02d}:{rest / 1000:06.3f}"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value).strip()
