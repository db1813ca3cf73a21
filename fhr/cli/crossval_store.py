"""The MLflow store of a cross-validation: one run, with a child run for each outer fold that is finished."""

import json
import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from fhr.datasets import FittedNetwork
from fhr.errors import CheckpointError, SplitError, TrackingError
from fhr.evaluation import MADE_BY, FinishedFold, FittedFold, of_this_source, read_scores, written_scores
from fhr.models import read_checkpoint, with_ranking
from fhr.tracking import (
    RunFiles,
    checkpoint_files,
    ensure_experiment,
    ensure_store,
    find_run,
    folder_tags,
    hold_run,
    mark_stopped,
    mlflow_client,
    new_run_folder,
    run_folder,
    search_runs,
    shown_uri,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

__all__ = ["CrossvalStore"]

_log = logging.getLogger(__name__)
_SCORES, _CHECKPOINTS = "scores.csv.gz", "checkpoints"


class CrossvalStore:
    """Finished folds as MLflow keeps them, see `fhr.evaluation.Store`; a fold is kept whole or not at all.

    Attributes:
        client: of the MLflow store.
        run_id: of the parent.
    """

    def __init__(self, client: "MlflowClient", experiment: str, run_id: str) -> None:
        self.client, self.experiment, self.run_id = client, experiment, run_id
        self._known: dict[tuple[int, int], str] = {}
        self._made: dict[tuple[int, int], str] = {}

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
        ensure_store()  # which finds the files of one that was moved
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

    def done(self, about: Mapping[str, str]) -> set[tuple[int, int]]:
        """The folds that are kept; see `fhr.evaluation.Store`.

        Raises:
            SplitError: the run is of other records or folds.
        """
        tags = self.run.data.tags
        for key in ("data", "splits"):
            tag = f"{key.removesuffix('s')}_checksum"
            if (kept := tags.get(tag)) != about[key]:
                raise SplitError(
                    f"run {self.run_id} has the {tag.replace('_', ' ')} {str(kept)[:12]}, found is {about[key][:12]}; "
                    "restore what it was started with, or start anew"
                )
        return of_this_source(self.made(), about, f"run {self.run_id}")

    def made(self) -> dict[tuple[int, int], str | None]:
        """Source and libraries that made each finished fold; None where its scores are damaged."""
        found: dict[tuple[int, int], str | None] = {}
        for place in self.folds():
            try:
                self.scores(*place)
                found[place] = self._made[place]
            except (SplitError, TrackingError, OSError):
                found[place] = None
        return found

    def folds(self) -> dict[tuple[int, int], str]:
        """Child run of each finished fold, by repeat and fold."""
        finished = (run for run in self._children() if run.info.status == "FINISHED")
        found = {(int(run.data.params["repeat"]), int(run.data.params["fold"])): run for run in finished}
        self._known = {place: run.info.run_id for place, run in found.items()}
        self._made = {place: str(run.data.tags.get(MADE_BY, "")) for place, run in found.items()}
        return self._known

    def _child(self, repeat: int, fold: int) -> "Run":
        return self.client.get_run(self._known.get((repeat, fold)) or self.folds()[repeat, fold])

    def _children(self) -> Iterator["Run"]:
        return search_runs(self.client, [self.experiment], f"tags.`mlflow.parentRunId` = '{self.run_id}'")

    def configuration(self) -> str:
        """The resolved configuration of the networks."""
        with tempfile.TemporaryDirectory() as folder:
            return RunFiles().fetch(self.run, "config.yaml", folder).read_text(encoding="utf-8")

    def scores(self, repeat: int, fold: int) -> pd.DataFrame:
        """The raw scores of a finished fold."""
        with tempfile.TemporaryDirectory() as folder:
            return read_scores(RunFiles().fetch(self._child(repeat, fold), _SCORES, folder))

    def fitted(self, repeat: int, fold: int) -> FittedFold:
        """Scores and networks of a finished fold, to be calibrated for another label."""
        child, files, networks = self._child(repeat, fold), RunFiles(), []
        if _CHECKPOINTS in files.names(child):
            with tempfile.TemporaryDirectory() as folder:
                for path in checkpoint_files(files.fetch(child, _CHECKPOINTS, folder)):
                    card, _ = read_checkpoint(path)
                    metrics = {"best_epoch": float(card.epochs), "seconds": 0.0}
                    networks.append(FittedNetwork(path.read_bytes(), card.fold[2], card.member, "", metrics))
        return FittedFold(repeat, fold, self.scores(repeat, fold), tuple(networks))

    def tell_ranking(self, ranking: Callable[[], Mapping[str, Any] | None]) -> None:
        """Write the AUROC of the whole cross-validation into the networks of all folds.

        A run that is stopped meanwhile does so again when it goes on.
        """
        files, every = RunFiles(), [self.client.get_run(child) for child in self.folds().values()]
        children = [child for child in every if _CHECKPOINTS in files.names(child)]
        if not children or (found := ranking()) is None:
            return
        for child in children:
            with tempfile.TemporaryDirectory() as folder:
                for path in checkpoint_files(files.fetch(child, _CHECKPOINTS, folder)):
                    if with_ranking(path, found):
                        self.client.log_artifact(child.info.run_id, str(path), _CHECKPOINTS)

    def keep(self, fold: FinishedFold) -> None:
        """One child run with scores, calibrator and networks; finished last of all, so that a kill leaves no half."""
        name = f"repeat {fold.repeat} fold {fold.fold}"
        tags = {"mlflow.parentRunId": self.run_id, MADE_BY: fold.made_by}
        replaced = self._known.get((fold.repeat, fold.fold))
        child = self.client.create_run(self.experiment, run_name=name, tags=tags).info.run_id
        device = {"device": fold.device} if fold.networks else {}
        self.log({"repeat": fold.repeat, "fold": fold.fold, **device}, run_id=child)
        for metric, value, step in fold.metrics:
            self.client.log_metric(child, metric, value, step=step)
        self.client.log_text(child, json.dumps(dict(fold.calibrator), indent=1), "calibrator.json")
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            (folder / _SCORES).write_bytes(written_scores(fold.raw))
            self.client.log_artifact(child, str(folder / _SCORES))
            for file, content in fold.networks.items():
                (folder / file).write_bytes(content)
                self.client.log_artifact(child, str(folder / file), _CHECKPOINTS)
        self.client.set_terminated(child)
        if replaced is not None:  # damaged, or of other source or libraries
            self.client.delete_run(replaced)
        self._known[fold.repeat, fold.fold] = child
