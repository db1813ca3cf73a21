"""Repetitions: the number of kinds and the memberships again, of labours drawn anew and embeddings learnt anew."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from fhr.compute import seed_of, stream
from fhr.errors import FHRError

from .constrained_labels import SplitWithPairs
from .constrained_mixture import memberships_with_pairs
from .membership import NormalKinds, kinds_of
from .methods import NOWHERE, Method, Partition
from .number import KindsTest, NumberOfKinds, number_of_kinds
from .pair_labels import PairLabels
from .points import FEWEST, Points

__all__ = ["Repetition", "Retrain", "Task", "check_unseen", "one_row_a_labour", "repeat"]

Retrain = Callable[[np.ndarray, int], np.ndarray]
"""An embedding that is learnt: from the names (m,) of the labours that it may learn from and a seed, to vectors (n, d)
of all rows of the points."""


class Repetition(NamedTuple):
    """Findings of one repetition.

    Attributes:
        number: of kinds.
        tests: that led to it.
        memberships: float32 (n, number) of all rows; NaN of labours that the embedding learnt from.
        of_chosen: float32 (n, K) for the number of kinds that was chosen beforehand; None where none was.
        distance: float32 (n,) to the nearest centre of these; NaN of labours that made the kinds, or that the embedding
            learnt from. Of kinds without centres 0 in one and infinite outside, of those that made them alone.
    """

    number: int
    tests: tuple[KindsTest, ...]
    memberships: np.ndarray
    of_chosen: np.ndarray | None
    distance: np.ndarray


@dataclass(frozen=True, eq=False)
class Task:
    """Points and settings that are the same in every repetition.

    Attributes:
        points: all rows.
        method: that splits.
        most: largest number of kinds.
        alpha: level of the tests.
        references: of one kind.
        n_references: sets of each.
        seed: of everything.
        chosen: number of kinds, of all labours; None where it is not known yet.
        pairs: labels of pairs of labours, which have a say in every partition; None for none.
        retrain: learns the embedding anew; None for one that learns nothing.
        axes: of an embedding that is learnt.
    """

    points: Points
    method: Method
    most: int
    alpha: float
    references: tuple[str, ...]
    n_references: int
    seed: int
    chosen: int | None = None
    pairs: PairLabels | None = None
    retrain: Retrain | None = None
    axes: int = 10

    def partition(self, values: np.ndarray, rows: np.ndarray, kinds: int, seed: int) -> Partition:
        """Split values (m, d) of some rows (m,), no two of one labour."""
        if self.pairs is None:
            return self.method(values, kinds, seed)
        return SplitWithPairs(self.method, self.pairs, self.points.names)(values, rows, kinds, seed)

    def number(self, values: np.ndarray, rows: np.ndarray, seed: int, n_references: int | None = None) -> NumberOfKinds:
        """Count kinds of values (m, d) of some rows (m,), by as many reference sets, or those of a repetition."""
        return number_of_kinds(
            values,
            self.method,
            most=self.most,
            alpha=self.alpha,
            references=self.references,
            n_references=self.n_references if n_references is None else n_references,
            seed=seed,
            split=lambda kinds: self.partition(values, rows, kinds, seed),
        )

    def soft(
        self, core: np.ndarray, labels: np.ndarray, values: np.ndarray, usable: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Memberships (n, K) of all values (n, d) in the kinds of a partition of some, and distance (n,) to them."""
        kinds = kinds_of(self.method, core, labels)
        of_usable = kinds(values[usable])
        memberships = np.full((len(values), of_usable.shape[1]), np.nan, dtype=np.float32)
        memberships[usable] = of_usable
        if self.pairs is not None and self.points.one_row_each:
            memberships = memberships_with_pairs(memberships, self.pairs.among(self.points.names))
        distance = np.full(len(values), np.nan, dtype=np.float32)
        if isinstance(kinds, NormalKinds):
            distance[usable] = kinds.distance(values[usable])
        return memberships, distance


