"""`Kinds`: what was found, how sure it is, and what there is to say of it."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from fhr.errors import FHRError
from fhr.metrics import exact_interval
from fhr.similarity import OpenIndex

from .kind_display import drawn_rows, overview, strips
from .kind_table import NO_KIND, kind_table
from .kind_words import bound_words, member_words, number_words, pair_effect_words, share_words, warning_words
from .known_values import mean_of_known, middle_of_known
from .membership import aligned
from .methods import NOWHERE
from .number import KindsTest
from .points import Points

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["PAIRS_AT_ONCE", "Kinds", "Together"]

PAIRS_AT_ONCE = 5_000
"""Rows above which no matrix of all pairs is made."""
_DPI = 110
_FEWEST = 0.5  # membership below which a row is of no kind for certain


class Together(NamedTuple):
    """Probabilities (m,) that two rows belong together, and bounds that hold all but 5% of the repetitions."""

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True, eq=False, repr=False)
class Kinds:
    """Kinds of labour, with confidence in their number and in every membership.

    Attributes:
        points: in which they were sought.
        number: of kinds; 1 where nothing speaks for more.
        tests: of 1 kind, 2 kinds and so on, of all labours; of a learnt embedding twice the median over repetitions.
        numbers: (repetitions,) number of kinds in each.
        memberships: (repetitions, n, number); NaN where a repetition says nothing of a row.
        found: (n, numbers[b]) of each repetition b, with the number of kinds that it found itself.
        nowhere: (n,) share of repetitions in which a row belongs to no kind.
        facts: settings, and what else is known, in plain types.
        source: index of the windows, and their recordings; None where vectors were given.
        without: the same without what is known beforehand, such as pairs; None where nothing was given.
    """

    points: Points
    number: int
    tests: tuple[KindsTest, ...]
    numbers: np.ndarray
    memberships: np.ndarray
    found: tuple[np.ndarray, ...]
    nowhere: np.ndarray
    facts: Mapping[str, Any] = field(default_factory=dict)
    source: OpenIndex | None = None
    without: "Kinds | None" = None

    @property
    def p(self) -> pd.Series:
        """P-value by K: that of each of K kinds being one kind."""
        return pd.Series({test.kinds: test.p for test in self.tests}, name="p").rename_axis("kinds")

    @cached_property
    def p_of_number(self) -> pd.DataFrame:
        """Share of the repetitions with each number of kinds, `share`, `low` and `high`, a row a number.

        The interval is the exact binomial one of that many repetitions: it tells how well they measure the share, not
        how the labours were drawn, which is what the share tells.
        """
        rows = {}
        for kinds in range(1, int(max(self.numbers.max(), self.number)) + 1):
            interval = exact_interval(int((self.numbers == kinds).sum()), len(self.numbers))
            rows[kinds] = {"share": interval.value, "low": interval.low, "high": interval.high}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("kinds")

    @cached_property
    def membership(self) -> np.ndarray:
        """Probability (n, number) of each kind: the mean over the repetitions."""
        return mean_of_known(self.memberships)

    @cached_property
    def interval(self) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest membership (n, number) in all but 5% of the repetitions."""
        return middle_of_known(self.memberships)

    @cached_property
    def labels(self) -> np.ndarray:
        """Most probable kind (n,) of each row, from 0; -1 of what mostly belongs nowhere, or is not known at all."""
        unknown = np.isnan(self.membership).any(axis=1)
        return np.where(unknown | (self.nowhere > _FEWEST), NOWHERE, np.nan_to_num(self.membership).argmax(axis=1))

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row a window: its kind, how sure that is, and how typical it is, see `KIND_COLUMNS`."""
        windows = None if self.source is None else self.source.index.windows.iloc[self.points.rows]
        of_rows = self.labels, self.membership, self.interval, self.nowhere
        paths = None if self.source is None else self.source.index.labours["path"]
        return kind_table(self.points.values, self.points.names, *of_rows, windows, paths)

    @property
    def lines(self) -> list[str]:
        """The number of kinds and how sure it is, who is in them, and what could not have been told apart."""
        return [
            *number_words(self.p, self.facts),
            share_words(self.p_of_number, len(self.numbers)),
            *member_words(self.table),
            bound_words(len(self.points.labours), self.points.values.shape[1], self.number),
            *([] if self.without is None else [self._effect_of_pairs(self.without)]),
        ]

    def _effect_of_pairs(self, without: "Kinds") -> str:
        shares = tuple(float((one.numbers == self.number).mean()) for one in (self, without))
        moved = 0
        if self.number == without.number:
            moved = int(
                (aligned(without.membership, self.membership).argmax(axis=1) != self.membership.argmax(axis=1)).sum()
            )
        return pair_effect_words(self.number, without.number, (shares[0], shares[1]), moved, len(self.points))

    @property
    def warnings(self) -> list[str]:
        """Sentences to be read before all others."""
        return list(warning_words(self.number, self.p_of_number, self.facts.get("said", ()), self.points.left_out))

    @property
    def words(self) -> str:
        """Findings, a sentence a line, and then the warnings."""
        return "\n".join([*self.lines, *(f"warning: {said}" for said in self.warnings)])

    def figure(self) -> "Figure":
        """Draw who is with whom, P(K) beside its intervals, and the tests that decided, see `fhr.plots`."""
        rows = drawn_rows(self.table)
        title = next(number_words(self.p, self.facts))
        return overview(self.table, rows, self.pairs(rows), self.p_of_number, self.tests, self.number, title)

    def strips(self, kind: int | str) -> "Figure":
        """Draw the windows that are most typical of a kind, and those that are most doubtful, on one scale.

        Args:
            kind: from 1, or "nowhere".

        Raises:
            FHRError: a kind that nothing belongs to, or recordings that are not at hand.
        """
        if str(kind) not in (known := self._told_kinds):
            raise FHRError(f"kind {kind!r}; choose from {', '.join(known)}")
        if self.source is None:
            raise FHRError("vectors were given: there are no strips to draw; give an index with its recordings")
        return strips(self.source, self.table, str(kind))

    def write_figures(self, path: str | Path) -> None:
        """Write overview and, where the recordings are at hand, strips of each kind into one file.

        Args:
            path: `.pdf`, with a page each, or `.png`, below each other; written whole or not at all.

        Raises:
            FormatError: another suffix.
            OSError: a path that cannot be written to.
        """
        from fhr.plots import write_figures

        at_hand = self.source is not None and self.source.recordings is not None
        kinds = self._told_kinds if at_hand else []
        figures = itertools.chain([self.figure()], (self.strips(kind) for kind in kinds))
        write_figures(path, figures, title="Kinds of labour", dpi=_DPI)

    def _repr_html_(self) -> str:
        """Words, warnings, and the overview."""
        from fhr.plots.html_page import embedded, png
        from fhr.similarity.match_display import html_list

        said = (f"Warning: {one}" for one in self.warnings)
        return "\n".join([html_list(self.lines), html_list(said), embedded(png(self.figure(), dpi=80), "kinds")])

    def __repr__(self) -> str:
        return f"Kinds of labour\n{self.words}"

    @property
    def _told_kinds(self) -> list[str]:
        names = set(self.table["kind"]) - {"", NO_KIND}
        return sorted(names, key=int) + [NO_KIND] * (NO_KIND in set(self.table["kind"]))

    def together(self, a: ArrayLike, b: ArrayLike) -> Together:
        """Probability that rows belong to one kind, over the repetitions with the number of kinds that each found.

        Args:
            a: rows (m,).
            b: rows (m,), each beside one of `a`.

        Returns:
            Arrays (m,): the mean over the repetitions, and bounds that hold all but 5% of them; NaN where no repetition
            says anything of both.

        Raises:
            FHRError: rows that there are not, or another number of them.
        """
        a, b = np.atleast_1d(a), np.atleast_1d(b)
        if a.shape != b.shape or a.ndim != 1:
            raise FHRError(f"rows of shapes {a.shape} and {b.shape}; give as many of each, (m,)")
        n = len(self.points)
        if len(a) and not (min(a.min(), b.min()) >= 0 and max(a.max(), b.max()) < n):
            raise FHRError(f"rows from {min(a.min(), b.min())} to {max(a.max(), b.max())}; there are 0 to {n - 1}")
        each = np.array([np.einsum("ik,ik->i", one[a], one[b]) for one in self.found], dtype=np.float64)
        return Together(mean_of_known(each), *middle_of_known(each))

    def pairs(self, rows: ArrayLike | None = None) -> np.ndarray:
        """Probability (m, m) that rows belong to one kind, of all or of some rows.

        Raises:
            FHRError: more than 5,000 rows; name some, or ask for single pairs with `together`.
        """
        rows = np.arange(len(self.points)) if rows is None else np.atleast_1d(rows)
        if len(rows) > PAIRS_AT_ONCE:
            raise FHRError(
                f"all pairs of {len(rows)} rows; name {PAIRS_AT_ONCE:,} or fewer, such as the most typical, or ask "
                "`together` for those that matter"
            )
        total, known = np.zeros((len(rows), len(rows))), np.zeros((len(rows), len(rows)))
        for one in self.found:
            some = one[rows].astype(np.float64)
            there = np.isfinite(some).all(axis=1)
            some[~there] = 0
            total += some @ some.T
            known += np.outer(there, there)
        return np.divide(total, known, out=np.full_like(total, np.nan), where=known > 0)
