"""Dates written as text: day, month and year in the order that all dates of a file have together.

Few of them show it: 03/02/2020 alone may be of February or of March. What stays open is refused.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd

from fhr.errors import FormatError

from ..files.regular_file import shown
from .month_names import months

__all__ = ["NUMERIC_DATE", "date_tokens", "days_of", "no_time"]

_UNKNOWN = 0  # in place of a month whose name may mean two
NUMERIC_DATE = re.compile(r"(?P<one>\d{1,4})(?P<sign>[./-])\s?(?P<two>\d{1,2})(?P=sign)\s?(?P<three>\d{1,4})\.?")
_MOST_DAYS = 14  # of a recording
_MOST_DATES = 1000  # different ones; a recording has a few days


def days_of(
    rest: pd.Series, cells: pd.Series, dayfirst: bool | None, row_of: Callable[[int], str], where: str
) -> tuple[pd.Series, str, str]:
    """Ordinal of each date (NaN for none), the words beside them that name a time zone, and their order."""
    texts = [text for text in rest.unique() if text]
    if not texts:
        return pd.Series(np.nan, rest.index), "", ""
    read = {}
    for text in texts[: _MOST_DATES + 1]:
        tokens = date_tokens(text)
        if tokens is None:
            raise no_time(cells, (rest == text).to_numpy(), row_of, where, "no date that is known here")
        if _UNKNOWN in tokens[0].values and tokens[0].month == tokens[0].values.index(_UNKNOWN):
            why = "with a month that differs from language to language (write it as YYYY-MM-DD)"
            raise no_time(cells, (rest == text).to_numpy(), row_of, where, why)
        read[text] = tokens
    if len(texts) > _MOST_DATES:
        raise FormatError(f"{where}: more than {_MOST_DATES} dates in the times; check that column")
    zones = {zone for _, zone in read.values()}
    if len(zones) > 1:
        raise FormatError(
            f"{where}: the times name several zones ({', '.join(sorted(map(shown, zones)))}); write one, or offsets "
            "such as +02:00"
        )
    place = f"{where}: {row_of(int(np.argmax((rest == texts[0]).to_numpy())))}"
    order, told = _order([numbers for numbers, _ in read.values()], dayfirst, texts[0], place)
    ordinals = {}
    for text, (numbers, _) in read.items():
        try:
            ordinals[text] = _ordinal(numbers, order)
        except ValueError:
            raise no_time(cells, (rest == text).to_numpy(), row_of, where, f"no date in the order {order}") from None
    return rest.map(ordinals), zones.pop(), told


def no_time(cells: pd.Series, bad: np.ndarray, row_of: Callable[[int], str], where: str, why: str) -> FormatError:
    """The error for the first of the cells that are `bad`, with the reason."""
    row = int(np.argmax(bad))
    return FormatError(
        f"{where}: {row_of(row)}: the time is {shown(cells.iloc[row])}, {why}; correct the cell, or read without the "
        "times (columns={'time': None}) at a known fs"
    )


class _Numbers(NamedTuple):
    """Numbers of a date in their order, the sign between them, and the position of the month where it is a word."""

    values: tuple[int, int, int]
    digits: tuple[int, int, int]
    sign: str
    month: int | None


def date_tokens(text: str) -> tuple[_Numbers, str] | None:
    """Numbers of a date, and other words, of a time zone."""
    if match := re.fullmatch(rf"{NUMERIC_DATE.pattern}(?P<zone>[ ,]+[A-Z]{{2,5}})?", text):
        one, sign, two, three = match["one"], match["sign"], match["two"], match["three"]
        if 3 in (len(one), len(three)) or min(len(one), len(three)) > 2:
            return None
        values = (int(one), int(two), int(three))
        return _Numbers(values, (len(one), len(two), len(three)), sign, None), (match["zone"] or "").strip(" ,")
    words = re.findall(r"[^\W\d_]+|\d+", "".join(c for c in unicodedata.normalize("NFKD", text) if c.isascii()))
    numbers: list[int] = []
    digits: list[int] = []
    month, zone = None, []
    for word in words:
        name = word.lower()
        if word.isdigit():
            if len(word) not in (1, 2, 4):
                return None
            numbers.append(int(word))
            digits.append(len(word))
        elif month is None and (found := months(name)):
            month = len(numbers)
            numbers.append(found[0] if len(found) == 1 else _UNKNOWN)
            digits.append(0)
        elif name in ("mon", "tue", "wed", "thu", "fri", "sat", "sun") or name.endswith("day"):
            continue  # the day of the week says nothing new
        elif word.isupper() and 2 < len(word) < 6:
            zone.append(word)
        elif name not in ("de", "th", "st", "nd", "rd", "at", "um", "uhr"):
            return None
    if month is None or len(numbers) != 3:
        return None
    return _Numbers((numbers[0], numbers[1], numbers[2]), (digits[0], digits[1], digits[2]), " ", month), " ".join(zone)


def _order(dates: list[_Numbers], dayfirst: bool | None, example: str, place: str) -> tuple[str, str]:
    """Order of day, month and year, and the same where it was guessed."""
    if len({(one.sign, one.month, one.digits.index(4) if 4 in one.digits else None) for one in dates}) > 1:
        raise FormatError(f"{place}: dates of several forms, {shown(example)} the first; write all in one")
    one = dates[0]
    if one.month is not None:
        orders = {0: ["MDY"], 1: ["DMY", "YMD"]}.get(one.month, [])
    else:
        orders = ["YMD"] if one.digits[0] == 4 else ["DMY", "MDY"]
        if 4 not in one.digits and one.sign != ".":
            orders.append("YMD")
    if 4 in one.digits:
        orders = [order for order in orders if one.digits[order.index("Y")] == 4]
    orders = [order for order in orders if all(_fits(values, order) for values in dates)]
    if len(orders) > 1 and dayfirst is None:
        orders = [order for order in orders if _span(dates, order) <= _MOST_DAYS] or orders
    if dayfirst is not None and one.month is None:
        orders = [o for o in orders if o == ("DMY" if dayfirst else "MDY")] or [o for o in orders if o == "YMD"]
    elif one.sign == "." and "DMY" in orders:
        orders = ["DMY"]  # nobody writes the month first between dots
    elif one.month is not None and 4 not in one.digits and "DMY" in orders:
        orders = ["DMY"]
    if len(orders) > 1:
        raise FormatError(
            f"{place}: the date {shown(example)} may have the day or the month first; say dayfirst=True or "
            "dayfirst=False, or write it as YYYY-MM-DD"
        )
    if not orders:
        raise FormatError(
            f"{place}: {shown(example)} is no date in one order with the others; write them as YYYY-MM-DD"
        )
    return orders[0], orders[0] if one.month is None and orders[0] != "YMD" else ""


def _span(dates: list[_Numbers], order: str) -> int:
    """Days from the first date to the last."""
    ordinals = [_ordinal(one, order) for one in dates]
    return max(ordinals) - min(ordinals)


def _fits(numbers: _Numbers, order: str) -> bool:
    try:
        return bool(_ordinal(numbers, order))
    except ValueError:
        return False


def _ordinal(numbers: _Numbers, order: str) -> int:
    day, month, year = (numbers.values[order.index(letter)] for letter in "DMY")
    if year < 100:
        year += 2000 if year < 70 else 1900
    if not 1800 < year < 2200:
        raise ValueError(year)
    return date(year, month, day).toordinal()
