"""The runs of the MLflow store, newest first, as CSV; the single folds of a cross-validation are left out.

A run that MLflow calls RUNNING although its process is gone (killed, or a power cut) is STALE; `--resume RUN_ID` of
`fhr fit` or `fhr crossval` goes on with it.

A store that was moved or copied is read as it is now, and notes its new place down when it is next written to; with
--relocate at once, for MLflow's own pages, say.
"""

import argparse
import logging

from .tables import check_out, write_csv

__all__ = ["add_arguments", "run"]

_log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("--out", metavar="FILE.csv", help="where to write the table (default: stdout)")
    parser.add_argument(
        "--relocate",
        nargs="?",
        const="now",
        choices=("now", "dry"),
        help="note down where a store that was moved or copied is now, and say of how many runs; `--relocate dry` says "
        "it and changes nothing",
    )


def run(options: argparse.Namespace) -> int:
    """List the runs, or relocate them."""
    import pandas as pd

    from fhr.tracking import check_store, mlflow_client, run_state, search_runs, store_moves

    check_out(options.out)
    check_store()
    client = mlflow_client()
    if options.relocate is not None:
        from .relocate import relocate

        relocate(options.relocate)
        return 0
    for move in store_moves():
        _log.warning("%s; `fhr runs --relocate` notes that down", move)
    experiments = {e.experiment_id: e.name for e in client.search_experiments()}
    rows = [
        {
            "run_id": r.info.run_id,
            "experiment": experiments[r.info.experiment_id],
            "name": r.info.run_name,
            "status": run_state(r),
            "auroc": r.data.metrics.get("test/auroc"),
            "brier": r.data.metrics.get("test/brier"),
        }
        for r in search_runs(client, list(experiments), order_by=["attributes.start_time DESC"])
        if "mlflow.parentRunId" not in r.data.tags
    ]
    columns = ["run_id", "experiment", "name", "status", "auroc", "brier"]
    write_csv(pd.DataFrame(rows, columns=columns), options.out)
    if stale := sum(row["status"] == "STALE" for row in rows):
        _log.warning("STALE runs, whose process is gone: %d; go on with `--resume RUN_ID` of the verb", stale)
    return 0
