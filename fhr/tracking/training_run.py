"""A training as a run of MLflow that can go on after its process was stopped or killed."""

import json
import logging
import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from fhr.errors import CheckpointError, interruption_behind

from .address import shown_uri
from .folder_of_run import new_run_folder, run_folder
from .run_files import RunFiles
from .run_lock import hold_run
from .run_status import mark_stopped
from .store import find_run, mlflow_client
from .surroundings import environment, source_state

__all__ = ["TrainingRun"]

_WITHOUT = "without_checkpoint"  # a tag
_LAST = "last"  # key of `begun.json`
_log = logging.getLogger(__name__)
_VERBS = {"cross-validation": "crossval", "sweep": "sweep"}  # by the kind of run that they make


class TrainingRun:
    """The run of a fit and its local folder, which is held while the fit lasts and removed once it is finished.

    The folder holds the configuration and the last finished epoch. As a context manager it gives the run the status
    that its end deserves, and says how to go on.

    Args:
        folder: see `fhr.tracking.new_run_folder`.
        run_id: of a run that goes on, or None.

    Attributes:
        run_id: of the MLflow run, once there is one.
        finished: set it when all is in the run.
        without_checkpoint: why the finished run has no checkpoint; empty where it has one.
    """

    def __init__(self, folder: Path, run_id: str | None = None) -> None:
        self.folder, self.run_id, self.goes_on = folder, run_id, run_id is not None
        self.finished, self.without_checkpoint = False, ""
        self._begun = False
        self._stack = ExitStack()

    @classmethod
    def new(cls) -> Self:
        """A run that is not made yet; nothing is written before `begin`."""
        return cls(new_run_folder())

    @classmethod
    def stopped(cls, run_id: str) -> Self:
        """A run whose process was stopped or killed.

        Raises:
            CheckpointError: no such run, no fit, or one that nothing is kept of on this machine.
        """
        run = find_run(run_id)
        if run is None:
            raise CheckpointError(f"there is no run {run_id!r} in {shown_uri()}; `fhr runs` lists the runs")
        kind = run.data.tags.get("kind", "")
        if kind in _VERBS:
            raise CheckpointError(f"run {run_id} is a {kind}; go on with `fhr {_VERBS[kind]} --resume {run_id}`")
        folder = run_folder(run)
        if folder is None:
            tags = run.data.tags
            named = f"{tags['fhr.folder']} on {tags.get('fhr.host')}" if "fhr.folder" in tags else "it named no folder"
            raise CheckpointError(
                f"what run {run_id} computed is not on this machine ({named}); go on where it "
                "was started, or start anew"
            )
        if run.info.status != "FINISHED" and not (folder / "config.yaml").is_file():
            raise CheckpointError(
                f"nothing is kept of run {run_id} ({run.info.status}): {folder} holds no configuration; start anew"
            )
        stopped = cls(folder, run_id)
        stopped.finished = run.info.status == "FINISHED"
        stopped.without_checkpoint = run.data.tags.get(_WITHOUT, "")
        return stopped

    @property
    def config(self) -> Path:
        """The resolved configuration."""
        return self.folder / "config.yaml"

    @property
    def last(self) -> Path:
        """The last finished epoch; the name is none of those that Lightning's `ModelCheckpoint` gives."""
        begun = self._begun_with()
        return self.folder / (begun.get(_LAST, "last.ckpt") if begun else "resume.ckpt")  # without: an earlier version

    @property
    def arguments(self) -> list[str]:
        """Arguments of the training verb that let the fit go on."""
        kept = ["--ckpt_path", str(self.last)] if self.last.is_file() else []
        return ["--config", str(self.config), *kept]

    @property
    def _begun_file(self) -> Path:
        return self.folder / "begun.json"

    def _begun_with(self) -> dict[str, str]:
        """Data, source and packages that the run has begun with; empty before it begins."""
        return json.loads(self._begun_file.read_text(encoding="utf-8")) if self._begun_file.is_file() else {}

    def begin(self, configuration: str, checksums: Mapping[str, str]) -> None:
        """Hold the folder; keep the configuration in it, or compare what a run that goes on has begun with.

        Args:
            configuration: resolved, as text.
            checksums: of the records, `data`, and of their folds, `splits`.

        Raises:
            CheckpointError: the run would go on with other data or splits.
            TrackingError: another process works on the run, or the folder cannot be written.
        """
        self._stack.enter_context(hold_run(self.folder, self.run_id))
        now = {**checksums, **source_state(), **environment()}
        if not self.goes_on:
            self._begun_file.write_text(json.dumps({**now, _LAST: self.last.name}), encoding="utf-8")
            self.config.write_text(configuration, encoding="utf-8")
            self._begun = True
            return
        if not (begun := self._begun_with()):
            raise CheckpointError(f"nothing is kept of run {self.run_id} any more; another process has ended it")
        changed = {
            key: f"{key} was {begun.get(key)}, is {value}" for key, value in now.items() if begun.get(key) != value
        }
        if other := [changed.pop(key) for key in ("data", "splits") if key in changed]:
            raise CheckpointError(
                f"run {self.run_id} would go on with other records ({'; '.join(other)}); restore them, or start anew"
            )
        if changed:
            _log.warning("the numbers may differ from those of an unbroken run: %s", "; ".join(changed.values()))
        self._begun = True

    def finish(self, without_checkpoint: str = "") -> None:
        """All is in the run, which is finished by this alone; where there is no checkpoint, a tag says why."""
        if self.run_id is not None:
            client = mlflow_client()
            if without_checkpoint:
                client.set_tag(self.run_id, _WITHOUT, without_checkpoint)
            client.set_terminated(self.run_id, "FINISHED")
        self.finished, self.without_checkpoint = True, without_checkpoint

    def discard(self) -> None:
        """Take a new run back, with its files on this machine, where it was refused; one that goes on stays."""
        if self.run_id is not None and not self.goes_on:
            client = mlflow_client()
            files = RunFiles().local(client.get_run(self.run_id))
            client.delete_run(self.run_id)
            if files is not None and files.parent.name == self.run_id:
                shutil.rmtree(files.parent, ignore_errors=True)
            self.run_id = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            # What was refused stays as it is: another process may work on the run.
            if error is not None and self.run_id is not None and self._begun and not self.finished:
                self._stop(self.run_id, error)
        finally:
            self._stack.close()
            if self.finished or self.run_id is None:
                shutil.rmtree(self.folder, ignore_errors=True)

    def _stop(self, run_id: str, error: BaseException) -> None:
        interrupted = interruption_behind(error) is not None
        if interrupted or self.last.is_file():
            kept = "its last finished epoch is kept" if self.last.is_file() else "no epoch was finished"
            _log.warning("run %s: %s in %s; go on with `fhr fit --resume %s`", run_id, kept, self.folder, run_id)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
        mark_stopped(run_id, error)
