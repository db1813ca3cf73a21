"""Units of the channels: heart rates to bpm from Hz or beat intervals, uterine activity to mmHg from other pressures.

The words are those of monitors and exports, this package's choice. Uterine activity in a unit of no known scale stays
as it is stored; a heart rate in an unknown unit is refused.
"""

import re
import unicodedata
from functools import lru_cache

import numpy as np

__all__ = [
    "ACTIVITY_UNITS",
    "AS_STORED",
    "HEART_RATE_UNITS",
    "MMHG_PER_KPA",
    "in_standard_unit",
    "unit_of",
]

MMHG_PER_KPA = 7.50062
AS_STORED = "as stored"
HEART_RATE_UNITS = ("bpm", "hz", "ms", "s")
ACTIVITY_UNITS = ("mmhg", "kpa")
# Words without case, spaces, dots and what separates them.
_HEART_RATE = {
    "bpm": (
        "bpm",
        "beatspermin",
        "beatsperminute",
        "beats/min",
        "beats/minute",
        "b/min",
        "1/min",
        "/min",
        "min-1",
        "spm",
    ),
    "hz": ("hz", "1/s", "beats/s"),
    "ms": ("ms", "msec", "millisecond", "milliseconds"),
    "s": ("s", "sec", "second", "seconds"),
}
_ACTIVITY = {
    "mmhg": ("mmhg", "torr"),
    "kpa": ("kpa",),
    AS_STORED: ("au", "nd", "units", "unit", "%", "rel", "relative", "-", "1", "mv", "uv", "v"),
}
_TIME = {
    "s": ("s", "sec", "secs", "second", "seconds"),
    "ms": ("ms", "msec", "millisecond", "milliseconds"),
    "min": ("min", "mins", "minute", "minutes"),
}
_UNITS: dict[str, dict[str, tuple[str, ...]]] = {
    "time": _TIME,
    "fhr": _HEART_RATE,
    "uc": _ACTIVITY,
    "mhr": _HEART_RATE,
    "fs": {"hz": ("hz", "1/s", "samples/s")},
}
_WORDS = {role: {word: unit for unit, words in units.items() for word in words} for role, units in _UNITS.items()}
_BPM_PER_HZ, _BPM_MS, _BPM_S = 60, 60_000, 60  # the last two over an interval


@lru_cache(1 << 10)
def unit_of(word: str, role: str) -> str | None:
    """The unit that a word means for a role, None where it is none that is known.

    >>> unit_of("1/min", "fhr"), unit_of("kPa", "uc"), unit_of("a.u.", "uc"), unit_of("mV", "fhr")
    ('bpm', 'kpa', 'as stored', None)
    """
    plain = re.sub(
        r"[\s._\[\]()^]", "", unicodedata.normalize("NFKC", word).lower().replace("⁻", "-").replace("−", "-")
    )
    return _WORDS[role].get(plain)


def in_standard_unit(values: np.ndarray, role: str, unit: str) -> np.ndarray:
    """Values as float32 in bpm or mmHg; in any other unit of uterine activity as they are.

    Args:
        values: (n,), NaN is missing; 0 too for intervals between beats.
        role: "fhr", "uc" or "mhr".
        unit: what `unit_of` gives.

    Returns:
        (n,); infinite where a value has no finite one.
    """
    with np.errstate(divide="ignore", over="ignore"):
        if role == "uc":
            return (
                values.astype(np.float32, copy=False) if unit != "kpa" else (values * MMHG_PER_KPA).astype(np.float32)
            )
        if unit == "hz":
            values = values * _BPM_PER_HZ
        elif unit != "bpm":
            values = (_BPM_MS if unit == "ms" else _BPM_S) / values
        return values.astype(np.float32, copy=False)
