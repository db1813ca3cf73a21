"""A run's checkpoints as a model that MLflow knows: for its registry, and for `mlflow.pyfunc.load_model`.

The model is data: MLflow calls `_load_pyfunc` of this module with the folder of the checkpoints, which `load` reads;
nothing of the store is run. Models that were logged name this module, so that its name stays.
"""

import logging
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from fhr.confidence import PREDICTION_COLUMNS, Prediction, to_frame
from fhr.datasets import stream_paths
from fhr.errors import CheckpointError, FHRError, TrackingError
from fhr.tracking import find_run, mlflow_client, run_checkpoints, store_errors

from .loading import checksum_of, load
from .predictor import Predictor

if TYPE_CHECKING:
    import pandas as pd
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel, Run
    from mlflow.models import Model, ModelSignature

__all__ = ["PathsModel", "beside_the_run", "log_model", "log_test"]

_log = logging.getLogger(__name__)
_NAME, _FOLDER = "model", "data"
_CHECKSUM = "fhr.checkpoints"
_PACKAGES = ("intrapartum-fhr", "mlflow", "numpy", "pandas", "scikit-learn", "scipy", "torch")
_TYPES = {"text": "string", "flag": "boolean", "number": "double", "integer": "long"}  # in the words of MLflow
_BATCH = 64  # recordings in memory


class PathsModel:
    """A predictor behind the interface of MLflow: paths of recordings in, the table of `fhr predict` out.

    Args:
        predictor: of a classification.

    Raises:
        CheckpointError: a predictor of another kind.
    """

    def __init__(self, predictor: Predictor) -> None:
        if not isinstance(predictor, Predictor):
            raise CheckpointError("a false-signal network gives no risk; load it with `fhr.load`")
        self.predictor = predictor

    def predict(self, model_input: Any, params: Any = None) -> "pd.DataFrame":
        """Predict recordings, or folders of recordings; those that cannot be used are named in the log.

        Args:
            model_input: a table whose first column is `path`, or a list of paths.
            params: MLflow hands them over; there are none.

        Raises:
            FHRError: another column, no path, or not one readable recording.
        """
        predictions: list[Prediction] = []
        readings = iter(stream_paths(_paths(model_input)))
        while batch := list(islice(readings, _BATCH)):
            done, unusable = self.predictor.predict_all(one.recording for one in batch if one.recording is not None)
            unreadable = {one.path: one.reason for one in batch if one.recording is None}
            for name, reason in (unreadable | unusable).items():
                _log.warning("left out %s: %s", name, reason)
            predictions += done
        return to_frame(predictions)


def log_model(run_id: str) -> str:
    """Log the checkpoints of a finished run as its model, `runs:/RUN_ID/model`, with its signature.

    In a store of this machine the files of the model are links to those of the run where the file system has any. A
    model of the very same checkpoints stays as it is.

    Args:
        run_id: of a fit of a classification, or of a cross-validation that keeps its models.

    Returns:
        The id of the model.

    Raises:
        CheckpointError: no such run, or one without a finished checkpoint.
        TrackingError: the store fails.
    """
    checkpoints = run_checkpoints(run_id)
    client, checksum = mlflow_client(), checksum_of(path.read_bytes() for path in checkpoints)
    from mlflow.entities import LoggedModelOutput

    run = client.get_run(run_id)
    with store_errors():
        for known in _models(client, run):
            if known.tags.get(_CHECKSUM) == checksum:
                return str(known.model_id)
        made = client.create_logged_model(
            run.info.experiment_id,
            _NAME,
            run_id,
            tags={_CHECKSUM: checksum},
            params={"target": run.data.tags.get("target", ""), "models": str(len(checkpoints))},
            model_type="classification",
        )
        try:
            _write(client, made, checkpoints)
        except BaseException:
            client.finalize_logged_model(made.model_id, "FAILED")
            raise
        client.finalize_logged_model(made.model_id, "READY")
        client.log_outputs(run_id, [LoggedModelOutput(made.model_id, step=0)])  # on the page of the run
    log_test(run_id)
    return str(made.model_id)


@contextmanager
def beside_the_run(run_id: str) -> Iterator[None]:
    """Let a store that takes no models, as servers of MLflow 2 do, cost a finished run no more than a warning."""
    try:
        yield
    except TrackingError as error:
        _log.warning("run %s is finished, without a model for MLflow's registry (%s)", run_id, error)


