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
    # One table at the end: pandas takes longer to join four than to find what is in them.
    parts = {"ACC": m.accelerations, "DEC": m.decelerations, "UC": m.contractions, "URS": m.uncertain}
    sizes = [len(part) for part in parts.values()]
    kind = np.repeat(np.arange(len(parts)), sizes)
    numbers = {
        name: np.concatenate([part.get(name, np.full(len(part), np.nan)) for part in parts.values()])
        for name in ("start_s", "end_s", "peak_s", "amplitude", "area", "loss", "lag_s")
    }
    detail, figo_kind = np.full((2, len(kind)), "", dtype=object)
    detail[kind == 1], figo_kind[kind == 1] = m.decelerations["kind"], m.decelerations["figo_kind"]
    where = zip(m.uncertain["channel"], m.uncertain["reason"], strict=True)
    detail[kind == 3] = [f"{channel}: {reason}" for channel, reason in where]
    order = np.lexsort((kind, numbers["end_s"], numbers["start_s"]))  # the kinds are in the order of their words
    columns = {
        "record": m.name,
        "kind": np.array(list(parts), dtype=object)[kind][order],
        **{name: values[order] for name, values in numbers.items()},
        "detail": detail[order],
        "figo_kind": figo_kind[order],
        "path": m.path,
    }
    return pd.DataFrame({name: columns[name] for name in EVENT_COLUMNS}, index=range(len(kind)))


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
    kinds = m.decelerations["kind"].tolist()
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
        **{kind: kinds.count(kind) for kind in ("early", "late", "variable", "prolonged", "unclassified")},
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
