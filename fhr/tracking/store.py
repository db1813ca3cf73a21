"""MLflow store: sqlite under `mlruns/` unless MLFLOW_TRACKING_URI names a server."""

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from fhr.errors import CheckpointError, TrackingError

from .address import shown_uri, tracking_uri
from .checkpoint_files import checkpoint_files
from .database import check_database, check_writable, database_of, make_database, one_at_a_time
from .moved_store import artifacts_of, relocate, settle
from .run_files import RunFiles
from .store_mistakes import store_errors

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

__all__ = [
    "ask_once",
    "check_store",
    "ensure_experiment",
    "ensure_store",
    "find_run",
    "has_store",
    "mlflow_client",
    "run_checkpoints",
]

# A server that is started again within a minute costs no run: waits of 2, 4, 8, 16 and 32 s between the attempts.
_SERVER = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "5", "MLFLOW_HTTP_REQUEST_TIMEOUT": "30"}
# The first request tells at once that nobody answers.
_FIRST = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}


def ensure_store() -> str | None:
    """Create the embedded store where it is needed, one process at a time; returns where its artifacts go.

    Artifacts of a sqlite store lie beside its database. One that was moved or copied notes down where it is now, so
    that nothing is written to its former folder. A server keeps its own artifacts, so that None is returned for it.

    Raises:
        TrackingError: a store that cannot be made, reached or written.
    """
    mlflow_client()
    database = database_of(tracking_uri())
    if database is None:
        return None
    check_writable(database)
    with store_errors():
        if relocate(database):
            _forget_places.cache_clear()
            _forget_places(tracking_uri())
    return artifacts_of(database)


def ensure_experiment(name: str) -> str:
    """Create an experiment where it is missing, and give its id; several processes may ask at once.

    Raises:
        TrackingError: a store that cannot be written, or an experiment that was deleted.
    """
    artifacts, client = ensure_store(), mlflow_client()
    from mlflow.exceptions import MlflowException

    with store_errors():
        found = client.get_experiment_by_name(name)
        if found is None:
            try:
                return str(client.create_experiment(name, artifact_location=artifacts))
            except MlflowException as error:
                found = client.get_experiment_by_name(name)  # another process was faster
                if found is None or error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise
    if found.lifecycle_stage == "deleted":
        raise TrackingError(
            f"experiment {name!r} was deleted in {shown_uri()}; bring it back with `mlflow experiments "
            f"restore --experiment-id {found.experiment_id}`, or remove it with `mlflow gc` (both read "
            "MLFLOW_TRACKING_URI)"
        )
    return str(found.experiment_id)


def mlflow_client() -> "MlflowClient":
    """Make a client of the store, with telemetry off and alembic's messages quiet.

    An embedded store is made where there is none; a server is asked once, without patience, whether it answers. After
    that MLflow repeats a failed request for a minute (MLFLOW_HTTP_REQUEST_MAX_RETRIES, MLFLOW_HTTP_REQUEST_TIMEOUT).

    Raises:
        TrackingError: a store that is damaged, cannot be made, or does not answer.
    """
    _settle()
    uri = tracking_uri()
    with store_errors():
        from mlflow import MlflowClient  # slow to import, and sets up its own logging

        logging.getLogger("mlflow").setLevel(logging.WARNING)
        logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)  # it logs what it raises, with its stack
        _forget_places(uri)
        database = database_of(uri)
        if database is None:
            if uri.startswith(("http://", "https://")):
                _ask(uri)
            try:
                return MlflowClient(tracking_uri=uri)
            except ModuleNotFoundError as error:
                raise TrackingError(
                    f"the MLflow store {shown_uri()} needs the Python package {error.name!r}; install it"
                ) from None
        import mlflow.store.tracking.sqlalchemy_store  # noqa: F401  # slow: others should not wait for it

        with one_at_a_time(database):
            if not database.exists():
                make_database(database)
                settle(database)
            check_database(database)
            return MlflowClient(tracking_uri=uri)  # which migrates some older stores


def ask_once() -> None:
    """Stop repeating requests to a server from now on: nobody should wait for one that has just failed."""
    os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "0"


def has_store() -> bool:
    """True if there is a store to read; asking a client would make the embedded one. A server is taken to be there."""
    database = database_of(tracking_uri())
    return database is None or database.is_file()


