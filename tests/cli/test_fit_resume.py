"""`fhr fit --resume`: a fit that was stopped or killed ends as one that was not, bit for bit."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml
from mlflow import MlflowClient
from mlflow.entities import Run
from pytorch_lightning.loggers import MLFlowLogger
from warm_python import python

from fhr.tracking import TrainingRun, hold_run, mlflow_client, run_checkpoints, run_folder, run_state

ROOT = Path(__file__).resolve().parents[2]

# A module of the user's own, beside the configuration. It acts in every process but the one that ends the fit.
SABOTEUR = """
import os
from pathlib import Path

import pytorch_lightning as pl


class Crash(Exception):
    pass


class Saboteur(pl.Callback):
    def __init__(self, hooks: list[str], signal: int | None = None):
        self.hooks, self.signal, self.batches = hooks, signal, 0

    def act(self, here: str):
        left = Path("left")
        done = left.read_text().split() if left.exists() else []
        if self.hooks[len(done):len(done) + 1] == [here]:
            left.write_text(" ".join([*done, here]))
            if self.signal is None:
                raise Crash(here)
            os.kill(os.getpid(), self.signal)

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        self.act(f"batch:{trainer.current_epoch}:{batch_idx}")

    def on_train_epoch_start(self, trainer, pl_module):
        self.act(f"epoch:{trainer.current_epoch}")

    def on_train_epoch_end(self, trainer, pl_module):
        self.act(f"epoch_end:{trainer.current_epoch}")

    def on_train_end(self, trainer, pl_module):
        self.act("train_end")

    def on_fit_end(self, trainer, pl_module):
        self.act("fit_end")
"""


def configured(folder: Path, tiny_config: Path, hooks: list[str], number: int | None = None, **options: object) -> Path:
    """`tiny_config` with dropout, five epochs and a saboteur."""
    content = yaml.safe_load(tiny_config.read_text())
    content["model"]["init_args"]["model"]["init_args"]["dropout"] = 0.3
    callback = {"class_path": "saboteur.Saboteur", "init_args": {"hooks": hooks, "signal": number}}
    content["trainer"] |= {"max_epochs": 5, "callbacks": [callback]}
    content |= options
    (folder / "saboteur.py").write_text(SABOTEUR)
    path = folder / "sabotaged.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def code_of_a_process(folder: Path, *arguments: object) -> int:
    """How `fhr fit` ends in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    environment.pop("MLFLOW_TRACKING_URI", None)
    return python("-m", "fhr", "fit", *arguments, folder=folder, environment=environment).returncode


def the_run(client: MlflowClient) -> Run:
    """The only run of a store."""
    (run,) = client.search_runs([e.experiment_id for e in client.search_experiments()])
    return run


def what_is_in(client: MlflowClient, run: Run) -> tuple[dict, dict, set]:
    """Weights, metrics step by step, and files of a run."""
    (path,) = run_checkpoints(run.info.run_id)
    weights = torch.load(path, weights_only=True)
    metrics = {
        key: {(m.step, m.value) for m in client.get_metric_history(run.info.run_id, key)} for key in run.data.metrics
    }
    return weights, metrics, {file.path for file in client.list_artifacts(run.info.run_id)}


