"""Page of MLflow's browser view that lists the runs of an experiment: its address, and the columns it opens with.

MLflow itself opens an experiment on traces of language models, and its list of runs shows no metric. Both can be said:
the first in the address, the columns in a view that is saved with the experiment, as MLflow's own button *Views* does.
"""

import json
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment

__all__ = ["HEADLINE", "give_columns", "runs_page"]

HEADLINE = ("test/auroc", "test/brier", "test/calibration_slope", "audit/matched_auroc")
"""Main results of a classification; the last is AUROC beside records of equal signal loss, a known shortcut."""

_VIEW = "fhr"
_TAG = f"mlflow.sharedViewState.{_VIEW}"
# Columns as MLflow's page names them; a width in pixels where its own is too small.
_NAME, _BEFORE, _BEHIND = "attributes.`Run Name`", ("1", "runDateAndNestInfo"), ("attributes.`Dataset`", "duration")
_NAME_WIDTH, _WIDTH, _LETTER = 460, 90, 9
# What MLflow calls the order and the selection that it begins with; a view has to name them.
_RUNS = {
    "searchFilter": "",
    "orderByKey": "attributes.start_time",
    "orderByAsc": False,
    "startTime": "ALL",
    "lifecycleFilter": "Active",
    "datasetsFilter": [],
    "modelVersionFilter": "All Runs",
}


def runs_page(experiment: "Experiment") -> str:
    """Path of the page with the runs of an experiment, to be put behind the address of an MLflow server."""
    view = f"&viewStateShareKey={_VIEW}" if _TAG in experiment.tags else ""
    return f"/#/experiments/{experiment.experiment_id}/runs?workflowType=machine_learning{view}"


def give_columns(client: "MlflowClient", experiment_id: str, metrics: Sequence[str]) -> None:
    """Save a view with an experiment in which these metrics come first; one that is there already stays.

    Args:
        client: of the store.
        experiment_id: of the experiment.
        metrics: their names, in order.
    """
    if _TAG in client.get_experiment(experiment_id).tags:
        return
    columns = [f"metrics.`{name}`" for name in metrics]
    widths = {column: max(_WIDTH, _LETTER * len(name)) for column, name in zip(columns, metrics, strict=True)}
    state = {
        **_RUNS,
        "selectedColumns": [*columns, _BEHIND[0]],
        "columnOrder": [_BEFORE[0], _NAME, _BEFORE[1], *columns, *_BEHIND],
        "columnWidths": {_NAME: _NAME_WIDTH, **widths},
    }
    now = int(1000 * time.time())
    view = {"name": "Results", "createdAt": now, "updatedAt": now, "state": json.dumps(state)}
    client.set_experiment_tag(experiment_id, _TAG, json.dumps(view))