def check_store() -> None:
    """Refuse to go on where there is no store to read.

    Raises:
        TrackingError: there is none in the current folder.
    """
    if not has_store():
        raise TrackingError(
            f"there is no MLflow store {shown_uri()} in {Path.cwd()}; train first, or go to the folder that holds it"
        )


def find_run(run_id: str) -> "Run | None":
    """Find a run of the store, or None where there is no such run, or no store.

    Raises:
        TrackingError: the store cannot be read.
    """
    if not has_store():
        return None
    client = mlflow_client()
    from mlflow.exceptions import MlflowException

    with store_errors():
        try:
            return client.get_run(run_id)
        except MlflowException as error:
            if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                return None
            raise


def run_checkpoints(run_id: str) -> list[Path]:
    """List local paths of the finished checkpoints of a run, or those of its child runs where it has none of its own.

    Raises:
        CheckpointError: no store here, no such run, or a run without a finished checkpoint.
        TrackingError: the store cannot be read.
    """
    uri = shown_uri()
    if not has_store():
        raise CheckpointError(
            f"{run_id!r} is no checkpoint file, and there is no MLflow store {uri} in {Path.cwd()}; "
            "go to the folder that holds it, or set MLFLOW_TRACKING_URI"
        )
    run = find_run(run_id)
    if run is None:
        raise CheckpointError(f"{run_id!r} is neither a checkpoint file nor a run of {uri}; `fhr runs` lists the runs")
    if run.data.tags.get("kind") == "sweep":
        raise CheckpointError(f"run {run_id} is a sweep and keeps no network; train one with its best settings first")
    if why := run.data.tags.get("without_checkpoint"):
        raise CheckpointError(f"run {run_id} was trained without a checkpoint ({why}); train it anew with one")
    with store_errors():
        paths = _checkpoints(run, RunFiles())
    if not paths and run.data.tags.get("kind") == "cross-validation" and run.info.status == "FINISHED":
        raise CheckpointError(
            f"run {run_id} is a cross-validation that kept no model (a control, a line that has no checkpoint, or a "
            "procedure with such a part); give a run of a network, of a kernel line, or of a procedure of these"
        )
    if not paths:
        raise CheckpointError(f"run {run_id} ({run.info.status}) holds no finished checkpoint; let `fhr fit` end first")
    return paths


def _checkpoints(run: "Run", files: RunFiles) -> list[Path]:
    run_id = run.info.run_id
    if not (paths := _own_checkpoints(run, files)):
        if run.info.status != "FINISHED":
            raise CheckpointError(
                f"run {run_id} is {run.info.status} and holds no finished checkpoint; let it end, or name one of its "
                "folds' runs"
            )
        children = f"tags.`mlflow.parentRunId` = '{run_id}'"
        folds = mlflow_client().search_runs([run.info.experiment_id], children)
        paths = [path for fold in folds for path in _own_checkpoints(fold, files)]
    return paths


def _own_checkpoints(run: "Run", files: RunFiles) -> list[Path]:
    """The checkpoints of a run alone, where they lie, or copied from a server."""
    return checkpoint_files(files.fetch(run, "checkpoints")) if "checkpoints" in files.names(run) else []


def _settle() -> None:
    """What has to be in the environment before MLflow is imported, where the user did not set it."""
    for name in ("MLFLOW_DISABLE_TELEMETRY", "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"):
        os.environ.setdefault(name, "true")
    for name, value in _SERVER.items():
        os.environ.setdefault(name, value)
    if not sys.stderr.isatty():
        os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    with warnings.catch_warnings():  # MLflow imports it, and it warns of widgets that a notebook is without
        warnings.simplefilter("ignore")
        import tqdm.auto  # noqa: F401
    logging.getLogger("alembic").setLevel(logging.WARNING)


@cache
def _ask(uri: str) -> None:
    """One request without patience, once a process."""
    from mlflow import MlflowClient

    with _environment({name: value for name, value in _FIRST.items() if os.environ[name] == _SERVER[name]}):
        MlflowClient(tracking_uri=uri).search_experiments(max_results=1)


@lru_cache(maxsize=1)  # done again once another store was asked
def _forget_places(uri: str) -> None:
    """Let MLflow's client ask anew where the files of runs are: it remembers that by run, whatever the store."""
    from mlflow.tracking._tracking_service import utils

    with suppress(AttributeError):  # of another version
        utils._artifact_repos_cache.clear()


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ[name] for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.update(before)
