"""Rebalancing of the classes of a training part: weights, copies, SMOTE, or the recordings of a generator."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
import pandas as pd

from fhr.compute import stream
from fhr.datasets import Place
from fhr.errors import FHRError

from .generator import Generator
from .smote import smote

__all__ = ["AS_IT_IS", "Rebalanced", "Rebalancing"]

Method = Literal["none", "weights", "oversampling", "smote", "synthetic"]
RowsOf = Callable[[Generator, Place, int, int, int], pd.DataFrame]
"""Rows of features of n recordings of a class that a generator makes at a place: generator, place, n, class, seed."""
_MOST = 100.0  # to 1, and 1 to as many


class Rebalanced(NamedTuple):
    """Rows that a model is fitted to, after its training part was rebalanced.

    Attributes:
        rows: (n, feature), each under the name of the training record whose outcome it has; real ones first.
        weights: (n,) with a mean of 1; None for 1 each.
    """

    rows: pd.DataFrame
    weights: np.ndarray | None = None


@dataclass(frozen=True)
class Rebalancing:
    """Way to a wanted share of positives to negatives among the records that a model is fitted to.

    The class that is too few for the share gets more rows, or all classes get weights; nothing is left out. All of it
    comes from the training records of the place. Calibration, on held-out inner folds as they are, follows as without.

    - `weights`: each class weighs alike within, the mean is 1; a share of 1 is scikit-learn's `balanced`.
    - `oversampling`: records of the class, drawn with replacement.
    - `smote`: rows between neighbours of the class, with the outcome of the record that each is begun at.
    - `synthetic`: rows of the recordings of a generator that is fitted to the training records, where there are several
      members to all of them, each with the outcome of the record that it was drawn with. Only one class has such rows:
      whatever a generator leaves in all that it makes stands for the label, and a flexible model learns it.

    Args:
        method: one of these, or `none`.
        ratio: wanted number of positives to one negative, from 0.01 to 100.
        generator: of `synthetic`.
        neighbours: k of `smote`.

    Raises:
        FHRError: another method, a ratio outside these, no neighbour, or `synthetic` without a generator, or another
            method with one.

    Example:
        >>> Rebalancing("smote", 0.5).title
        'smote to 0.5'
    """

    method: Method = "none"
    ratio: float = 1.0
    generator: Generator | None = None
    neighbours: int = 5

    def __post_init__(self) -> None:
        if self.method not in get_args(Method):
            raise FHRError(f"method={self.method!r}; rebalance by one of {', '.join(get_args(Method))}")
        if not 1 / _MOST <= self.ratio <= _MOST:
            raise FHRError(
                f"ratio={self.ratio}; give the wanted number of positives to one negative, {1 / _MOST:g} to {_MOST:g}"
            )
        if self.neighbours < 1:
            raise FHRError(f"neighbours={self.neighbours}; SMOTE takes 1 or more, 5 by default")
        if (self.method == "synthetic") != (self.generator is not None):
            raise FHRError(
                f"method={self.method!r} with generator={self.generator}; `synthetic`, and nothing else, takes a "
                "generator of fhr.synthesis"
            )

    @property
    def title(self) -> str:
        """Method and share in a few words."""
        if self.method == "none":
            return "none"
        name = self.method if self.generator is None else self.generator.title
        return f"{name} to {self.ratio:g}"

    def weights(self, labels: np.ndarray) -> np.ndarray:
        """Weights (n,) that give labels of 0 and 1 the wanted share, with a mean of 1.

        Raises:
            FHRError: one class only.
        """
        negatives, positives = _counted(labels)
        own = np.where(labels == 1, self.ratio / positives, 1 / negatives)
        return np.asarray(len(labels) / (1 + self.ratio) * own)

    def missing(self, labels: np.ndarray) -> tuple[int, int]:
        """Class, 0 or 1, of which more is needed for the wanted share, and how many; 0 where there are enough.

        Raises:
            FHRError: one class only.
        """
        negatives, positives = _counted(labels)
        if positives / negatives < self.ratio:
            return 1, round(self.ratio * negatives) - positives
        return 0, round(positives / self.ratio) - negatives

    def copies(self, labels: np.ndarray, place: Place, seed: int) -> np.ndarray:
        """Positions of the records that `oversampling` takes once more, drawn with replacement.

        Raises:
            FHRError: one class only.
        """
        target, n = self.missing(labels)
        own = np.flatnonzero(labels == target)
        return own[_draw(seed, place).integers(len(own), size=n)]

    def __call__(self, rows: pd.DataFrame, place: Place, seed: int, synthetic: RowsOf | None = None) -> Rebalanced:
        """Rebalance the rows of the training records of a place.

        Args:
            rows: of the training records, by name; a record may stand there several times.
            place: of these rows, whose labels count.
            seed: of the draws.
            synthetic: gives rows of a generator's recordings, `fhr.evaluation.SyntheticRows`.

        Raises:
            FHRError: training records of one class, fewer than SMOTE needs, `synthetic` without rows of its features
                or with other columns; and as `SyntheticRows`.
        """
        if self.method == "none":
            return Rebalanced(rows)
        labels = place.labels.loc[rows.index].to_numpy()
        if self.method == "weights":
            return Rebalanced(rows, self.weights(labels))
        target, n = self.missing(labels)
        if not n:
            return Rebalanced(rows)
        if self.method == "oversampling":
            more = rows.iloc[self.copies(labels, place, seed)]
        elif self.method == "smote":
            more = smote(rows[labels == target], rows, n, _draw(seed, place), neighbours=self.neighbours)
        else:
            more = self._synthetic(place, n, target, seed, synthetic, rows.columns)
        return Rebalanced(pd.concat([rows, more]))

    def _synthetic(
        self, place: Place, n: int, target: int, seed: int, synthetic: RowsOf | None, columns: pd.Index
    ) -> pd.DataFrame:
        if synthetic is None or self.generator is None:
            raise FHRError(f"{self.title}: nothing computes features of what it makes; give `SyntheticRows(table)`")
        made = synthetic(self.generator, place, n, target, seed)
        if missing := [column for column in columns if column not in made.columns]:
            raise FHRError(f"{self.title}: no column {missing[0]}; make both tables with one function")
        return made[list(columns)]


def _draw(seed: int, place: Place) -> np.random.Generator:
    return stream(seed, "rows of a rebalanced class", place.repeat, place.fold, place.inner, place.member)


def _counted(labels: np.ndarray) -> tuple[int, int]:
    """Negatives and positives."""
    n, positives = len(labels), int(labels.sum())
    if not 0 < positives < n:
        raise FHRError(
            f"{positives} of {n} training records have the label; rebalancing needs both classes: a commoner label, "
            "more recordings or fewer folds"
        )
    return n - positives, positives


AS_IT_IS = Rebalancing()
"""No rebalancing."""
