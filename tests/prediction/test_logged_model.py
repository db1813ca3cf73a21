"""A run's checkpoints as a model that MLflow knows, from its registry to its predictions."""

import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from made_once import own_copy
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import ENDPOINT_NOT_FOUND

from fhr.cli.tables import in_csv
from fhr.confidence import PREDICTION_COLUMNS
from fhr.errors import FHRError, TrackingError
from fhr.prediction import beside_the_run, log_model, log_test
from fhr.prediction.logged_model import PathsModel
from fhr.tracking import mlflow_client, run_checkpoints, store_errors
from fhr.tracking.address import embedded_uri


@pytest.fixture
def client(runs, monkeypatch) -> Iterator[MlflowClient]:
    """The store of the runs, as a user of MLflow would open it from the folder that holds it."""
    monkeypatch.chdir(runs.folder)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", embedded_uri())  # MLflow sets it too
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(embedded_uri())
    yield mlflow_client()
    mlflow.set_tracking_uri(before)


def models(client: MlflowClient, run_id: str) -> list:
    experiment = client.get_run(run_id).info.experiment_id
    return list(client.search_logged_models([experiment], f"source_run_id = '{run_id}'"))


def folder_of(model) -> Path:
    return Path(model.artifact_location.removeprefix("file://"))


@pytest.mark.parametrize("kind", ["fit", "crossval"])
def test_a_run_has_one_model_that_answers_as_fhr_predict_does(runs, client, run_fhr, births, kind):
    run_id = getattr(runs, kind)
    (model,) = models(client, run_id)
    assert [output.model_id for output in client.get_run(run_id).outputs.model_outputs] == [model.model_id]
    paths = [str(births / name) for name in ("s0001", "s0002", "s0003")]
    said = pd.read_csv(io.StringIO(run_fhr(runs.folder, "predict", "--run", run_id, *paths).out))
    loaded = mlflow.pyfunc.load_model(f"runs:/{run_id}/model", suppress_warnings=True)
    table = loaded.predict(pd.DataFrame({"path": paths}))
    again = pd.read_csv(io.StringIO(in_csv(table, PREDICTION_COLUMNS).to_csv(index=False)))
    pd.testing.assert_frame_equal(again, said)
    pd.testing.assert_frame_equal(loaded.predict(paths), table)


def test_the_signature_names_the_columns_and_their_types(runs, client, births):
    loaded = mlflow.pyfunc.load_model(f"runs:/{runs.crossval}/model", suppress_warnings=True)
    table = loaded.predict([str(births / "s0001")])
    signature = loaded.metadata.signature
    assert [column.type.name for column in signature.inputs.inputs] == ["string"]
    assert signature.outputs.input_names() == table.columns.tolist()
    kinds = {str: "string", bool: "boolean", np.bool_: "boolean", float: "double", np.float64: "double"}
    found = {name: kinds[type(value)] for name, value in table.iloc[0].items() if value is not None}
    said = {column.name: column.type.name for column in signature.outputs.inputs}
    assert {name: said[name] for name in found} == found


def test_the_registry_and_the_prevalence_of_a_hospital(runs, client, births):
    version = mlflow.register_model(f"runs:/{runs.fit}/model", "acidosis")
    client.set_registered_model_alias("acidosis", "ward", version.version)
    usual, rare = (
        mlflow.pyfunc.load_model(uri, suppress_warnings=True, model_config=config).predict([str(births / "s0004")])
        for uri, config in (("models:/acidosis/1", {}), ("models:/acidosis@ward", {"prevalence": 0.01}))
    )
    assert rare.loc[0, "prevalence"] == 0.01 < usual.loc[0, "prevalence"]
    assert rare.loc[0, "probability"] < usual.loc[0, "probability"]
    assert rare.loc[0, "score"] == usual.loc[0, "score"]


def test_the_test_stands_beside_the_model(runs, client):
    for run_id in (runs.fit, runs.crossval):
        (model,) = models(client, run_id)
        of_model = {metric.key: metric.value for metric in client.get_logged_model(model.model_id).metrics}
        tested = {k: v for k, v in client.get_run(run_id).data.metrics.items() if k.startswith("test/")}
        assert of_model == tested
        assert {"test/auroc", "test/auroc_low", "test/auroc_high"} <= set(of_model)
    log_test("0" * 32)  # nothing to do


