"""The MLflow store of a sweep: one run, with a child run for each trial that is over, with a score or without."""

import json
import logging
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from fhr.evaluation import MADE_BY, InnerScore
from fhr.tracking import made_otherwise

from .parent_run import ParentRun

if TYPE_CHECKING:
    from mlflow.entities import Run

__all__ = ["SweepStore", "Trial"]

_log = logging.getLogger(__name__)
_SETTINGS, _AUROCS, _REASON, _NUMBER = "fhr.settings", "fhr.inner_aurocs", "fhr.reason", "fhr.trial"
_LONGEST = 1000  # characters of a reason


class Trial(NamedTuple):
    """Settings that were tried.

    Attributes:
        number: from 0.
        settings: value by name.
        score: over the inner folds; None where the trial failed.
        reason: why it failed; empty where it did not.
        seconds: that it took.
        run_id: of its run; empty before it is kept.
    """

    number: int
    settings: dict[str, Any]
    score: InnerScore | None
    reason: str = ""
    seconds: float = 0.0
    run_id: str = ""


class SweepStore(ParentRun):
    """Trials as MLflow keeps them; what a kill leaves is whole trials."""

    kind, verb, parts, ended = "sweep", "sweep", "trials", ("FINISHED", "FAILED")

    def keep(self, trial: Trial, made_by: str) -> Trial:
        """One child run with settings and scores, ended last of all.

        Args:
            trial: that is over.
            made_by: source and libraries that made it.
        """
        tags = {
            "mlflow.parentRunId": self.run_id,
            MADE_BY: made_by,
            _NUMBER: str(trial.number),
            _SETTINGS: json.dumps(trial.settings),
            _AUROCS: json.dumps([] if trial.score is None else trial.score.values),
            _REASON: trial.reason[:_LONGEST],
        }
        begun = int(1000 * (time.time() - trial.seconds))
        child = self.client.create_run(self.experiment, begun, tags, f"trial {trial.number}").info.run_id
        metrics = {"seconds": trial.seconds}
        if trial.score is not None:
            metrics |= {"inner/auroc": trial.score.mean, "inner/auroc_se": trial.score.standard_error}
        self.log(trial.settings, metrics, run_id=child)
        values = [] if trial.score is None else list(trial.score.values)
        whole = {"settings": trial.settings, "inner_aurocs": values, "reason": trial.reason, "seconds": trial.seconds}
        self.client.log_dict(child, whole, "trial.json")  # a finished run without files would seem to have lost them
        self.client.set_terminated(child, "FAILED" if trial.score is None else "FINISHED")
        return trial._replace(run_id=child)

    def trials(self, made_by: str) -> dict[int, Trial]:
        """The trials that are over, by number; those that other source or libraries made are deleted, and told.

        Args:
            made_by: source and libraries of now.
        """
        found, others = {}, {}
        for run in self.children():
            if run.info.status not in self.ended or _NUMBER not in run.data.tags:
                continue
            if other := made_otherwise(run.data.tags.get(MADE_BY, ""), made_by):
                others[run.info.run_id] = other
            else:
                found[int(run.data.tags[_NUMBER])] = _trial(run)
        if others:
            _log.warning(
                "run %s: %d kept trials were made by other source or libraries (%s) and are made again; to keep them, "
                "restore what made them",
                self.run_id,
                len(others),
                "; ".join(sorted(set(others.values()))),
            )
        for run_id in others:
            self.client.delete_run(run_id)
        return found


def _trial(run: "Run") -> Trial:
    tags = run.data.tags
    values = tuple(json.loads(tags[_AUROCS]))
    return Trial(
        int(tags[_NUMBER]),
        json.loads(tags[_SETTINGS]),
        InnerScore(values) if values else None,
        tags.get(_REASON, ""),
        run.data.metrics.get("seconds", 0.0),
        run.info.run_id,
    )
