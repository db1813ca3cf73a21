"""Times written as text: times of day, twelve-hour clocks, durations, with dates or without; ISO dates by pandas."""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..written.numbers import stripped
from .clock_parts import CLOCK, ClockParts, beside, from_digits, parts_of, with_colons
from .written_dates import NUMERIC_DATE, date_tokens, days_of, no_time

__all__ = ["DATE", "TIME_TEXTS", "ClockTimes", "clock_times", "dayfirst_in", "is_time_text", "text_unit"]

TIME_TEXTS = ("iso", "clock", "mm:ss", "hh:mm")  # units of times that are text
DATE = re.compile(r"\d{4}-\d\d-\d\d([ T]|$)|(19|20)\d{6}T\d{4}")
_DAY = 86_400.0
_DIGITS = re.compile(r"(19|20)\d{6}T?\d{4,6}([.,]\d+)?")  # a date and time without signs between
_NUMBER_LIKE = re.compile(r"[-+.,\d\seE'\u00a0\u2019]*")


class ClockTimes(NamedTuple):
    """Times in seconds.

    Attributes:
        seconds: float64 (n,), NaN where blank; from the earliest where there are dates, else from midnight.
        start: the earliest as ISO date and time; None without dates.
        notes: what was guessed, for the history.
    """

    seconds: np.ndarray
    start: str | None
    notes: dict[str, Any]


def is_time_text(cell: str) -> bool:
    """True if a cell holds a date or a time of day.

    >>> [is_time_text(cell) for cell in ("10:00", "3.2.2020", "3 Feb 2020 10:00 AM", "1.25", "note 1")]
    [True, True, True, False, False]
    """
    cell = cell.strip()
    if not cell or len(cell) > 60:
        return False
    if _NUMBER_LIKE.fullmatch(cell) and not NUMERIC_DATE.fullmatch(cell) and with_colons(cell) == cell:
        return False
    if "T" in cell and _DIGITS.fullmatch(cell):
        return True
    cell = with_colons(cell)
    rest = re.sub(CLOCK, " ", cell, count=1)
    clock = rest != cell
    rest = beside(rest)
    return (not rest and clock) or date_tokens(rest) is not None


def text_unit(word: str) -> str | None:
    """Unit of times that a word such as `hh:mm:ss` or `DD.MM.YYYY` means: "clock", "mm:ss" or "hh:mm"; None for others.

    >>> text_unit("[HH:MM:SS.fff]"), text_unit("mm:ss"), text_unit("min")
    ('clock', 'mm:ss', None)
    """
    plain = word.strip(" ()[]").lower()
    if re.fullmatch(r"m{1,2}:ss([.,](f+|s+|0+|ms|zzz))?", plain):
        return "mm:ss"
    if re.fullmatch(r"h{1,2}:mm", plain):
        return "hh:mm"
    written = re.fullmatch(r"[dmyhsftjaz:./, -]+(am/pm)?", plain)
    return "clock" if written and re.search(r"h:m{1,2}:s|(yy|jj|aa)", plain) else None


def dayfirst_in(words: str) -> bool | None:
    """True if words such as `DD/MM/YYYY` have the day before the month, False if after it, None for others."""
    match = re.search(r"(?P<day>dd?|tt|jj)[./-]mm?\b|\bmm?[./-](dd?|tt|jj)", words.lower())
    return None if match is None else match["day"] is not None


def clock_times(
    cells: pd.Series,
    *,
    dates: pd.Series | None,
    unit: str | None,
    dayfirst: bool | None,
    row_of: Callable[[int], str],
    where: str,
) -> ClockTimes:
    """Seconds of times that are text.

    A time of day that falls by more than twelve hours has passed midnight. Two numbers, 12:30, are minutes and seconds
    where a fraction, an hour above 23 or longer times in the same column show it, or where there is no way to tell
    and `unit` says so. Time zones are taken into account as offsets; a named one other than UTC has to be the same in
    all rows.

    Args:
        cells: text, blank or NaN where missing.
        dates: of the same rows, where they stand in a column of their own.
        unit: "iso" where pandas may read them; "mm:ss" or "hh:mm" for two numbers; others say nothing.
        dayfirst: whether 03/02/2020 is in February; None where the dates have to show it.
        row_of: says the row of a cell in the file, for messages.
        where: the file, for messages.

    Raises:
        FormatError: a cell that is no time, dates or times of an order that cannot be told.
    """
    if dates is None and unit == "iso":
        with suppress(ValueError, TypeError, OverflowError):  # of other words beside dates; the slower way names them
            return _iso(cells)
    cells = stripped(cells)
    if unit in ("mm:ss", "hh:mm"):
        cells = from_digits(cells)
    first = next((cell for cell in cells if cell), "")
    if with_colons(first) != first:
        converted = cells.map(with_colons)
        # 05.03.24 is a date where others have a time of day with colons behind it.
        cells = cells if cells[converted == cells].str.contains(":", regex=False).any() else converted
    if dates is not None:
        cells = dates.str.cat(cells, sep=" ").where((cells != "") & (dates != ""), "")
    given = (cells != "").to_numpy()
    parts, rest = parts_of(cells)
    ordinals, zones, order = days_of(rest, cells, dayfirst, row_of, where)
    dated = bool(ordinals.notna().any())
    if dated and (bad := given & ordinals.isna().to_numpy()).any():
        raise no_time(cells, bad, row_of, where, "no date in a column of dates")
    seconds, unit = _of_day(cells, parts, unit, dated, row_of, where)
    notes: dict[str, Any] = {"date_order": order} if order else {}
    notes |= {"time_text": unit} if unit else {}
    notes |= {"time_zone": zones} if zones else {}
    if not dated:
        days = _midnights(seconds, given) if np.isnan(parts.days).all() else np.zeros(len(seconds))
        notes |= {"midnights": int(days.max())} if days.any() else {}
        return ClockTimes(np.where(given, seconds + _DAY * days, np.nan), None, notes)
    first = int(ordinals.min())
    seconds = seconds + _DAY * (ordinals.to_numpy(np.float64) - first)
    seconds = np.where(given, seconds, np.nan)
    begin = float(np.nanmin(seconds))
    start = pd.Timestamp(date.fromordinal(first)) + pd.Timedelta(round(begin * 1e6), "us")
    return ClockTimes(seconds - begin, start.isoformat(sep=" "), notes)


