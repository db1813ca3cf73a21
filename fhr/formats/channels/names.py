"""Channel names: the channel of a column, variable or signal, with its unit and sensor, told from its name.

The words are this package's choice, from the headers of common exports: `FHR`, `toco in mm Hg`, `mhr_bpm`, `time (ms)`,
`HR1`, `FHR2 [1/min]`, `US1, beats/min`, `DECG`. What stands behind the words of a channel has to be a unit, a sensor, a
number or a word that says nothing, in brackets too: `FHR (mean)` is no heart rate. `HR (mother)` is the mother's.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from fhr.errors import FormatError

from ..files.regular_file import shown
from ..times.clock_times import text_unit
from ..times.units import SAMPLE
from .units import known_elsewhere, unit_of
from .words import (
    ALONE,
    ANYBODYS,
    BEDSIDE,
    CHANNEL_NAMES,
    CHANNEL_OF,
    DERIVED,
    FETUS,
    FILLERS,
    INTERVALS,
    MOTHER,
    RECORDING_NAME,
    REMARKS,
    SAMPLE_COUNTS,
    SENSOR_OF,
    SIGNALS,
    TIME_WORDS,
)

__all__ = [
    "Named",
    "guess_channels",
    "named_channel",
    "names_recordings",
    "seems_a_channel",
    "sensor_of",
    "within",
]

_MOST_TRANSDUCERS = 3
_LONGEST = 200  # characters of a name that are looked at
_BRACKETS = re.compile(r"(?P<name>.*?[^\s_])[\s_]*[(\[{](?P<inside>[^()\[\]{}]*)[)\]}]\s*")
_BOUNDARY = re.compile(r"[\s_,;:./-]+")
_BEFORE_A_UNIT = re.compile(r"[\s_,;:.-]*(?:in[\s_]+)?")
_NO_WORD = re.compile(r"[%\N{DEGREE SIGN}]")
_EDF_LABEL = 16
_MULTIPLE = re.compile(r"\d+(?:\.\d+)? ")  # of a unit; in a name a whole number is that of a transducer


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
    is_anybodys: bool = False  # a heart rate that may be the mother's as well


def guess_channels(names: Iterable[str], *, where: str, skip: Iterable[str] = ()) -> dict[str, tuple[Named, ...]]:
    """Guess the channels `time`, `fhr`, `uc`, `mhr` and `fs` from `names`, without those to skip.

    Several names for `fhr` are transducers on one fetus if they are numbered alike (`FHR1` and `FHR2`) or name their
    sensors (`US` and `DECG`); they come in the order of the file. Other channels have one name; a count of
    samples (`sample`, `index`) stands for times where there are none. A plain `HR` is the child's, but beside `SpO2` or
    something else of an adult's monitor it may be the mother's: there it is no channel.

    Raises:
        FormatError: two names for one channel; a plain heart rate beside what is measured of adults, and no other.

    >>> guess_channels(["Time (ms)", "FHR [1/min]", "TOCO", "comment"], where="a.csv")["fhr"]
    (Named(position=1, unit='bpm', sensor='', number=''),)
    """
    names, skip = list(names), set(skip)
    found: dict[str, list[tuple[int, _Read]]] = {}
    reads = [_read(name[:_LONGEST]) for name in names]
    plain = {i for i, one in enumerate(reads) if one is not None and one.is_anybodys}
    doubtful = _doubtful(plain, names, reads, where) if plain and "fhr" not in skip else set()
    for position, (name, read) in enumerate(zip(names, reads, strict=True)):
        if read is None or read.channel in skip or position in doubtful:
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

    >>> named_channel("HR [Hz]", "fhr").unit, named_channel("rate in ms", "fhr").unit
    ('hz', 'ms')
    """
    read = _read(name[:_LONGEST])
    if read is not None and read.channel == channel:
        return Named(0, read.unit, read.sensor, read.number)
    base, unit = next(((base, unit) for base, unit in _with_units(name, channel) if unit), (name, None))
    return Named(0, unit, sensor_of(base) if channel == "fhr" else "")


