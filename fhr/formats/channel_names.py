"""Channel names: the channel of a column, variable or signal, with its unit and sensor, told from its name.

The lists are this package's choice, from the headers of common exports: `FHR`, `toco [mmHg]`, `mhr_bpm`, `time (ms)`,
`HR1`, `FHR2 [1/min]`, `DECG`.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from fhr.errors import FormatError

from .channel_units import unit_of
from .regular_file import shown
from .time_units import SAMPLE
from .two_heart_rates import SCALP

__all__ = ["ULTRASOUND", "Named", "guess_channels", "named_channel"]

ULTRASOUND = "ultrasound"
_INTERVALS = ("rr", "fetalrr", "maternalrr")  # between beats
_NAMES = {
    "time": ("t", "time", "elapsedtime", "timestamp", "timestamps", "datetime", "date", "elapsed", "zeit"),
    "fhr": ("fhr", "fetalheartrate", "foetalheartrate", "fetalhr", "hr", "heartrate", "fhf", *_INTERVALS[:2]),
    "uc": ("uc", "ua", "toco", "toco1", "uterineactivity", "uterinecontraction", "uterinecontractions", "iup", "wehen"),
    "mhr": ("mhr", "mhr1", "maternalheartrate", "maternalhr", _INTERVALS[2]),
    "fs": ("fs", "samplingrate", "samplingfrequency", "samplerate", "frequency"),
}
_COUNTS = ("sample", "samples", "sampleno", "samplenr", "samplenumber", "sampleindex", "sampleid", "index", "idx")
_CHANNEL = {name: channel for channel, names in _NAMES.items() for name in names}
_SENSORS = {
    ULTRASOUND: ("us", "doppler", "ultrasound", "transducer"),
    SCALP: ("decg", "fecg", "scalp", "fse", "spiral"),
}
_SENSOR = {word: sensor for sensor, words in _SENSORS.items() for word in words}
_BRACKETS = re.compile(r"(?P<name>.*?)[\s_]*[(\[](?P<inside>[^()\[\]]*)[)\]]\s*")
_NUMBERED = re.compile(r"(?P<name>.*?[^\W\d])(?P<number>\d)")


class Named(NamedTuple):
    """A channel that was found.

    Attributes:
        position: of its name.
        unit: where the name tells it.
        sensor: where the name tells it.
        number: of the transducer, "" for none.
    """

    position: int
    unit: str | None
    sensor: str = ""
    number: str = ""


class _Read(NamedTuple):
    channel: str
    unit: str | None = None
    sensor: str = ""
    number: str = ""
    stem: str = ""


def guess_channels(names: Iterable[str], *, where: str, skip: Iterable[str] = ()) -> dict[str, tuple[Named, ...]]:
    """Guess the channels `time`, `fhr`, `uc`, `mhr` and `fs` from `names`, without those to skip.

    Several names for `fhr` are transducers on one fetus if they are numbered alike (`FHR1` and `FHR2`) or name their
    sensors (`US` and `DECG`); they come in the order of the file. Other channels have one name; a count of
    samples (`sample`, `index`) stands for times where there are none.

    Raises:
        FormatError: two names for one channel.

    >>> guess_channels(["Time (ms)", "FHR [1/min]", "TOCO", "comment"], where="a.csv")["fhr"]
    (Named(position=1, unit='bpm', sensor='', number=''),)
    """
    names, skip = list(names), set(skip)
    found: dict[str, list[tuple[int, _Read]]] = {}
    for position, name in enumerate(names):
        read = _read(name)
        if read is None or read.channel in skip:
            continue
        others = found.setdefault(read.channel, [])
        if read.channel == "time" and others and (read.unit == SAMPLE) != (others[0][1].unit == SAMPLE):
            if read.unit == SAMPLE:
                continue  # times say more than a count of samples
            others.clear()
        others.append((position, read))
        if len(others) > 1 and not _transducers([one for _, one in others]):
            first = names[others[0][0]]
            raise FormatError(
                f"{where}: {shown(first)} and {shown(name)} both look like {read.channel}; say which is to be read"
            )
    return {
        channel: tuple(Named(position, one.unit, one.sensor, one.number) for position, one in those)
        for channel, those in found.items()
    }


def named_channel(name: str, channel: str) -> Named:
    """Unit, sensor and number that the name of a channel tells, where the channel itself is given; position 0.

    >>> named_channel("HR [Hz]", "fhr").unit
    'hz'
    """
    base, unit = _with_unit(name, channel)
    read = _read(name)
    if read is not None and read.channel == channel:
        return Named(0, read.unit or unit, read.sensor, read.number)
    words = re.findall(r"[^\W_]+", base.lower())
    return Named(0, unit, next((_SENSOR[word.rstrip("123")] for word in words if word.rstrip("123") in _SENSOR), ""))


def _transducers(reads: list[_Read]) -> bool:
    """True if names of one channel are those of several transducers on one fetus."""
    if reads[0].channel != "fhr":
        return False
    marks = [(one.number, one.sensor) for one in reads]
    return len({one.stem for one in reads}) == 1 and len(set(marks)) == len(marks)


def _with_unit(name: str, channel: str) -> tuple[str, str | None]:
    """A name without the unit at its end, and the unit."""
    if match := _BRACKETS.fullmatch(name.strip()):
        return (match["name"], unit) if (unit := unit_of(match["inside"], channel)) else (name, None)
    base, _, last = name.strip().replace("_", " ").rpartition(" ")
    return (base, unit) if base and (unit := unit_of(last, channel)) else (name, None)


@lru_cache(1 << 10)
def _read(name: str) -> _Read | None:
    """Channel, unit, sensor and number of a name; None where it is that of no channel."""
    words = _words(name)
    if "".join(words) in _COUNTS:
        return _Read("time", SAMPLE)
    if words in (["seconds"], ["milliseconds"]):
        return _Read("time", "s" if words == ["seconds"] else "ms")
    for channel in _NAMES:
        base, unit = _with_unit(name, channel)
        if (known := _known(base, channel)) is not None:
            return known._replace(unit=unit or known.unit)
    return None


def _known(base: str, channel: str) -> _Read | None:
    words = _words(base)
    whole = "".join(words)
    if _CHANNEL.get(whole) == channel:
        return _Read(channel, "ms" if whole in _INTERVALS else None, stem=whole)
    if channel != "fhr" or not words:
        return None
    number, sensor = "", ""
    if match := _NUMBERED.fullmatch(whole):
        number = match["number"]
        words = _words(base.strip().rstrip(")]").rstrip("0123456789"))
    left = []
    for word in words:
        if not sensor and word in _SENSOR:
            sensor = _SENSOR[word]
        else:
            left.append(word)
    stem = "".join(left)
    if stem == "" and sensor:
        return _Read(channel, None, sensor, number, "fhr")
    return _Read(channel, None, sensor, number, stem) if _CHANNEL.get(stem) == channel else None


def _words(name: str) -> list[str]:
    return re.findall(r"[^\W_]+", name.lower().replace(".", ""))
