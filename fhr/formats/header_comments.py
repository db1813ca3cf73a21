"""Outcome and clinical fields in the comments of a WFDB header, as CTU-UHB writes them and as people do.

A line of the database is a label and a number. Others are told by their label in any case and spelling, with or
without a colon; a value that cannot be told, or stands twice with two values, is missing and noted: the recording is
not lost for it.
"""

import logging
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from math import inf, isfinite, isnan, nan
from typing import NamedTuple

from fhr.recording import Clinical, Outcome, Step

from .ctu_uhb_header import FIELDS, IMPLAUSIBLE, LONGEST, STAGE2, Field
from .measure_names import MEASURE_NAMES
from .regular_file import shown
from .written_values import UNITS, written

__all__ = ["Comments", "parse_comments"]

_log = logging.getLogger(__name__)

_OUTCOME = frozenset(Outcome.__dataclass_fields__)
_PASSED_OVER = ""  # a label of what a recording does not hold
_SYNONYMS = {
    "apgar1": ("1 minute apgar", "apgar score 1 min"),
    "apgar5": ("5 minute apgar", "apgar score 5 min"),
    "gestational_age": (
        *("gestation", "gestational age", "gest age", "ga", "gestational weeks", "gestation weeks", "gest"),
        *("weeks of gestation", "age of gestation", "ssw"),
    ),
    "weight": ("weight", "birth weight", "birthweight", "bw", "gewicht", "geburtsgewicht"),
    "sex": ("gender", "fetal sex", "geschlecht"),
    "maternal_age": ("maternal age", "mother's age"),
    "liquor_praecox": ("liquor praecox",),
    "first_stage": ("first stage", "1st stage"),
    "second_stage": ("second stage", "2nd stage"),
    "delivery_type": ("delivery type", "mode of delivery", "delivery mode"),
    "sensor": ("recording type", "sensor"),
    "signal_to_birth": ("signal to birth",),
    "apgar": ("apgar", "apgar score", "apgar scores", "apgar 1/5/10", "apgar 1-5-10"),
    _PASSED_OVER: ("apgar 10", "apgar 10 min", "venous ph", "ph venous", "ph (venous)"),
}
_PROSE = frozenset(("be", "ga", "bw", "gest"))  # in small letters and without a colon they begin a sentence
_LONGEST_LINE = 1000  # characters; behind them no value begins
_SEPARATOR = re.compile(r"(?:[\s:=>]|\.(?=[\s:=]))*")
_NAMED = re.compile(r"\b(?:pH|apgar|BDecf|pCO2|base deficit|base excess)\b", re.IGNORECASE)
_NAMED_FIELDS = {"apgar": "apgar1", "base deficit": "bdecf", "base excess": "be"}
_PROVENANCE = re.compile(r"(?:Kind|Made by|Fitted to)\s")  # texts in its section
_SEVERAL = re.compile(r"\s*[;|]\s*|,\s+|\s{2,}|\s+(?=<)")
_BRACKETED = re.compile(r"\s*[\[(]\s*(?P<unit>[^\[\]()]{1,20}?)\s*[\])]\s*(?P<rest>[:=\s].*|$)")
_SCORES = re.compile(r"(\d{1,2})\s*[/,;-]\s*(\d{1,2})\s*[/,;-]\s*(\d{1,2})")


class Comments(NamedTuple):
    """Fields of the comments of a header.

    Attributes:
        outcome: the newborn's state.
        clinical: clinical descriptors.
        stage2_start: start of the second stage, s.
        notes: steps that keep each value that is missing because it could not be told.
        remarks: by field, texts of which the value is a part or a reading: `40+3`.
    """

    outcome: Outcome
    clinical: Clinical
    stage2_start: float
    notes: tuple[Step, ...]
    remarks: dict[str, str]


class _Found(NamedTuple):
    field: Field
    value: float  # NaN where it is not known
    text: str | float  # for a note, where there is no value though there is a text
    told: bool
    remark: str = ""


