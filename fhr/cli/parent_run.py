"""An MLflow run whose parts are child runs: worked on by one process at a time, and gone on with after a stop."""

import logging
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from fhr.errors import CheckpointError
from fhr.tracking import (
    RunFiles,
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

__all__ = ["ParentRun"]

_log = logging.getLogger(__name__)


class ParentRun:
    """A run of MLflow and its child runs, each of which is whole or not at all.

    Attributes:
        kind: tag of such runs.
        verb: of the command line that makes them.
        parts: word for the child runs.
        ended: status of a child run that is whole.
        client: of the MLflow store.
        run_id: of the parent.
    """

    kind: ClassVar[str]
    verb: ClassVar[str]
    parts: ClassVar[str]
    ended: ClassVar[tuple[str, ...]] = ("FINISHED",)

    def __init__(self, client: "MlflowClient", experiment: str, run_id: str) -> None:
        self.client, self.experiment, self.run_id = client, experiment, run_id

    @classmethod
    def create(cls, experiment: str, name: str, tags: dict[str, str]) -> Self:
        """A new run."""
        where, client = ensure_experiment(experiment), mlflow_client()
        tags = {**tags, **folder_tags(new_run_folder()), "kind": cls.kind}
        run = client.create_run(where, run_name=name, tags=tags)
        return cls(client, where, run.info.run_id)

    @classmethod
    def open(cls, run_id: str) -> Self:
        """A run that is there.

        Raises:
            CheckpointError: there is none, or it is of another kind.
        """
        run = find_run(run_id)
        if run is None:
            raise CheckpointError(f"there is no run {run_id!r} in {shown_uri()}; `fhr runs` lists the runs")
        if run.data.tags.get("kind") != cls.kind:
            raise CheckpointError(f"run {run_id} is no {cls.kind}; give one that `fhr {cls.verb}` made")
        ensure_store()  # which finds the files of one that was moved
        return cls(mlflow_client(), run.info.experiment_id, run_id)

    @cached_property
    def files(self) -> RunFiles:
        """Files of the runs; asked for once, as the whole store is looked through for where they are."""
        return RunFiles()

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
                for half in [run for run in self.children() if run.info.status not in self.ended]:
                    self.client.delete_run(half.info.run_id)
                yield
            except BaseException as error:
                mark_stopped(self.run_id, error)
                with suppress(Exception):  # the store may be what failed
                    if kept := sum(run.info.status in self.ended for run in self.children()):
                        again = f"fhr {self.verb} --resume {self.run_id}"
                        _log.warning("%s kept: %d; go on with `%s`", self.parts, kept, again)
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

    def children(self) -> "Iterator[Run]":
        """The child runs, whole or not."""
        return search_runs(self.client, [self.experiment], f"tags.`mlflow.parentRunId` = '{self.run_id}'")

    def configuration(self) -> str:
        """The resolved configuration that the run began with."""
        return self.text("config.yaml")

    def text(self, name: str) -> str:
        """The content of a file of the run."""
        with tempfile.TemporaryDirectory() as folder:
            return self.files.fetch(self.run, name, folder).read_text(encoding="utf-8")
