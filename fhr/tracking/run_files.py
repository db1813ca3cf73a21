"""Files of runs, taken from where they are: a store that was moved and never written to since included."""

import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from fhr.errors import TrackingError

from .address import tracking_uri
from .moved_store import folder_path, moved_place, store_moves
from .store_mistakes import store_errors

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.store.artifact.artifact_repo import ArtifactRepository

__all__ = ["RunFiles"]


class RunFiles:
    """Files of the runs of the store, as it is now.

    MLflow's client takes them from where the database says, looks the run up for each, and remembers a place by the id
    of the run, whatever store that is of.

    Raises:
        TrackingError: the store cannot be read.
    """

    def __init__(self) -> None:
        self._moves = store_moves()

    def names(self, run: "Run", folder: str = "") -> list[str]:
        """Paths of the files and folders in a folder of a run, in order; none where there is no such folder.

        Raises:
            TrackingError: the files of a finished run are gone, or the store cannot be read.
        """
        self._check(run)
        with store_errors():
            return sorted(one.path for one in self._repository(run).list_artifacts(folder))

    def fetch(self, run: "Run", path: str, to: str | Path | None = None) -> Path:
        """Local path of a file or folder of a run.

        Args:
            run: of the store.
            path: within the run.
            to: folder that it is copied to; by default what is on this machine stays where it lies, and what is not
                goes to a temporary one, which lasts as long as this process.

        Raises:
            TrackingError: there is no such file, or the store cannot be read.
        """
        self._check(run)
        local = self.local(run)
        if local is not None and not (local / path).exists():
            raise TrackingError(
                f"run {run.info.run_id} holds no {path}: {local / path} is missing; bring it back, or give another run"
            )
        if to is None and local is None:
            to = Path(_downloads().name, run.info.run_id)
            to.mkdir(exist_ok=True)
        with store_errors():
            return Path(self._repository(run).download_artifacts(path, None if to is None else str(to)))

    def local(self, run: "Run") -> Path | None:
        """Folder of the files of a run on this machine, which may be missing; None where they are elsewhere."""
        path = folder_path(place := str(run.info.artifact_uri))
        return moved_place(place, self._moves) or (None if path is None else Path(path))

    def _repository(self, run: "Run") -> "ArtifactRepository":
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        moved = moved_place(str(run.info.artifact_uri), self._moves)
        uri = run.info.artifact_uri if moved is None else moved.as_uri()
        return get_artifact_repository(uri, tracking_uri=tracking_uri())

    def _check(self, run: "Run") -> None:
        """Refuse a run that has lost its files. One that ended before it noted down anything never had any."""
        local = self.local(run)
        if local is None or local.is_dir() or run.info.status != "FINISHED" or not run.data.params:
            return
        raise TrackingError(
            f"the files of run {run.info.run_id} are gone: {local} is missing; bring this folder back, from where the "
            "store was moved or copied from, or give another run"
        )


@cache
def _downloads() -> "tempfile.TemporaryDirectory[str]":
    """The folder that holds what is copied from a server; it is removed when this process ends."""
    return tempfile.TemporaryDirectory(prefix="fhr-runs-")
