"""Units of the channels: heart rates to bpm from Hz or beat intervals, uterine activity to mmHg from other pressures.

The words are those of monitors and exports, this package's choice. Uterine activity in a unit of no known scale stays
as it is stored; a heart rate in an unknown unit is refused.
"""

import re
import unicodedata
from functools import lru_cache

import numpy as np

from ..times.units import SAMPLE

__all__ = [
    "ACTIVITY_UNITS",
    "AS_STORED",
    "HEART_RATE_UNITS",
    "MMHG_PER_KPA",
    "converted",
    "in_standard_unit",
    "known_elsewhere",
    "unit_of",
]

MMHG_PER_KPA = 7.50062
AS_STORED = "as stored"
HEART_RATE_UNITS = ("bpm", "hz", "ms", "s", "us")
ACTIVITY_UNITS = ("mmhg", "kpa", "hpa", "pa", "mbar", "cmh2o")
_MMHG = {
    "mmhg": 1.0,
    "kpa": MMHG_PER_KPA,
    "hpa": MMHG_PER_KPA / 10,
    "mbar": MMHG_PER_KPA / 10,
    "pa": MMHG_PER_KPA / 1000,
    "cmh2o": 0.735559,
}
_WRITTEN = {unit: unit for unit in (*HEART_RATE_UNITS, *ACTIVITY_UNITS)}
_WRITTEN |= {"hz": "Hz", "mmhg": "mmHg", "kpa": "kPa", "hpa": "hPa", "pa": "Pa", "cmh2o": "cmH2O"}
_BPM_PER_HZ = 60
_BPM_OF_INTERVAL = {"s": 60, "ms": 60_000, "us": 60_000_000}  # over the interval between beats
_BEATS = (
    r"(?:1|h?b|bts?|beats?|heartbeats?|schlage?|schlaege|schl|slag|batt?|battiti|battements?|lat|latidos?|p|pulse?s?"
    r"|pulsos|ud|uderzenia?|tepy?|c|cycles?)?"
)
# `mi` and `beats pe` are what EDF's eight letters leave of minutes.
_PER = r"(?:/|per|pro|por|par)"
_MINUTE = r"(?:mins?|mi|minutes?|minuten|minuto|minuta|minuut)"
_SECOND = {
    "s": r"s|secs?|seconds?|sekunden?",
    "ms": r"ms|msecs?|milliseconds?|millisekunden?",
    "us": r"us|usecs?|microseconds?|mikrosekunden?",
}
_HEART_RATE = {
    "bpm": rf"[bslpc]pm|ppm|{_BEATS}{_PER}{_MINUTE}|{_BEATS}min-1|beatspe|mdcdimbeatpermin",
    "hz": rf"hz|{_BEATS}{_PER}(?:s|secs?|seconds?)|s-1",
    **_SECOND,
}
_UNITS: dict[str, dict[str, str]] = {  # patterns of words as `_plain` makes them
    "time": {
        **_SECOND,
        "ns": r"ns|nanoseconds?",
        "min": _MINUTE,
        "h": r"h|hrs?|hours?|stunden?",
        "day": r"d|days?|tage?",
        SAMPLE: r"samples?|smpl?",
    },
    "fhr": _HEART_RATE,
    "uc": {
        "mmhg": "mmhg|torr|mdcdimmmhg",
        **{unit: unit for unit in ACTIVITY_UNITS[1:]},
        AS_STORED: r"au|nd|nu|(arb|arbitrary|relative)?units?|%|percent|prozent|rel|relative|-|1|[mu]?v",
    },
    "mhr": _HEART_RATE,
    "fs": {"hz": r"hz|(?:1|samples?|sps)?/(?:s|secs?|seconds?)|s-1|sps"},
}
_OTHERS = ("\N{DEGREE SIGN}c", "n", "g", "db", "kg", "cm", "mm", "l", "bit", "bits", "lsb", "adc", "counts", "n/m")
_MULTIPLE = re.compile(r"(?P<over>\d+(?:\.\d+)?(?:e-?\d+)?)(?:/(?P<under>\d+))?[*x]?(?P<unit>[^\d.].*)")


