"""Compare models that predicted the same records in pairs: each with the first, as CSV.

The table has the difference of each metric with its 95% interval and a two-sided p-value, also after Holm's correction
over the models: from a bootstrap over records and the spread between repeats, for procedures that are trained once.
`detectable` is the smallest difference that such data would show with 80% power. A RUN is a cross-validation, or a fit
that was tested (`fhr test`); A,B,C are fits of one model on the same fold with other seeds. A file of `fhr export` may
stand in the place of a run, and so may a file of predictions: what `fhr crossval --out` wrote, one of `benchmarks/oof`,
or a CSV with the columns name, label, score, probability of one fold. A single repeat says nothing of the spread
between trainings: see `note`.
"""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fhr.errors import FHRError

from .describe import add_describe
from .tables import check_folder, check_out, write_csv

if TYPE_CHECKING:
    import pandas as pd
    from mlflow import MlflowClient

    from fhr.evaluation import KeptPredictions
    from fhr.recording import TableColumn

__all__ = ["add_arguments", "run", "tables"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument(
        "runs", nargs="+", metavar="RUN", help="MLflow run ids, files of `fhr export`, or of predictions"
    )
    parser.add_argument("--out", metavar="FILE.csv", help="where to write the table (default: stdout)")
    parser.add_argument("--figures", metavar="DIR", help="draw the ROC curves into this folder")
    parser.add_argument("--log", action="store_true", help="keep table, differences and figures as a new MLflow run")
    add_describe(parser, tables)


def tables() -> "dict[str, Sequence[TableColumn]]":
    """Columns of each table, by its option."""
    from fhr.evaluation import DIFFERENCE_COLUMNS

    return {"--out": DIFFERENCE_COLUMNS}


def run(options: argparse.Namespace) -> int:
    """Compare, and keep what was asked for."""
    check_out(options.out)
    check_folder(options.figures, "--figures")
    if len(options.runs) < 2 or len(set(options.runs)) < len(options.runs):
        raise FHRError(f"{' '.join(options.runs)}: give two or more different runs, the first to compare with")

    from fhr.evaluation import compare, draw_comparison, kept_predictions, told_apart

    models = [kept_predictions(given) for given in options.runs]
    if len(targets := {model.target for model in models if model.target}) > 1:
        told = ", ".join(f"{model.given} predicts {model.target}" for model in models if model.target)
        raise FHRError(f"runs of {len(targets)} labels cannot be compared: {told}; choose runs of one label")
    if options.log and not any(model.experiment for model in models):
        raise FHRError("--log keeps a comparison beside its runs, and there are files only; give a run id")
    models = told_apart(models)
    predictions = {model.name: model.predictions for model in models}
    table = compare(predictions)
    write_csv(table, options.out, columns=tables()["--out"])
    if options.figures:
        draw_comparison(predictions, table, options.figures)
    if options.log:
        _log(models, table)
    return 0


def _log(models: "Sequence[KeptPredictions]", table: "pd.DataFrame") -> None:
    """A run of its own in the experiment of the first run, with the differences as metrics."""
    import tempfile

    import numpy as np

    from fhr.evaluation import write_comparison
    from fhr.tracking import ensure_store, mlflow_client, source_state

    ensure_store()  # which may have been moved
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
            ends = {"": "difference", "_low": "low", "_high": "high", "_p": "p_holm", "_detectable": "detectable"}
            for suffix, column in ends.items():
                if np.isfinite(row[column]):
                    client.log_metric(run_id, f"difference/{row['metric']}{suffix}{place[row['model']]}", row[column])
        with tempfile.TemporaryDirectory() as folder:
            write_comparison({model.name: model.predictions for model in models}, table, folder)
            client.log_artifacts(run_id, folder)
    except BaseException:
        client.set_terminated(run_id, "FAILED")
        raise
    client.set_terminated(run_id)
