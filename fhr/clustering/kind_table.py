"""Memberships as a table: a row a window, with its kind, how sure that is, and how typical it is of its kind."""

import numpy as np
import pandas as pd

from fhr.recording import PATH, RECORD, TableColumn

from .methods import NOWHERE

__all__ = ["KIND_COLUMNS", "MEMBERSHIP_COLUMNS", "NO_KIND", "doubtful_first", "kind_table"]

NO_KIND = "nowhere"
"""In the column `kind`, of what belongs to none."""
_SURE = 0.5  # membership below which another kind, or none, may be as likely
_SELDOM = 0.05
_DIGITS = 3  # of memberships that differ; the distance orders those that do not

_SAYS_NOTHING = "no repetition says anything of it"
MEMBERSHIP_COLUMNS = (
    RECORD._replace(meaning="labour"),
    TableColumn("start_s", "start of the window, from that of the recording", "s", "number", 2, empty="of vectors"),
    TableColumn("end_s", "end of the window", "s", "number", 2, empty="of vectors"),
    TableColumn("kind", "the most probable kind", values=f"1 and on; {NO_KIND}", empty=_SAYS_NOTHING),
    TableColumn(
        "membership",
        "probability of that kind: the mean over the repetitions",
        "1",
        "number",
        4,
        "0 to 1",
        _SAYS_NOTHING,
    ),
    TableColumn("low", "lowest one in all but 5% of the repetitions", "1", "number", 4, empty=_SAYS_NOTHING),
    TableColumn("high", "highest one in all but 5% of the repetitions", "1", "number", 4, empty=_SAYS_NOTHING),
    TableColumn("second", "the second most probable kind", empty="there is one kind"),
    TableColumn(
        "p_nowhere",
        "share of the repetitions in which it belongs to no kind",
        "1",
        "number",
        4,
        empty=_SAYS_NOTHING,
    ),
    TableColumn(
        "typical",
        "rank within its kind, 1 is the most typical: by how seldom it is of another or none, then by how near its "
        "centre",
        type="integer",
        empty="it belongs nowhere",
    ),
    TableColumn(
        "doubtful",
        "in more than 2.5% of the repetitions the membership is below one half; of what belongs nowhere, that of no "
        "kind is",
        type="flag",
        values="1 doubtful; 0 not",
    ),
    TableColumn("kind_<k>", "probability of that kind", "1", "number", 4, "0 to 1", _SAYS_NOTHING),
    PATH._replace(empty="of vectors, or it is not known"),
)
"""Columns of `Kinds.table`; `record` and `path` are the key."""

KIND_COLUMNS = {column.name: column.meaning for column in MEMBERSHIP_COLUMNS[:11]}
"""Meaning of the columns of `Kinds.table`; behind them stands `kind_1` and so on, the probability of each kind."""


def kind_table(
    values: np.ndarray,
    names: np.ndarray,
    labels: np.ndarray,
    membership: np.ndarray,
    interval: tuple[np.ndarray, np.ndarray],
    nowhere: np.ndarray,
    windows: pd.DataFrame | None = None,
    paths: pd.Series | None = None,
) -> pd.DataFrame:
    """The table of memberships, see `KIND_COLUMNS`.

    Args:
        values: (n, d), in which kinds have centres.
        names: (n,) of the labours.
        labels: (n,) kind of each, from 0; `NOWHERE` for none.
        membership: (n, K); NaN where nothing is known.
        interval: its lower and upper bounds, (n, K) each.
        nowhere: (n,).
        windows: n rows with `start_s` and `end_s`; None for vectors.
        paths: where the labours were read from, by name; None for vectors.
    """
    n, number = membership.shape
    known = np.isfinite(membership).all(axis=1)
    order = np.argsort(-np.nan_to_num(membership), axis=1, kind="stable")
    first = np.arange(n), np.where(labels == NOWHERE, order[:, 0], labels)
    low, high = (np.where(known, bound[first], np.nan) for bound in interval)
    inside, outside = (low < _SURE) | (nowhere > _SELDOM), nowhere < 1 - _SELDOM
    table = pd.DataFrame(
        {
            "record": names,
            "start_s": np.nan if windows is None else windows["start_s"].to_numpy(),
            "end_s": np.nan if windows is None else windows["end_s"].to_numpy(),
            "kind": np.where(known, np.where(labels == NOWHERE, NO_KIND, (labels + 1).astype(str)), ""),
            "membership": np.where(known, membership[first], np.nan),
            "low": low,
            "high": high,
            "second": (order[:, 1] + 1).astype(str) if number > 1 else "",
            "p_nowhere": np.where(known, nowhere, np.nan),
            "typical": _ranks(values, np.where(known, labels, NOWHERE), membership[first] * (1 - nowhere)),
            "doubtful": known & np.where(labels == NOWHERE, outside, inside),
            **{f"kind_{k + 1}": membership[:, k] for k in range(number)},
        }
    )
    path = "" if paths is None else paths.loc[names].to_numpy()
    return table.assign(second=table["second"].where(known, ""), path=path)


def doubtful_first(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of a table of memberships the most doubtful first: what may belong nowhere, then the least sure."""
    keys = pd.DataFrame(
        {
            "p_nowhere": -table["p_nowhere"].round(_DIGITS),
            "membership": table["membership"].round(_DIGITS),
            "typical": -table["typical"].astype(float),
        }
    )
    return table.loc[keys.sort_values(["p_nowhere", "membership", "typical"], kind="stable").index]


def _ranks(values: np.ndarray, labels: np.ndarray, sure: np.ndarray) -> pd.arrays.IntegerArray:
    """Rank (n,) within each kind, from 1; missing for what belongs nowhere."""
    ranks = np.zeros(len(labels), dtype=int)
    for kind in np.unique(labels[labels != NOWHERE]):
        rows = np.flatnonzero(labels == kind)
        away = np.linalg.norm(values[rows] - values[rows].mean(axis=0), axis=1)
        ranks[rows[np.lexsort((away, -sure[rows].round(_DIGITS)))]] = np.arange(1, len(rows) + 1)
    return pd.arrays.IntegerArray(ranks, ranks == 0)