@lru_cache(1 << 10)
def unit_of(word: str, role: str) -> str | None:
    """The unit that a word means for a role, None where it is none that is known; "0.25 bpm" for a multiple of one.

    >>> unit_of("1/min", "fhr"), unit_of("kPa", "uc"), unit_of("a.u.", "uc"), unit_of("mV", "fhr")
    ('bpm', 'kpa', 'as stored', None)
    >>> unit_of("Schl\u00e4ge/min", "fhr"), unit_of("\u00b5s", "fhr"), unit_of("1/4 bpm", "fhr")
    ('bpm', 'us', '0.25 bpm')
    """
    plain = _plain(word)
    if unit := _unit_of(plain, role):
        return unit
    if role not in ("fhr", "uc", "mhr") or not (match := _MULTIPLE.fullmatch(plain)):
        return None
    factor = float(match["over"]) / float(match["under"] or 1) if float(match["under"] or 1) else 0.0
    unit = _unit_of(match["unit"], role)
    if unit in (None, AS_STORED) or not 0 < factor < np.inf:
        return None
    return unit if factor == 1 else f"{factor!r} {unit}"


def known_elsewhere(word: str) -> bool:
    """True if a word is a unit of some other channel, or of another signal, so that it is no remark.

    >>> known_elsewhere("mV"), known_elsewhere("\u00b0C"), known_elsewhere("raw")
    (True, True, False)
    """
    plain = _plain(word)
    return plain in _OTHERS or (plain not in ("1", "-") and any(_unit_of(plain, role) for role in _UNITS))


def _unit_of(plain: str, role: str) -> str | None:
    return next((unit for unit, words in _UNITS[role].items() if re.fullmatch(words, plain)), None)


def _plain(word: str) -> str:
    """A word in lower case, without accents, spaces, brackets, and dots that are no decimal points."""
    letters = unicodedata.normalize("NFKD", word.lower()).replace("\N{GREEK SMALL LETTER MU}", "u")
    letters = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return re.sub(r"[\s_\[\](){}^]|(?<!\d)\.|\.(?!\d)", "", letters.replace("\N{MINUS SIGN}", "-").replace("**", ""))


def in_standard_unit(values: np.ndarray, role: str, unit: str) -> np.ndarray:
    """Values as float32 in bpm or mmHg; in any other unit of uterine activity as they are.

    Args:
        values: (n,), NaN is missing; 0 too for intervals between beats.
        role: "fhr", "uc" or "mhr".
        unit: what `unit_of` gives.

    Returns:
        (n,); infinite where a value has no finite one.
    """
    if unit in (AS_STORED, "bpm", "mmhg"):
        with np.errstate(over="ignore"):
            return values.astype(np.float32, copy=False)
    multiple, _, unit = unit.rpartition(" ")
    with np.errstate(divide="ignore", over="ignore"):
        if multiple:
            values = values * float(multiple)
        if role == "uc":
            values = values if unit == "mmhg" else values * _MMHG[unit]
        elif unit == "hz":
            values = values * _BPM_PER_HZ
        elif unit in _BPM_OF_INTERVAL:
            values = _BPM_OF_INTERVAL[unit] / values
        return values.astype(np.float32, copy=False)


def converted(unit: str | None, role: str) -> str:
    """Conversion of a channel in a unit of `unit_of`, in words; empty where there is none.

    >>> converted("kpa", "uc"), converted("as stored", "uc"), converted("0.25 bpm", "fhr"), converted(None, "fhr")
    ('kPa to mmHg', '', '0.25 bpm to bpm', '')
    """
    wanted = "mmhg" if role == "uc" else "bpm"
    if unit in (None, AS_STORED, wanted):
        return ""
    multiple, _, name = unit.rpartition(" ")
    return f"{multiple} {_WRITTEN[name]} to {_WRITTEN[wanted]}".strip()
