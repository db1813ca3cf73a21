"""Channel names: the channel of a column, variable or signal, with its unit and sensor, told from its name.

The lists are this package's choice, from the headers of common exports: `FHR`, `toco [mmHg]`, `mhr_bpm`, `time (ms)`,
`HR1`, `FHR2 [1/min]`, `DECG`.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from fhr.errors import FormatError

from .channel_units import unit_of
from .clock_times import text_unit
from .regular_file import shown
from .two_heart_rates import SCALP

__all__ = ["ULTRASOUND", "Named", "guess_channels", "like_channels", "named_channel"]

ULTRASOUND = "ultrasound"
_INTERVALS = ("rr", "fetalrr", "maternalrr")  # between beats
# In English, German, French, Spanish, Italian, Portuguese, Dutch, Czech and Polish, where a word means one channel;
# without case, accents, spaces and what joins words.
_NAMES = {
    "time": (
        *("t", "time", "elapsedtime", "timestamp", "timestamps", "datetime", "dateandtime", "date", "elapsed", "clock"),
        *("epoch", "epochtime", "unixtime", "posixtime", "clocktime", "timeofday", "timeelapsed", "relativetime", "recordingtime", "sampletime", "localtime"),
        *("zeit", "uhrzeit", "datum", "datumzeit", "datumuhrzeit", "zeitpunkt", "zeitstempel"),
        *("heure", "temps", "horodatage", "dateheure", "fecha", "hora", "fechahora", "fechayhora", "tiempo"),
        *("ora", "dataora", "dataeora", "tempo", "dataehora", "tijd", "tijdstip", "cas", "czas", "godzina"),
    ),
    "fhr": (
        *("fhr", "fetalheartrate", "foetalheartrate", "fetalhr", "foetalhr", "hr", "heartrate", "fhf", "fheartrate"),
        *("fetaleherzfrequenz", "fotaleherzfrequenz", "foetaleherzfrequenz", "kindlicheherzfrequenz", "herzfrequenz"),
        *("rcf", "fcf", "rythmecardiaquefoetal", "frequencecardiaquefoetale", "frecuenciacardiacafetal"),
        *("frequenzacardiacafetale", "battitocardiacofetale", "bcf", "frequenciacardiacafetal"),
        *("foetalehartslag", "foetalehartfrequentie", "srdecnifrekvenceplodu", "czestoscakcjisercaplodu"),
        *_INTERVALS[:2],
    ),
    "uc": (
        *("uc", "ua", "toco", "iup", "iupc", "uterineactivity", "uterinecontraction", "uterinecontractions"),
        *("contraction", "contractions", "intrauterinepressure", "tocodynamometer", "tocogram", "ut"),
        *("wehen", "wehentatigkeit", "wehentaetigkeit", "toko", "tokogramm", "uterusaktivitat", "uterusaktivitaet"),
        *("contractionsuterines", "activiteuterine", "contracciones", "contraccionesuterinas", "actividaduterina"),
        *("dinamicauterina", "contrazioni", "contrazioniuterine", "attivitauterina", "contracoes", "weeen"),
        *("contracties", "kontrakce", "deloznicinnost", "skurcze", "czynnoscskurczowa"),
    ),
    "mhr": (
        *("mhr", "maternalheartrate", "maternalhr", "maternalpulse", "mhf", "maternaleherzfrequenz"),
        *("mutterlicheherzfrequenz", "muetterlicheherzfrequenz", "mutterlicherpuls", "fcm", "poulsmaternel"),
        *("frequencecardiaquematernelle", "frecuenciacardiacamaterna", "frequenzacardiacamaterna"),
        _INTERVALS[2],
    ),
    "fs": ("fs", "samplingrate", "samplingfrequency", "samplerate", "frequency"),
}
_CHANNEL = {name: channel for channel, names in _NAMES.items() for name in names}
_SENSORS = {
    ULTRASOUND: ("us", "doppler", "ultrasound", "transducer"),
    SCALP: ("decg", "fecg", "scalp", "fse", "spiral"),
}
_SENSOR = {word: sensor for sensor, words in _SENSORS.items() for word in words}
_BRACKETS = re.compile(r"(?P<name>.*?)[\s_]*[(\[](?P<inside>[^()\[\]]*)[)\]]\s*")
_JOINTS = re.compile(r"\s*,\s*|\s+in\s+|_in_|[\s_]+|\s*/\s*")
_COUNTED = re.compile(r"\d+(?!\d*\s*/)")
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
    sensors (`US` and `DECG`); they come in the order of the file. Other channels have one name.

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


def like_channels(names: Iterable[str]) -> list[str]:
    """Names that begin as that of a signal does and are not understood: `UC (rel. to 2 h)`, `fhr quality`."""
    found = []
    for name in names:
        words = _words(name)
        starts = {"".join(words[:n]).rstrip("123") for n in range(1, len(words) + 1)}
        if _read(name) is None and any(_CHANNEL.get(start) in ("fhr", "uc", "mhr") for start in starts):
            found.append(name)
    return found


def _transducers(reads: list[_Read]) -> bool:
    """True if names of one channel are those of several transducers on one fetus."""
    if reads[0].channel != "fhr":
        return False
    marks = [(one.number, one.sensor) for one in reads]
    return len({one.stem for one in reads}) == 1 and len(set(marks)) == len(marks)


def _with_unit(name: str, channel: str) -> tuple[str, str | None]:
    """A name without the unit at its end, and the unit: `FHR [1/min]`, `FHR in bpm`, `FHR, bpm`, `FHR/bpm`."""
    if match := _BRACKETS.fullmatch(name.strip()):
        unit = _unit(match["inside"], channel)
        same = _CHANNEL.get("".join(_words(match["inside"]))) == channel  # Uterine activity (TOCO)
        return (match["name"], unit) if unit or same else (name, None)
    for joint in _JOINTS.finditer(name.strip()):
        base, rest = name.strip()[: joint.start()], name.strip()[joint.end() :]
        counted = _COUNTED.match(rest) and joint[0].strip(" _") == ""  # that of `Kanal 2_mmHg` is no multiple
        sensor = joint[0].strip(" _") == "" and rest.lower() in _SENSOR  # that of `FHR_US` are no microseconds
        if base and not counted and not sensor and (unit := _unit(rest, channel)):
            return base, unit
    return name, None


def _unit(word: str, channel: str) -> str | None:
    return unit_of(word, channel) or (text_unit(word) if channel == "time" else None)


@lru_cache(1 << 10)
def _read(name: str) -> _Read | None:
    """Channel, unit, sensor and number of a name; None where it is that of no channel."""
    words = _words(name)
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
    if channel in ("uc", "mhr"):
        whole = whole.removesuffix("1")
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
    letters = unicodedata.normalize("NFKD", name.lower().replace("ß", "ss").replace("ł", "l").replace("œ", "oe"))
    letters = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return re.findall(r"[^\W_]+", letters.replace(".", ""))
