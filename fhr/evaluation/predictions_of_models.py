"""Predictions that a cross-validation left: in its run of MLflow, or in a CSV file."""

import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from fhr.errors import FHRError, FormatError
from fhr.tracking import find_run, has_store, mlflow_client, shown_uri

from .published_predictions import read_oof

__all__ = ["KeptPredictions", "kept_predictions", "told_apart"]


class KeptPredictions(NamedTuple):
    """Predictions of one model, and where they are kept.

    Attributes:
        given: id of the run, or the path of the file.
        name: of the model.
        predictions: columns name, repeat, fold, label, score, probability.
        experiment: id of the run's experiment; empty for a file.
        target: the label with its inequality; empty for a file.
    """

    given: str
    name: str
    predictions: pd.DataFrame
    experiment: str = ""
    target: str = ""


def kept_predictions(given: str) -> KeptPredictions:
    """Read the predictions of a run, or of a file where there is one of that name.

    Raises:
        FHRError: neither, a file that is no table, or a run that is no finished cross-validation.
    """
    return _of_file(Path(given)) if Path(given).is_file() else _of_run(given)


def told_apart(models: Sequence[KeptPredictions]) -> list[KeptPredictions]:
    """Add the id or the path to each name that several models have: names of runs are often the same."""
    names = [model.name for model in models]
    return [
        model._replace(name=f"{model.name} {model.given[:8] if model.experiment else model.given}")
        if names.count(model.name) > 1
        else model
        for model in models
    ]


def _of_file(path: Path) -> KeptPredictions:
    name = path.name.removesuffix(".gz").removesuffix(".csv")
    with suppress(FormatError):  # not one of the kept table
        return KeptPredictions(str(path), name, read_oof(path))
    try:
        predictions = pd.read_csv(path, dtype={"name": str, "record": str})
    except (OSError, EOFError, ValueError) as error:
        raise FHRError(f"{path}: no table of predictions ({error}); give a CSV that `fhr crossval` wrote") from None
    return KeptPredictions(str(path), name, predictions.rename(columns={"record": "name"}))


def _of_run(run_id: str) -> KeptPredictions:
    uri = shown_uri()
    if not has_store():
        raise FHRError(f"{run_id}: no such file, and there is no MLflow store {uri}; go to the folder that holds it")
    found, client = find_run(run_id), mlflow_client()
    if found is None:
        raise FHRError(f"{run_id!r} is neither a file nor a run of {uri}; `fhr runs` lists the runs")
    if parent := found.data.tags.get("mlflow.parentRunId"):
        raise FHRError(f"run {run_id} is one fold of {parent}; compare whole cross-validations, give that id")
    if found.info.status != "FINISHED":
        raise FHRError(f"run {run_id} is {found.info.status}; compare it when it is finished")
    columns: set[str] = set()
    if any(file.path == "predictions.csv" for file in client.list_artifacts(run_id)):
        with tempfile.TemporaryDirectory() as folder:
            path = client.download_artifacts(run_id, "predictions.csv", folder)
            predictions = pd.read_csv(path, dtype={"name": str})
        columns = set(predictions.columns)
    if "repeat" not in columns:
        raise FHRError(f"run {run_id} is no cross-validation; give one that `fhr crossval` made")
    name = found.info.run_name or run_id
    return KeptPredictions(run_id, name, predictions, str(found.info.experiment_id), found.data.tags.get("target", ""))
