"""Verdicts of many recordings against the size of a change: proven to stay, and not found to flip."""

from collections.abc import Sequence
from math import inf, nan

import numpy as np
import pandas as pd

from fhr.calibration.conformal import SLACK
from fhr.confidence import LEVELS
from fhr.metrics import auroc, calibration_slope

from .threats import threat_of
from .window_sheet import WindowSheet

__all__ = ["size_curves", "size_for_half"]


def size_curves(sheets: Sequence[WindowSheet]) -> pd.DataFrame:
    """Shares of verdicts that stay as they are, a row a label, threat and size; the first of no change.

    Columns: target, threat, unit, size, records, certified (share proven unchanged; 0 where no proof is known) and
    attacked (share that no change found flips; missing where none was looked for); where outcomes are known, known
    (their number), certified_accuracy and attacked_accuracy (verdict right and unchanged); of `error_rms`, at the worst
    error of each record for its outcome: auroc, slope of the calibration, mean_lowest and mean_highest (of the
    probabilities, all errors to one side) beside observed, and coverage of the conformal sets of each level, of
    positives (sensitive to the lowest score) and negatives; each certified and attacked, where there is a bound of all.

    Args:
        sheets: of any recordings, labels and threats.
    """
    rows = []
    for target in dict.fromkeys(one.target for one in sheets):
        of_label = [one for one in sheets if one.target == target]
        for threat in dict.fromkeys(row["threat"] for one in of_label for row in one.rows):
            rows += _of_threat(target, threat, of_label)
    return pd.DataFrame(rows)


def size_for_half(sheets: Sequence[WindowSheet], threat: str, column: str = "certified") -> float:
    """The largest size up to which at least half of the verdicts of one label stay; 0 where less than half do."""
    sizes = sorted((_value(one, threat, column) for one in sheets), reverse=True)
    return sizes[(len(sizes) - 1) // 2] if sizes else nan


def _value(sheet: WindowSheet, threat: str, column: str) -> float:
    """Certified or found size of a threat; 0 where nothing is known."""
    value = next((float(row[column]) for row in sheet.rows if row["threat"] == threat), nan)
    return 0.0 if np.isnan(value) else value


def _of_threat(target: str, threat: str, sheets: Sequence[WindowSheet]) -> list[dict[str, object]]:
    kind = threat_of(threat)
    found = [row for one in sheets for row in one.rows if row["threat"] == threat]
    certified = np.array([_value(one, threat, "certified") for one in sheets])
    attacked = np.array([row["found"] for row in found])
    # What holds by construction is not attacked.
    attacked = np.where(np.isinf(certified), inf, attacked)
    end = min(row["largest"] for row in found)
    known = np.array([one.label is not None for one in sheets])
    right = np.array([one.label is not None and bool(one.label) == one.at_risk for one in sheets])
    rows: list[dict[str, object]] = []
    for size in (kind.nothing, *(size for size in kind.sizes if size <= end)):
        stays = certified >= size if size > kind.nothing else np.ones(len(sheets), dtype=bool)
        unflipped = attacked > size
        row: dict[str, object] = {"target": target, "threat": threat, "unit": kind.unit, "size": size}
        row |= {"records": len(sheets), "certified": stays.mean()}
        row["attacked"] = nan if np.isnan(attacked).any() else unflipped.mean()
        row["known"] = int(known.sum())
        if known.any():
            row["certified_accuracy"] = (right & stays)[known].mean()
            row["attacked_accuracy"] = nan if np.isnan(attacked).any() else (right & unflipped)[known].mean()
            if threat == "error_rms":
                some = [one for one in sheets if one.label is not None]
                row |= _at_worst(some, size)
        rows.append(row)
    return rows


def _at_worst(sheets: Sequence[WindowSheet], size: float) -> dict[str, float]:
    """Ranking, calibration and coverage with every record at its worst for its outcome."""
    y = np.array([one.label for one in sheets])
    at = [next((row for row in one.worst if row["size"] == size), None) for one in sheets]
    found: dict[str, float] = {"observed": float(y.mean())}
    for by in ("certified", "attacked"):

        def worst(name: str, way: str, by: str = by) -> np.ndarray:
            return np.array([nan if row is None else row[f"{by}_{way}_{name}"] for row in at])

        p = np.where(y == 1, worst("probability", "lowest"), worst("probability", "highest"))
        if np.isnan(p).any():
            continue
        both = 0 < y.sum() < len(y)
        found[f"{by}_auroc"] = auroc(y, p) if both else nan
        found[f"{by}_slope"] = calibration_slope(y, p) if both else nan
        found[f"{by}_mean_lowest"] = float(worst("probability", "lowest").mean())
        found[f"{by}_mean_highest"] = float(worst("probability", "highest").mean())
        own = np.where(y == 1, worst("p_positive", "lowest"), worst("p_negative", "highest"))
        for level in LEVELS:
            holds = own > 1 - level + SLACK
            for word, label in (("positives", 1), ("negatives", 0)):
                if (of := y == label).any() and not np.isnan(own).any():
                    found[f"{by}_coverage_{level:.0%}_{word}"] = float(holds[of].mean())
    return found