def test_checkpoints_are_linked_and_the_same_ones_are_logged_once(runs, client, tmp_path, monkeypatch):
    monkeypatch.chdir(own_copy(runs.folder, tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", embedded_uri())
    own = mlflow_client()
    (model,) = models(own, runs.crossval)
    assert log_model(runs.crossval) == model.model_id
    checkpoints = run_checkpoints(runs.crossval)
    checkpoints[0].write_bytes(checkpoints[0].read_bytes() + b"\0")  # as one of a fold that was fitted again
    other = log_model(runs.crossval)
    assert other != model.model_id
    held = {path.name: path for path in (folder_of(own.get_logged_model(other)) / "data").iterdir()}
    assert sorted(held) == sorted(path.name for path in checkpoints)
    assert all(held[path.name].samefile(path) for path in checkpoints)


def test_a_store_without_models_costs_a_finished_run_no_more_than_a_warning(
    runs, client, tmp_path, monkeypatch, caplog
):
    monkeypatch.chdir(own_copy(runs.folder, tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", embedded_uri())

    def refuse(*arguments: object, **named: object) -> None:
        raise MlflowException("Endpoint not found", error_code=ENDPOINT_NOT_FOUND)

    monkeypatch.setattr(MlflowClient, "search_logged_models", refuse)
    with pytest.raises(TrackingError), store_errors():
        log_model(runs.fit)
    with beside_the_run(runs.fit):
        log_model(runs.fit)
    assert f"run {runs.fit} is finished, without a model for MLflow's registry" in caplog.text
    with pytest.raises(ZeroDivisionError), beside_the_run(runs.fit):
        1 / 0  # noqa: B018


def test_a_model_that_was_carried_elsewhere_answers_without_its_store(runs, client, births, tmp_path, monkeypatch):
    (model,) = models(client, runs.fit)
    carried = shutil.copytree(folder_of(model), tmp_path / "carried")
    expected = mlflow.pyfunc.load_model(f"runs:/{runs.fit}/model", suppress_warnings=True).predict([str(births)])
    shutil.move(carried, tmp_path / "elsewhere")
    monkeypatch.chdir(tmp_path)
    table = mlflow.pyfunc.load_model(str(tmp_path / "elsewhere"), suppress_warnings=True).predict([str(births)])
    pd.testing.assert_frame_equal(table, expected)
    assert {path.name for path in (tmp_path / "elsewhere").iterdir()} >= {"MLmodel", "requirements.txt", "data"}
    pinned = (tmp_path / "elsewhere" / "requirements.txt").read_text().split()
    assert all("==" in line and "+" not in line for line in pinned)


def test_recordings_that_cannot_be_used_are_named(runs, client, births, tmp_path, caplog):
    broken = tmp_path / "broken.csv"
    broken.write_text("no,recording\n1,2\n")
    loaded = mlflow.pyfunc.load_model(f"runs:/{runs.fit}/model", suppress_warnings=True)
    assert loaded.predict([str(births / "s0001"), str(broken)])["name"].tolist() == ["s0001"]
    assert f"left out {broken}: " in caplog.text
    for given, message in (
        (pd.DataFrame({"id": ["a"]}), "a table with the column 'id'"),
        (pd.DataFrame({"path": []}, dtype=str), "no recording was given"),
        ([str(broken)], "none of the 1 recordings can be read"),
    ):
        with pytest.raises(FHRError, match=message):
            loaded.predict(given)


def test_a_false_signal_network_is_no_such_model(false_signal_run, monkeypatch):
    from fhr import load

    (path,) = (false_signal_run.folder / "mlruns").rglob(f"{false_signal_run.fit}/**/*.ckpt")
    with pytest.raises(FHRError, match="gives no risk"):
        PathsModel(load(path))
    monkeypatch.chdir(false_signal_run.folder)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert models(mlflow_client(), false_signal_run.fit) == []
