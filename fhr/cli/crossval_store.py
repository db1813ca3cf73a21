"""A cross-validation in MLflow: one run, with a child run for each outer fold that is finished."""

import logging
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from fhr.errors import CheckpointError
from fhr.evaluation import RAW_COLUMNS
from fhr.tracking import (
    ensure_experiment,
    find_run,
    folder_tags,
    hold_run,
    mlflow_client,
    new_run_folder,
    run_folder,
    shown_uri,
)

from .training_run import mark_stopped

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

__all__ = ["CrossvalStore"]

_log = logging.getLogger(__name__)
_SCORES = "scores.csv.gz"


class CrossvalStore:
    """What a cross-validation keeps; a fold is kept whole or not at all.

    Attributes:
        client: of the MLflow store.
        run_id: of the parent.
    """

    def __init__(self, client: "MlflowClient", experiment: str, run_id: str) -> None:
        self.client, self.experiment, self.run_id = client, experiment, run_id

    @classmethod
    def create(cls, experiment: str, name: str, tags: dict[str, str]) -> "CrossvalStore":
        """A new run."""
        where, client = ensure_experiment(experiment), mlflow_client()
        tags = {**tags, **folder_tags(new_run_folder()), "kind": "cross-validation"}
        run = client.create_run(where, run_name=name, tags=tags)
        return cls(client, where, run.info.run_id)

    @classmethod
    def open(cls, run_id: str) -> "CrossvalStore":
        """A run that is there.

        Raises:
            CheckpointError: there is none, or it is no cross-validation.
        """
        run = find_run(run_id)
        if run is None:
            raise CheckpointError(f"there is no run {run_id!r} in {shown_uri()}; `fhr runs` lists the runs")
        if run.data.tags.get("kind") != "cross-validation":
            raise CheckpointError(f"run {run_id} is no cross-validation; give one that `fhr crossval` made")
        return cls(mlflow_client(), run.info.experiment_id, run_id)

    @property
    def run(self) -> "Run":
        """The parent run as it is now."""
        return self.client.get_run(self.run_id)

    @contextmanager
    def working(self) -> Iterator[None]:
        """Mark the run as running, and its end; one process of this machine at a time.

        Raises:
            TrackingError: another process works on it.
        """
        folder = run_folder(self.run) or Path("mlruns", "checkpoints", self.run_id).absolute()
        with hold_run(folder, self.run_id):
            try:
                self.client.update_run(self.run_id, status="RUNNING")
                # Of a process that was killed.
                for half in [run for run in self._children() if run.info.status != "FINISHED"]:
                    self.client.delete_run(half.info.run_id)
                yield
            except BaseException as error:
                mark_stopped(self.run_id, error)
                with suppress(Exception):  # the store may be what failed
                    if kept := len(self.folds()):
                        _log.warning("outer folds kept: %d; go on with `fhr crossval --resume %s`", kept, self.run_id)
                raise
            else:
                self.client.set_terminated(self.run_id)
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def log(
        self,
        parameters: Mapping[str, Any] | None = None,
        metrics: Mapping[str, float] | None = None,
        *,
        run_id: str = "",
    ) -> None:
        """Parameters and metrics at once, of the parent or of another run; NaN is left out."""
        from mlflow.entities import Metric, Param

        now = int(time.time() * 1000)
        self.client.log_batch(
            run_id or self.run_id,
            metrics=[Metric(key, value, now, 0) for key, value in (metrics or {}).items() if isfinite(value)],
            params=[Param(key, str(value)) for key, value in (parameters or {}).items()],
        )

    def folds(self) -> dict[tuple[int, int], str]:
        """Child run of each finished fold, by repeat and fold."""
        finished = (run for run in self._children() if run.info.status == "FINISHED")
        return {(int(run.data.params["repeat"]), int(run.data.params["fold"])): run.info.run_id for run in finished}

    def _children(self) -> Iterator["Run"]:
        token = None
        while True:
            mine = f"tags.`mlflow.parentRunId` = '{self.run_id}'"
            page = self.client.search_runs([self.experiment], mine, page_token=token)
            yield from page
            token = page.token
            if not token:
                return

    def scores(self, fold_run: str) -> pd.DataFrame:
        """The raw scores of a finished fold."""
        with tempfile.TemporaryDirectory() as folder:
            path = self.client.download_artifacts(fold_run, _SCORES, folder)
            return pd.read_csv(path, dtype={"name": str})[list(RAW_COLUMNS)]

    def checkpoints(self, fold_run: str, folder: Path) -> list[Path]:
        """The networks of a finished fold, in `folder`."""
        if not self.client.list_artifacts(fold_run, "checkpoints"):
            return []
        return sorted(Path(self.client.download_artifacts(fold_run, "checkpoints", str(folder))).glob("*.ckpt"))

    def keep_fold(
        self,
        repeat: int,
        fold: int,
        raw: pd.DataFrame,
        *,
        texts: dict[str, str],
        parameters: dict[str, Any],
        metrics: Sequence[tuple[str, float, int]],
        checkpoints: Sequence[Path],
    ) -> None:
        """One child run with its scores, checkpoints and texts; finished last of all, so that a kill leaves no half."""
        child = self.client.create_run(
            self.experiment, run_name=f"repeat {repeat} fold {fold}", tags={"mlflow.parentRunId": self.run_id}
        ).info.run_id
        self.log({"repeat": repeat, "fold": fold, **parameters}, run_id=child)
        for name, value, step in metrics:
            self.client.log_metric(child, name, value, step=step)
        for path, text in texts.items():
            self.client.log_text(child, text, path)
        with tempfile.TemporaryDirectory() as folder:
            raw.to_csv(Path(folder) / _SCORES, index=False)
            self.client.log_artifact(child, f"{folder}/{_SCORES}")
        for checkpoint in checkpoints:
            self.client.log_artifact(child, str(checkpoint), "checkpoints")
        self.client.set_terminated(child)
