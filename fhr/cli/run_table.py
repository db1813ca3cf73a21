"""Table of runs: when, on what data, for which label, how well, and what they were given that others were not."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import pandas as pd

from fhr.errors import FHRError
from fhr.recording import TableColumn, column_names
from fhr.tracking import run_state

if TYPE_CHECKING:
    from mlflow.entities import Run

__all__ = ["COLUMNS", "RUN_COLUMNS", "differing", "run_table", "wanted_runs"]

_NOT_TESTED = "it was not tested"
RUN_COLUMNS = (  # only ever appended to
    TableColumn("run_id", "id of the run in MLflow"),
    TableColumn("experiment", "experiment that it is in"),
    TableColumn("name", "name of the run"),
    TableColumn("status", "state of the run", values="FINISHED; RUNNING; FAILED; KILLED; STALE (its process is gone)"),
    TableColumn("auroc", "area under the ROC curve, of the test", "1", "number", 6, empty=_NOT_TESTED),
    TableColumn("brier", "Brier score, of the test", "1", "number", 6, empty=_NOT_TESTED),
    TableColumn("auroc_low", "lower end of the 95% interval of auroc", "1", "number", 6, empty=_NOT_TESTED),
    TableColumn("auroc_high", "upper end of the 95% interval of auroc", "1", "number", 6, empty=_NOT_TESTED),
    TableColumn("date", "start of the run, local time"),
    TableColumn("target", "the label, with its inequality", empty="it has none"),
    TableColumn("data", "where the records are from, and of which kinds", empty="it is not known"),
    TableColumn("params", "parameters in which the listed runs differ", empty="it differs in none"),
)
COLUMNS = column_names(RUN_COLUMNS)
_METRICS = ("auroc", "brier", "auroc_low", "auroc_high")
_MOST, _LONGEST = 8, 40  # parameters of a run, and characters of one of them
# They have a column, or follow from what differs.
_LEFT_OUT = re.compile(r"target|name|device|n_\w+|\w+_checksum|network/n_(channels|outputs|features)")
_CLASS = re.compile(r"(?:\w+\.)+([A-Z]\w*)")


def run_table(runs: Sequence["Run"], experiments: Mapping[str, str]) -> pd.DataFrame:
    """One row a run, with the columns `COLUMNS`.

    Args:
        runs: in the order of the rows.
        experiments: name by id.
    """
    given = differing([run.data.params for run in runs])
    rows = [
        {
            "run_id": run.info.run_id,
            "experiment": experiments[run.info.experiment_id],
            "name": run.info.run_name,
            "status": run_state(run),
            **{name: run.data.metrics.get(f"test/{name}") for name in _METRICS},
            "date": datetime.fromtimestamp(run.info.start_time / 1000).isoformat(timespec="minutes"),
            "target": run.data.tags.get("target") or run.data.params.get("target"),
            "data": _data(run.data.tags),
            "params": params,
        }
        for run, params in zip(runs, given, strict=True)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def differing(parameters: Sequence[Mapping[str, str]]) -> list[str]:
    """Parameters of each run in words, `n_filters=8, learning_rate=0.01`: those in which runs that have them differ.

    >>> differing([{"rate": "0.1", "seed": "1"}, {"rate": "0.2", "seed": "1"}, {"seed": "1"}])
    ['rate=0.1', 'rate=0.2', '']
    """
    values: dict[str, set[str]] = {}
    for one in parameters:
        for name, value in one.items():
            values.setdefault(name, set()).add(value)
    differ = [name for name, found in values.items() if len(found) > 1 and not _LEFT_OUT.fullmatch(name)]
    words = []
    for one in parameters:
        own = [f"{name.rpartition('/')[2]}={_short(one[name])}" for name in differ if name in one]
        more = [f"and {len(own) - _MOST} more"] if len(own) > _MOST else []
        words.append(", ".join([*own[:_MOST], *more]))
    return words


def wanted_runs(
    runs: Sequence["Run"],
    experiments: Mapping[str, str],
    *,
    target: str | None = None,
    experiment: str | None = None,
    last: int | None = None,
) -> list["Run"]:
    """The runs that were asked for.

    Args:
        runs: newest first.
        experiments: name by id.
        target: label, as it stands in the table.
        experiment: name or id.
        last: how many, the newest.

    Raises:
        FHRError: a label or an experiment that no run has.
    """
    for option, asked, of in (
        ("--target", target, lambda run: {run.data.tags.get("target") or run.data.params.get("target", "")}),
        ("--experiment", experiment, lambda run: {run.info.experiment_id, experiments[run.info.experiment_id]}),
    ):
        if asked is None:
            continue
        there = sorted({name for run in runs for name in of(run) if name})
        runs = [run for run in runs if asked in of(run)]
        if not runs:
            near = get_close_matches(asked, there, n=1)
            meant = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(there) or 'none'}"
            raise FHRError(f"{option} {asked}: no run is of it; {meant}")
    return list(runs[:last])


def _data(tags: Mapping[str, str]) -> str | None:
    """Origin and kinds of the records."""
    parts = [tags[name] for name in ("data", "kinds") if tags.get(name)]
    return ": ".join(parts) or None


def _short(value: Any) -> str:
    text = str(value)
    found = _CLASS.fullmatch(text)
    text = found[1] if found else text
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