def assert_same(a: object, b: object) -> None:
    """Equal to the last bit, tensors too."""
    if isinstance(a, torch.Tensor):
        assert torch.equal(a, b)
    elif isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a:
            assert_same(a[key], b[key])
    elif isinstance(a, tuple):
        for one, other in zip(a, b, strict=True):
            assert_same(one, other)
    else:
        assert a == b


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory, tiny_config: Path, run_fhr: Callable) -> tuple:
    """What an uninterrupted fit leaves."""
    folder = tmp_path_factory.mktemp("unbroken")
    answer = run_fhr(folder, "fit", "--config", configured(folder, tiny_config, []))
    assert answer.code == 0, answer.err
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return what_is_in(mlflow_client(), the_run(mlflow_client()))


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """An empty folder to work in; each test has a module of the same name in its own."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    sys.modules.pop("saboteur", None)
    return tmp_path


@pytest.mark.process
def test_a_killed_fit_goes_on_bit_for_bit_in_the_same_run(folder, tiny_config, unbroken, run_fhr, prepare_store):
    prepare_store(folder / "mlruns" / "mlflow.db")
    config = configured(folder, tiny_config, ["batch:2:1"], int(signal.SIGKILL))  # many: benchmarks/interruption.py
    assert code_of_a_process(folder, "--config", config) == -signal.SIGKILL
    killed = the_run(mlflow_client())
    assert (killed.info.status, run_state(killed)) == ("RUNNING", "STALE")
    listed = run_fhr(folder, "runs")
    assert ",STALE," in listed.out
    assert "STALE runs, whose process is gone: 1; go on with `--resume RUN_ID`" in listed.err

    assert (folder / "left").read_text() == "batch:2:1"

    answer = run_fhr(folder, "fit", "--resume", killed.info.run_id)
    assert (answer.code, answer.out) == (0, f"{killed.info.run_id}\n"), answer.err
    run = the_run(mlflow_client())
    assert run.info.status == "FINISHED"
    assert_same(what_is_in(mlflow_client(), run), unbroken)
    assert not run_folder(run).exists()
    assert run_fhr(folder, "test", "--run", run.info.run_id).code == 0


@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGTERM, 143, "terminated"), (signal.SIGINT, 130, "interrupted")]
)
def test_an_interrupted_fit_says_how_to_go_on(folder, tiny_config, unbroken, run_fhr, request, number, code, word):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background has it ignored
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    config = configured(folder, tiny_config, ["batch:2:0"], int(number))
    stopped = run_fhr(folder, "fit", "--config", config, stopped=True)
    run = the_run(mlflow_client())
    assert (stopped.code, run.info.status, run_state(run)) == (code, "KILLED", "KILLED")
    assert f"go on with `fhr fit --resume {run.info.run_id}`" in stopped.err
    assert stopped.err.endswith(f"fhr fit: {word}\n")
    assert "Traceback" not in stopped.err
    assert run_fhr(folder, "fit", "--resume", run.info.run_id).code == 0
    assert_same(what_is_in(mlflow_client(), the_run(mlflow_client())), unbroken)


@pytest.mark.parametrize("hook", ["batch:0:1", "fit_end"])
def test_it_does_not_matter_where_a_fit_breaks(folder, tiny_config, unbroken, run_fhr, hook):
    config = configured(folder, tiny_config, [hook])
    broken = run_fhr(folder, "fit", "--config", config)
    assert broken.code == 70
    assert f"Crash: {hook}" in broken.err
    run = the_run(mlflow_client())
    assert run.info.status == "FAILED"
    if hook == "batch:0:1":  # nothing was computed yet
        assert not run_folder(run).exists()
        answer = run_fhr(folder, "fit", "--resume", run.info.run_id)
        assert answer.code == 2
        assert f"nothing is kept of run {run.info.run_id} (FAILED)" in answer.err
        return
    assert run_fhr(folder, "fit", "--resume", run.info.run_id).code == 0
    assert_same(what_is_in(mlflow_client(), the_run(mlflow_client())), unbroken)


def test_a_fit_goes_on_in_a_folder_that_was_moved(folder, tiny_config, run_fhr, monkeypatch):
    """Its best epoch so far, here the first one, lies in the folder too."""
    before = folder / "before"
    before.mkdir()
    worst = {"checkpoint": {"monitor": "val/loss", "mode": "max"}}
    config = configured(before, tiny_config, ["batch:4:0"], **worst)
    assert "Crash: batch:4:0" in run_fhr(before, "fit", "--config", config).err
    after = before.rename(folder / "after")
    monkeypatch.chdir(after)
    run_id = the_run(mlflow_client()).info.run_id
    answer = run_fhr(after, "fit", "--resume", run_id)
    assert answer.code == 0, answer.err
    losses = [metric.value for metric in mlflow_client().get_metric_history(run_id, "val/loss")]
    assert (len(losses), max(losses)) == (5, losses[0])
    assert the_run(mlflow_client()).data.metrics["best_epoch"] == 1
    assert {path.name for path in folder.iterdir()} == {"after"}


def test_metrics_that_were_not_logged_any_more_are_not_lost(folder, tiny_config, unbroken, run_fhr, monkeypatch):
    """Lightning logs the means of an epoch after its checkpoint is written, those of the last epoch too."""
    log = MLFlowLogger.log_metrics

    def crash(self, metrics, step=None):
        if "train/loss" in metrics and metrics["epoch"] == 4:
            raise RuntimeError("not logged")
        log(self, metrics, step)

    config = configured(folder, tiny_config, [])
    with monkeypatch.context() as patch:
        patch.setattr(MLFlowLogger, "log_metrics", crash)
        assert "not logged" in run_fhr(folder, "fit", "--config", config).err
    run_id = the_run(mlflow_client()).info.run_id
    assert len(mlflow_client().get_metric_history(run_id, "train/loss")) == 4
    assert run_fhr(folder, "fit", "--resume", run_id).code == 0
    assert_same(what_is_in(mlflow_client(), the_run(mlflow_client())), unbroken)


def test_a_fit_that_early_stopping_had_ended_trains_no_more(folder, tiny_config, run_fhr):
    stop = {"early_stopping": {"monitor": "val/loss", "stopping_threshold": 100.0}}  # after the first epoch
    config = configured(folder, tiny_config, ["train_end"], **stop)
    broken = run_fhr(folder, "fit", "--config", config, "--name", "of my own")
    assert broken.code == 70
    assert "Crash: train_end" in broken.err
    run, client = the_run(mlflow_client()), mlflow_client()
    run_id = run.info.run_id
    client.rename_experiment(run.info.experiment_id, "acidosis ph<7.20")  # as earlier versions called it
    assert run_fhr(folder, "fit", "--resume", run_id).code == 0
    assert the_run(client).info.run_name == "of my own"
    assert {one.name for one in client.search_experiments()} == {"Default", "acidosis ph<7.20"}
    assert {m.step for m in mlflow_client().get_metric_history(run_id, "val/loss")} == {3}


def test_a_run_that_goes_on_keeps_its_name(runs, run_fhr):
    answer = run_fhr(runs.folder, "fit", "--resume", runs.fit, "--name", "another")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.endswith("goes on with the settings that it began with; leave out --name\n")


def test_a_finished_run_has_nothing_left_to_do(runs, run_fhr):
    answer = run_fhr(runs.folder, "fit", "--resume", runs.fit)
    assert (answer.code, answer.out) == (0, f"{runs.fit}\n")
    assert answer.err.startswith(f"finished; test it with `fhr test --run {runs.fit}`\nlook:  ")
    assert run_fhr(runs.folder, "fit", "-q", "--resume", runs.fit) == (0, f"{runs.fit}\n", "")


def test_what_cannot_go_on_is_refused(runs, run_fhr, monkeypatch, tiny_config):
    def refused(*arguments: object) -> str:
        answer = run_fhr(runs.folder, *arguments)
        assert (answer.code, answer.out) == (2, "")
        return answer.err

    assert "`--resume` needs a run id; `fhr runs` lists them" in refused("fit", "--resume")
    assert "there is no run 'nonsense' in " in refused("fit", "--resume", "nonsense")
    assert f"go on with `fhr crossval --resume {runs.crossval}`" in refused("fit", "--resume", runs.crossval)
    assert "leave out --trainer.max_epochs=9" in refused("fit", "--resume", runs.fit, "--trainer.max_epochs=9")
    assert "`--resume` goes on with a fit; to test a finished run" in refused("test", "--resume", runs.fit)
    monkeypatch.setattr("socket.gethostname", lambda: "elsewhere")
    assert f"what run {runs.fit} computed is not on this machine" in refused("fit", "--resume", runs.fit)


def test_data_and_processes_that_a_resumed_fit_does_not_take(folder, tiny_config, run_fhr, births, tmp_path):
    """One run, one process; and not with other records than it began with, though no epoch was finished."""
    own = tmp_path / "births"
    own.mkdir()
    for file in births.iterdir():
        (own / file.name).write_bytes(file.read_bytes())
    content = tiny_config.read_text().replace(str(births), str(own))
    (tmp_path / "own.yaml").write_text(content)
    config = configured(folder, tmp_path / "own.yaml", ["batch:1:0"])
    broken = run_fhr(folder, "fit", "--config", config)
    assert broken.code == 70
    assert "Crash: batch:1:0" in broken.err
    run = the_run(mlflow_client())
    (run_folder(run) / "resume.ckpt").unlink()
    mlflow_client().update_run(run.info.run_id, status="RUNNING")
    with hold_run(run_folder(run)):
        answer = run_fhr(folder, "fit", "--resume", run.info.run_id)
        assert run_state(the_run(mlflow_client())) == "RUNNING"  # the holder's run is as it was
    assert answer.code == 2
    assert f"run {run.info.run_id} is being worked on by process {os.getpid()}" in answer.err
    (own / "RECORDS").write_text("".join(f"s{i:04d}\n" for i in range(1, 120)))
    answer = run_fhr(folder, "fit", "--resume", run.info.run_id)
    assert answer.code == 2
    assert f"run {run.info.run_id} would go on with other records (data was " in answer.err
    (own / "RECORDS").write_text("".join(f"s{i:04d}\n" for i in range(1, 121)))
    assert run_fhr(folder, "fit", "--resume", run.info.run_id).code == 0


def test_the_last_epoch_has_a_file_that_no_other_callback_writes(folder, tiny_config, run_fhr):
    """`save_last` writes `last.ckpt` in the same folder, here within an epoch too, from which nothing can go on."""
    kept = {"monitor": "val/loss", "filename": "best", "save_last": True}
    config = configured(folder, tiny_config, ["batch:1:3"], checkpoint=kept)
    broken = run_fhr(folder, "fit", "--config", config, "--trainer.val_check_interval=2", "--trainer.max_epochs=2")
    assert "Crash: batch:1:3" in broken.err
    run = TrainingRun.stopped(the_run(mlflow_client()).info.run_id)
    steps = [torch.load(run.folder / name, weights_only=True)["global_step"] for name in ("last.ckpt", "resume.ckpt")]
    assert steps == [6, 4]
    assert run.arguments[-1] == str(run.folder / "resume.ckpt")
    (run.folder / "begun.json").write_text('{"data": "1"}')  # of an earlier version
    assert run.last.name == "last.ckpt"


def test_averaged_weights_of_another_kind_of_task_go_on_too(folder, false_signal_config, false_signal_run, run_fhr):
    content = yaml.safe_load(false_signal_config.read_text())
    (folder / "saboteur.py").write_text(SABOTEUR)
    content["trainer"]["callbacks"].append({"class_path": "saboteur.Saboteur", "init_args": {"hooks": ["epoch:2"]}})
    (folder / "sabotaged.yaml").write_text(yaml.safe_dump(content))
    assert "Crash: epoch:2" in run_fhr(folder, "fit", "--config", "sabotaged.yaml").err
    run_id = the_run(mlflow_client()).info.run_id
    answer = run_fhr(folder, "fit", "--resume", run_id)
    assert answer.code == 0, answer.err
    (resumed,) = run_checkpoints(run_id)
    os.chdir(false_signal_run.folder)
    (unbroken,) = run_checkpoints(false_signal_run.fit)
    assert_same(*(torch.load(path, weights_only=True)["state_dict"] for path in (resumed, unbroken)))