def repeat(task: Task, number: int) -> Repetition:
    """One repetition, by its number: the same whatever else is computed.

    The labours are drawn with replacement, and each that was drawn counts once: a labour that counted twice would be a
    kind of two. Where the embedding is learnt, it learns from those, and kinds are sought among the others, which it
    has not seen.

    Raises:
        FHRError: too few labours are left, or what was learnt gives no vectors.
    """
    points, n = task.points, len(task.points)
    labours = points.labours
    drawn, rng = _drawn(len(labours), task.seed, number)
    seed = seed_of(task.seed, "starts of kinds", number)
    values, used, usable = points.values, drawn, np.ones(n, dtype=bool)
    if task.retrain is not None:
        learnt = np.asarray(task.retrain(labours[drawn], seed))
        if len(learnt) != n:
            raise FHRError(f"the learnt embedding gave {len(learnt)} vectors of {n} windows; give one of each")
        unseen = np.isin(points.labour, drawn, invert=True)
        usable = unseen & np.isfinite(learnt).all(axis=1)
        used = np.unique(points.labour[usable])
        if len(used) < FEWEST:
            raise FHRError(f"{len(used)} labours that the embedding did not learn from; it takes {FEWEST} or more")
        found = Points.of(learnt[usable], points.names[usable], axes=task.axes)
        values = np.full((n, found.values.shape[1]), np.nan)
        values[usable] = found.values
    rows = one_row_a_labour(points.labour, used, rng, usable=usable, most=task.method.largest)
    core = values[rows]
    found_number = task.number(core, rows, seed)
    labels = found_number.partition.labels
    memberships, distance = task.soft(core, labels, values, usable)
    of_chosen: np.ndarray | None = memberships if found_number.number == task.chosen else None
    if of_chosen is None and task.chosen is not None:
        labels = task.partition(core, rows, task.chosen, seed).labels
        of_chosen, distance = task.soft(core, labels, values, usable)
        if of_chosen.shape[1] != task.chosen:  # a method of its own number found another
            of_chosen = None
    if task.method.any_shape:
        distance[rows] = np.where(labels == NOWHERE, np.inf, 0)
    else:  # a labour far from all draws the kinds that are fitted to it towards it: others say how far it lies
        distance[np.isin(points.labour, points.labour[rows])] = np.nan
    return Repetition(found_number.number, found_number.tests, memberships, of_chosen, distance)


def check_unseen(points: Points, repetitions: int, seed: int) -> None:
    """Refuse repetitions that leave too few labours for an embedding not to have learnt from.

    Raises:
        FHRError: fewer than 20 of them.
    """
    n = len(points.labours)
    unseen = min(n - len(_drawn(n, seed, number)[0]) for number in range(repetitions))
    if unseen < FEWEST:
        raise FHRError(
            f"{n} labours leave only {unseen} that a learnt embedding has not seen, in one of {repetitions} "
            f"repetitions; it takes {FEWEST}, so give about {4 * FEWEST} labours or more"
        )


def _drawn(n: int, seed: int, number: int) -> tuple[np.ndarray, np.random.Generator]:
    """Labours that a repetition draws out of n, each once, and the generator that it goes on with."""
    rng = stream(seed, "drawn labours of kinds", number)
    return np.unique(rng.integers(0, n, n)), rng


def one_row_a_labour(
    labour: np.ndarray,
    labours: Sequence[int] | np.ndarray,
    rng: np.random.Generator,
    *,
    usable: np.ndarray | None = None,
    most: int | None = None,
) -> np.ndarray:
    """A row of each of some labours, drawn among its windows, in the order of the rows.

    Args:
        labour: (n,) of each row.
        labours: that are meant.
        rng: draws.
        usable: (n,) rows that may be drawn; None for all.
        most: labours at most, drawn among them; None for all.
    """
    order = rng.permutation(len(labour))
    if usable is not None:
        order = order[usable[order]]
    order = order[np.isin(labour[order], labours)]
    _, first = np.unique(labour[order], return_index=True)
    rows = order[first]
    if most is not None and len(rows) > most:
        rows = rng.choice(rows, most, replace=False)
    return np.sort(rows)
