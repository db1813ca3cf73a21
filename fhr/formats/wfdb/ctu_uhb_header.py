"""Comment block of a CTU-UHB header: its fields, and how it is written; `header_comments` reads it.

Labels, order and section titles are those of the published headers (Chudáček et al. 2014,
doi:10.1186/1471-2393-14-16), so that a recording that was read is written again byte for byte.
"""

from collections.abc import Mapping
from math import isnan, nan
from typing import NamedTuple

from fhr.recording import Outcome, Recording

from ..written.values import written
from .provenance_header import provenance_lines

__all__ = ["FIELDS", "HEADING", "IMPLAUSIBLE", "LONGEST", "STAGE2", "Field", "comment_lines", "plausible"]

HEADING = "#----- Additional parameters for record"
IMPLAUSIBLE = "implausible value set to missing"
LONGEST = 200  # characters of a text that stands where a number should


class Field(NamedTuple):
    """A field: its label, the attribute of `Outcome` or `Clinical`, its plausible range, and its code for "none"."""

    label: str
    attribute: str
    low: float
    high: float
    none: float = nan


_INF = float("inf")
STAGE2 = "Pos. II.st."

# Limits are generous: they catch typing errors, not rare cases.
_SECTIONS: tuple[tuple[str, tuple[Field, ...]], ...] = (
    (
        "Outcome measures",
        (
            Field("pH", "ph", 6.5, 7.8),
            Field("BDecf", "bdecf", -20, 40),
            Field("pCO2", "pco2", 0.1, 25),
            Field("BE", "be", -45, 20),
            Field("Apgar1", "apgar1", 0, 10),
            Field("Apgar5", "apgar5", 0, 10),
        ),
    ),
    (
        "!NotReadyYet! Neonatology outcome measures !NotReadyYet!",
        (
            Field("NICU days", "nicu_days", 0, 400),
            Field("Seizures", "seizures", 0, 1),
            Field("HIE", "hie", 0, 3),
            Field("Intubation", "intubation", 0, 1),
            Field("Main diag.", "main_diagnosis", 0, _INF),
            Field("Other diag.", "other_diagnosis", 0, _INF),
        ),
    ),
    (
        "Fetus/Neonate descriptors",
        (
            Field("Gest. weeks", "gestational_age", 20, 45),
            Field("Weight(g)", "weight", 300, 7000),
            Field("Sex", "sex", 1, 2),
        ),
    ),
    (
        "Maternal (risk-)factors",
        (
            Field("Age", "maternal_age", 10, 65),
            Field("Gravidity", "gravidity", 0, 30),
            Field("Parity", "parity", 0, 30),
            Field("Diabetes", "diabetes", 0, 1),
            Field("Hypertension", "hypertension", 0, 1),
            Field("Preeclampsia", "preeclampsia", 0, 1),
            Field("Liq. praecox", "liquor_praecox", 0, 1),
            Field("Pyrexia", "pyrexia", 0, 1),
            Field("Meconium", "meconium", 0, 1),
        ),
    ),
    (
        "Delivery descriptors",
        (
            Field("Presentation", "presentation", 1, 9),
            Field("Induced", "induced", 0, 1),
            Field("I.stage", "first_stage", 0, 2880),
            Field("NoProgress", "no_progress", 0, 1),
            Field("CK/KP", "ck_kp", 0, 1),
            Field("II.stage", "second_stage", 0, 600, none=-1),
            Field("Deliv. type", "delivery_type", 1, 9),
        ),
    ),
    (
        "Signal information",
        (
            Field("dbID", "database_id", 0, _INF),
            Field("Rec. type", "sensor", 1, 12),
            Field(STAGE2, "stage2_start", 0, _INF, none=-1),
            Field("Sig2Birth", "signal_to_birth", 0, 1440),
        ),
    ),
)
FIELDS = {field.label: field for _, fields in _SECTIONS for field in fields}
_RANGES = {field.attribute: (field.low, field.high) for _, fields in _SECTIONS for field in fields}
_OUTCOME = frozenset(Outcome.__dataclass_fields__)


def plausible(attribute: str) -> tuple[float, float]:
    """Least and greatest plausible value of a field of `Outcome` or `Clinical`, by its name.

    Raises:
        KeyError: no such field.
    """
    return _RANGES[attribute]


def comment_lines(recording: Recording) -> list[str]:
    """Write the comment block of a header for `recording`, without line ends."""
    originals = {
        str(step.parameters.get("field")): text
        for step in recording.history
        if step.name == IMPLAUSIBLE and (text := _original(step.parameters.get("value"))) is not None
    }
    read = next((step.parameters for step in recording.history if step.name == "read"), {})
    remarks = said if isinstance(said := read.get("comments"), Mapping) else {}
    lines = [f"{HEADING} {recording.name}", ""]
    lines += provenance_lines(recording.provenance)
    for title, fields in _SECTIONS:
        lines.append(f"#-- {title}")
        for field in fields:
            if field.label == STAGE2:
                sample = recording.stage2_start * recording.fs
                value = round(sample) if 0 <= sample < _INF else nan
            else:
                owner = recording.outcome if field.attribute in _OUTCOME else recording.clinical
                value = getattr(owner, field.attribute)
            # What was read is written again: the implausible original, the days of a gestation, the code for "none".
            remark = _original(remarks.get(field.attribute))
            if remark and value in written(remark, field.attribute).values:
                lines.append(f"#{field.label:<13}{remark}")
                continue
            text = _text(value) if not isnan(value) else originals.get(field.attribute, _text(field.none))
            lines.append(f"#{field.label:<13}{text}")
        lines.append("")
    return lines[:-1]


def _text(value: float) -> str:
    return "NaN" if isnan(value) else f"{value:.10g}"


def _original(value: object) -> str | None:
    """What stood where a value should; None for no such thing. A history that was read from a file may hold any."""
    if isinstance(value, str):
        return value if value.isprintable() and len(value) <= LONGEST else None
    return _text(value) if isinstance(value, float) else None
