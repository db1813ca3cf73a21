"""Outcome and clinical fields in the comments of a WFDB header, as CTU-UHB writes them and as people do.

A line of the database is a label and a number. Others are told by their label in any case and spelling, with or
without a colon; a value that cannot be told, or stands twice with two values, is missing and noted: the recording is
not lost for it.
"""

import logging
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain, repeat
from math import inf, isfinite, isnan, nan
from typing import NamedTuple

from fhr.recording import Clinical, Outcome, Step

from ..files.regular_file import shown
from ..written.measure_names import MEASURE_NAMES
from ..written.values import UNITS, written
from .ctu_uhb_header import FIELDS, IMPLAUSIBLE, LONGEST, STAGE2, Field

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
    "maternal_age": ("maternal age", "mother's age", "mother age", "age of mother", "age mother"),
    "liquor_praecox": ("liquor praecox",),
    "first_stage": ("first stage", "1st stage"),
    "second_stage": ("second stage", "2nd stage"),
    "delivery_type": (
        *("delivery", "delivery type", "type of delivery", "mode of delivery", "delivery mode", "mode of birth"),
        *("birth mode", "type of birth"),
    ),
    "sensor": ("recording type", "sensor"),
    "signal_to_birth": ("signal to birth",),
    "apgar": ("apgar", "apgar score", "apgar scores", "apgar 1/5/10", "apgar 1-5-10"),
    _PASSED_OVER: ("apgar 10", "apgar 10 min", "venous ph", "ph venous", "ph (venous)"),
}
_PROSE = frozenset(("be", "ga", "bw", "gest"))  # in small letters and without a colon they begin a sentence
_TITLES = frozenset(("delivery",))  # without a colon they begin a sentence or a title
_LONGEST_LINE = 1000  # characters; behind them no value begins
_SEPARATOR = re.compile(r"(?:[\s:=]|\.(?=[\s:=]))*")
_NAMED = re.compile(r"\b(?:pHv?|apgar|BDecf|pCO2|base deficit|base excess|(?-i:S?B[DE])(?=\W*\d))\b", re.IGNORECASE)
_NAMED_FIELDS = {"phv": "ph", "apgar": "apgar1", "base deficit": "bdecf", "base excess": "be"} | {
    "bd": "bdecf",  # of the blood or of the extracellular fluid: not to be told
    "sbd": "bdecf",
    "sbe": "be",
}
_PROVENANCE = re.compile(r"(?:Kind|Made by|Fitted to)\s")  # texts in its section
_SEVERAL = re.compile(r"\s*[;|]\s*|,\s+|\s{2,}|\s+(?=<)")
_BRACKETED = re.compile(r"\s*[\[(]\s*(?P<unit>[^\[\]()]{1,20}?)\s*[\])]\s*(?P<rest>[:=\s].*|$)")
_NEXT = re.compile(r"[\s,;/]+(?=[^\W\d])")  # before what may be the next label
_NUMERAL = re.compile(r"[-+]?\d+([.,]\d+)?")
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


def parse_comments(
    lines: Iterable[str], *, n_samples: int, fs: float, where: str, of_segments: Iterable[str] = ()
) -> Comments:
    """Parse outcome, clinical fields and the start of stage 2 from the comment lines of a header.

    Lines that are not a known field are passed over; a field that does not occur stays NaN. A value outside its
    plausible range, one that cannot be read, or a field with two values becomes NaN with a note that keeps it.

    Args:
        lines: header lines, those that start with `#` count.
        n_samples: length of the recording, samples.
        fs: sampling rate, Hz.
        where: the header's path, for messages.
        of_segments: lines of the headers of its segments, which hold the same fields; a start of stage 2 there counts
            from another sample, and is missing with a note.
    """
    values: dict[str, float] = {}
    found: dict[str, list[_Found]] = {}  # of fields that are not as published, or stand several times
    for line, is_whole in chain(zip(lines, repeat(True)), zip(of_segments, repeat(False))):
        if line[:1] != "#":
            continue
        field, value, content = _published(line[:_LONGEST_LINE])
        if field is not None and (field.label != STAGE2 or not value > n_samples):
            plain = is_whole or field.label != STAGE2
            if plain and field.attribute not in values and field.attribute not in found:
                values[field.attribute] = value
                continue
            several = [_Found(field, value, "", True)]
        elif content and not content.startswith("--"):
            several = list(_fields(content, n_samples))
        else:
            continue
        for one in several:
            if one.field.label == STAGE2 and not is_whole and not isnan(one.value):
                one = _Found(one.field, nan, f"{one.value:.10g} in a segment", False)
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
        if several and not _is_told(several[0], n_samples):
            several = _one_behind_another(content, n_samples) or several
    for key, text, unit in several:
        if key == "apgar":
            yield from _scores(content, text)
        elif key != _PASSED_OVER:
            yield _read(_ATTRIBUTES[key], text, unit, n_samples)
    if _PROVENANCE.match(content) or (several and _is_told(several[0], n_samples)):
        return
    said = {
        one for key, _, _ in several for one in {"apgar": ("apgar1",), _PASSED_OVER: ("ph", "apgar1")}.get(key, (key,))
    }
    named = (match[0].casefold() for match in _NAMED.finditer(content))
    for attribute in dict.fromkeys(_NAMED_FIELDS.get(name, name) for name in named):
        if attribute not in said:  # it says something of the measure, whatever it is
            yield _Found(_ATTRIBUTES[attribute], nan, _printable(content), False)


def _is_told(one: tuple[str, str, str], n_samples: int) -> bool:
    """True if the text of a label is all of a value."""
    key, text, unit = one
    if key in ("apgar", _PASSED_OVER):
        return (_SCORES if key else _NUMERAL).fullmatch(text) is not None
    return _read(_ATTRIBUTES[key], text, unit, n_samples).told


def _one_behind_another(content: str, n_samples: int) -> list[tuple[str, str, str]]:
    """Labels and texts of `pH 7.14,BE -8`, where each is a label and all of a value; none of another comment."""
    found: list[tuple[str, str, str]] = []
    begin = at = 0
    while begin < len(content):
        here = next(_labelled(content[begin:]), None)
        if here is None:
            return []
        at = len(content) - len(here[1])
        ends = (match for match in _NEXT.finditer(content, at) if next(_labelled(content[match.end() :]), None))
        end = next(ends, None)
        piece = content[begin : end.start() if end else len(content)]
        one = next(_labelled(piece), None)
        if one is None or not _is_told(one, n_samples):
            return []
        found.append(one)
        begin = end.end() if end else len(content)
    return found


def _labelled(content: str) -> Iterator[tuple[str, str, str]]:
    """Field, text and unit of a comment that begins with a known label; nothing of another."""
    is_tag = content.startswith("<")  # `<age>: 32`
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
        if is_tag and rest.startswith(">"):
            rest = rest[1:]
        if label.count("(") > label.count(")") or label.count("[") > label.count("]"):
            rest = rest[1:] if rest[:1] in (")", "]") else rest
        if (match := _BRACKETED.fullmatch(rest)) and match["unit"].casefold() in ("-", "1", *UNITS.get(key, ())):
            unit, rest = match["unit"].strip("-1"), match["rest"]
        between = match[0] if (match := _SEPARATOR.match(rest)) else ""
        text = rest[len(between) :].strip()
        begins_a_sentence = plain[:length] in _TITLES or (plain[:length] in _PROSE and label.islower())
        if begins_a_sentence and not set(between) & set(":="):
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