def _plain(label: str) -> str:
    return "".join(c for c in label.casefold() if c.isalnum())


_ATTRIBUTES = {field.attribute: field for field in FIELDS.values()}
_LABELS = {_plain(name): key for key, names in _SYNONYMS.items() for name in names}
_LABELS |= {name: measure for measure, names in MEASURE_NAMES.items() for name in names}
_LABELS |= {_plain(label): field.attribute for label, field in FIELDS.items()} | {
    field.attribute.replace("_", ""): field.attribute for field in FIELDS.values()
}
_LONGEST_LABEL = max(map(len, _LABELS))


def parse_comments(lines: Iterable[str], *, n_samples: int, fs: float, where: str) -> Comments:
    """Parse outcome, clinical fields and the start of stage 2 from the comment lines of a header.

    Lines that are not a known field are passed over; a field that does not occur stays NaN. A value outside its
    plausible range, one that cannot be read, or a field with two values becomes NaN with a note that keeps it.

    Args:
        lines: header lines, those that start with `#` count.
        n_samples: length of the recording, samples.
        fs: sampling rate, Hz.
        where: the header's path, for messages.
    """
    values: dict[str, float] = {}
    found: dict[str, list[_Found]] = {}  # of fields that are not as published, or stand several times
    for line in lines:
        if line[:1] != "#":
            continue
        field, value, content = _published(line[:_LONGEST_LINE])
        if field is not None and (field.label != STAGE2 or not value > n_samples):
            if field.attribute not in values and field.attribute not in found:
                values[field.attribute] = value
                continue
            several = [_Found(field, value, "", True)]
        elif content and not content.startswith("--"):
            several = list(_fields(content, n_samples))
        else:
            continue
        for one in several:
            attribute = one.field.attribute
            if attribute not in found:
                first = [_Found(one.field, values[attribute], "", True)] if attribute in values else []
                found[attribute] = first
            found[attribute].append(one)
    notes: list[Step] = []
    remarks: dict[str, str] = {}
    for attribute, those in found.items():
        one = those[0] if len(those) == 1 else _agreed(those)
        values[attribute] = one.value
        if not one.told:
            _log.info("%s: %s %s is missing, %s", where, one.field.label, shown(str(one.text)), IMPLAUSIBLE)
            notes.append(Step(IMPLAUSIBLE, {"field": attribute, "value": one.text}))
        elif one.remark:
            remarks[attribute] = one.remark
    stage2_start = values.pop("stage2_start", nan) / fs
    outcome = Outcome(**{k: v for k, v in values.items() if k in _OUTCOME})
    clinical = Clinical(**{k: v for k, v in values.items() if k not in _OUTCOME})
    return Comments(outcome, clinical, stage2_start, tuple(notes), remarks)


def _agreed(found: list[_Found]) -> _Found:
    """What a field that stands several times says: missing where two values differ."""
    known = [one for one in found if one.told and not isnan(one.value)]
    if len({one.value for one in known}) > 1:
        text = " | ".join(one.remark or f"{one.value:.10g}" for one in known)[:LONGEST]
        return _Found(found[0].field, nan, text, False)
    return next(iter(known), next((one for one in found if not one.told), found[0]))


@lru_cache(1 << 12)  # most lines of a database are those of its other records
def _published(line: str) -> tuple[Field | None, float, str]:
    """Field and value of a line that is as the database writes it, no field for another line; and its content."""
    content = line[1:].replace("\t", " ").strip()
    label, _, text = content.rpartition(" ")
    field = FIELDS.get(label.rstrip())
    if field is None:
        return None, nan, content
    try:
        value = float(text)
    except ValueError:
        return None, nan, content
    if value == field.none or isnan(value):
        return field, nan, content
    plain = field.low <= value <= field.high and value != inf and "_" not in text
    return field if plain else None, value, content


