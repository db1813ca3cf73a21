"""Cells of a text table as numbers and times: at once where all are plain, with more care where they are not."""

import io
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from fhr.errors import FormatError

from ..channels.chosen_channels import Chosen
from ..channels.names import names_recordings
from ..channels.stored_channels import StoredChannel
from ..channels.units import AS_STORED
from ..files.regular_file import reason
from ..files.whole_file import MAX_SAMPLES
from ..times.calendar_times import calendar_times
from ..times.clock_times import TIME_TEXTS, clock_times, dayfirst_in, is_time_text
from ..times.units import SECONDS
from ..times.unread_times import check_one_recording
from ..written.numbers import GAP, Text, is_comment, is_number, numbers, shows_decimal, stripped
from .layout import Layout

__all__ = ["TableTimes", "TableValues", "texts_in", "unread_values", "values_of"]

_MAX_CELLS = 1 << 26  # short rows beneath a long header ask for more of them than the file holds
_CHUNK = 1 << 20  # cells that are text at a time
_GAPS = ("-", "--", "---", "?", "NaT")  # beside pandas' own: blank, NaN, NA, N/A, null, None
_MAX_FOOTER = 20  # lines beneath the last row
_MAX_LINE = 1 << 16
_LARGE = ("us", "pa")  # units in which a value may be above 10,000
_SHARED = 16  # rows of one time, at most
_SUMMARIES = {  # first words of a last row that sums up the others
    *("mean", "average", "avg", "median", "total", "totals", "sum", "count", "min", "max", "minimum", "maximum", "sd"),
    *(
        "std",
        "range",
        "mittel",
        "mittelwert",
        "summe",
        "gesamt",
        "moyenne",
        "somme",
        "media",
        "somma",
        "suma",
        "totale",
    ),
}


class TableTimes(NamedTuple):
    """Times of the rows.

    Attributes:
        values: float64 (n,), NaN where blank.
        unit: of the values, for `place`; None where it is to be guessed.
        start: date and time of the earliest in ISO form, where it is known.
    """

    values: np.ndarray
    unit: str | None
    start: str | None


class TableValues(NamedTuple):
    """Values of the columns of a table.

    Attributes:
        channels: in the order of the columns, without times.
        times: None where there is no column of them.
        decimal: the decimal sign; "column by column" where they differ.
        notes: what was guessed, for the history.
    """

    channels: list[StoredChannel]
    times: TableTimes | None
    decimal: str
    notes: dict[str, Any]


def values_of(
    layout: Layout,
    columns: Sequence[Chosen],
    *,
    decimal: str | None,
    dayfirst: bool | None,
    since_1904: bool = False,
    where: str,
) -> TableValues:
    """Read the columns of a table.

    Args:
        layout: of the table.
        columns: to read.
        decimal: the decimal sign where it is given.
        dayfirst: whether the day stands before the month, where it is given.
        since_1904: whether numbers of days count from 1904, see `Sheet`.
        where: the file, for messages.

    Raises:
        FormatError: too many rows or cells, a row that is longer than the header, a cell that is no number or time,
            numbers or dates that may mean two things.
    """
    notes: dict[str, Any] = {"rows_above": len(layout.above)} if layout.above else {}
    time = next((column for column in columns if column.role == "time"), None)
    first = time or min(columns, key=lambda column: column.role != "fhr")
    layout, below = _without_footer(layout, first.position)
    notes |= {"rows_below": below} if below else {}
    skip = time is not None
    texts = {c.position for c in columns if c.role == "date" or (c.role == "time" and c.unit in TIME_TEXTS)}
    _check_one_recording(layout, columns, where)
    cells, decimals = _cells(layout, columns, texts, decimal, skip, where)

    def row_of(index: int) -> str:
        return layout.row_of(index, blank_lines=not skip)

    channels = [
        StoredChannel(c.role, c.name, cells[c.position].to_numpy(np.float64), c.unit, c.sensor)
        for c in columns
        if c.role not in ("time", "date")
    ]
    times = None
    if time is not None:
        if dayfirst is None:
            told = [c.position for c in columns if c.role in ("time", "date")]
            dayfirst = dayfirst_in(
                " ".join(part[i] for i in told for part in (layout.names, layout.units) if i < len(part))
            )
        date = next((column for column in columns if column.role == "date"), None)
        if cells[time.position].dtype != np.float64:
            days = None if date is None else stripped(cells[date.position]).map(_with_dashes).astype(object)
            read = clock_times(
                cells[time.position], dates=days, unit=time.unit, dayfirst=dayfirst, row_of=row_of, where=where
            )
            times = TableTimes(read.seconds, "s", read.start)
            notes |= read.notes
        elif date is not None:
            raise FormatError(f"{where}: dates, and times of day that are numbers; leave one out with columns=")
        else:
            counted = calendar_times(cells[time.position].to_numpy(np.float64), time.unit, since_1904=since_1904)
            times = TableTimes(counted.values, counted.unit, counted.start)
            notes |= counted.notes
    signs = set(decimals.values()) or {layout.decimal}
    return TableValues(channels, times, signs.pop() if len(signs) == 1 else "column by column", notes)