def within(name: str, around: str) -> str:
    """A name of a heart rate with what a struct or folder around it says of it.

    >>> within("hr", "patient.maternal"), within("fhr", "baseline"), within("fhr", "ctg"), within("toco", "mother")
    ('maternal hr', 'baseline fhr', 'fhr', 'toco')
    """
    read = _read(name[:_LONGEST])
    if read is None or read.channel != "fhr":
        return name
    words = _words(re.sub(r"(?<=[a-z])(?=[A-Z])|[./{}()]", " ", around))
    if not FETUS.isdisjoint(words):
        words = [word for word in words if word not in MOTHER]  # of both
    return " ".join([*(word for word in words if word in MOTHER or word in DERIVED), name])


@lru_cache(1 << 10)
def names_recordings(name: str) -> bool:
    """True if a column of that name says the recording, patient or session of each row.

    An `id` that differs in every row may count the rows instead: that is for the caller to look at.

    >>> [names_recordings(name) for name in ("patient_id", "FallID", "MRN", "id", "No.", "comment")]
    [True, True, True, True, False, False]
    """
    return RECORDING_NAME.fullmatch("".join(_words(name[:_LONGEST]))) is not None


@lru_cache(1 << 8)
def seems_a_channel(name: str) -> bool:
    """True if a name begins with the words of a signal, whether or not the rest is understood.

    >>> seems_a_channel("FHR quality"), seems_a_channel("UC at 12 o'clock"), seems_a_channel("comment")
    (True, True, False)
    """
    words = [word.rstrip("0123456789") for word in _words(name)][:3]
    starts = ["".join(words[:n]) for n in range(1, len(words) + 1)]
    return any(start in ALONE or CHANNEL_OF.get(start) in SIGNALS for start in starts)


def sensor_of(words: str) -> str:
    """The sensor that a text tells, empty for none.

    >>> sensor_of("DECG"), sensor_of("US 1"), sensor_of("no signal")
    ('scalp electrode', 'ultrasound', '')
    """
    plain = [word.rstrip("0123456789") for word in _words(words)]
    return next((SENSOR_OF[word] for word in plain if word in SENSOR_OF), "")


def _doubtful(plain: set[int], names: Sequence[str], reads: Sequence[_Read | None], where: str) -> set[int]:
    """Those of the plain heart rates that may be the mother's; refused where no other is the child's."""
    others = (name for name, one in zip(names, reads, strict=True) if one is None)
    beside = next(filter(_is_at_bedside, others), None)
    if beside is None:
        return set()
    if len(plain) == sum(one is not None and one.channel == "fhr" for one in reads):
        raise FormatError(
            f"{where}: {shown(names[min(plain)])} beside {shown(beside)}, which is measured of adults, may be the "
            "mother's heart rate; if it is the child's, say columns={'fhr': NAME}"
        )
    return plain


def _is_at_bedside(name: str) -> bool:
    """True for what an adult's monitor measures, unless it is said whose it is."""
    words = _words(name[:_LONGEST])
    pairs = [first + second for first, second in pairwise(words)]
    return MOTHER.isdisjoint(words) and FETUS.isdisjoint(words) and not BEDSIDE.isdisjoint([*words, *pairs])


def _transducers(reads: list[_Read]) -> bool:
    """True if names of one channel are those of several transducers on one fetus."""
    if reads[0].channel != "fhr":
        return False
    marks = {(one.number, one.sensor) for one in reads}
    return len({one.stem for one in reads}) == 1 and len(marks) == len(reads) <= _MOST_TRANSDUCERS


def _with_units(name: str, channel: str) -> Iterator[tuple[str, str | None]]:
    """The name alone, then every way to part it into a base and a unit, the longest units first."""
    name = name.strip()
    yield name, None
    if match := _BRACKETS.fullmatch(name):
        inside = match["inside"].strip()
        unit = _unit(inside, channel)
        if unit or (channel in SIGNALS and inside != "US" and known_elsewhere(inside)):
            yield match["name"], unit or inside
    for gap in _BOUNDARY.finditer(name):
        base, rest = name[: gap.start()], name[gap.start() :]
        rest = rest[_BEFORE_A_UNIT.match(rest).end() :]  # type: ignore[union-attr]
        for word in (rest, rest.lstrip("/ ")):  # `FHR /min` and `FHR / bpm`
            unit = _unit(word, channel) if base and word else None
            if unit and not (_MULTIPLE.match(unit) and float(unit.split()[0]) >= 1):
                yield base, unit