def _fields(content: str, n_samples: int) -> Iterator[_Found]:
    """Fields of a comment that is not as the database writes it; none of a text."""
    pieces = [piece for piece in _SEVERAL.split(content) if piece]
    parts = [list(_labelled(piece)) for piece in pieces] if len(pieces) > 1 else []
    if parts and all(part and part[0][1] for part in parts):  # each a label and its text
        several = [part[0] for part in parts]
    else:
        several = list(_labelled(content))
    if not several and (match := _NAMED.search(content)) and not _PROVENANCE.match(content):
        field = _ATTRIBUTES[_NAMED_FIELDS.get(name := match[0].casefold(), name)]
        yield _Found(field, nan, _printable(content), False)  # it says something of the measure, whatever it is
    for key, text, unit in several:
        if key == "apgar":
            yield from _scores(content, text)
        elif key != _PASSED_OVER:
            yield _read(_ATTRIBUTES[key], text, unit, n_samples)


def _labelled(content: str) -> Iterator[tuple[str, str, str]]:
    """Field, text and unit of a comment that begins with a known label; nothing of another."""
    content = content.lstrip("<")
    plain, at = "", [0]
    for i, c in enumerate(content):  # letters and digits of the beginning, and where each ends
        if c.isalnum():
            plain += c.casefold()
            at.extend([i + 1] * (len(plain) + 1 - len(at)))
        if len(plain) > _LONGEST_LABEL:
            break
    for length in range(min(len(plain), _LONGEST_LABEL), 1, -1):
        key = _LABELS.get(plain[:length])
        if key is None:
            continue
        label, rest = content[: at[length]], content[at[length] :]
        if rest[:1].isalpha() and label[-1].isalpha():
            continue  # in the middle of a word
        unit = ""
        rest = rest.lstrip("'")  # minutes of an Apgar score
        if label.count("(") > label.count(")") or label.count("[") > label.count("]"):
            rest = rest[1:] if rest[:1] in (")", "]") else rest
        if (match := _BRACKETED.fullmatch(rest)) and match["unit"].casefold() in ("-", "1", *UNITS.get(key, ())):
            unit, rest = match["unit"].strip("-1"), match["rest"]
        between = match[0] if (match := _SEPARATOR.match(rest)) else ""
        text = rest[len(between) :].strip()
        if plain[:length] in _PROSE and label.islower() and not set(between) & set(":="):
            continue
        if between == "" and (text.startswith("-") or (text[:1].isdigit() and label[-1].isdigit())):
            text = content  # a dash or a minus, a number or two: not to be told
        yield key, text, unit
        return


def _read(field: Field, text: str, unit: str, n_samples: int) -> _Found:
    """Value of a field, if its text has one reading that is plausible."""
    high = n_samples if field.label == STAGE2 else field.high
    values, remark = written(text, field.attribute, unit)
    if any(isnan(value) or value == field.none for value in values) and text:
        return _Found(field, nan, "", True)
    plausible = [value for value in values if isfinite(value) and field.low <= value <= high]
    if len(plausible) == 1:
        guess = text if len(values) > 1 or remark else ""
        return _Found(field, plausible[0], "", True, guess)
    try:
        kept: str | float = float(text) if not unit and "_" not in text else f"{text} {unit}".strip()
    except ValueError:
        kept = f"{text} {unit}".strip()
    return _Found(field, nan, _printable(kept) if isinstance(kept, str) else kept, False)


def _printable(text: str) -> str:
    """Text for a note."""
    return "".join(c for c in text if c.isprintable())[:LONGEST]


def _scores(content: str, text: str) -> Iterator[_Found]:
    """Apgar scores at 1, 5 and 10 minutes, as they are written in one; two alone may be a score of ten."""
    match = _SCORES.fullmatch(text)
    for field, group in ((FIELDS["Apgar1"], 1), (FIELDS["Apgar5"], 2)):
        if match and int(match[group]) <= field.high:
            yield _Found(field, float(match[group]), "", True, content)
        else:
            yield _Found(field, nan, _printable(content), False)
