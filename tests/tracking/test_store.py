import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from warm_python import Warm

from fhr.errors import CheckpointError, TrackingError
from fhr.tracking import ensure_store, mlflow_client, run_checkpoints, tracking_uri


@pytest.fixture(autouse=True)
def _no_server(monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@pytest.fixture(scope="module")
def made_by_two(tmp_path_factory) -> tuple[Path, list[subprocess.CompletedProcess]]:
    """A folder whose store two processes made at once, and what became of them."""
    folder = tmp_path_factory.mktemp("two")
    environment = {k: v for k, v in os.environ.items() if k != "MLFLOW_TRACKING_URI"}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    code = "from fhr.tracking import ensure_store; print(ensure_store())"
    processes = [Warm("-c", code, folder=folder, environment=environment) for _ in range(2)]
    return folder, [process.wait() for process in processes]


@pytest.fixture
def store(made_by_two, monkeypatch) -> Path:
    """The current folder holds a store."""
    folder, _ = made_by_two
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def run(store, tmp_path):
    """Makes a run with the named files among its checkpoints, and returns its id."""
    artifacts, client = ensure_store(), mlflow_client()
    experiment = client.get_experiment_by_name("fits")
    identifier = experiment.experiment_id if experiment else client.create_experiment("fits", artifacts)

    def make(*files: str, parent: str | None = None) -> str:
        tags = {"mlflow.parentRunId": parent} if parent else {}
        run_id = client.create_run(identifier, tags=tags).info.run_id
        for name in files:
            (tmp_path / name).write_text(f"{run_id} {name}")
            client.log_artifact(run_id, str(tmp_path / name), "checkpoints")
        return run_id

    return make


@pytest.mark.process
def test_two_processes_make_one_store_at_once(made_by_two):
    folder, processes = made_by_two
    for process in processes:
        assert process.returncode == 0, process.stderr
        assert process.stdout.strip() == (folder / "mlruns" / "artifacts").as_uri()
        assert "Traceback" not in process.stderr
    assert (folder / "mlruns" / "mlflow.db").stat().st_size > 0


@pytest.mark.process
def test_the_store_is_there_and_asking_again_changes_nothing(store):
    before = mlflow_client().search_experiments()
    assert ensure_store() == (store / "mlruns" / "artifacts").as_uri()
    assert [e.name for e in mlflow_client().search_experiments()] == [e.name for e in before]
    assert "Default" in {e.name for e in before}


def test_the_variable_names_the_store(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    assert tracking_uri() == "http://127.0.0.1:1"
    with pytest.raises(TrackingError, match=r"^the MLflow store http://127\.0\.0\.1:1: no server answers there"):
        ensure_store()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", [None, ""])
def test_without_it_the_store_is_in_the_current_folder(monkeypatch, tmp_path, value):
    monkeypatch.chdir(tmp_path)
    if value is not None:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", value)
    assert tracking_uri() == f"sqlite:///{tmp_path / 'mlruns' / 'mlflow.db'}"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["50%20", "what?"])
def test_a_folder_whose_name_a_uri_would_change(monkeypatch, tmp_path, name):
    (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / name)
    assert tracking_uri() == f"sqlite:///{Path('mlruns', 'mlflow.db')}"


@pytest.mark.process
def test_each_folder_has_its_own_store_within_one_process(store, tmp_path, monkeypatch):
    shutil.copytree(store / "mlruns", tmp_path / "mlruns")
    mlflow_client().create_experiment("here")
    monkeypatch.chdir(tmp_path)
    assert mlflow_client().get_experiment_by_name("here") is None
    monkeypatch.chdir(store)
    assert mlflow_client().get_experiment_by_name("here") is not None


@pytest.mark.process
def test_telemetry_is_off(store, monkeypatch):
    monkeypatch.delenv("MLFLOW_DISABLE_TELEMETRY", raising=False)
    mlflow_client()
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"


@pytest.mark.process
def test_checkpoints_of_a_run(run):
    run_id = run("calibrated.ckpt", "notes.txt")
    (path,) = run_checkpoints(run_id)
    assert path.name == "calibrated.ckpt"
    assert path.read_text() == f"{run_id} calibrated.ckpt"


@pytest.mark.process
def test_checkpoints_of_child_runs_where_the_run_has_none(run):
    parent = run()
    children = {run("a.ckpt", parent=parent), run("b.ckpt", parent=parent), run(parent=parent)}
    run("other.ckpt")
    with pytest.raises(CheckpointError, match=f"run {parent} is RUNNING and holds no finished checkpoint; let it end"):
        run_checkpoints(parent)  # half of a cross-validation is no predictor
    mlflow_client().set_terminated(parent)
    paths = run_checkpoints(parent)
    assert sorted(path.name for path in paths) == ["a.ckpt", "b.ckpt"]
    assert {path.read_text().split()[0] for path in paths} < children
    own = run("own.ckpt")
    run("child.ckpt", parent=own)
    assert [path.name for path in run_checkpoints(own)] == ["own.ckpt"]


@pytest.mark.process
def test_a_run_without_checkpoint(run):
    run_id = run()
    mlflow_client().set_terminated(run_id)
    message = rf"run {run_id} \(FINISHED\) holds no finished checkpoint; let `fhr fit` end first"
    with pytest.raises(CheckpointError, match=message):
        run_checkpoints(run_id)


@pytest.mark.process
@pytest.mark.parametrize("run_id", ["0" * 32, "none.ckpt", "../../x", "it's", ""])
def test_no_such_run(store, run_id):
    with pytest.raises(
        CheckpointError, match=r"is neither a checkpoint file nor a run of sqlite:///.*`fhr runs` lists"
    ) as e:
        run_checkpoints(run_id)
    assert repr(run_id) in str(e.value)


def test_no_store_is_an_error_and_makes_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    message = (
        r"'abc' is no checkpoint file, and there is no MLflow store .*; go to the folder that holds it, or set MLFLOW"
    )
    with pytest.raises(CheckpointError, match=message) as error:
        run_checkpoints("abc")
    assert str(tmp_path) in str(error.value)
    assert list(tmp_path.iterdir()) == []
