"""The MLflow store: sqlite under `mlruns/` unless MLFLOW_TRACKING_URI names a server."""

import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from fhr.errors import CheckpointError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

__all__ = ["ensure_store", "find_run", "has_store", "mlflow_client", "run_checkpoints", "tracking_uri"]

_FOLDER = Path("mlruns")
_DATABASE = _FOLDER / "mlflow.db"


def tracking_uri() -> str:
    """MLFLOW_TRACKING_URI, or the embedded sqlite store in the current folder."""
    # With its whole path: MLflow keeps one connection a URI, and a relative one would stay with the first folder of
    # the process. A path with these two characters would be read as another one.
    whole = str(_DATABASE.absolute())
    path = _DATABASE if "%" in whole or "?" in whole else whole
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{path}"


def ensure_store() -> str | None:
    """Create the embedded store where it is needed, one process at a time; returns where its artifacts go.

    A server keeps its own artifacts, so that None is returned for it.
    """
    if os.environ.get("MLFLOW_TRACKING_URI"):
        return None
    _FOLDER.mkdir(exist_ok=True)
    # Processes that initialise a fresh database at once crash each other.
    with FileLock(_FOLDER / ".lock"):
        mlflow_client().search_experiments(max_results=1)
    return (_FOLDER / "artifacts").absolute().as_uri()


def mlflow_client() -> "MlflowClient":
    """A client of the store, with telemetry off and alembic's messages quiet."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    if not sys.stderr.isatty():
        os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    from mlflow import MlflowClient  # slow to import, and sets up its own logging

    logging.getLogger("mlflow").setLevel(logging.WARNING)
    return MlflowClient(tracking_uri=tracking_uri())


def has_store() -> bool:
    """Whether there is a store to read; asking a client would make the embedded one. A server is taken to be there."""
    uri = tracking_uri()
    return not uri.startswith("sqlite:///") or Path(uri.removeprefix("sqlite:///")).is_file()


def find_run(run_id: str) -> "Run | None":
    """A run of the store, or None where there is no such run, or no store.

    Raises:
        CheckpointError: the store cannot be read.
    """
    if not has_store():
        return None
    from mlflow.exceptions import MlflowException

    try:
        return mlflow_client().get_run(run_id)
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise CheckpointError(
            f"the MLflow store {tracking_uri()} cannot be read ({error}); check MLFLOW_TRACKING_URI"
        ) from None


def run_checkpoints(run_id: str) -> list[Path]:
    """Local paths of the finished checkpoints of a run, those of its child runs where it has none of its own.

    Raises:
        CheckpointError: no store here, no such run, or a run without a finished checkpoint.
    """
    uri = tracking_uri()
    if not has_store():
        raise CheckpointError(
            f"{run_id!r} is no checkpoint file, and there is no MLflow store {uri} in {Path.cwd()}; "
            "go to the folder that holds it, or set MLFLOW_TRACKING_URI"
        )
    run, client = find_run(run_id), mlflow_client()
    if run is None:
        raise CheckpointError(f"{run_id!r} is neither a checkpoint file nor a run of {uri}; `fhr runs` lists the runs")
    from mlflow.artifacts import download_artifacts

    runs = [run]
    if not client.list_artifacts(run_id, "checkpoints"):
        if run.info.status != "FINISHED":
            raise CheckpointError(
                f"run {run_id} is {run.info.status} and holds no finished checkpoint; let it end, or name one of its "
                "folds' runs"
            )
        children = f"tags.`mlflow.parentRunId` = '{run_id}'"
        runs = list(client.search_runs([run.info.experiment_id], children))
    paths: list[Path] = []
    for member in runs:
        if client.list_artifacts(member.info.run_id, "checkpoints"):
            folder = download_artifacts(run_id=member.info.run_id, artifact_path="checkpoints", tracking_uri=uri)
            paths += sorted(Path(folder).glob("*.ckpt"))
    if not paths:
        raise CheckpointError(f"run {run_id} ({run.info.status}) holds no finished checkpoint; let `fhr fit` end first")
    return paths
