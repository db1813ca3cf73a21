"""Arrays of out-of-fold predictions: one row a repeat, one column a record, records in the order of their names."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from fhr.errors import SplitError
from fhr.metrics.inputs import checked_labels

__all__ = ["Repeats", "whole_repeats"]

_COLUMNS = ("name", "repeat", "fold", "label", "score", "probability")


class Repeats(NamedTuple):
    """The repeats of a cross-validation over n records.

    Attributes:
        names: (n,) records, sorted as text.
        numbers: (n_repeats,) which repeats these are.
        labels: (n,), 0 or 1.
        scores: (n_repeats, n).
        probabilities: (n_repeats, n).
        folds: (n_repeats, n), number of the fold that each record was tested in.
    """

    names: np.ndarray
    numbers: np.ndarray
    labels: np.ndarray
    scores: np.ndarray
    probabilities: np.ndarray
    folds: np.ndarray


def whole_repeats(predictions: pd.DataFrame, *, model: str = "predictions") -> Repeats:
    """Check and align out-of-fold predictions.

    Args:
        predictions: columns name, repeat, fold, label, score, probability; every record once a repeat.
        model: what messages call them.

    Raises:
        SplitError: a column or every row is missing; a record is missing from a repeat, there twice, or has two labels.
        OutcomeError: labels that are not 0 or 1.

    Example:
        >>> table = pd.DataFrame({"name": ["b", "a"], "repeat": 0, "fold": 1, "label": [1, 0], "score": [2.0, 3.0]})
        >>> whole_repeats(table.assign(probability=0.5)).scores.tolist()
        [[3.0, 2.0]]
    """
    if missing := [column for column in _COLUMNS if column not in predictions.columns]:
        raise SplitError(f"{model}: no column {missing[0]!r}; out-of-fold predictions have {', '.join(_COLUMNS)}")
    if predictions.empty:
        raise SplitError(f"{model}: no row; give one for each record and repeat")
    table = predictions[list(_COLUMNS)].assign(name=predictions["name"].astype(str))
    if (twice := table.duplicated(["name", "repeat"])).any():
        row = table[twice].iloc[0]
        raise SplitError(
            f"{model}: {twice.sum()} rows more than one a record and repeat, record {row['name']} in repeat "
            f"{row['repeat']} the first; pool disjoint folds"
        )
    _check_that_none_is_missing(table, model)  # before a table of every record by every repeat is made
    wide = table.pivot(index="name", columns="repeat")
    numbers = wide["fold"].columns.to_numpy()
    labels = checked_labels(wide["label"].to_numpy().T.ravel()).reshape(len(numbers), -1)
    changing = labels.max(axis=0) > labels.min(axis=0)
    if changing.any():
        raise SplitError(
            f"{model}: {changing.sum()} records have another label in another repeat, {wide.index[changing][0]} the "
            "first; a label belongs to the record"
        )
    rows = (wide[column].to_numpy().T for column in ("score", "probability", "fold"))
    return Repeats(wide.index.to_numpy(dtype=str), numbers, labels[0], *rows)


def _check_that_none_is_missing(table: pd.DataFrame, model: str) -> None:
    names, numbers = np.unique(table["name"].to_numpy(dtype=str)), table["repeat"].dropna().unique()
    present = table.dropna(subset=["repeat", "fold"])
    counts = present.groupby("name").size().reindex(names, fill_value=0)
    if (short := counts.to_numpy() < len(numbers)).any():
        record = names[short][0]
        repeat = np.setdiff1d(numbers, present.loc[present["name"] == record, "repeat"])[0]
        raise SplitError(
            f"{model}: {len(names) - (present['repeat'] == repeat).sum()} of {len(names)} records are missing from "
            f"repeat {repeat}, {record} the first; pool whole repeats"
        )