def log_test(run_id: str) -> None:
    """Log the test metrics of a run beside its models too, where it has any, for the table of models.

    Raises:
        TrackingError: the store fails.
    """
    run = find_run(run_id)
    if run is None:
        return
    client = mlflow_client()
    from mlflow.entities import Metric

    at = run.info.end_time or run.info.start_time
    tested = {key: value for key, value in run.data.metrics.items() if key.startswith("test/")}
    with store_errors():
        for model in _models(client, run):
            client.log_batch(run_id, [Metric(k, v, at, 0, model_id=model.model_id) for k, v in tested.items()])


def _load_pyfunc(path: str, model_config: dict[str, Any] | None = None) -> PathsModel:
    """MLflow calls it, see `mlflow.pyfunc.load_model`; `prevalence` and `device` are those of `load`."""
    config = model_config or {}
    predictor = load(path, device=config.get("device") or "cpu", prevalence=config.get("prevalence"))
    return PathsModel(predictor)  # type: ignore[arg-type]  # which refuses others


def _paths(given: Any) -> list[str]:
    import pandas as pd

    if isinstance(given, pd.DataFrame):
        if isinstance(given.columns[0], str) and given.columns[0] != "path":  # MLflow passes the first column alone on
            raise FHRError(f"a table with the column {given.columns[0]!r}; its first column is `path`, of recordings")
        given = given.iloc[:, 0]
    paths = [str(path) for path in given]
    if not paths:
        raise FHRError("no recording was given; give paths of recordings, or of folders that hold some")
    return paths


def _write(client: "MlflowClient", made: "LoggedModel", checkpoints: Sequence[Path]) -> None:
    """Upload the model's own small files, and its checkpoints by link or copy."""
    from mlflow.utils.file_utils import local_file_uri_to_path
    from mlflow.utils.uri import is_local_uri

    with tempfile.TemporaryDirectory() as folder:
        described = _described(made)
        described.model_size_bytes = sum(path.stat().st_size for path in checkpoints)
        described.save(str(Path(folder, "MLmodel")))
        Path(folder, "requirements.txt").write_text("".join(_pinned()), encoding="utf-8")
        python = {"python": platform.python_version(), "dependencies": ["-r requirements.txt"]}
        Path(folder, "python_env.yaml").write_text(yaml.safe_dump(python), encoding="utf-8")
        client.log_model_artifacts(made.model_id, folder)
    if not is_local_uri(made.artifact_location):
        for path in checkpoints:
            client.log_model_artifact(made.model_id, str(path), _FOLDER)
        return
    own = Path(local_file_uri_to_path(made.artifact_location), _FOLDER)
    own.mkdir()
    for path in checkpoints:
        try:
            os.link(path, own / path.name)
        except OSError:  # no links there
            shutil.copyfile(path, own / path.name)


def _pinned() -> Iterator[str]:
    """Requirements of a model; a package that is used from its source alone, not installed, can have none."""
    for name in _PACKAGES:
        with suppress(PackageNotFoundError):
            yield f"{name}=={version(name).partition('+')[0]}\n"


def _described(made: "LoggedModel") -> "Model":
    """What MLflow's own file says of a model: its loader, its signature, what it belongs to."""
    import mlflow.pyfunc
    from mlflow.models import Model

    described = Model(
        artifact_path=made.artifact_location,
        run_id=made.source_run_id,
        model_uuid=made.model_id,
        model_id=made.model_id,
        signature=_signature(),
    )
    mlflow.pyfunc.add_to_model(
        described,
        loader_module=__name__,
        data=_FOLDER,
        python_env="python_env.yaml",
        model_config={"device": "cpu", "prevalence": None},
    )
    return described


def _signature() -> "ModelSignature":
    """Paths in, the table out; the input has no name, so that MLflow takes a list of paths too."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    outputs = [ColSpec(_TYPES[column.type], column.name, required=False) for column in PREDICTION_COLUMNS]
    return ModelSignature(Schema([ColSpec("string")]), Schema([*outputs]))


def _models(client: "MlflowClient", run: "Run") -> "list[LoggedModel]":
    """The whole models of a run, newest first."""
    found = client.search_logged_models([run.info.experiment_id], f"source_run_id = '{run.info.run_id}'")
    return [model for model in found if str(model.status) == "READY"]
