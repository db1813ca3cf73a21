"""Comment block of a CTU-UHB header, converted to `Outcome` and `Clinical` and back.

Labels, order and section titles are those of the published headers (Chudáček et al. 2014,
doi:10.1186/1471-2393-14-16), so that a recording that was read is written again byte for byte.
"""

from collections.abc import Iterable
from math import isfinite, isnan, nan
from typing import NamedTuple

from fhr.errors import FormatError
from fhr.recording import Clinical, Outcome, Recording, Step

from .provenance_header import provenance_lines
from .regular_file import shown

__all__ = ["HEADING", "IMPLAUSIBLE", "comment_lines", "parse_comments", "plausible"]

HEADING = "#----- Additional parameters for record"
IMPLAUSIBLE = "implausible value set to missing"


class _Field(NamedTuple):
    label: str
    attribute: str
    low: float
    high: float
    none: float = nan  # the code that says "there was none", where the database has one


_INF = float("inf")
_STAGE2 = "Pos. II.st."

# Limits are generous: they catch typing errors, not rare cases.
_SECTIONS: tuple[tuple[str, tuple[_Field, ...]], ...] = (
    (
        "Outcome measures",
        (
            _Field("pH", "ph", 6.5, 7.8),
            _Field("BDecf", "bdecf", -20, 40),
            _Field("pCO2", "pco2", 0.1, 25),
            _Field("BE", "be", -45, 20),
            _Field("Apgar1", "apgar1", 0, 10),
            _Field("Apgar5", "apgar5", 0, 10),
        ),
    ),
    (
        "!NotReadyYet! Neonatology outcome measures !NotReadyYet!",
        (
            _Field("NICU days", "nicu_days", 0, 400),
            _Field("Seizures", "seizures", 0, 1),
            _Field("HIE", "hie", 0, 3),
            _Field("Intubation", "intubation", 0, 1),
            _Field("Main diag.", "main_diagnosis", 0, _INF),
            _Field("Other diag.", "other_diagnosis", 0, _INF),
        ),
    ),
    (
        "Fetus/Neonate descriptors",
        (
            _Field("Gest. weeks", "gestational_age", 20, 45),
            _Field("Weight(g)", "weight", 300, 7000),
            _Field("Sex", "sex", 1, 2),
        ),
    ),
    (
        "Maternal (risk-)factors",
        (
            _Field("Age", "maternal_age", 10, 65),
            _Field("Gravidity", "gravidity", 0, 30),
            _Field("Parity", "parity", 0, 30),
            _Field("Diabetes", "diabetes", 0, 1),
            _Field("Hypertension", "hypertension", 0, 1),
            _Field("Preeclampsia", "preeclampsia", 0, 1),
            _Field("Liq. praecox", "liquor_praecox", 0, 1),
            _Field("Pyrexia", "pyrexia", 0, 1),
            _Field("Meconium", "meconium", 0, 1),
        ),
    ),
    (
        "Delivery descriptors",
        (
            _Field("Presentation", "presentation", 1, 9),
            _Field("Induced", "induced", 0, 1),
            _Field("I.stage", "first_stage", 0, 2880),
            _Field("NoProgress", "no_progress", 0, 1),
            _Field("CK/KP", "ck_kp", 0, 1),
            _Field("II.stage", "second_stage", 0, 600, none=-1),
            _Field("Deliv. type", "delivery_type", 1, 9),
        ),
    ),
    (
        "Signal information",
        (
            _Field("dbID", "database_id", 0, _INF),
            _Field("Rec. type", "sensor", 1, 12),
            _Field(_STAGE2, "stage2_start", 0, _INF, none=-1),
            _Field("Sig2Birth", "signal_to_birth", 0, 1440),
        ),
    ),
)
_FIELDS = {field.label: field for _, fields in _SECTIONS for field in fields}
_RANGES = {field.attribute: (field.low, field.high) for _, fields in _SECTIONS for field in fields}
_OUTCOME = frozenset(Outcome.__dataclass_fields__)


def parse_comments(
    lines: Iterable[str], *, n_samples: int, fs: float, where: str
) -> tuple[Outcome, Clinical, float, tuple[Step, ...]]:
    """Parse outcome, clinical fields, start of stage 2 (s) and notes from the comment lines of a header.

    Lines that are not a known field are passed over; a field that does not occur stays NaN. A value outside
    its plausible range becomes NaN with a note that keeps it.

    Args:
        lines: header lines, those that start with `#` count.
        n_samples: length of the recording, samples.
        fs: sampling rate, Hz.
        where: the header's path, for messages.

    Raises:
        FormatError: a known field that holds no number, or that stands twice.
    """
    values: dict[str, float] = {}
    notes: list[Step] = []
    for line in lines:
        if not line.startswith("#"):
            continue
        content = line[1:].replace("\t", " ").strip()
        label, _, text = content.rpartition(" ")
        field = _FIELDS.get(label.rstrip()) or _FIELDS.get(content)  # a label alone is a field without its number
        if field is None:
            continue
        if field.attribute in values:
            raise FormatError(f"{where}: the field {field.label!r} stands twice; keep one of them")
        try:
            value = float(text)
        except ValueError:
            raise FormatError(f"{where}: {field.label} is {shown(text)}; write a number or NaN") from None
        high = n_samples if field.label == _STAGE2 else field.high
        if value == field.none:
            value = nan
        elif not isnan(value) and not (isfinite(value) and field.low <= value <= high):
            notes.append(Step(IMPLAUSIBLE, {"field": field.attribute, "value": value}))
            value = nan
        values[field.attribute] = value
    stage2_start = values.pop("stage2_start", nan) / fs
    outcome = Outcome(**{k: v for k, v in values.items() if k in _OUTCOME})
    clinical = Clinical(**{k: v for k, v in values.items() if k not in _OUTCOME})
    return outcome, clinical, stage2_start, tuple(notes)


def plausible(attribute: str) -> tuple[float, float]:
    """Least and greatest plausible value of a field of `Outcome` or `Clinical`, by its name.

    Raises:
        KeyError: no such field.
    """
    return _RANGES[attribute]


def comment_lines(recording: Recording) -> list[str]:
    """Write the comment block of a header for `recording`, without line ends."""
    originals = {
        str(step.parameters.get("field")): value
        for step in recording.history
        # A history that was read from a file may hold anything.
        if step.name == IMPLAUSIBLE and isinstance(value := step.parameters.get("value"), float)
    }
    lines = [f"{HEADING} {recording.name}", ""]
    lines += provenance_lines(recording.provenance)
    for title, fields in _SECTIONS:
        lines.append(f"#-- {title}")
        for field in fields:
            if field.label == _STAGE2:
                sample = recording.stage2_start * recording.fs
                value = round(sample) if 0 <= sample < _INF else nan
            else:
                owner = recording.outcome if field.attribute in _OUTCOME else recording.clinical
                value = getattr(owner, field.attribute)
            if isnan(value):
                # What was read is written again: the implausible original, or the database's code for "none".
                value = originals.get(field.attribute, field.none)
            lines.append(f"#{field.label:<13}" + ("NaN" if isnan(value) else f"{value:.10g}"))
        lines.append("")
    return lines[:-1]
