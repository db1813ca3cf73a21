"""`fhr fit`, `validate` and `test` of a false-signal network: the road of every other run."""

import io
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from mlflow import MlflowClient

from fhr.datasets import FalseSignals
from fhr.models import read_checkpoint
from fhr.tracking import mlflow_client, run_checkpoints, run_metrics


@pytest.fixture
def client(false_signal_run, monkeypatch) -> MlflowClient:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(false_signal_run.folder)
    return mlflow_client()


def table(answer: str) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(answer), index_col=0)


def artifacts(client: MlflowClient, run_id: str, folder: Path) -> Path:
    return Path(client.download_artifacts(run_id, "", str(folder)))


def test_a_fit_prints_its_run_id_and_leaves_what_every_run_leaves(false_signal_run, client, tmp_path):
    answer = false_signal_run.answers["fit"]
    assert re.fullmatch(r"[0-9a-f]{32}\n", answer.out)
    assert answer.err.startswith(f"finished; test it with `fhr test --run {false_signal_run.fit}`\nlook:  ")
    folder = artifacts(client, false_signal_run.fit, tmp_path)
    assert {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} == {
        "config.yaml",
        "data.json",
        "environment.json",
        "calibrator.json",
        "checkpoints/finished.ckpt",
        "predictions.csv",
        "metrics.csv",
        "model_card.md",
    }
    run = client.get_run(false_signal_run.fit)
    assert run.info.status == "FINISHED"
    assert client.get_experiment(run.info.experiment_id).name == "false signals"


def test_parameters_tags_and_metrics(false_signal_run, client, false_signal_folder):
    run, database = client.get_run(false_signal_run.fit), FalseSignals(false_signal_folder)
    expected = {
        "target": "false signal",
        "fold": "0",
        "network": "fhr.models.false_signal.FalseSignalNet",
        "network/widths": "[4, 4]",
        "crop_minutes": "4.0",
        "batch_size": "4",
        "fs": "4.0",
        "n_calibration": "0",
        "n_validation": "3",
        "max_epochs": "3",
    }
    assert {key: run.data.params.get(key) for key in expected} == expected
    assert "FalseSignalAugmentation(" in run.data.params["augmentation"]
    assert run.data.tags["data_checksum"] == database.checksum
    for metric in ("train/loss", "val/loss", "val/auroc_fhr", "val/f1_fhr_without_mhr"):
        assert len(client.get_metric_history(false_signal_run.fit, metric)) == 3
    assert run.data.metrics["best_epoch"] in (1, 2, 3)


def test_the_data_are_named_recording_by_recording(false_signal_run, client, false_signal_folder, tmp_path):
    data = json.loads((artifacts(client, false_signal_run.fit, tmp_path) / "data.json").read_text())
    names = [name for use in data["records"].values() for name in use]
    assert sorted(names) == sorted(FalseSignals(false_signal_folder).names)
    assert data["preprocessing"] == {"fs": 4.0, "offset": 140.0, "scale": 40.0}


def test_the_checkpoint_says_of_which_kind_it_is(false_signal_run, client):
    (path,) = run_checkpoints(false_signal_run.fit)
    card, _ = read_checkpoint(path)
    assert (card.kind, card.format, card.target) == ("false_signal", 3, "false signal")
    assert set(card.calibrator) == {"fhr", "mhr"}
    assert all(0 < value < 1 for value in card.calibrator.values())
    content = torch.load(path, weights_only=True)
    assert "optimizer_states" not in content
    assert "current_model_state" not in content


def test_the_test_has_intervals_for_everything_that_is_measured(false_signal_run, client, tmp_path):
    answer = false_signal_run.answers["test"]
    assert answer.code == 0
    assert answer.err.startswith("look:  ")
    assert answer.err.count("\n") == 1
    metrics = table(answer.out)
    names = ("fhr", "fhr_without_mhr", "scalp", "mhr")
    keys = ("auroc", "f1", "sensitivity", "ppv", "prevalence")
    assert set(metrics.index) == {f"{key}_{name}" for key in keys for name in names}
    assert (metrics["low"] <= metrics["value"] + 1e-12).all()
    stored = run_metrics(false_signal_run.fit, client)
    assert stored["test/auroc_fhr"] == pytest.approx(metrics.loc["auroc_fhr", "value"], abs=1e-6)
    folder = artifacts(client, false_signal_run.fit, tmp_path)
    rows = pd.read_csv(folder / "predictions.csv")
    fhr = rows[rows["measured"] == "fhr"]
    assert fhr["n_false"].sum() / fhr["n"].sum() == pytest.approx(stored["test/prevalence_fhr"])
    found = (fhr["sensitivity"] * fhr["n_false"]).sum() / fhr["n_false"].sum()
    assert found == pytest.approx(stored["test/sensitivity_fhr"])
    card = (folder / "model_card.md").read_text()
    assert "not a medical device" in card
    assert f"| auroc_fhr | {metrics.loc['auroc_fhr', 'value']:.3f} |" in card


def test_validate_measures_the_early_stopping_slice(false_signal_run, client, run_fhr):
    answer = run_fhr(false_signal_run.folder, "validate", "--run", false_signal_run.fit)
    assert answer.code == 0, answer.err
    value = table(answer.out)["value"]
    history = [m.value for m in client.get_metric_history(false_signal_run.fit, "val/auroc_fhr")][:3]
    assert value["val/auroc_fhr"] == pytest.approx(max(history), abs=1e-5)
    assert np.isfinite(value["val/loss"])


def test_the_configuration_of_a_run_repeats_it(false_signal_run, client, run_fhr, tmp_path):
    config = artifacts(client, false_signal_run.fit, tmp_path) / "config.yaml"
    answer = run_fhr(false_signal_run.folder, "fit", "--config", config)
    assert answer.code == 0, answer.err
    runs = (false_signal_run.fit, answer.out.strip())
    first, again = (torch.load(run_checkpoints(one)[0], weights_only=True) for one in runs)
    assert again["fhr"] == first["fhr"]
    assert all(torch.equal(value, first["state_dict"][key]) for key, value in again["state_dict"].items())


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("--data.fold=1", "test records were used to train this checkpoint|its results would be overwritten"),
        ("--model.model.depth=2", "trained with another network"),
        ("--data.root=nowhere", "data folder 'nowhere' does not exist; give the folder of the FHRMA"),
    ],
)
def test_a_test_that_would_not_be_honest_is_refused(false_signal_run, run_fhr, client, override, message):
    answer = run_fhr(false_signal_run.folder, "test", "--run", false_signal_run.fit, override)
    assert (answer.code, answer.out) == (2, "")
    assert re.search(message, answer.err)
    assert client.get_run(false_signal_run.fit).info.status == "FINISHED"


def test_a_checkpoint_of_a_classification_is_refused(runs, run_fhr, false_signal_config, monkeypatch, tmp_path):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(runs.folder)
    (path,) = run_checkpoints(runs.fit)
    answer = run_fhr(tmp_path, "test", "--config", false_signal_config, "--ckpt_path", path)
    assert answer.code == 2
    assert "trained with another kind of task than this configuration asks for: classification there" in answer.err


def test_crossval_is_for_classification(run_fhr, false_signal_config, tmp_path):
    answer = run_fhr(tmp_path, "crossval", "--config", false_signal_config)
    assert answer.code == 2
    assert "a cross-validation of FalseSignalTask; `fhr crossval` is for classification" in answer.err
    assert list(tmp_path.iterdir()) == []
