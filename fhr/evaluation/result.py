"""The result of a cross-validation: raw scores of all folds, and the out-of-fold predictions that they give."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from fhr.compute import concerning
from fhr.datasets import Place
from fhr.metrics import Interval

from .fits import FAMILY
from .fold_predictions import out_of_fold
from .procedure import Combined, combine
from .summary import evaluate_predictions, summary_row

__all__ = ["CrossValidation"]


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """Every record scored, once a repeat, by models that have not seen it.

    Attributes:
        first: the first place: label, splits, database.
        kept: raw scores of each outer fold, by (repeat, fold), as the store has them.
        inner: inner folds of an outer fold that were fitted.
        members: retrainings of each inner model.
        by: how families of models are combined, see `Procedure`.
        name: of the model.
        title: how tables call it, the name where it is empty.
        permutations: of a control, the seed that gave each repeat the signals of others; empty of any other result.
    """

    first: Place
    kept: Mapping[tuple[int, int], pd.DataFrame]
    inner: int = 4
    members: int = 1
    by: str = "mean"
    name: str = "model"
    title: str = ""
    permutations: Mapping[int, int] = field(default_factory=dict)

    @property
    def target(self) -> str:
        """The label with its inequality."""
        return self.first.target

    @property
    def subject(self) -> str:
        """Model and label, as messages name them."""
        return f"{self.name}, {self.target}"

    @property
    def labels(self) -> pd.Series:
        """0 or 1 by record name; known ones only."""
        return self.first.labels

    @cached_property
    def combined(self) -> dict[tuple[int, int], Combined]:
        """Combination of the families of each outer fold; empty where each place has a single fit."""
        folds = {place: raw for place, raw in self.kept.items() if FAMILY in raw}
        return {place: combine(raw, self.labels, self.by) for place, raw in folds.items()}

    @cached_property
    def raw(self) -> dict[tuple[int, int], pd.DataFrame]:
        """Scores of the one model of each outer fold, with `RAW_COLUMNS`."""
        return {place: self.combined[place].raw if FAMILY in raw else raw for place, raw in self.kept.items()}

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """Table of the out-of-fold predictions of all repeats, see `out_of_fold`."""
        with concerning(self.subject):
            table = pd.concat([out_of_fold(fold, self.labels) for fold in self.raw.values()])
        return table.sort_values(["repeat", "fold", "name"], ignore_index=True)

    @cached_property
    def metrics(self) -> dict[str, Interval]:
        """Every metric with its interval over records, see `evaluate_predictions`."""
        with concerning(self.subject):
            return evaluate_predictions(self.predictions)

    def row(self) -> dict[str, Any]:
        """One line of a table of models."""
        return summary_row(self.title or self.name, self.metrics)

    def families(self) -> list["CrossValidation"]:
        """Each family by itself, on the same folds: what was not chosen is reported too."""
        numbers = sorted({int(k) for raw in self.kept.values() if FAMILY in raw for k in raw[FAMILY].unique()})
        return [
            CrossValidation(
                self.first,
                {p: raw[raw[FAMILY] == k].drop(columns=FAMILY).reset_index(drop=True) for p, raw in self.kept.items()},
                self.inner,
                self.members,
                name=f"{self.name}, family {k}",
                permutations=self.permutations,
            )
            for k in numbers
        ]
