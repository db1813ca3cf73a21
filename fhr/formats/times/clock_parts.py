"""Parts of times of day that are text: forms without colons, and the numbers of many texts at once."""

import re
from typing import NamedTuple

import numpy as np
import pandas as pd

__all__ = ["CLOCK", "ClockParts", "beside", "from_digits", "parts_of", "with_colons"]

# Digits are those of ASCII: other digits are no numbers to pandas.
CLOCK = (
    r"(?:(?<![0-9])(?P<days>[0-9]+)\s*(?:d|days?)\b[,\s]*)?"
    r"(?<![0-9:])(?P<first>[0-9]{1,3}):(?P<second>[0-9]{2}|[0-9](?=:[0-9]))(?::(?P<third>[0-9]{1,2}))?"
    r"(?:(?:[.,]|:(?=[0-9]{3}\b))(?P<fraction>[0-9]{1,9}))?(?![0-9:])"
    r"\s*(?P<half>[aApP]\.?\s?[mM]\b\.?)?"
    r"\s*(?P<zone>Z\b|(?:UTC|GMT)?[+-][0-9][0-9]:?[0-9][0-9]\b|UTC\b|GMT\b)?"
)
_UNIT = r"\s?(?:h|hrs?|hours?|std|m|mn|min|minutes?|s|secs?|sek|seconds?)\.?"
_WORDED = re.compile(  # 10h05m03.5s, 10h05
    rf"(?<![\w.,:])[0-9]{{1,3}}{_UNIT}(?:\s?[0-9]{{1,2}}(?:[.,][0-9]{{1,9}})?{_UNIT})*(?:\s?[0-9]{{1,2}}(?:[.,][0-9]{{1,9}})?)?(?![\w.,:])",
    re.IGNORECASE,
)
_DOTTED = re.compile(  # 23.58.00 alone or behind a date
    r"(?P<before>|.*\S\s+)(?P<first>[0-9]{1,2})\.(?P<second>[0-9]{2})\.(?P<third>[0-9]{2})"
    r"(?P<behind>(?:[.,][0-9]{1,9})?(?:\s*[apAP]\.?[mM]\b.*|\s+[+-].*)?)"
)
_ALIKE, _MANY = 8, 1000  # forms of texts of one length, and rows that are worth a look at all at once


def with_colons(text: str) -> str:
    """A time such as 10h05m03s or 23.58.00 with colons; another text as it is."""
    if match := _DOTTED.fullmatch(text):
        return f"{match['before']}{match['first']}:{match['second']}:{match['third']}{match['behind']}"
    if ":" in text or not (match := _WORDED.search(text)):
        return text
    told, left = {"h": "0", "m": "0", "s": "0"}, "hms"
    numbers = re.findall(r"([0-9]+(?:[.,][0-9]+)?)\s?([hms]?)", match[0].lower())
    for number, letter in numbers:
        unit = letter or left[:1]
        if not unit or unit not in left:
            return text
        left = left[left.index(unit) + 1 :]
        told[unit] = number
    hours, minutes, seconds = told.values()
    if len(numbers) < 2 or not (hours.isdigit() and minutes.isdigit()):
        return text
    seconds = seconds if seconds[1:2].isdigit() else f"0{seconds}"
    return f"{text[: match.start()]}{hours}:{minutes:0>2}:{seconds}{text[match.end() :]}"


def from_digits(cells: pd.Series) -> pd.Series:
    """Numbers whose digits behind the point are of a clock, 0.59 and 1.00, with colons; others as they are.

    Zeros at the end may be lost, where some number has one behind the point.
    """
    parts = cells.str.extract(r"^([0-9]{1,3})(?:[.,]([0-9]+))?$")
    digits = parts[1].fillna("")
    if not parts[0].notna()[cells != ""].all() or not digits.str.fullmatch(r"0\d+").any():
        return cells
    digits = digits.str.ljust(2, "0")
    fraction = digits.str[2:]
    return (parts[0] + ":" + digits.str[:2] + ("." + fraction).where(fraction != "", "")).where(cells != "", "")


