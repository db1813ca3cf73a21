"""`Matches`: the labours of a database that are most like some others, and how they ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from fhr.errors import FHRError

from .labour_windows import LabourWindows
from .match_display import html_list, readable, strips_figure, take_figure_suffix, window_words
from .match_words import query_words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Matches"]


@dataclass(frozen=True, eq=False, repr=False)
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

    def __repr__(self) -> str:
        return f"Matches in {self.facts['database']}\n{self.words}"

    def __len__(self) -> int:
        return len(self.table)

    def of(self, query: str) -> pd.DataFrame:
        """The matches of one query, nearest first."""
        return self.table[self.table["query"] == query]

    @property
    def names(self) -> list[str]:
        """Names of the queries, each once."""
        return list(dict.fromkeys(str(name) for name in self.queries.names))

    @property
    def words(self) -> str:
        """The first match of each query, and how its matches ended, in words."""
        return "\n".join(f"{name}: {line}" for name in self.names for line in self.lines(name))

    @property
    def left_out(self) -> list[str]:
        """Queries that were left out, with the reason, in words."""
        return [f"{name} was left out: {reason}" for name, reason in self.quarantined.items()]

    def lines(self, query: str) -> list[str]:
        """Lines of `words` about one query, without its name."""
        ended = self.ended[self.ended["query"] == query]
        return list(query_words(self.of(query), ended, elastic=self.facts["elastic"]))

    def window_words(self, query: str) -> str:
        """The window of one query: its name, and where it lies in its recording."""
        return window_words(self.queries[self._row(query)])

    def readable(self, query: str) -> pd.DataFrame:
        """The matches of one query with the columns that a reader asks for, named in words, those unknown left out."""
        return readable(self.of(query), several=len(self.names) > 1)

    def figure(self, query: str | None = None, most: int | None = None) -> "Figure":
        """Draw the window of a query above its matches, as strips on one scale, see `fhr.plots.similar_strips`.

        Args:
            query: its name; None where there is one.
            most: matches that are drawn, ten at most; None for ten.

        Raises:
            FHRError: another name, none for several queries, or recordings that are not at hand.
        """
        name = self._name(query)
        if self.windows is None:
            raise FHRError(f"the recordings of {self.facts['database']} are not at hand: there are no strips to draw")
        rows = np.flatnonzero((self.table["query"] == name).to_numpy())[:most]
        return strips_figure(self.queries[self._row(name)], self.table.iloc[rows], self.windows[rows])

    def write_figures(self, path: str | Path) -> None:
        """Write the figure of every query: `.pdf` with a page for each, `.png` where there is one query.

        Args:
            path: of the file, which is written whole or not at all.

        Raises:
            FHRError: another suffix, a `.png` for several queries, or recordings that are not at hand.
            OSError: a path that cannot be written to.
        """
        names = [None] if take_figure_suffix(path) == ".png" else self.names
        from fhr.plots import write_figures

        write_figures(path, (self.figure(name) for name in names), title="Similar labours")

    def _name(self, query: str | None) -> str:
        if query is None and len(self.names) == 1:
            return self.names[0]
        if query not in self.names:
            raise FHRError(f"query {query!r}; choose from {', '.join(self.names)}")
        return query

    def _row(self, query: str) -> int:
        return int(np.flatnonzero(self.queries.names == query)[0])

    def _repr_html_(self) -> str:
        """The first query: how its matches ended, warnings, the table, and the strips of the nearest three."""
        from fhr.plots.html_page import embedded, html_table, png

        name, others = self.names[0], len(self.names) - 1
        more = f"; {others} more queries stand in <code>table</code> and <code>figure(query)</code>" if others else ""
        drawn = "" if self.windows is None else embedded(png(self.figure(name, most=3), dpi=80), f"strips of {name}")
        return "\n".join(
            [
                f"<p><b>{escape(self.window_words(name))}</b>{more}</p>",
                html_list(self.lines(name)),
                html_list(f"Warning: {said}" for said in [*self.facts["warnings"], *self.left_out]),
                html_table(self.readable(name)),
                drawn,
            ]
        )
