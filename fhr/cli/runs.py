"""The runs of the MLflow store, newest first, as CSV, without the folds of a cross-validation and trials of a sweep.

`--describe` tells what each column means.

A run that MLflow calls RUNNING although its process is gone (killed, or a power cut) is STALE; `--resume RUN_ID` of
`fhr fit`, `fhr crossval` or `fhr sweep` goes on with it.

A store that was moved or copied is read as it is now, and notes its new place down when it is next written to; with
--relocate at once, for MLflow's own pages, say.
"""

import argparse
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fhr.errors import FHRError

from .describe import add_describe
from .tables import check_out, write_csv

if TYPE_CHECKING:
    from fhr.recording import TableColumn

__all__ = ["add_arguments", "run", "tables"]

_log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("--target", metavar="LABEL", help="only runs of this label, such as 'ph<7.05'")
    parser.add_argument("--experiment", metavar="NAME", help="only runs of this experiment, by name or id")
    parser.add_argument("--last", type=int, metavar="N", help="only the N newest of these")
    parser.add_argument("--out", metavar="FILE.csv", help="where to write the table (default: stdout)")
    parser.add_argument(
        "--relocate",
        nargs="?",
        const="now",
        choices=("now", "dry"),
        help="note down where a store that was moved or copied is now, and say of how many runs; `--relocate dry` says "
        "it and changes nothing",
    )
    add_describe(parser, tables)


def tables() -> "dict[str, Sequence[TableColumn]]":
    """Columns of each table, by its option."""
    from .run_table import RUN_COLUMNS

    return {"--out": RUN_COLUMNS}


def run(options: argparse.Namespace) -> int:
    """List the runs, or relocate them."""
    from fhr.tracking import check_store, mlflow_client, search_runs, store_moves

    from .run_table import run_table, wanted_runs

    check_out(options.out)
    if options.last is not None and options.last < 1:
        raise FHRError(f"--last {options.last}; it is at least 1")
    check_store()
    client = mlflow_client()
    if options.relocate is not None:
        from .relocate import relocate

        relocate(options.relocate)
        return 0
    for move in store_moves():
        _log.warning("%s; `fhr runs --relocate` notes that down", move)
    experiments = {e.experiment_id: e.name for e in client.search_experiments()}
    found = search_runs(client, list(experiments), order_by=["attributes.start_time DESC"])
    table = run_table(
        wanted_runs(
            [run for run in found if "mlflow.parentRunId" not in run.data.tags],
            experiments,
            target=options.target,
            experiment=options.experiment,
            last=options.last,
        ),
        experiments,
    )
    write_csv(table, options.out, columns=tables()["--out"])
    if stale := int((table["status"] == "STALE").sum()):
        _log.warning("STALE runs, whose process is gone: %d; go on with `--resume RUN_ID` of the verb", stale)
    return 0