def _cells(
    layout: Layout, columns: Sequence[Chosen], texts: set[int], decimal: str | None, skip: bool, where: str
) -> tuple[dict[int, pd.Series], dict[int, str]]:
    """Columns by position, as float64, or as objects where they are text; and the decimal signs of numbers.

    The quick way takes all numbers at once. The other looks at each as text: where one is no plain number, and where
    none shows that what stands before three digits is the decimal sign.
    """
    taken = [column.position for column in columns]
    quick, sign = None, layout.decimal
    with suppress(ValueError, TypeError, OverflowError):
        quick = _read(layout, taken, texts, skip, where)
    # Behind the seconds of a clock a sign says nothing of numbers.
    plain = (
        decimal is not None or sign == layout.separator or not re.search(rf"(?<!:\d\d){re.escape(sign)}", layout.body)
    )
    if quick is not None and (plain or shows_decimal(layout.body, sign)):
        frame, as_text = quick, texts
    else:
        as_text = set(taken)
        try:
            frame = _read(layout, taken, as_text, skip, where)
        except (ValueError, TypeError, OverflowError) as error:
            raise FormatError(
                f"{where}: not a table of numbers ({reason(error)}); separator {layout.separator!r}: give another, or "
                "correct the file"
            ) from None
    if layout.separator == " ":
        _check_whole_rows(layout, skip, where)
    if as_text == texts:
        return {position: frame[position] for position in taken}, {}
    cells = {position: stripped(frame[position]) for position in taken}

    def row_of(index: int) -> str:
        return layout.row_of(index, blank_lines=not skip)

    numeric, in_times = {}, None
    for column in columns:
        first = next((cell for cell in cells[column.position] if cell), "")
        if column.position in texts or (column.role == "time" and is_time_text(first)):
            in_times = in_times or ((match := re.search(r":\d\d([.,])\d", first)) and match[1])
        else:
            known = column.role in ("fhr", "mhr") or (column.role == "uc" and column.unit not in (None, AS_STORED))
            small = known and column.unit not in _LARGE
            second = (SECONDS.get(column.unit, 0.0) if column.unit else 0.0) if column.role == "time" else None
            text = cells[column.position]
            if column.role == "uc" and column.unit in (None, AS_STORED) and text[text != ""].str.endswith("%").all():
                text = text.str.removesuffix("%").str.rstrip()
            numeric[column.position] = Text(column.name, text, small, second)
    values, decimals = numbers(numeric, decimal=decimal, in_times=in_times, row_of=row_of, where=where)
    return cells | {position: pd.Series(value) for position, value in values.items()}, decimals


def _with_dashes(day: str) -> str:
    return f"{day[:4]}-{day[4:6]}-{day[6:]}" if len(day) == 8 and day.isdecimal() else day


