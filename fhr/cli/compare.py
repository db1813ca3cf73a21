"""Compare cross-validations of the same records in pairs: each with the first, as CSV.

The table has the difference of each metric, its 95% interval from a bootstrap over records, and a two-sided p-value,
also after Holm's correction over the models. A file of out-of-fold predictions may stand in the place of a run: what
`fhr crossval --out` wrote, or one of `benchmarks/oof`.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from fhr.errors import FHRError

from .tables import check_out, write_csv

if TYPE_CHECKING:
    import pandas as pd
    from mlflow import MlflowClient

__all__ = ["add_arguments", "run"]


class _Model(NamedTuple):
    """One of the models compared; `experiment` and `target` are empty where it was read from a file."""

    given: str
    name: str
    predictions: "pd.DataFrame"
    experiment: str = ""
    target: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("runs", nargs="+", metavar="RUN", help="MLflow run ids, or files of predictions; the first")
    parser.add_argument("--out", metavar="FILE.csv", help="where to write the table (default: stdout)")
    parser.add_argument("--figures", metavar="DIR", help="draw the ROC curves into this folder")
    parser.add_argument("--log", action="store_true", help="keep table, differences and figures as a new MLflow run")


def run(options: argparse.Namespace) -> int:
    """Compare, and keep what was asked for."""
    check_out(options.out)
    if options.figures and Path(options.figures).exists() and not Path(options.figures).is_dir():
        raise FHRError(f"--figures {options.figures}: a file; name a folder, which is made where it is missing")
    if len(options.runs) < 2 or len(set(options.runs)) < len(options.runs):
        raise FHRError(f"{' '.join(options.runs)}: give two or more different runs, the first to compare with")
    models = [_from_file(Path(given)) if Path(given).is_file() else _from_store(given) for given in options.runs]
    if len(targets := {model.target for model in models if model.target}) > 1:
        told = ", ".join(f"{model.given} predicts {model.target}" for model in models if model.target)
        raise FHRError(f"runs of {len(targets)} labels cannot be compared: {told}; choose runs of one label")
    if options.log and not any(model.experiment for model in models):
        raise FHRError("--log keeps a comparison beside its runs, and there are files only; give a run id")
    models = _told_apart(models)

    from fhr.evaluation import compare

    table = compare({model.name: model.predictions for model in models})
    write_csv(table, options.out)
    if options.figures:
        _draw(models, table, Path(options.figures))
    if options.log:
        _log(models, table)
    return 0


def _from_file(path: Path) -> _Model:
    import pandas as pd

    try:
        predictions = pd.read_csv(path, dtype={"name": str, "record": str})
    except (OSError, EOFError, ValueError) as error:
        raise FHRError(f"{path}: no table of predictions ({error}); give a CSV that `fhr crossval` wrote") from None
    name = path.name.removesuffix(".gz").removesuffix(".csv")
    return _Model(str(path), name, predictions.rename(columns={"record": "name"}))


def _from_store(run_id: str) -> _Model:
    import tempfile

    import pandas as pd

    from fhr.tracking import find_run, has_store, mlflow_client, shown_uri

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
    return _Model(run_id, name, predictions, str(found.info.experiment_id), found.data.tags.get("target", ""))


def _told_apart(models: Sequence[_Model]) -> list[_Model]:
    """Names of runs are often the same; their ids are not."""
    names = [model.name for model in models]
    return [
        model._replace(name=f"{model.name} {model.given[:8] if model.experiment else model.given}")
        if names.count(model.name) > 1
        else model
        for model in models
    ]


def _draw(models: Sequence[_Model], table: "pd.DataFrame", folder: Path) -> None:
    from fhr.evaluation import whole_repeats
    from fhr.formats import whole_or_not_at_all
    from fhr.plots import compare_curves

    repeats = {model.name: whole_repeats(model.predictions) for model in models}
    area = table[table["metric"] == "auroc"].set_index("model")
    notes = {
        str(name): f"{row['difference']:+.3f} ({row['low']:+.3f} to {row['high']:+.3f}), p {row['p_holm']:.2g}"
        for name, row in area.iterrows()
    }
    labels = next(iter(repeats.values())).labels
    figure = compare_curves(labels, {name: model.scores for name, model in repeats.items()}, notes=notes)
    folder.mkdir(parents=True, exist_ok=True)
    with whole_or_not_at_all(folder / "roc.png") as part:
        figure.savefig(part, format="png", dpi=150)


def _log(models: Sequence[_Model], table: "pd.DataFrame") -> None:
    """A run of its own in the experiment of the first run, with the differences as metrics."""
    import tempfile

    import numpy as np

    from fhr.tracking import mlflow_client, source_state

    client: MlflowClient = mlflow_client()
    first = next(model for model in models if model.experiment)
    tags = {**source_state(), "kind": "comparison", "comparison": " ".join(model.given for model in models)}
    name = f"comparison of {len(models)}"
    run_id = client.create_run(first.experiment, run_name=name, tags={**tags, "target": first.target}).info.run_id
    try:
        client.log_param(run_id, "first", models[0].name)
        # MLflow's names of metrics take no bracket, so that several models are told apart by their place
        place = {model.name: "" if len(models) == 2 else f"/{i}" for i, model in enumerate(models)}
        for i, model in enumerate(models[1:], 1):
            client.log_param(run_id, f"model_{i}", model.name)
        for row in table.to_dict("records"):
            ends = {"": "difference", "_low": "low", "_high": "high", "_p": "p_holm"}
            for suffix, column in ends.items():
                if np.isfinite(row[column]):
                    client.log_metric(run_id, f"difference/{row['metric']}{suffix}{place[row['model']]}", row[column])
        with tempfile.TemporaryDirectory() as folder:
            table.to_csv(Path(folder) / "comparison.csv", index=False)
            _draw(models, table, Path(folder) / "figures")
            client.log_artifacts(run_id, folder)
    except BaseException:
        client.set_terminated(run_id, "FAILED")
        raise
    client.set_terminated(run_id)
