"""Metrics of a run: the main ones are MLflow's, all of them a table among its files."""

import csv
import io
import tempfile
from collections.abc import Iterable, Mapping
from math import isfinite, nan
from typing import TYPE_CHECKING

from .run_files import RunFiles
from .runs_page import HEADLINE
from .store import check_store, mlflow_client
from .store_mistakes import store_errors

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["METRICS_FILE", "headline", "metrics_table", "run_metrics"]

METRICS_FILE = "metrics.csv"
"""All metrics of a run, one a row: metric, value, low, high."""

_ENDS = {"low": "_low", "high": "_high"}


def headline(values: Mapping[str, float], names: Iterable[str] = HEADLINE) -> dict[str, float]:
    """Choose the main metrics of a run with the ends of their intervals, of no names all that there are.

    A hundred metrics hide these in MLflow's list, charts and comparison.

    >>> headline({"test/auroc": 0.7, "test/auroc_low": 0.6, "test/ece": 0.1})
    {'test/auroc': 0.7, 'test/auroc_low': 0.6}
    """
    keys = [f"{name}{end}" for name in names for end in ("", *_ENDS.values())]
    return {key: values[key] for key in keys if key in values} if keys else dict(values)


def metrics_table(values: Mapping[str, float]) -> str:
    """Write metrics as a CSV of one row a metric; `_low` and `_high` stand behind the names of ends of intervals."""
    of_ends = {f"{name}{end}": (name, column) for name in values for column, end in _ENDS.items()}
    rows: dict[str, dict[str, float]] = {}
    for key, value in values.items():
        name, column = of_ends.get(key, (key, "value"))
        rows.setdefault(name, {})[column] = value
    text = io.StringIO()
    table = csv.DictWriter(text, ["metric", "value", "low", "high"], lineterminator="\n")
    table.writeheader()
    table.writerows({"metric": name, **row} for name, row in rows.items())
    return text.getvalue()


def run_metrics(run_id: str, client: "MlflowClient | None" = None) -> dict[str, float]:
    """Read all metrics of a run; its table goes before MLflow, which has them all of runs of earlier versions.

    Args:
        run_id: of the run.
        client: of the store; None for that of this folder.

    Returns:
        Values by name, such as `test/ece`; ends of intervals have `_low` and `_high` behind it.

    Raises:
        TrackingError: no store, no such run, or one that cannot be read.
    """
    if client is None:
        check_store()
        client = mlflow_client()
    files = RunFiles()
    with store_errors(), tempfile.TemporaryDirectory() as folder:
        run = client.get_run(run_id)
        found = dict(run.data.metrics)
        if METRICS_FILE not in files.names(run):
            return found
        table = _read(files.fetch(run, METRICS_FILE, folder).read_text(encoding="utf-8"))
    # MLflow may still have some of a test before, which are in no later table.
    return {key: value for key, value in found.items() if not key.startswith("test/")} | table


def _read(text: str) -> dict[str, float]:
    """The values of a table; what is undefined is left out."""
    cells = {
        f"{row['metric']}{end}": float(row[column] or nan)
        for row in csv.DictReader(io.StringIO(text))
        for column, end in {"value": "", **_ENDS}.items()
    }
    return {key: value for key, value in cells.items() if isfinite(value)}
