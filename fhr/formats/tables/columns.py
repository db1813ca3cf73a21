"""Columns of a text table: the channel and unit of each, told from the header, a row of units, and the caller."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import numpy as np

from fhr.errors import FHRError, FormatError

from ..channels.chosen_channels import Chosen, choose_channels, given_columns, in_stated_unit, position_of
from ..channels.names import guess_channels
from ..channels.stored_channels import check_units
from ..channels.units import unit_of
from ..files.regular_file import shown
from ..times.clock_times import TIME_TEXTS, is_time_text, text_unit
from ..times.units import SAMPLE, TIME_UNITS
from .layout import Layout

__all__ = ["Columns", "channels_named", "channels_of", "check_arguments", "is_unit_row"]

Columns = Mapping[str, str | int | Sequence[str | int] | None]
_CHANNELS = ("time", "fhr", "uc", "mhr", "date")
_TIME_UNITS = (*TIME_UNITS, *TIME_TEXTS)
_NO_NAMES = ("", "Unnamed: 0")  # of an index of pandas
_MAX_NAME = 80  # characters of a header's name


def check_arguments(
    columns: Columns | None,
    units: Mapping[str, str] | None,
    separator: str | None,
    decimal: str | None,
    tolerance: float | None,
    header_row: int | None,
) -> None:
    """Refuse arguments of `read_table` that no table can be read with.

    Raises:
        FHRError: an unknown channel or unit, no column, a separator, decimal sign or tolerance that is none.
    """
    for channel in columns or ():
        if channel not in _CHANNELS:
            raise FHRError(f"columns: {channel!r}; the channels are {', '.join(_CHANNELS)}")
    if many := [role for role, those in (columns or {}).items() if role != "fhr" and len(given_columns(those)) > 1]:
        raise FHRError(f"columns: several of {many[0]!r}; only FHR may have several, one a transducer")
    for column in (column for those in (columns or {}).values() for column in given_columns(those)):
        if not isinstance(column, str | int | None) or isinstance(column, bool):
            raise FHRError(f"columns: {column!r}; give a header name, a position from 0, or None")
    check_units(units, times=_TIME_UNITS)
    if separator is not None and (len(separator) != 1 or separator in '"\r\n'):
        raise FHRError(f"separator={separator!r}; give one character")
    if decimal not in (None, ".", ",") or (decimal is not None and decimal == separator):
        raise FHRError(f"decimal={decimal!r}; give '.' or ',', another than the separator")
    if tolerance is not None and not 0 < tolerance < np.inf:
        raise FHRError(f"tolerance={tolerance!r}; give a positive number of seconds")
    if header_row is not None and (not isinstance(header_row, int) or isinstance(header_row, bool) or header_row < 0):
        raise FHRError(f"header_row={header_row!r}; give the row of the header, counted from 1, or 0 for none")


def channels_named(
    columns: Columns | None,
) -> Callable[[Sequence[str]], int]:
    """Number of channels that the cells of a row name; 0 without those that `columns` gives, or else without FHR."""
    given = [column for those in (columns or {}).values() for column in given_columns(those)]
    names = {_spaced(column) for column in given if isinstance(column, str)}
    positions = [column for column in given if isinstance(column, int)]

    def count(cells: Sequence[str]) -> int:
        if names or any(isinstance(column, int) for column in given_columns((columns or {}).get("fhr"))):
            there = len(cells) > max(positions, default=-1) and all(cells[i].strip() for i in positions)
            return len(cells) if there and names <= {_spaced(cell) for cell in cells} else 0
        found = [_channel(cell) for cell in cells]
        return len(set(found) - {""}) if "fhr" in found else 0

    return count


def is_unit_row(cells: Sequence[str]) -> bool:
    """True if the cells of a row are units, at least every other that is not blank.

    >>> is_unit_row(["[s]", "[1/min]", "[%]", ""]), is_unit_row(["Time", "FHR", "UC", ""])
    (True, False)
    >>> is_unit_row(["", "sec", ""]), is_unit_row(["sec", "fhr"])
    (True, False)
    """
    words = [cell.strip().strip("[]()") for cell in cells if cell.strip()]
    # `sec` beside `fhr` is a name, beside `bpm` a unit.
    named = any(_channel(word) not in ("", "time") for word in words)
    units = [word for word in words if word.strip("-1") and _is_unit(word) and not (named and _channel(word))]
    return bool(units) and 2 * len(units) >= len(words)


def _may_be_word(name: str) -> bool:
    """True if a cell can be a name or a unit: it has letters, and no more digits than these."""
    letters = sum(map(str.isalpha, name))
    return len(name) <= _MAX_NAME and letters >= max(1, sum(map(str.isdigit, name)))


@lru_cache(maxsize=4096)
def _channel(name: str) -> str:
    if not _may_be_word(name):
        return ""
    return next(iter(guess_channels([name], where="")), "")


@lru_cache(maxsize=4096)
def _is_unit(word: str) -> bool:
    """True for a word that is a unit of any channel; US is ultrasound, and HR no hour."""
    if not _may_be_word(word.replace("%", "per").replace("1/", "")):
        return False
    known = any(unit_of(word, role) for role in ("time", "fhr", "uc")) or text_unit(word) is not None
    return known and word.lower() != "us" and _channel(word) in ("", "time")


def _spaced(name: str) -> str:
    return " ".join(name.split())


def channels_of(layout: Layout, columns: Columns | None, units: Mapping[str, str] | None, where: str) -> list[Chosen]:
    """Choose the columns of the channels, with their units; and of dates that stand apart from the times of day.

    Raises:
        FormatError: a column that is not there, stands twice or is given twice, no column of FHR, a unit that is not
            known or that name and row of units contradict.
    """
    columns = {role: _spaced(one) if isinstance(one, str) else one for role, one in (columns or {}).items()}
    header = f"the header is {shown(layout.separator.join(layout.names))}" if layout.names else "there is no header row"
    held = f"{header} (header_row= takes another)"
    names = layout.names or [str(position) for position in range(layout.width)]
    stems = list(layout.names) or [""] * layout.width
    given = columns.pop("date", None)
    date = None if given is None else position_of(names, given, "date", "column", held, where)
    if date is None and "time" not in columns:
        date = _date_column(layout, stems, where)
    if date is not None:
        stems[date] = ""
    elif "time" not in columns and _is_index_of_times(layout, stems, where):
        stems[0] = "time"
    if not layout.names and layout.width == 1 and not columns:
        return [Chosen("fhr", 0, "0", (units or {}).get("fhr"), "", True)]
    roles = ("time", "fhr", "uc", "mhr")
    chosen = choose_channels(names, columns, roles=roles, kind="column", where=where, stems=stems, held=held)
    found = [_with_unit(one, layout, units or {}, where) for one in chosen]
    return found if date is None else [*found, Chosen("date", date, names[date], None, "", given is None)]


def _with_unit(one: Chosen, layout: Layout, units: Mapping[str, str], where: str) -> Chosen:
    """A column with its unit: given, of the name, or of the row of units."""
    word = layout.units[one.position].strip() if one.position < len(layout.units) else ""
    if one.role in units:
        return one._replace(unit=unit_of(units[one.role], one.role) or units[one.role])
    if one.role != "time":
        return in_stated_unit(one, word, units, where)
    in_words = one.unit if one.unit in TIME_TEXTS else text_unit(word)
    if layout.is_date(one.position):
        return one._replace(unit="iso")
    if in_words or layout.is_time_text(one.position):
        return one._replace(unit=in_words or "clock")
    if word and unit_of(word, "time") is None:
        raise FormatError(
            f"{where}: the times are in {shown(word)}, which is not known; say units={{'time': UNIT}}, one of "
            f"{', '.join(_TIME_UNITS)}"
        )
    return in_stated_unit(one, word, units, where)


def _is_index_of_times(layout: Layout, names: Sequence[str], where: str) -> bool:
    """True if the first column is an index of pandas that holds dates or times, and no other column is of times."""
    if names[0] not in _NO_NAMES or not layout.is_time_text(0):
        return False
    return not any("time" in guess_channels([name], where=where) for name in names if len(name) <= _MAX_NAME)


def _date_column(layout: Layout, names: Sequence[str], where: str) -> int | None:
    """Position of a column of dates beside one of times of day; None where there are not these two."""
    short = {i: name for i, name in enumerate(names) if len(name) <= _MAX_NAME}
    named = {i: guess_channels([name], where=where).get("time") for i, name in short.items()}
    times = [i for i, those in named.items() if those and those[0].unit != SAMPLE]
    cells = {i: layout.first[i].strip() for i in times if i < len(layout.first)}
    dates = [i for i, cell in cells.items() if _is_day(cell)]
    clocks = [i for i, cell in cells.items() if ":" in cell and is_time_text(cell) and not _is_day(cell.split()[0])]
    return dates[0] if len(times) == 2 and len(dates) == len(clocks) == 1 else None


def _is_day(cell: str) -> bool:
    digits = len(cell) == 8 and cell.isdecimal() and cell[:2] in ("19", "20")
    return digits or (is_time_text(cell) and ":" not in cell)
