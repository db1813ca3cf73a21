"""Files composed from one true recording, each labelled by what was written, and the verdict over how it is read.

A composition knows its truth and whether its file says it: `doubts` is empty where one reading is possible, whatever
reads it. What is accepted has to be the truth; what is refused has to be refused with words that help. The composers
live in `composed_*.py`; nothing here or there asks the readers what they can.
"""

import logging
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import fhr
from fhr.errors import FHRError
from fhr.recording import Recording


class Truth(NamedTuple):
    """What a file says to who understands it: signals on their grid, in bpm and as stored or mmHg; NaN is missing."""

    fhr: np.ndarray
    uc: np.ndarray | None
    mhr: np.ndarray | None
    fs: float
    date: str = ""  # YYYY-MM-DD, where the file says it
    ph: float | None = None
    provenance: str = "measured"
    blank: int = 0  # samples at the end that blank lines may stand for
    slow: tuple[str, int] = ("", 1)  # a channel of one sample in so many: held, or missing between


class Composition(NamedTuple):
    """Files of one recording, the one to read, what is said beside it, and what it has to give."""

    axes: dict[str, str]
    files: dict[str, bytes]
    target: str
    options: dict[str, Any]
    truth: Truth
    doubts: tuple[str, ...] = ()
    remedy: dict[str, Any] | None = None  # options that leave one reading of an ambiguous file


class Verdict(NamedTuple):
    """What became of a composition: one of `OUTCOMES`, and the words on it."""

    outcome: str
    words: str = ""


OUTCOMES = (
    "right",
    "WRONG",
    "guessed right",
    "refused ambiguous",
    "refused clear",
    "badly said",
    "ESCAPED",
    "remedy fails",
)


class Choices:
    """Draws of one composition, by axis, so that each can be named; doubts are raised as the file is written."""

    def __init__(self, seed: int, form: str, number: int) -> None:
        self.rng = np.random.default_rng([seed, zlib.crc32(form.encode()), number])
        self.axes: dict[str, str] = {}
        self.doubts: list[str] = []
        self.remedy: dict[str, Any] | None = {}

    def take(self, axis: str, weights: Mapping[str, float]) -> str:
        """One of the words, by weight."""
        chances = np.array(list(weights.values()), float)
        word = str(self.rng.choice(list(weights), p=chances / chances.sum()))
        self.axes[axis] = word
        return word

    def any_of(self, words: Iterable[Any]) -> Any:
        """One of the words, which are no axis of their own."""
        words = list(words)
        return words[int(self.rng.integers(len(words)))]

    def chance(self, p: float) -> bool:
        """True with probability `p`."""
        return bool(self.rng.random() < p)

    def doubt(self, why: str, remedy: Mapping[str, Any] | None = None) -> None:
        """More than one reading is possible, and `remedy` says which was meant; None where nothing said can."""
        self.doubts.append(why)
        if remedy is None or self.remedy is None:
            self.remedy = None
        else:
            self.remedy |= {
                key: {**value, **self.remedy.get(key, {})} if isinstance(value, dict) else value
                for key, value in remedy.items()
            }


_PLACE = re.compile(
    r"\b(rows?|lines?|cells?|columns?|sheets?|channels?|signals?|variables?|arrays?|samples?|header|names?|datasets?|fields?"
    r"|fhr|uc|mhr|time|times|fs|bytes?|segments?|pH|comments?)\b",
    re.IGNORECASE,
)
_REMEDY = re.compile(
    r"\b(give|say|name|keep|remove|save|use|check|read|fetch|leave|write|choose|state|tell|rename|convert|cut|put|store|export|"
    r"join|split|mark|correct|set|pass|install|take|sort|know[ns] are|"
    r"takes|may be|holds?|the header is|the columns are)\b|=\{",
    re.IGNORECASE,
)


