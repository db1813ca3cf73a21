"""Metrics of out-of-fold predictions: pooled folds of each repeat, then the average over repeats."""

from typing import Any

import pandas as pd

from fhr.errors import SplitError
from fhr.metrics import Interval, evaluate

__all__ = ["evaluate_predictions", "summary_row"]


def evaluate_predictions(predictions: pd.DataFrame) -> dict[str, Interval]:
    """Every metric of out-of-fold predictions, with intervals over records.

    Ranking metrics are taken on the standardised scores, which pool over folds; calibration on the probabilities.

    Args:
        predictions: columns name, repeat, label, score, probability; every record once a repeat.

    Raises:
        SplitError: a record that is missing from a repeat, or there twice.
    """
    if predictions.duplicated(["name", "repeat"]).any():
        raise SplitError("a record is predicted twice in one repeat; pool disjoint folds")
    table = predictions.pivot(index="name", columns="repeat", values=["probability", "score"])
    if table.isna().any(axis=None):
        raise SplitError("a record is missing from a repeat; pool whole repeats")
    labels = predictions.drop_duplicates("name").set_index("name")["label"].loc[table.index]
    probabilities, scores = (table[column].to_numpy(dtype=float).T for column in ("probability", "score"))
    return evaluate(labels.to_numpy(), probabilities, scores)


def summary_row(name: str, results: dict[str, Interval]) -> dict[str, Any]:
    """One line of a table of models."""
    row: dict[str, Any] = {"model": name}
    for metric in ("auroc", "auprc", "brier", "calibration_slope"):
        interval = results[metric]
        row[metric] = round(interval.value, 3)
        row[f"{metric}_95"] = f"{interval.low:.3f} to {interval.high:.3f}"
    return row
