"""Channel names: the channel of a column or variable, and its unit, told from its name.

The lists are this package's choice, from the headers of common exports: `FHR`, `toco [mmHg]`, `mhr_bpm`, `time (ms)`.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from fhr.errors import FormatError

from .regular_file import shown

__all__ = ["Named", "guess_channels"]

_INTERVALS = ("rr", "fetalrr", "maternalrr")  # between beats
_NAMES = {
    "time": ("t", "time", "elapsedtime", "timestamp", "timestamps", "datetime", "date", "elapsed", "zeit"),
    "fhr": ("fhr", "fhr1", "fetalheartrate", "foetalheartrate", "fetalhr", "hr", "heartrate", "fhf", *_INTERVALS[:2]),
    "uc": ("uc", "ua", "toco", "toco1", "uterineactivity", "uterinecontraction", "uterinecontractions", "iup", "wehen"),
    "mhr": ("mhr", "mhr1", "maternalheartrate", "maternalhr", _INTERVALS[2]),
    "fs": ("fs", "samplingrate", "samplingfrequency", "samplerate", "frequency"),
}
_CHANNEL = {name: channel for channel, names in _NAMES.items() for name in names}
_UNITS = {
    "time": {"s": "s", "sec": "s", "second": "s", "seconds": "s", "ms": "ms", "msec": "ms", "min": "min"},
    "fhr": {"bpm": "bpm", "hz": "hz", "ms": "ms"},
    "uc": {"mmhg": "mmhg", "kpa": "kpa"} | dict.fromkeys(("au", "nd", "units"), "as stored"),  # of no known scale
    "mhr": {"bpm": "bpm", "hz": "hz", "ms": "ms"},
    "fs": {"hz": "hz"},
}


class Named(NamedTuple):
    """A channel that was found, by the position of its name, and its unit where the name tells it."""

    position: int
    unit: str | None


def guess_channels(names: Iterable[str], *, where: str, skip: Iterable[str] = ()) -> dict[str, Named]:
    """Guess the channels `time`, `fhr`, `uc`, `mhr` and `fs` from `names`, without those to skip.

    Raises:
        FormatError: two names for one channel.

    >>> guess_channels(["Time (ms)", "FHR [bpm]", "TOCO", "comment"], where="a.csv")
    {'time': Named(position=0, unit='ms'), 'fhr': Named(position=1, unit='bpm'), 'uc': Named(position=2, unit=None)}
    """
    names, skip = list(names), set(skip)
    found: dict[str, Named] = {}
    for position, name in enumerate(names):
        channel, unit = _guess(name)
        if channel is None or channel in skip:
            continue
        if channel in found:
            first = names[found[channel].position]
            raise FormatError(
                f"{where}: {shown(first)} and {shown(name)} both look like {channel}; say which is to be read"
            )
        found[channel] = Named(position, unit)
    return found


def _guess(name: str) -> tuple[str | None, str | None]:
    words = re.findall(r"[^\W_]+", name.lower().replace(".", ""))
    if words in (["seconds"], ["milliseconds"]):
        return "time", "s" if words == ["seconds"] else "ms"
    channel = _CHANNEL.get("".join(words[:-1]))  # the last word may be a unit
    if channel is not None and words[-1] in _UNITS[channel]:
        return channel, _UNITS[channel][words[-1]]
    name = "".join(words)
    return _CHANNEL.get(name), "ms" if name in _INTERVALS else None
