"""The local folder in which the unfinished work of a run lies, and whether a process works on it."""

import socket
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from .run_lock import is_held

if TYPE_CHECKING:
    from mlflow.entities import Run

__all__ = ["folder_tags", "new_run_folder", "run_folder", "run_state"]

_FOLDER, _HOST = "fhr.folder", "fhr.host"


def new_run_folder() -> Path:
    """A path for a run that is not made yet, under `mlruns/checkpoints`; creates nothing.

    The folder is there before its run, which names it in its tags (`folder_tags`): a kill in between leaves no run
    without its folder.
    """
    return Path("mlruns", "checkpoints", uuid.uuid4().hex).absolute()


def folder_tags(folder: Path) -> dict[str, str]:
    """What a run has to say of its folder from its first moment on."""
    return {_FOLDER: str(folder), _HOST: socket.gethostname()}


def run_folder(run: "Run") -> Path | None:
    """The folder of a run on this machine; None where it named none, or works on another machine."""
    tags = run.data.tags
    return Path(tags[_FOLDER]) if _FOLDER in tags and tags.get(_HOST) == socket.gethostname() else None


def run_state(run: "Run") -> str:
    """MLflow's status of a run, or `STALE` where it is still called RUNNING and its process is gone.

    A run of another machine, or one that named no folder, is as MLflow says.
    """
    folder = run_folder(run)
    status = str(run.info.status)
    return "STALE" if status == "RUNNING" and folder is not None and not is_held(folder) else status