def _iso(cells: pd.Series) -> ClockTimes:
    try:
        stamps = pd.to_datetime(cells, format="ISO8601", utc=True)
    except ValueError:
        stamps = pd.to_datetime(cells.str.replace(",", ".", regex=False), format="ISO8601", utc=True)
    start = str(cells.iloc[int(stamps.argmin())]).strip()
    return ClockTimes((stamps - stamps.min()).dt.total_seconds().to_numpy(np.float64), start, {})


def _of_day(
    cells: pd.Series,
    parts: ClockParts,
    unit: str | None,
    dated: bool,
    row_of: Callable[[int], str],
    where: str,
) -> tuple[np.ndarray, str | None]:
    """Seconds from midnight, or of a duration, less the offset of the time zone; and how two numbers are read."""
    given = (cells != "").to_numpy()
    first, second, third, days = parts.first, parts.second, parts.third, parts.days
    no_clock = np.isnan(first)
    if (bad := given & no_clock & (not dated)).any():
        raise no_time(cells, bad, row_of, where, "which is none")
    half = parts.half
    if parts.alone.any() and parts.padded.any():
        raise no_time(cells, parts.alone, row_of, where, "with one digit where others have two")
    pair = ~no_clock & np.isnan(third)
    minutes, chosen = np.zeros(len(cells), bool), None
    if pair.any():
        chosen = _pair_unit(first, pair, parts, unit, dated)
        if chosen is None:
            raise no_time(
                cells,
                pair,
                row_of,
                where,
                "hours and minutes or minutes and seconds; say units={'time': 'mm:ss'} or 'hh:mm'",
            )
        minutes = pair & (chosen == "mm:ss")
        if (bad := pair & ~minutes & parts.fractional).any():
            raise no_time(cells, bad, row_of, where, "hours and minutes with a fraction")
    twelve = half.notna().to_numpy()
    hours = np.where(minutes, 0, first)
    hours = np.where(twelve, hours % 12 + 12 * (half == "p").to_numpy(bool, na_value=False), hours)
    of_hour = np.where(minutes, first, second)
    seconds = np.where(minutes, second, np.where(np.isnan(third), 0, third))
    bad = given & ~no_clock & ((second > 59) | (third > 60) | (twelve & ((first < 1) | (first > 12))))
    bad |= given & ~no_clock & (hours > 23) & (dated | bool(twelve.any()))
    if (twelve.any() and not twelve[given & ~no_clock].all()) and not bad.any():
        bad = given & ~no_clock & ~twelve
    if bad.any():
        raise no_time(cells, bad, row_of, where, "which no clock shows")
    total = np.where(np.isnan(days), 0, days) * _DAY + hours * 3600 + of_hour * 60 + seconds + parts.fraction
    return np.where(no_clock, 0.0, total) - _offset(parts.zone), chosen if not dated else None


def _pair_unit(first: np.ndarray, pair: np.ndarray, parts: ClockParts, unit: str | None, dated: bool) -> str | None:
    if dated or parts.half.notna().any():
        return "hh:mm"
    if unit in ("mm:ss", "hh:mm"):
        return unit
    longer = not np.isnan(parts.third).all() or parts.fractional.any()
    return "mm:ss" if longer or (first[pair] > 23).any() else None


def _offset(zones: pd.Series) -> np.ndarray:
    """Seconds that each zone is ahead of UTC."""
    ahead = {}
    for zone in zones.dropna().unique():
        match = re.search(r"([+-])(\d\d):?(\d\d)", zone)
        ahead[zone] = (1 if match[1] == "+" else -1) * (3600.0 * int(match[2]) + 60 * int(match[3])) if match else 0.0
    if len(set(ahead.values())) < 2:
        return np.zeros(len(zones))  # the clock of the place
    first = ahead[zones.dropna().iloc[0]]
    return zones.map(ahead).fillna(first).to_numpy(np.float64) - first


def _midnights(seconds: np.ndarray, given: np.ndarray) -> np.ndarray:
    """Number of midnights that have passed at each time of day; 0 for durations, which do not fall."""
    there = np.flatnonzero(given)
    days = np.zeros(len(seconds))
    if len(there) and np.nanmax(seconds) < _DAY:
        steps = np.diff(seconds[there])
        passed = (steps < -_DAY / 2).astype(np.intp)
        back = (steps > _DAY / 2) & (np.cumsum(passed) > 0)  # over the midnight that has just passed
        days[there[1:]] = np.cumsum(passed - back)
    return days