def _read(layout: Layout, taken: list[int], texts: set[int], skip: bool, where: str) -> pd.DataFrame:
    rows = layout.body.count("\n") + 1
    most = max(_MAX_CELLS, len(layout.body) + 1)  # whole rows have at least a character, their separator, for each cell
    if rows > MAX_SAMPLES or rows * layout.width > most:
        raise FormatError(
            f"{where}: {rows} rows of {layout.width} columns; a recording has at most {MAX_SAMPLES} rows, and here "
            f"{most} cells"
        )
    try:
        chunks = pd.read_csv(
            io.StringIO(layout.body),
            sep=r"\s+" if layout.separator == " " else layout.separator,
            header=None,
            names=range(layout.width),  # rows that are shorter end in gaps, longer ones are an error
            index_col=False,
            dtype=dict.fromkeys(range(layout.width), str) | {p: np.float64 for p in taken if p not in texts},
            decimal=layout.decimal,
            na_values=_GAPS,
            skip_blank_lines=skip,
            skipinitialspace=True,
            engine="c",
            chunksize=max(1, _CHUNK // layout.width),
        )
        with chunks:
            return pd.concat([chunk[taken] for chunk in chunks], ignore_index=True)
    except pd.errors.ParserError as error:
        if match := re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", str(error)):
            raise FormatError(
                f"{where}: row {layout.row + int(match[2]) - 1} has {match[3]} cells in a table of {match[1]} columns; "
                "correct it, or where a comma is both decimal sign and separator export with ';'"
            ) from None
        raise


def texts_in(layout: Layout, position: int) -> list[str]:
    """Different texts of a column that holds words, in the order of the rows."""
    return [str(cell) for cell in _texts(layout, [position])[position].unique() if cell.strip()]


def unread_values(
    layout: Layout, taken: Collection[int], *, dayfirst: bool | None, where: str
) -> Iterator[tuple[str | int, np.ndarray]]:
    """Name, or position where there is none, and values of the columns that are not taken and hold numbers or times."""
    others = [position for position in range(layout.width) if position not in taken]
    texts = _texts(layout, others) if others else pd.DataFrame()
    for position in others:
        name = layout.names[position] if layout.names else ""
        cells = texts[position].str.strip()
        if layout.is_time_text(position):
            values = _clock_values(cells, dayfirst, where)
        else:
            signed = cells.str.replace(layout.decimal, ".", regex=False)
            values = pd.to_numeric(signed, errors="coerce").to_numpy(np.float64)
        yield (name if layout.names.count(name) == 1 and name else position), values


def _clock_values(cells: pd.Series, dayfirst: bool | None, where: str) -> np.ndarray:
    """Seconds of a column of times that is not read; none where it holds few, or other words too."""
    values = np.full(len(cells), np.nan)
    told = cells.map(dict(zip(found := cells.unique(), map(is_time_text, found), strict=True))).to_numpy(bool)
    if len(found) * _SHARED > len(cells):
        for first in dict.fromkeys((dayfirst, True)):  # either order shows gaps
            with suppress(FormatError):
                kept = cells[told].reset_index(drop=True)
                read = clock_times(kept, dates=None, unit=None, dayfirst=first, row_of=str, where=where)
                values[told] = read.seconds
                break
    return values


def _texts(layout: Layout, positions: list[int]) -> pd.DataFrame:
    return pd.read_csv(
        io.StringIO(layout.body),
        sep=r"\s+" if layout.separator == " " else layout.separator,
        header=None,
        names=range(layout.width),
        usecols=positions,
        index_col=False,
        dtype=str,
        keep_default_na=False,
        skipinitialspace=True,
        skip_blank_lines=False,
        on_bad_lines="skip",
        engine="c",
    ).fillna("")


def _check_one_recording(layout: Layout, columns: Sequence[Chosen], where: str) -> None:
    """Refuse rows of several recordings, one below the other."""
    taken = {column.position for column in columns}
    for position, name in enumerate(layout.names):
        if position not in taken and names_recordings(name):
            check_one_recording(name, _texts(layout, [position])[position], where)


def _check_whole_rows(layout: Layout, skip: bool, where: str) -> None:
    """Refuse short rows between spaces: which cell is blank cannot be told."""
    for index, line in enumerate(line for line in layout.body.split("\n") if line.strip() or not skip):
        if line.strip() and len(line.split()) < layout.width:
            raise FormatError(
                f"{where}: {layout.row_of(index, blank_lines=not skip)} has {len(line.split())} cells in a table of "
                f"{layout.width} columns between spaces; which is blank cannot be told, export with ';' or tabs"
            )


def _without_footer(layout: Layout, position: int) -> tuple[Layout, int]:
    """A layout without the lines of words beneath the last row, and their number."""
    body, below = layout.body, 0
    for _ in range(2 * _MAX_FOOTER):
        begin = body.rfind("\n") + 1
        line = body[begin : begin + _MAX_LINE]
        comment, line = is_comment(line), line.strip(" ")  # a line of tabs is a row
        if not begin or (line and not comment and not _is_footer(layout.cells(line), position, layout.width)):
            break
        below += bool(line)
        body = body[: begin - 1]
    else:
        return layout, 0
    return (layout._replace(body=body), below) if below else (layout, 0)


def _is_footer(cells: list[str], position: int, width: int) -> bool:
    """True if words stand where a number or time should be, or a line holds words only."""
    cells = [cell.strip() for cell in cells]
    at = cells[position] if position < len(cells) else ""
    if at:
        # A row of values whose time is damaged is none.
        whole = len(cells) == width and any(is_number(cell) for cell in cells[position + 1 :])
        return _is_words(at) and (not whole or re.findall(r"[^\W\d_]+", at)[0].lower() in _SUMMARIES)
    return any(map(_is_words, cells)) and not any(is_number(cell) or is_time_text(cell) for cell in cells)


def _is_words(text: str) -> bool:
    clock = is_time_text(text) or re.search(r"\d:\d\d", text) is not None
    return not clock and not GAP.fullmatch(text) and re.search(r"[^\W\d_]{2}", text) is not None
