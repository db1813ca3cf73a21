"""Values of outcome and clinical fields as people write them: `7,14`, `40+3`, `3,250 g`, `F`, `yes`, `55 mmHg`.

All readings that a text allows are told; whether one of them alone is plausible decides the caller.
"""

import re
from math import nan
from typing import NamedTuple

__all__ = ["UNITS", "Written", "written"]

_MISSING = (
    "",
    "nan",
    "na",
    "n/a",
    "n.a.",
    "none given",
    "-",
    "--",
    "---",
    "?",
    "unknown",
    "missing",
    "not known",
    "null",
)
_FLAG = dict.fromkeys(("yes", "y", "true", "ja", "j", "present"), 1.0) | dict.fromkeys(
    ("no", "n", "false", "nein", "none", "absent"), 0.0
)
_WORDS = {
    "sex": dict.fromkeys(("f", "female", "w", "weiblich", "girl"), 1.0)
    | dict.fromkeys(("m", "male", "boy", "männlich"), 2.0),
    "delivery_type": dict.fromkeys(("vaginal", "vaginal delivery"), 1.0)
    | dict.fromkeys(("caesarean", "cesarean", "caesarean section", "cesarean section", "cs", "c-section"), 2.0),
    "sensor": dict.fromkeys(("us", "ultrasound", "doppler"), 1.0)
    | dict.fromkeys(("decg", "fecg", "scalp", "scalp electrode"), 2.0),
}
_FLAGS = (
    *("seizures", "intubation", "diabetes", "hypertension", "preeclampsia", "liquor_praecox", "pyrexia", "meconium"),
    *("induced", "no_progress", "ck_kp"),
)
_PER_LITRE = dict.fromkeys(("mmol/l", "meq/l"), 1.0)
_APGAR = dict.fromkeys(("/10", "points"), 1.0)
_DURATION = dict.fromkeys(("min", "mins", "minute", "minutes"), 1.0) | dict.fromkeys(("h", "hr", "hours"), 60.0)
UNITS: dict[str, dict[str, float]] = {
    "ph": {},
    "bdecf": _PER_LITRE,
    "be": _PER_LITRE,
    "pco2": {"kpa": 1.0, "mmhg": 1 / 7.50062, "torr": 1 / 7.50062},
    "apgar1": _APGAR,
    "apgar5": _APGAR,
    "nicu_days": dict.fromkeys(("d", "day", "days"), 1.0),
    "gestational_age": dict.fromkeys(("w", "wk", "wks", "week", "weeks", "completed weeks"), 1.0),
    "weight": dict.fromkeys(("g", "gr", "gram", "grams", "gramm"), 1.0) | dict.fromkeys(("kg", "kilogram"), 1000.0),
    "maternal_age": dict.fromkeys(("y", "yr", "yrs", "year", "years"), 1.0),
    "first_stage": _DURATION,
    "second_stage": _DURATION,
    "signal_to_birth": _DURATION,
    "stage2_start": dict.fromkeys(("samples", "sample"), 1.0),
}
"""Units of a field, what stands behind its number, by the factor to its own."""

_NUMBER = re.compile(r"(?P<number>[-+]?(?:\d[\d.,' \u00a0\u202f]*\d|\d)(?:[eE][-+]?\d{1,3})?)\s*(?P<rest>.*)")
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(?:([.,' \u00a0\u202f])\d{3})(?:\1\d{3})*")
_GESTATION = re.compile(
    r"(?P<weeks>\d{2})\s*(?:\+|w(?:ee)?ks?|w)[\s,]*(?:and\s+)?\+?\s*(?P<days>[0-6])\s*(?:/\s*7|d|days?)?", re.IGNORECASE
)
_SEVENTHS = re.compile(r"(?P<weeks>\d{2})\s+(?P<days>[0-6])\s*/\s*7")


class Written(NamedTuple):
    """Readings of a text.

    Attributes:
        values: each that it allows; NaN for one that says that the value is not known; none for no value.
        remark: what was left out of the value, the days of a gestation; empty for nothing.
    """

    values: tuple[float, ...]
    remark: str = ""


def written(text: str, attribute: str, unit: str = "") -> Written:
    """Read a text as the value of a field of `Outcome` or `Clinical`.

    Args:
        text: what stands behind the label.
        attribute: the field.
        unit: that its label says; what stands behind the number goes before it.

    >>> written("7,14", "ph"), written("40+3", "gestational_age"), written("3,250 g", "weight").values
    (Written(values=(7.14,), remark=''), Written(values=(40.0,), remark='40+3'), (3.25, 3250.0))
    """
    plain = " ".join(text.replace("−", "-").split())  # the typographic minus
    word = plain.casefold().strip("\"'[]()")
    if word in _MISSING:
        return Written((nan,))
    for words in (_WORDS.get(attribute, {}), _FLAG if attribute in _FLAGS else {}):
        if word in words:
            return Written((words[word],))
    if attribute == "gestational_age" and (match := _GESTATION.fullmatch(plain) or _SEVENTHS.fullmatch(plain)):
        return Written((float(match["weeks"]),), plain)
    match = _NUMBER.fullmatch(plain)
    if match is None:
        return Written(())
    said = re.sub(r"^[\[(]\s*|\s*[\])]$", "", match["rest"]).casefold().strip()
    said = unit.casefold() if said in ("", "-", "1") else said
    factors = UNITS.get(attribute, {})
    if said and said not in factors:
        return Written(())
    factor = factors.get(said, 1.0)
    numbers = _numbers(match["number"])
    if factor != 1:  # 3.29 kg are 3290 g, whatever the last bits say
        numbers = [float(f"{number * factor:.10g}") for number in numbers]
    return Written(tuple(dict.fromkeys(numbers)))


def _numbers(text: str) -> list[float]:
    """Numbers that digits with points, commas and spaces between them may be."""
    readings = []
    mantissa = re.split("[eE]", text)[0]
    if _THOUSANDS.fullmatch(mantissa) and mantissa == text:
        readings.append(re.sub(r"[.,' \u00a0\u202f]", "", text))
    if re.fullmatch(r"[-+]?\d+(?:[.,]\d+)?", mantissa):
        readings.insert(0, text.replace(",", "."))
    elif match := re.fullmatch(r"([-+]?\d{1,3}(?:[,. ']\d{3})+)([.,]\d+)", text):  # thousands and a decimal sign
        whole, fraction = match.groups()
        if fraction[0] not in whole:
            readings.append(re.sub(r"[,. ']", "", whole) + "." + fraction[1:])
    return [float(reading) for reading in readings]
