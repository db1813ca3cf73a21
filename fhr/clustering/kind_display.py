"""Kinds as people see them: an overview of who is with whom, strips of the most typical and most doubtful labours."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from fhr.similarity import OpenIndex
from fhr.similarity.match_display import signals
from fhr.similarity.match_words import place_words

from .kind_table import NO_KIND, doubtful_first
from .number import KindsTest

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["drawn_rows", "overview", "strips"]

MOST_DRAWN = 600
"""Rows of the matrix of pairs; more are finer than a page shows."""
_TYPICAL, _DOUBTFUL = 3, 2  # strips of a kind
_SIZE = 0.4  # of paper of true size, so that an hour fits a page


def drawn_rows(table: pd.DataFrame) -> np.ndarray:
    """Rows of a table of memberships in the order of their kinds, the most typical first; evenly chosen among many."""
    kind = table["kind"].map(lambda name: int(name) if name.isdigit() else len(table))  # the others at the end
    order = np.lexsort((table["typical"].fillna(0).astype(int), kind))
    return order[np.unique(np.linspace(0, len(order) - 1, min(len(order), MOST_DRAWN)).astype(int))]


def overview(
    table: pd.DataFrame,
    rows: np.ndarray,
    together: np.ndarray,
    p_of_number: pd.DataFrame,
    tests: Sequence[KindsTest],
    number: int,
    title: str,
) -> "Figure":
    """Draw who is with whom, P(K) and the tests that decided, see `fhr.plots.kinds_overview`.

    Args:
        table: of memberships.
        rows: (m,) of it that are drawn, see `drawn_rows`.
        together: (m, m) chance of these to be of one kind.
        p_of_number: see `Kinds.p_of_number`.
        tests: by number of kinds.
        number: of kinds.
        title: above all.
    """
    from fhr.plots import BestSplit, kinds_overview

    deciding = [test for test in tests if test.kinds in (number - 1, number)] or list(tests[-1:])
    splits = [BestSplit(test.kinds, test.gain, test.null, test.p) for test in deciding]
    names = [name if not name.isdigit() else f"kind {name}" for name in table["kind"].to_numpy()[rows]]
    return kinds_overview(together, names, p_of_number.to_numpy(), splits, title=title, drawn_of=len(table))


def strips(source: OpenIndex, table: pd.DataFrame, kind: str) -> "Figure":
    """Draw the windows that are most typical of a kind, and below them the most doubtful, see `fhr.plots.told_strips`.

    Args:
        source: the index of the windows, with its recordings.
        table: of memberships.
        kind: name of one.

    Raises:
        FHRError: recordings that are not at hand or changed.
    """
    from fhr.plots import ToldStrip, told_strips

    of_kind = table[table["kind"] == kind]
    ranked = doubtful_first(of_kind) if kind == NO_KIND else of_kind.sort_values("typical", kind="stable")
    typical = ranked.drop_duplicates("record").head(_TYPICAL)
    rest = of_kind[~of_kind["record"].isin(typical["record"])]
    doubtful = doubtful_first(rest).drop_duplicates("record").head(_DOUBTFUL)
    chosen = pd.concat([typical, doubtful])
    cut = source.cut(chosen["record"], chosen["end_s"])
    to_end = source.index.windows.set_index(["record", "end_s"])["to_end_s"]
    told = [
        ToldStrip(*signals(cut, i), list(_lines(row, to_end[row["record"], row["end_s"]], i < len(typical))))
        for i, row in enumerate(chosen.to_dict("records"))
    ]
    if kind == NO_KIND:
        said = f"nowhere: {len(chosen)} of {len(of_kind)}"
    else:
        also = f" and the {len(doubtful)} most doubtful" if len(doubtful) else ""
        said = f"kind {kind}: the {len(typical)} most typical{also} of {len(of_kind)}"
    return told_strips(told, size=_SIZE, said=said)


def _lines(row: Mapping[Any, Any], to_end: float, typical: bool) -> Iterable[str]:
    yield str(row["record"])
    if row["kind"] != NO_KIND:
        yield f"kind {row['kind']}: {'typical' if typical else 'doubtful'}"
        yield f"membership {row['membership']:.0%} ({row['low']:.0%} to {row['high']:.0%})"
        if row["second"]:
            yield f"next: kind {row['second']}, {row['kind_' + row['second']]:.0%}"
    if row["p_nowhere"]:
        yield f"nowhere in {row['p_nowhere']:.0%} of the repetitions"
    yield place_words(to_end)
