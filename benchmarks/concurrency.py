"""Many trainings that log into one store at once, beside the same one after another: what is lost, and the time.

Each writer is `fhr fit` of a tiny network on simulated recordings, a process of its own. The stores are fresh: a sqlite
database under `mlruns/`, and an MLflow server with one worker on loopback. A run is lost if it is missing, not
FINISHED or without its checkpoint; a metric is lost if one of its epochs is missing.

python benchmarks/concurrency.py [--writers 8] [--epochs 5] [--records 120]
"""

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from fhr.simulation import write_database
from fhr.tracking import mlflow_client

_CURVES = ("train/loss", "val/loss", "train/auroc", "val/auroc")
_CONFIGURATION = """
seed_everything: 1
model:
  class_path: fhr.tasks.ClassificationTask
  init_args:
    model:
      class_path: fhr.models.InceptionNet
      init_args: {{n_filters: 2, kernel_sizes: [5, 11], depth: 2, stride: 4}}
    loss: fhr.losses.PHRegression
data:
  class_path: fhr.datamodules.CTUUHBDataModule
  init_args: {{root: {root}, target: ph<7.20, window_minutes: 20, batch_size: 16}}
early_stopping: {{patience: 1000}}
trainer: {{max_epochs: {epochs}, accelerator: cpu, log_every_n_steps: 2}}
"""


class Outcome(NamedTuple):
    """Of one way to train into one store."""

    seconds: float
    failed: int
    lost_runs: int
    lost_metrics: int


def environment(uri: str | None) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k != "MLFLOW_TRACKING_URI"}
    here = os.pathsep.join([str(Path(__file__).resolve().parents[1]), os.environ.get("PYTHONPATH", "")])
    kept |= {"PYTHONPATH": here, "OMP_NUM_THREADS": "1", "MLFLOW_DISABLE_TELEMETRY": "true"}
    return kept if uri is None else {**kept, "MLFLOW_TRACKING_URI": uri}


def start(folder: Path, configuration: Path, uri: str | None) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "fhr", "fit", "--config", str(configuration)]
    with (folder / "log.txt").open("a") as log:
        return subprocess.Popen(
            command, cwd=folder, env=environment(uri), text=True, stdout=subprocess.PIPE, stderr=log
        )


def train(folder: Path, configuration: Path, uri: str | None, writers: int, *, at_once: bool) -> list[str]:
    """The ids that the trainings gave; those of a training that failed are left out."""
    if at_once:
        processes = [start(folder, configuration, uri) for _ in range(writers)]
        ended = [(process.communicate()[0].strip(), process.returncode) for process in processes]
    else:
        ended = []
        for _ in range(writers):
            process = start(folder, configuration, uri)
            ended.append((process.communicate()[0].strip(), process.returncode))
    return [out.split()[-1] for out, code in ended if code == 0]


def measure(configuration: Path, uri: str | None, *, writers: int, epochs: int, at_once: bool) -> Outcome:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        begin = time.perf_counter()
        run_ids = train(folder, configuration, uri, writers, at_once=at_once)
        seconds = time.perf_counter() - begin
        if len(run_ids) < writers:
            sys.stderr.write((folder / "log.txt").read_text())
        database = uri or f"sqlite:///{folder / 'mlruns' / 'mlflow.db'}"
        with mock.patch.dict(os.environ, {"MLFLOW_TRACKING_URI": database}):
            lost_runs, lost_metrics = lost(run_ids, writers, epochs)
    return Outcome(seconds, writers - len(run_ids), lost_runs, lost_metrics)


def lost(run_ids: list[str], writers: int, epochs: int) -> tuple[int, int]:
    client = mlflow_client()
    found = [client.get_run(run_id) for run_id in run_ids]
    whole = [
        run.info.run_id
        for run in found
        if run.info.status == "FINISHED" and client.list_artifacts(run.info.run_id, "checkpoints")
    ]
    points = sum(len({m.step for m in client.get_metric_history(one, curve)}) for one in whole for curve in _CURVES)
    return writers - len(set(whole)), writers * epochs * len(_CURVES) - points


@contextmanager
def server(folder: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--workers", "1", "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "server.txt").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "mlflow", "server", *options],
            cwd=folder,
            env={**environment(None), "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
            stdout=log,
            stderr=log,
        )
    uri = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{uri}/health", timeout=5).close()
                break
            except OSError:
                time.sleep(0.2)
        yield uri
    finally:
        process.terminate()  # its worker ends with it
        process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--records", type=int, default=120)
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        root = write_database(folder / "births", options.records, seed=21)
        configuration = folder / "tiny.yaml"
        configuration.write_text(_CONFIGURATION.format(root=root, epochs=options.epochs))
        amount = {"writers": options.writers, "epochs": options.epochs}
        for at_once in (True, False):
            way = "at once" if at_once else "one after another"
            rows.append(("sqlite", way, measure(configuration, None, at_once=at_once, **amount)))
            with tempfile.TemporaryDirectory() as place, server(Path(place)) as uri:
                rows.append(("server", way, measure(configuration, uri, at_once=at_once, **amount)))
    print("| store | trainings | failed | runs lost | metrics lost | seconds |")
    print("|---|---|---|---|---|---|")
    for store, way, outcome in sorted(rows, key=lambda row: row[0], reverse=True):
        lost_metrics = f"{outcome.lost_metrics} of {options.writers * options.epochs * len(_CURVES)}"
        print(
            f"| {store} | {options.writers} {way} | {outcome.failed} | {outcome.lost_runs} | {lost_metrics} | "
            f"{outcome.seconds:.0f} |"
        )


if __name__ == "__main__":
    main()
