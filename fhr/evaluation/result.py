"""The result of a cross-validation: raw scores of all folds, and the out-of-fold predictions that they give."""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from fhr.compute import concerning
from fhr.datasets import Place
from fhr.metrics import Interval

from .calibration_null import CalibrationNull, calibration_metrics, calibration_null, stored_folds
from .fits import FAMILY
from .fold_predictions import out_of_fold
from .procedure import Combined, combine
from .summary import evaluate_predictions, summary_row
from .unseen_records import marked

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
        out_of_fold: False where models may have seen test records, see `cross_validate`.
        permutations: of a control, the seed that gave each repeat the signals of others; empty of any other result.
    """

    first: Place
    kept: Mapping[tuple[int, int], pd.DataFrame]
    inner: int = 4
    members: int = 1
    by: str = "mean"
    name: str = "model"
    title: str = ""
    out_of_fold: bool = True
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
        """Table of the out-of-fold predictions of all repeats, see `out_of_fold`, and the key: `record` and `path`."""
        with concerning(self.subject):
            table = pd.concat([out_of_fold(fold, self.labels) for fold in self.raw.values()])
        table = table.sort_values(["repeat", "fold", "name"], ignore_index=True)
        paths = {recording.name: recording.path for recording in self.first.database or ()}
        return table.assign(record=table["name"], path=table["name"].map(paths))

    @cached_property
    def measured(self) -> dict[str, Interval]:
        """Metrics that follow from the predictions alone, see `evaluate_predictions`."""
        with concerning(self.subject):
            return evaluate_predictions(self.predictions)

    @cached_property
    def calibration(self) -> CalibrationNull:
        """Calibration statistics, and what a calibrated procedure would give on the stored scores.

        Where families were combined, their weights are those of the true labels in every redraw.
        """
        labels = self.labels.dropna()
        return calibration_null(stored_folds(self.raw, labels), labels.to_numpy().astype(int))

    @cached_property
    def metrics(self) -> dict[str, Interval]:
        """`measured`, with the calibration tests of this procedure, see `calibration_metrics`."""
        return self.measured | calibration_metrics(self.calibration)

    def row(self) -> dict[str, Any]:
        """One line of a table of models; where it is not out-of-fold, the name and a last column say so."""
        row = summary_row(marked(self.title or self.name, self.out_of_fold), self.measured)
        return row if self.out_of_fold else row | {"out_of_fold": "no"}

    def titled(self, title: str) -> "CrossValidation":
        """The same result under another title; what was computed of it stays."""
        other = copy(self)
        object.__setattr__(other, "title", title)
        return other

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
                out_of_fold=self.out_of_fold,
                permutations=self.permutations,
            )
            for k in numbers
        ]