def _unit(word: str, channel: str) -> str | None:
    if word.strip("()[] ") == "US":  # ultrasound; `us` are microseconds
        return None
    return unit_of(word, channel) or (text_unit(word) if channel == "time" else None)


@lru_cache(1 << 10)  # names are the same in thousands of files
def _read(name: str) -> _Read | None:
    """Channel, unit, sensor and number of a name; None where it is that of no channel."""
    words = _words(name)
    if "".join(words) in SAMPLE_COUNTS:
        return _Read("time", SAMPLE)
    if len(words) == 1 and words[0] in TIME_WORDS:
        return _Read("time", unit_of(words[0], "time"))
    for channel in CHANNEL_NAMES:
        for base, unit in _with_units(name, channel):
            if (known := _known(base, channel)) is not None:
                return known._replace(unit=unit or known.unit)
    return _cut_short(name)


def _cut_short(name: str) -> _Read | None:
    """The channel of a name that fills the 16 letters of EDF, and goes on elsewhere."""
    stem = "".join(_words(name))
    channels = {channel for known, channel in CHANNEL_OF.items() if known.startswith(stem)}
    if len(name.strip()) != _EDF_LABEL or len(channels) != 1:
        return None
    return _Read(channels.pop(), stem=stem)


def _known(base: str, channel: str) -> _Read | None:
    """Channel, sensor and number of a name without a unit, None where it is not that of the channel."""
    words, number, sensor, remark, alone = [], "", "", "", False
    if channel in SIGNALS and (match := _BRACKETS.fullmatch(base)):
        inside = [word.rstrip("0123456789") for word in _words(match["inside"])]
        if match["inside"] != "US" and (known_elsewhere(match["inside"]) or _unit(match["inside"], channel)):
            return None
        if CHANNEL_OF.get("".join(inside)) == channel:  # `FHR (fetal heart rate)`
            base = match["name"]
        elif inside and REMARKS.issuperset(inside):
            base, remark = match["name"], " ".join(inside)
    if _NO_WORD.search(base):
        return None
    for word in _words(base):
        plain = word.rstrip("0123456789")
        if channel in SIGNALS:
            if len(digits := word[len(plain) :]) == 1 and not number:
                word, number = plain, digits
            if channel == "fhr" and not sensor and word in SENSOR_OF:
                alone, word, sensor = word in ALONE, "", SENSOR_OF[word]
            if word in FILLERS[channel]:
                word = ""
        words.append(word)
    stem = "".join(words) or ("fhr" if alone else "")
    if (sensor and stem in INTERVALS) or (CHANNEL_OF.get(stem) or _whose(words)) != channel:  # `rr_us`: microseconds
        return None
    interval = stem in INTERVALS or words[-1:] == ["rr"] or words[:1] == ["rr"]
    is_anybodys = channel == "fhr" and stem in ANYBODYS and not (number or sensor)
    return _Read(channel, "ms" if interval else None, sensor, number, f"{stem} {remark}".strip(), is_anybodys)


def _whose(words: Sequence[str]) -> str | None:
    """Channel of a heart rate that is said to be the mother's or the child's; None for others."""
    rest = "".join(word for word in words if word not in MOTHER and word not in FETUS)
    if not MOTHER.isdisjoint(words):
        return "mhr" if FETUS.isdisjoint(words) and (rest in ANYBODYS or CHANNEL_OF.get(rest) == "mhr") else None
    return "fhr" if not FETUS.isdisjoint(words) and (rest in ANYBODYS or CHANNEL_OF.get(rest) == "fhr") else None


def _words(name: str) -> list[str]:
    letters = unicodedata.normalize("NFKD", name.lower().replace("ß", "ss").replace("ł", "l"))
    letters = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return re.findall(r"[^\W_]+", letters.replace(".", ""))
