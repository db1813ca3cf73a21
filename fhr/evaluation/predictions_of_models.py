"""Predictions that a cross-validation or a tested fit left: in its run of MLflow, exported or not, or in a CSV file.

A fit has tested the records of one fold once. Several fits of that fold, with other seeds, stand in the place of
repeats.
"""

import io
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from fhr.errors import FHRError, FormatError
from fhr.formats import RunFile, is_run_file
from fhr.tracking import RunFiles, find_run, has_store, shown_uri

from .published_predictions import read_oof
from .repeats import whole_repeats

__all__ = ["KeptPredictions", "kept_predictions", "told_apart"]

_PREDICTIONS = "predictions.csv"


class KeptPredictions(NamedTuple):
    """Predictions of one model, and where they are kept.

    Attributes:
        given: id of the run, or the path of the file; of several fits, all of them with commas between.
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

    Predictions without the columns repeat and fold are those of one fit on one fold. `A,B,C` are fits of one model on
    the same fold with other seeds, which become its repeats.

    A file of `fhr export` stands for the run in it.

    Raises:
        FHRError: neither, a file that is no table, a run that is not finished or holds no predictions of a label, or
            fits that are no repeats of each other.
    """
    parts = [part for part in given.split(",") if part]
    if len(parts) > 1 and not Path(given).is_file():
        return _repeated([kept_predictions(part) for part in parts])
    if is_run_file(given):
        return _of_run_file(Path(given))
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
    if "name" not in predictions:
        predictions = predictions.rename(columns={"record": "name"})
    return KeptPredictions(str(path), name, _with_fold(predictions))


def _of_run(run_id: str) -> KeptPredictions:
    uri = shown_uri()
    if not has_store():
        raise FHRError(f"{run_id}: no such file, and there is no MLflow store {uri}; go to the folder that holds it")
    found, files = find_run(run_id), RunFiles()
    if found is None:
        raise FHRError(f"{run_id!r} is neither a file nor a run of {uri}; `fhr runs` lists the runs")
    if parent := found.data.tags.get("mlflow.parentRunId"):
        raise FHRError(f"run {run_id} is one fold of {parent}; compare whole cross-validations, give that id")
    if found.info.status != "FINISHED":
        raise FHRError(f"run {run_id} is {found.info.status}; compare it when it is finished")
    content = b""
    if _PREDICTIONS in files.names(found):
        with tempfile.TemporaryDirectory() as folder:
            content = files.fetch(found, _PREDICTIONS, folder).read_bytes()
    predictions = _table(content, f"run {run_id}", run_id)
    name, tags = found.info.run_name or run_id, found.data.tags
    return KeptPredictions(run_id, name, predictions, str(found.info.experiment_id), tags.get("target", ""))


def _of_run_file(path: Path) -> KeptPredictions:
    with RunFile(path) as exported:
        run = exported.run
        content = exported.read(run, _PREDICTIONS) if _PREDICTIONS in exported.names(run) else b""
    if run.parent:
        raise FHRError(f"{path} is one fold of {run.parent}; compare whole cross-validations, export that run")
    predictions = _table(content, str(path), run.run_id)
    return KeptPredictions(str(path), run.name or run.run_id, predictions, target=run.tags.get("target", ""))


def _table(content: bytes, given: str, run_id: str) -> pd.DataFrame:
    """The predictions that a run keeps.

    Raises:
        FHRError: it keeps none of a label.
    """
    try:
        predictions = pd.read_csv(io.BytesIO(content), dtype={"name": str}) if content else pd.DataFrame()
    except ValueError as error:  # of a parser
        raise FHRError(f"{given}: its {_PREDICTIONS} is no table ({error}); test it again") from None
    if not {"name", "label", "score"} <= set(predictions.columns):
        raise FHRError(
            f"{given} holds no predictions of a label; give a run of `fhr crossval`, or test a fit of a "
            f"classification first, with `fhr test --run {run_id}`"
        )
    return _with_fold(predictions)


def _with_fold(predictions: pd.DataFrame) -> pd.DataFrame:
    """Call the only repeat, and the only fold, 0 where the table says nothing of them, or knows a single fold."""
    if not {"repeat", "fold"} & set(predictions.columns):
        return predictions.assign(repeat=0, fold=0)
    if "fold" in predictions and predictions["fold"].nunique() == 1:
        return predictions.assign(fold=0)
    return predictions


def _repeated(fits: Sequence[KeptPredictions]) -> KeptPredictions:
    """Fits of one model on one fold, as its repeats."""
    first = fits[0]
    tables: list[pd.DataFrame] = []
    for number, fit in enumerate(fits):
        whole_repeats(fit.predictions, model=fit.given)
        if fit.predictions["repeat"].nunique() > 1 or (fit.predictions["fold"] != 0).any():
            raise FHRError(f"{fit.given} is no fit of one fold; only such fits are joined by commas, as repeats")
        if len({one.target for one in (first, fit) if one.target}) > 1:
            raise FHRError(f"{fit.given} predicts {fit.target}, {first.given} {first.target}; join fits of one label")
        table = fit.predictions.sort_values("name", ignore_index=True)
        if set(table["name"]) != set(first.predictions["name"]):
            raise FHRError(f"{fit.given} tests other records than {first.given}; join fits of one fold")
        for other, earlier in zip(fits, tables, strict=False):
            if table["score"].equals(earlier["score"]):
                raise FHRError(
                    f"{fit.given} has the scores of {other.given}, and says nothing of training; give fits with other "
                    "seeds (`fhr fit --seed_everything N`)"
                )
        tables.append(table.assign(repeat=number))
    given, name = ",".join(fit.given for fit in fits), f"{first.name} ({len(fits)} fits)"
    known = next((fit for fit in fits if fit.experiment), first)
    return KeptPredictions(given, name, pd.concat(tables, ignore_index=True), known.experiment, known.target)
