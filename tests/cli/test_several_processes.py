"""Several processes train one network: the first speaks, calibrates and writes; no record is lost or counts twice."""

import json
import os
import socket
from pathlib import Path

import numpy as np
import pytest
import torch
from lightning_fabric.plugins.environments import SLURMEnvironment
from lightning_fabric.utilities.rank_zero import _get_rank
from pytorch_lightning import Trainer
from torch import distributed
from warm_python import Warm

from fhr.cli.processes import one_process
from fhr.compute import alone, further_process, is_first_process, is_one_of_several
from fhr.datamodules.samplers import EpochShuffle, OnEveryProcess
from fhr.errors import FHRError
from fhr.models import read_checkpoint
from fhr.tracking import mlflow_client, run_checkpoints

TWO = ["--trainer.strategy=ddp", "--trainer.devices=2"]


class Records:
    epoch = 0

    def __len__(self) -> int:
        return 23


def in_process(monkeypatch, rank: int, n: int) -> None:
    monkeypatch.setattr(distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(distributed, "get_rank", lambda: rank)
    monkeypatch.setattr(distributed, "get_world_size", lambda: n)


def test_processes_share_an_epoch_without_repeating_a_record(monkeypatch):
    whole = list(EpochShuffle(Records(), seed=3))
    shares = []
    for rank in range(4):
        in_process(monkeypatch, rank, 4)
        sampler = EpochShuffle(Records(), seed=3)
        shares.append(list(sampler))
        assert len(shares[-1]) == len(sampler) == 5  # one that has more batches than another waits for ever
    assert sorted(whole) == list(range(23))
    assert sorted(record for share in shares for record in share) == sorted(whole[:20])


def test_other_records_are_left_out_in_each_epoch(monkeypatch):
    in_process(monkeypatch, 0, 2)
    left_out = set()
    for epoch in range(8):
        first, second = EpochShuffle(Records(), seed=3), EpochShuffle(Records(), seed=3)
        first.set_epoch(epoch)
        second.set_epoch(epoch)
        in_process(monkeypatch, 0, 2)
        seen = set(first)
        in_process(monkeypatch, 1, 2)
        left_out |= set(range(23)) - seen - set(second)
    assert len(left_out) > 3


def test_each_process_stops_by_all_records_in_their_order(monkeypatch):
    in_process(monkeypatch, 1, 2)
    assert list(OnEveryProcess(Records())) == list(range(23))


def test_lightning_leaves_these_samplers_as_they_are():
    connector = Trainer(accelerator="cpu", devices=2, strategy="ddp", logger=False)._data_connector
    for sampler in (EpochShuffle(Records(), seed=3), OnEveryProcess(Records())):
        loader = torch.utils.data.DataLoader(np.zeros(23), sampler=sampler)  # type: ignore[arg-type]
        assert not connector._requires_distributed_sampler(loader)


@pytest.mark.parametrize(
    ("devices", "kept"), [("auto", 1), (-1, 1), ("2", 1), (4, 1), (1, 1), ([3], [3]), ([2, 3], [2]), (0, 0)]
)
def test_one_process_evaluates(devices, kept):
    assert one_process("test", devices, 1) == {"devices": kept, "num_nodes": 1, "strategy": "auto"}


@pytest.mark.parametrize(("devices", "nodes"), [(2, 1), ("2", 1), ([0, 1], 1), (1, 2)])
def test_a_cross_validation_on_several_devices_is_refused(devices, nodes):
    with pytest.raises(FHRError, match="leave them at 1, and give `--workers N`"):
        one_process(None, devices, nodes)
    assert one_process(None, "auto", 1)["devices"] == 1  # as many as a machine has is no wish


@pytest.mark.parametrize("strategy", ["ddp_spawn", "ddp_fork"])
def test_processes_that_nothing_comes_back_from_are_refused(strategy, run_fhr, tmp_path):
    given = ["--config", "simulated", f"--trainer.strategy={strategy}", "--trainer.devices=2"]
    answer = run_fhr(tmp_path, "fit", *given, "--trainer.accelerator=cpu", "--trainer.logger=false")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.splitlines()[-1].endswith("give `--trainer.strategy ddp`, which trains alike")


SLURM = {"SLURM_NTASKS": "4", "SLURM_PROCID": "3"}


@pytest.mark.parametrize(
    ("environment", "several", "name"),
    [
        ({}, False, ""),
        ({"RANK": "1"}, False, ""),  # of another program
        ({"LOCAL_RANK": "1", "SLURM_PROCID": "3"}, False, ""),
        ({"RANK": "abc", "MASTER_PORT": "1"}, False, ""),
        ({"RANK": "0", "MASTER_PORT": "1"}, True, ""),
        ({"RANK": "5", "LOCAL_RANK": "0", "MASTER_PORT": "1"}, True, "process 5"),  # the first of its machine
        ({"LOCAL_RANK": "2", "NODE_RANK": "0", "MASTER_PORT": "1"}, True, "process 2"),
        ({"LOCAL_RANK": "0", "NODE_RANK": "1", "MASTER_PORT": "1"}, True, "node 1, process 0"),
        (SLURM, True, "process 3"),
        (SLURM | {"SLURM_JOB_NAME": "interactive"}, False, ""),
        (SLURM | {"SLURM_NTASKS": "1"}, False, ""),
        ({"JSM_NAMESPACE_SIZE": "2", "JSM_NAMESPACE_RANK": "1"}, True, "process 1"),
    ],
)
def test_processes_of_one_training_are_known_by_their_launcher(environment, several, name, monkeypatch):
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    assert (is_one_of_several(), further_process(), is_first_process()) == (several, name, not name)
    before = dict(os.environ)
    with alone():
        assert not is_one_of_several()
        assert _get_rank() is None
        assert not SLURMEnvironment.detect()
    assert dict(os.environ) == before


def test_processes_that_are_joined_know_their_rank(monkeypatch):
    in_process(monkeypatch, 1, 2)
    assert further_process() == "process 1"


@pytest.mark.parametrize("environment", [{"RANK": "1"}, {"LOCAL_RANK": "1"}, {"RANK": "abc"}, SLURM])
def test_a_verb_that_trains_nothing_speaks_as_anywhere(environment, monkeypatch, run_fhr, tmp_path):
    expected = run_fhr(tmp_path, "info", "nowhere")
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    assert run_fhr(tmp_path, "info", "nowhere") == expected
    assert "nowhere" in expected.err


def test_a_further_process_evaluates_nothing_and_says_who_has_a_mistake(monkeypatch, run_fhr, tmp_path):
    for variable, value in {"RANK": "1", "MASTER_PORT": "1"}.items():
        monkeypatch.setenv(variable, value)
    skipped = "fhr test: process 1: the first one evaluates, so that each record counts once\n"
    assert run_fhr(tmp_path, "test", "--run", "nothing") == (0, "", skipped)
    answer = run_fhr(tmp_path, "fit", "--config", "nothing")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("fhr fit: process 1: --config nothing")
    assert answer.err.count("\n") == 1


@pytest.mark.process
@pytest.mark.training
def test_two_processes_make_one_run_whose_calibrator_has_seen_all_held_out_records(
    tmp_path, tiny_config, prepare_store, run_fhr, monkeypatch
):
    prepare_store(tmp_path / "mlruns" / "mlflow.db")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    together = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "TORCHELASTIC_RUN_ID": "none"}
    given = ["-m", "fhr", "fit", "--config", tiny_config, *TWO, "--data.batch_size=8"]
    source = str(Path(__file__).resolve().parents[2])
    processes = []
    for rank in "01":
        environment = {**os.environ, **together, "RANK": rank, "LOCAL_RANK": rank, "PYTHONPATH": source}
        processes.append(Warm(*given, folder=tmp_path, environment=environment))
    first, second = (process.wait() for process in processes)
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert first.returncode == 0, first.stderr
    assert first.stderr.count("2 processes train one network, a batch of 8 each: 16 a step\n") == 1
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    client, run_id = mlflow_client(), first.stdout.strip()
    (run,) = client.search_runs([experiment.experiment_id for experiment in client.search_experiments()])
    assert (run.info.run_id, run.info.status) == (run_id, "FINISHED")
    assert len(client.get_metric_history(run_id, "val/loss")) == 2
    records = json.loads(Path(client.download_artifacts(run_id, "data.json", str(tmp_path))).read_text())["records"]
    card, _ = read_checkpoint(run_checkpoints(run_id)[0])
    (fold,) = card.confidence["held_out"]
    assert len(fold["scores"]) == len(records["calibration"])
    test = run_fhr(tmp_path, "test", "--run", run_id)
    assert test.code == 0, test.err
    assert test.out.count("auroc,") == 1
    assert test.err.count("one process evaluates, so that each record counts once\n") == 1
    predictions = Path(client.download_artifacts(run_id, "predictions.csv", str(tmp_path))).read_text().splitlines()
    assert len(predictions) == 1 + len(records["test"])
