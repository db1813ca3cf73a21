"""Place in a cross-validation: the records that one model may learn from, and those it must not have seen."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import pandas as pd

from fhr.compute import seed_of, stream
from fhr.errors import OutcomeError, SplitError

from .database import Database
from .givers import givers
from .splits import Partition, Splits, make_splits

__all__ = ["N_INNER", "Place", "bootstrap_of", "permutation_of"]

N_INNER = 4
"""Inner folds of an outer fold."""


def permutation_of(seed: int, repeat: int) -> int:
    """Seed of the permutation of one run of a control."""
    return seed_of(seed, "permuted runs", repeat)


def bootstrap_of(names: Sequence[str], seed: int) -> tuple[str, ...]:
    """Draw as many of the names with replacement."""
    return tuple(stream(seed, "bootstrap of the training part").choice(list(names), len(names)).tolist())


@dataclass(frozen=True, eq=False)
class Place:
    """Records of one inner fold of one outer fold, with their labels.

    A model of this place is fitted on `partition.train`, stopped by `partition.validation`, and scores
    `partition.calibration`, the held-out inner fold, and `partition.test`, the outer fold. The partition holds labelled
    records only.

    Attributes:
        target: the label with its inequality, `ph<7.05`.
        labels: 0 or 1 by record name; known ones only.
        ph: by record name, NaN where unknown.
        splits: the outer folds.
        database: the recordings; None where a table of features is all that there is.
        repeat: which shuffle of the outer folds; repeats beyond those of the splits begin again with the first.
        fold: outer fold, the one that is tested.
        inner: inner fold, the one that is held out for calibration.
        member: which of the retrainings on these records.
        members: how many retrainings there are; several take a bootstrap of the training part each.
        permutation: a control: signals and features belong to other records, by this seed; None for none.
    """

    target: str
    labels: pd.Series
    ph: pd.Series
    splits: Splits
    database: Database | None = None
    repeat: int = 0
    fold: int = 0
    inner: int = 0
    member: int = 0
    members: int = 1
    permutation: int | None = None

    @classmethod
    def first(cls, database: Database, target: str, splits: Splits | None = None) -> Self:
        """Make the first place of a database.

        Args:
            database: recordings with their outcomes.
            target: the label with its inequality.
            splits: outer folds; None for the standard ones, 10 x 5, stratified by pH.

        Raises:
            OutcomeError: a target that is not defined, or that no record carries.
            SplitError: splits of other data.
        """
        if len(database) == 0:
            raise OutcomeError(f"{database.origin}: no record; give a database that holds some")
        labels = database.labels(target).dropna()
        if labels.empty:
            raise OutcomeError(f"{database.origin}: none of {len(database)} records has the outcome of {target}")
        if splits is None:
            splits = make_splits(database)
        else:
            splits.check(database)
        return cls(target, labels, database.outcomes["ph"], splits, database)

    def at(
        self,
        repeat: int,
        fold: int,
        inner: int = 0,
        *,
        member: int = 0,
        members: int = 1,
        permuted: bool = False,
        seed: int = 0,
    ) -> Self:
        """Another place of the same cross-validation; `permuted` makes a control of it, by `permutation_of`."""
        return replace(
            self,
            repeat=repeat,
            fold=fold,
            inner=inner,
            member=member,
            members=members,
            permutation=permutation_of(seed, repeat) if permuted else None,
        )

    @property
    def split_repeat(self) -> int:
        """Repeat of the splits that this place is in."""
        return self.repeat % len(self.splits.folds)

    @cached_property
    def partition(self) -> Partition:
        """Names of the labelled records, by use."""
        whole = self.splits.partition(self.split_repeat, self.fold, self.inner, n_inner=N_INNER)
        known = set(self.labels.index.tolist())  # Arrow gives single names slowly
        return Partition(*(tuple(n for n in names if n in known) for names in vars(whole).values()))

    def bootstrap(self, names: tuple[str, ...], seed: int) -> tuple[str, ...]:
        """Draw as many of the names with replacement; give the names themselves where there is a single member."""
        if self.members == 1:
            return names
        return bootstrap_of(names, seed)

    def givers(self, names: Sequence[str]) -> dict[str, str]:
        """The record whose signal and features each of the names is given: itself, unless this is a control.

        Args:
            names: all labelled records that can be used; the permutation is among these.
        """
        return givers(names, self.permutation)

    def check(self, repeats: int) -> None:
        """Refuse more repeats than the splits have.

        Raises:
            SplitError: there are fewer.
        """
        if repeats > (available := len(self.splits.folds)):
            raise SplitError(f"{repeats} repeats were asked for; the split has {available}")