class ClockParts(NamedTuple):
    """Parts of times of day, (n,) each; NaN or missing where there is none.

    Attributes:
        first, second, third: the numbers between colons.
        days: number of days before them.
        fraction: of the last number; 0 where there is none.
        fractional: True where there is one.
        half: "a" or "p" of twelve hours.
        zone: text of an offset.
        alone: True where the second or third number has one digit.
        padded: True where the second or third number begins with 0.
    """

    first: np.ndarray
    second: np.ndarray
    third: np.ndarray
    days: np.ndarray
    fraction: np.ndarray
    fractional: np.ndarray
    half: pd.Series
    zone: pd.Series
    alone: np.ndarray
    padded: np.ndarray


def parts_of(cells: pd.Series) -> tuple[ClockParts, pd.Series]:
    """Parts of the times of day, and the text beside them; texts that differ in their seconds are looked at once."""
    texts, rows, third, fraction = _without_seconds(cells.to_numpy(object))
    codes, forms = pd.factorize(texts)
    few = pd.Series(forms, dtype=object)
    found = few.str.extract(CLOCK)
    rest = few.str.replace(CLOCK, " ", n=1, regex=True)
    rest = rest.map({text: beside(text) for text in rest.unique()}).astype(object)

    def number(name: str) -> np.ndarray:
        return pd.to_numeric(found[name]).to_numpy(np.float64, na_value=np.nan)[codes]

    def of_rows(values: pd.Series) -> pd.Series:
        return pd.Series(values.to_numpy(object)[codes], cells.index)

    thirds = number("third")
    fractions = ("0." + found["fraction"].fillna("0")).astype(np.float64).to_numpy()[codes]
    second, digits = number("second"), {name: found[name].str.len().to_numpy()[codes] for name in ("second", "third")}
    thirds[rows] = np.where(np.isnan(thirds[rows]), np.nan, third)
    fractions[rows] = fraction
    parts = ClockParts(
        number("first"),
        second,
        thirds,
        number("days"),
        fractions,
        found["fraction"].notna().to_numpy()[codes],
        of_rows(found["half"].str[0].str.lower()),
        of_rows(found["zone"]),
        (digits["second"] == 1) | (digits["third"] == 1),
        ((digits["second"] == 2) & (second < 10)) | ((digits["third"] == 2) & (thirds < 10)),
    )
    return parts, of_rows(rest)


def _without_seconds(texts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Texts with 0 for the digits of their seconds, the rows where this was done, and their seconds and fractions.

    Texts of one length and form, that is with digits in the same places and else equal, have the same parts.
    """
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    texts = texts.copy()
    done: list[tuple[np.ndarray, ...]] = [(np.zeros(0, np.int64), np.zeros(0), np.zeros(0))]
    for length in np.unique(lengths):
        left = np.flatnonzero(lengths == length)
        for _ in range(_ALIKE):
            if len(left) < _MANY:
                break
            match = re.search(CLOCK, texts[left[0]])
            if match is None or not texts[left[0]].isascii():
                break
            chars = np.array(texts[left].tolist(), f"U{length}").view(np.uint32).reshape(len(left), length)
            digit = (chars >= ord("0")) & (chars <= ord("9"))
            form = np.where(digit, ord("0"), chars)
            same = (form == form[0]).all(axis=1)
            numbers = []
            for name in ("third", "fraction"):
                begin, end = match.span(name)
                places = slice(max(begin, 0), max(end, 0))
                weights = 10 ** np.arange(end - begin)[::-1]
                numbers.append((chars[same, places].astype(np.int64) - ord("0")) @ weights)
                chars[same, places] = ord("0")
            numbers[1] = numbers[1] / 10 ** len(match["fraction"] or "")
            done.append((left[same], numbers[0], numbers[1]))
            texts[left[same]] = chars[same].view(f"U{length}").ravel().astype(object)
            left = left[~same]
    rows, third, fraction = (np.concatenate(those) for those in zip(*done, strict=True))
    return texts, rows, third, fraction


def beside(rest: str) -> str:
    """The date beside a time of day, without the words that join them."""
    return re.sub(r"(?<![^\W\d_])T$|\b(?:uhr|hrs?)$", "", rest.strip(" ,"), flags=re.IGNORECASE).strip(" ,")
