"""Folder of a run on this machine, which holds its unfinished work, and the process that works on it."""

import socket
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from .moved_store import moved_place, store_moves
from .run_lock import is_held

if TYPE_CHECKING:
    from mlflow.entities import Run

__all__ = ["folder_tags", "new_run_folder", "run_folder", "run_state"]

_FOLDER, _HOST = "fhr.folder", "fhr.host"


def new_run_folder() -> Path:
    """Name a folder under `mlruns/checkpoints` for a run that is not made yet; creates nothing.

    The folder is there before its run, which names it in its tags (`folder_tags`): a kill in between leaves no run
    without its folder.
    """
    return Path("mlruns", "checkpoints", uuid.uuid4().hex).absolute()


def folder_tags(folder: Path) -> dict[str, str]:
    """Tags that name the folder of a run, from its first moment on."""
    return {_FOLDER: str(folder), _HOST: socket.gethostname()}


def run_folder(run: "Run") -> Path | None:
    """Folder of a run on this machine; None where it named none, or works on another machine.

    In a store that was moved or copied it is the folder there, which may have come from another machine.
    """
    tags = run.data.tags
    if _FOLDER not in tags:
        return None
    here, moved = tags.get(_HOST) == socket.gethostname(), moved_place(tags[_FOLDER], store_moves())
    if moved is not None:
        return moved if here or moved.is_dir() else None
    return Path(tags[_FOLDER]) if here else None


def run_state(run: "Run") -> str:
    """Status of a run as MLflow has it, or `STALE` where it is still called RUNNING and its process is gone.

    A run of another machine, or one that named no folder, is as MLflow says.
    """
    status = str(run.info.status)
    if status != "RUNNING" or (folder := run_folder(run)) is None or is_held(folder):
        return status
    return "STALE"
