"""Processes log into one fresh store at once: no run, metric, parameter or file is lost."""

import os
import signal
import socket
import time
import urllib.request
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from warm_python import Warm, warm_context

from fhr.tracking import ensure_experiment, mlflow_client

pytestmark = pytest.mark.process

WRITERS, STEPS = 2, 5  # eight of them: benchmarks/concurrency.py

# `mlflow server` starts another Python with a command of uvicorn; this one runs that command itself.
SERVER = """
import os, runpy, sys
from mlflow import server
from mlflow.cli import cli

def run(command, extra_env, **_):
    os.environ.update(extra_env)
    _, module, name, *sys.argv[1:] = command
    assert module == "-m"
    runpy.run_module(name, run_name="__main__", alter_sys=True)

server._exec_cmd = run
cli(["server", *sys.argv[1:]])
"""


def train(folder: str, uri: str | None, start: float, writer: int) -> str:
    """What a training asks of the store, without the training; all begin at the same moment."""
    os.chdir(folder)
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    if uri is not None:
        os.environ["MLFLOW_TRACKING_URI"] = uri
    import mlflow  # noqa: F401  # slow: before the moment

    time.sleep(max(0.0, start - time.time()))
    experiment = ensure_experiment("together")
    client = mlflow_client()
    run_id = str(client.create_run(experiment, run_name=f"writer {writer}").info.run_id)
    client.log_param(run_id, "writer", writer)
    for step in range(STEPS):
        client.log_metric(run_id, "loss", writer + step / 100, step=step)
    client.log_text(run_id, str(writer), "writer.txt")
    client.set_terminated(run_id)
    return run_id


def train_at_once(folder: Path, uri: str | None) -> list[str]:
    """Run ids, by writer; a process that fails raises here."""
    with ProcessPoolExecutor(WRITERS, mp_context=warm_context()) as pool:
        start = time.time() + 1  # about what a warm process takes to be there
        return list(pool.map(train, *zip(*[(str(folder), uri, start, i) for i in range(WRITERS)], strict=True)))


def check_nothing_is_lost(run_ids: list[str], tmp_path: Path) -> None:
    client = mlflow_client()
    experiment = client.get_experiment_by_name("together")
    found = {run.info.run_id: run for run in client.search_runs([experiment.experiment_id])}
    assert set(found) == set(run_ids)
    assert len(set(run_ids)) == WRITERS
    for writer, run_id in enumerate(run_ids):
        assert found[run_id].info.status == "FINISHED"
        assert found[run_id].data.params == {"writer": str(writer)}
        history = [(m.step, m.value) for m in client.get_metric_history(run_id, "loss")]
        assert sorted(history) == [(step, writer + step / 100) for step in range(STEPS)]
        assert Path(client.download_artifacts(run_id, "writer.txt", str(tmp_path))).read_text() == str(writer)


def test_two_processes_and_one_fresh_database(tmp_path, monkeypatch):
    folder = tmp_path / "work"
    folder.mkdir()
    run_ids = train_at_once(folder, None)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(folder)
    check_nothing_is_lost(run_ids, tmp_path)
    assert {path.name for path in (folder / "mlruns").iterdir()} == {".lock", "mlflow.db", "artifacts"}


@pytest.fixture
def server(tmp_path):
    """An MLflow server with a fresh store, on loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    environment.pop("MLFLOW_TRACKING_URI", None)
    folder = tmp_path / "server"
    folder.mkdir()
    options = ["--workers", 1, "--host", "127.0.0.1", "--port", port]
    process = Warm("-c", SERVER, *options, folder=folder, environment=environment)
    uri, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 600
    try:
        while True:
            try:
                urllib.request.urlopen(f"{uri}/health", timeout=5).close()
                break
            except OSError:
                if not process.runs:
                    pytest.fail(process.wait().stderr)
                if time.monotonic() > deadline:
                    pytest.fail("the server does not answer")
                time.sleep(0.2)
        yield uri
    finally:
        if process.runs:
            process.send_signal(signal.SIGKILL)
            process.wait()


def test_two_processes_and_one_server(server, tmp_path, monkeypatch):
    folder = tmp_path / "work"
    folder.mkdir()
    run_ids = train_at_once(folder, server)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    check_nothing_is_lost(run_ids, tmp_path)
    assert list(folder.iterdir()) == []