def helps(words: str, target: str) -> str:
    """Lack of a message, or "" for one that names the file, a place and what to do, in one line."""
    if not re.search(rf"(^|/){re.escape(target.partition('.')[0])}[._:, ]", words):
        return "does not name the file"
    rest = words.split(target, 1)[-1]
    if "\n" in words or len(words) > 1200:
        return "is no single line"
    if not _PLACE.search(rest):
        return "names no place"
    return "" if _REMEDY.search(rest) else "names no remedy"


def difference(found: Recording, truth: Truth, *, dated: bool = True) -> str:
    """First difference that counts, or ""; that of a date that is lost where `dated`."""
    if abs(found.fs / truth.fs - 1) > 1e-6:
        return f"fs {found.fs:.8g}, not {truth.fs:g}"
    if found.date not in (truth.date, ""):
        return f"date {found.date!r}, not {truth.date!r}"
    for name in ("fhr", "uc", "mhr"):
        got, want = getattr(found, name), getattr(truth, name)
        if want is None:
            if got is not None and not np.isnan(got).all():
                return f"{name} where there is none"
            continue
        if got is None:
            return f"no {name}"
        if len(got) == len(want) + truth.blank and np.isnan(got[len(want) :]).all():
            got = got[: len(want)]
        if len(got) != len(want):
            return f"{len(got)} samples of {name}, not {len(want)}"
        if name == truth.slow[0] and np.isnan(np.delete(got, np.s_[:: truth.slow[1]])).all():
            want = np.where(np.arange(len(want)) % truth.slow[1] == 0, want, np.nan)
        gaps = np.isnan(got) != np.isnan(want)
        if gaps.any():
            return f"{int(gaps.sum())} gaps of {name} differ, first at sample {int(np.argmax(gaps))}"
        apart = np.abs(got - want) > 2e-6 * np.abs(want) + 1e-6
        if apart.any():
            at = int(np.argmax(apart))
            return f"{int(apart.sum())} samples of {name}, first {at}: {got[at]:.8g}, not {want[at]:.8g}"
    if dated and truth.date and not found.date:
        return f"the date {truth.date} is lost"
    if truth.ph is not None and abs(found.outcome.ph - truth.ph) > 1e-9:
        return f"pH {found.outcome.ph}, not {truth.ph}"
    if found.provenance.kind != truth.provenance:
        return f"provenance {found.provenance.kind}, not {truth.provenance}"
    return ""


def judge(composed: Composition, folder: Path) -> Verdict:
    """Read a composition that was written to an empty folder, and say what became of it."""
    for name, data in composed.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    path = folder / composed.target
    try:
        found = fhr.read(path, **composed.options)
    except FHRError as error:
        return _refused(composed, path, str(error))
    except Exception as error:  # whatever a reader lets through
        return Verdict("ESCAPED", f"{type(error).__name__}: {error}")
    differs = difference(found, composed.truth, dated=not composed.doubts)
    if composed.doubts:
        return Verdict("WRONG", differs) if differs else Verdict("guessed right")
    return Verdict("WRONG", differs) if differs else Verdict("right")


def _refused(composed: Composition, path: Path, words: str) -> Verdict:
    if lack := helps(words, composed.target):
        return Verdict("badly said", f"{lack}: {words}")
    if not composed.doubts:
        return Verdict("refused clear", words)
    if composed.remedy:
        options = dict(composed.options)
        for key, value in composed.remedy.items():
            options[key] = {**options.get(key, {}), **value} if isinstance(value, dict) else value
        try:
            differs = difference(fhr.read(path, **options), composed.truth, dated=False)
        except FHRError as error:
            differs = str(error)
        if differs:
            return Verdict("remedy fails", f"{composed.remedy}: {differs}; refused first: {words}")
    return Verdict("refused ambiguous", words)


def tally(verdicts: Iterable[Verdict]) -> Counter[str]:
    """Number of compositions by outcome."""
    return Counter(verdict.outcome for verdict in verdicts)


def quiet() -> None:
    """Keep the readers' notes of thousands of files off the screen."""
    logging.getLogger("fhr").setLevel(logging.ERROR)
