"""Columns of the tables of robustness, with their meaning."""

from fhr.recording import PATH, RECORD, TableColumn, column_names

__all__ = ["COLUMNS", "SHORT_COLUMNS", "THREAT_COLUMNS", "WORST_COLUMNS"]

_TARGET = TableColumn("target", "the label, with its inequality")
_PROBABILITY = TableColumn("probability", "of the label", "1", "number", 5)
_AT_RISK = TableColumn("at_risk", "the verdict", type="flag", values="1 at risk; 0 not at risk")
_CERTIFIED = TableColumn(
    "certified",
    "largest size that provably leaves the verdict: 0 where the proof gives none, inf where it holds by construction",
    "that of the threat",
    "number",
    6,
    empty="no proof is known",
)
_FOUND = TableColumn(
    "found",
    "smallest size that was found to flip the verdict; inf where no change did",
    "that of the threat",
    "number",
    6,
    empty="none was looked for",
)

THREAT_COLUMNS = (
    RECORD,
    _TARGET,
    TableColumn("label", "the outcome", type="flag", values="1 with the label; 0 without", empty="it is not known"),
    _PROBABILITY,
    TableColumn("threshold", "probability from which on the verdict is at risk", "1", "number", 5),
    _AT_RISK,
    TableColumn("threat", "kind of the change"),
    TableColumn("unit", "of its sizes"),
    _CERTIFIED,
    TableColumn("how", "the proof", empty="no proof is known"),
    TableColumn("assumptions", "that the proof makes, joined by '; '", empty="there is none"),
    TableColumn("not_certified", "why nothing is certified", empty="something is"),
    _FOUND,
    TableColumn("largest", "size up to which was looked", "that of the threat", "number", 6),
    TableColumn("looks", "changes that were looked at", type="integer"),
    TableColumn(
        "broken",
        "a certificate is contradicted: an error of this program",
        type="flag",
        values="1 contradicted; 0 not",
    ),
    PATH,
)
"""Columns of `Sheet.frame`: a row a recording, label and threat."""

COLUMNS = column_names(THREAT_COLUMNS)
"""Names of the columns of a sheet, see `THREAT_COLUMNS`."""

SHORT_COLUMNS = (
    RECORD,
    _TARGET,
    _PROBABILITY,
    _AT_RISK,
    _CERTIFIED._replace(name="<threat>_certified"),
    _FOUND._replace(name="<threat>_found"),
    PATH,
)
"""Columns of `Sheet.short`: a row a recording and label."""

WORST_COLUMNS = (
    RECORD,
    _TARGET,
    TableColumn("size", "of the error, its root mean square", "bpm", "number", 6),
    *(
        TableColumn(
            f"<by>_<way>_{name}",
            f"{meaning} at the worst error of that size, by proof (certified) or as it was found (attacked)",
            unit,
            "number",
            digits,
            empty="nothing is known",
        )
        for name, meaning, unit, digits in (
            ("score", "score", "score of the model", 6),
            ("probability", "probability of the label", "1", 5),
            ("p_negative", "p-value of the absence of the label", "1", 6),
            ("p_positive", "p-value of the label", "1", 6),
        )
    ),
    PATH,
)
"""Columns of `Sheet.worst`: a row a recording, label and size; `<way>` is lowest or highest."""
