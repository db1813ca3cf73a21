"""`Matches`: the labours of a database that are most like some others, and how they ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from .labour_windows import LabourWindows

__all__ = ["COLUMNS", "Matches"]

COLUMNS = {
    "query": "recording that was asked about",
    "query_start_s": "start of its window, from the start of the recording, s",
    "query_end_s": "end of its window, s",
    "rank": "1 is the most similar",
    "record": "recording of the database",
    "start_s": "start of its best window, from the start of the recording, s",
    "end_s": "end of it, s",
    "to_end_s": "from there to the end of the recording, s",
    "distance": "between the two windows",
    "unit": "of the distance: bpm; SD, of the database's windows; empty of a kernel",
    "p_special": "chance that the nearest of unrelated labours is as close",
    "p_by": "where that is from: rank among the database's own labours, or tail beyond their ranks",
    "q": "share of unrelated ones expected among all queries' nearest matches that are as special",
    "p_surrogate": "chance that a surrogate of the query, of its spectrum and amplitudes, is as close",
    "rms_bpm": "root mean square difference after one shift or, if asked for, elastic alignment, bpm",
    "lag_s": "by how much the match lags behind the query when aligned, s",
    "loss": "fraction of the match's heart rate that is missing",
    "kind": "measured, simulated, synthetic or imputed",
}
"""Meaning of the columns of `Matches.table`; the outcome of the match stands behind them."""


@dataclass(frozen=True, eq=False)
class Matches:
    """Labours that are most like the queries.

    Attributes:
        table: a row a query and match, see `COLUMNS`; NaN where something was not asked for.
        ended: a row a query and label: `query`, `label`, `n_with` of the `n_known` matches whose outcome is known,
            `share` with its exact 95% interval `low` to `high`, and `expected`, the share in the database.
        facts: of the comparison, in plain types: embedding, distance, numbers of labours and windows, of the null
            hypotheses, and `warnings`.
        queries: the windows that were asked about.
        windows: the matches' windows, a window a row of `table`; None where the recordings are not at hand.
        quarantined: reason for each query that was left out.
    """

    table: pd.DataFrame
    ended: pd.DataFrame
    facts: Mapping[str, Any]
    queries: LabourWindows
    windows: LabourWindows | None
    quarantined: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.table)

    def of(self, query: str) -> pd.DataFrame:
        """The matches of one query, nearest first."""
        return self.table[self.table["query"] == query]
