"""Table of all events of a recording, in the columns of the published expert marks and more."""

import numpy as np
import pandas as pd

from fhr.recording import column_names

from .category import DETECTORS, Category
from .event_columns import LISTED_COLUMNS
from .false_stretches import false_minutes, signal_notes
from .morphology import Morphology
from .overlap import KNOWN, overlap
from .strip import NOT_ASSESSED

__all__ = ["EVENT_COLUMNS", "event_list", "summary"]

EVENT_COLUMNS = column_names(LISTED_COLUMNS)
FALSE_COLUMNS = ("mothers_rate_min", "halved_or_doubled_min", "false_signal_min")  # in the order of `FALSE_REASONS`


def event_list(morphology: Morphology) -> pd.DataFrame:
    """List every event in order of its start.

    Returns:
        `EVENT_COLUMNS`: kind is ACC (acceleration), DEC (deceleration), URS (unreliable signal) as in the expert
        marks of Boudet et al. 2020, doi:10.1016/j.softx.2020.100428, or UC (contraction); detail is the kind of a
        deceleration by NICHD 2008, or channel and reason of unreliable signal; figo_kind is its kind by FIGO 2015. What
        does not apply is NaN or empty. `record` and `path` are the key.
    """
    m = morphology
    falls = m.decelerations.rename(columns={"kind": "detail"})
    unreliable = m.uncertain.assign(
        detail=m.uncertain["channel"].astype(str) + ": " + m.uncertain["reason"].astype(str)
    )
    parts = {"ACC": m.accelerations, "DEC": falls, "UC": m.contractions, "URS": unreliable}
    rows = [part.assign(kind=kind) for kind, part in parts.items() if len(part)]
    table = pd.concat(rows) if rows else pd.DataFrame()
    table = table.assign(record=m.name, path=m.path).reindex(columns=list(EVENT_COLUMNS))
    for name in ("detail", "figo_kind"):
        table[name] = table[name].fillna("")
    return table.sort_values(["start_s", "end_s", "kind"], ignore_index=True)


def summary(morphology: Morphology) -> dict[str, str | float]:
    """Summarise a recording in one row: baseline, numbers of events, variation, categories; see `SUMMARY_COLUMNS`.

    The number of contractions is NaN where half of UC or more is uncertain.

    Kinds of decelerations are those of NICHD 2008. Criteria that fired are named; a rule that could not be assessed is
    named with "(not assessed)" behind it.

    The last columns but `path` tell of FHR that was false and left out: minutes of each of `FALSE_REASONS`, and
    `signal_notes`.
    """
    m = morphology
    known = m.baseline[~np.isnan(m.baseline)]
    kinds = m.decelerations["kind"].value_counts()
    duration = len(m.baseline) / m.fs
    hidden = m.uncertain.loc[m.uncertain["channel"] == "uc", ["start_s", "end_s"]].to_numpy(np.float64)
    seen = float(overlap(0.0, duration, hidden)) < KNOWN * duration
    return {
        "record": m.name,
        "duration_min": duration / 60,
        "baseline": float(np.median(known)) if len(known) else np.nan,
        "baseline_min": float(known.min()) if len(known) else np.nan,
        "baseline_max": float(known.max()) if len(known) else np.nan,
        "accelerations": len(m.accelerations),
        "decelerations": len(m.decelerations),
        **{kind: int(kinds.get(kind, 0)) for kind in ("early", "late", "variable", "prolonged", "unclassified")},
        "deceleration_burden": m.deceleration_burden,
        "contractions": len(m.contractions) if seen else np.nan,
        **m.variation,
        "figo": m.figo.label,
        "figo_criteria": _named(m.figo),
        "nichd": m.nichd.label,
        "nichd_criteria": _named(m.nichd),
        "basis": f"{m.figo.guideline}; {m.nichd.guideline}; baseline and events by detectors {DETECTORS}",
        **dict(zip(FALSE_COLUMNS, false_minutes(m).values(), strict=True)),
        "signal": "; ".join(signal_notes(m)),
        "path": m.path or "",
    }


def _named(category: Category) -> str:
    return "; ".join(
        f"{criterion.name} ({NOT_ASSESSED})" if criterion.category == NOT_ASSESSED else criterion.name
        for criterion in category.criteria
    )
