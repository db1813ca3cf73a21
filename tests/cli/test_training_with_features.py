"""Every verb that trains or predicts takes features beside the signal, and a run says which."""

import io
import json
import re
from pathlib import Path

import pandas as pd
import pytest
import torch
import yaml

import fhr
from fhr.features import FeatureSet
from fhr.models import read_checkpoint
from fhr.tracking import mlflow_client, run_checkpoints

FEATURES = FeatureSet(groups=("scalar",), minutes=5)
SMALL = [
    "--data.features=fhr.features.FeatureSet",
    "--data.features.groups=[scalar]",
    "--data.features.minutes=5",
    "--model.model.feature_width=3",
]


@pytest.fixture(scope="module")
def config(tiny_config, tmp_path_factory) -> Path:
    """The tiny configuration with features, as a file says it."""
    content = yaml.safe_load(tiny_config.read_text())
    content["model"]["init_args"]["model"]["init_args"]["feature_width"] = 3
    content["data"]["init_args"]["features"] = {
        "class_path": "fhr.features.FeatureSet",
        "init_args": {"groups": ["scalar"], "minutes": 5},
    }
    path = tmp_path_factory.mktemp("configuration") / "features.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.fixture(scope="module")
def fit(config, run_fhr, tmp_path_factory) -> tuple[Path, str]:
    """Folder and id of a run."""
    folder = tmp_path_factory.mktemp("runs")
    answer = run_fhr(folder, "fit", "--config", config)
    assert answer.code == 0, answer.err
    return folder, answer.out.strip()


@pytest.fixture
def client(fit, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(fit[0])
    return mlflow_client()


def read(client, run_id: str, name: str, folder: Path) -> str:
    return Path(client.download_artifacts(run_id, name, str(folder))).read_text(encoding="utf-8")


def test_a_run_names_its_features(fit, client, tmp_path):
    parameters = client.get_run(fit[1]).data.params
    assert parameters["features"] == "scalar"
    assert parameters["features_checksum"] == FEATURES.checksum
    assert parameters["network/n_features"] == str(len(FEATURES.names))
    said = json.loads(read(client, fit[1], "data.json", tmp_path))["features"]
    assert said["names"] == list(FEATURES.names)
    assert said["checksum"] == FEATURES.checksum
    assert FeatureSet.from_dict(said["set"]) == FEATURES


def test_a_run_without_features_says_so(runs, monkeypatch, tmp_path):
    monkeypatch.chdir(runs.folder)
    parameters = mlflow_client().get_run(runs.fit).data.params
    assert (parameters["features"], parameters["network/n_features"]) == ("none", "0")
    assert json.loads(read(mlflow_client(), runs.fit, "data.json", tmp_path))["features"] is None


def test_the_configuration_of_a_run_with_features_repeats_it(fit, client, run_fhr, tmp_path):
    """The cleaning steps stand in it too, though nobody named them: a default that changes later changes nothing."""
    config = client.download_artifacts(fit[1], "config.yaml", str(tmp_path))
    steps = yaml.safe_load(Path(config).read_text())["data"]["init_args"]["features"]["steps"]
    assert steps == FEATURES.to_dict()["steps"]
    answer = run_fhr(fit[0], "fit", "--config", config)
    assert answer.code == 0, answer.err
    first, again = (torch.load(run_checkpoints(one)[0], weights_only=True) for one in (fit[1], answer.out.strip()))
    assert again["fhr"] == first["fhr"]
    assert all(torch.equal(value, first["state_dict"][key]) for key, value in again["state_dict"].items())


def test_a_tested_run_is_predicted_from_the_recordings(fit, client, run_fhr, births, tmp_path):
    answer = run_fhr(fit[0], "test", "--run", fit[1])
    assert answer.code == 0, answer.err
    assert "| auroc |" in (card := read(client, fit[1], "model_card.md", tmp_path))
    assert f"beside it {', '.join(FEATURES.names)} of fetal heart rate in the last 5 min" in card
    tested = pd.read_csv(io.StringIO(read(client, fit[1], "predictions.csv", tmp_path)), index_col="name")
    answer = run_fhr(fit[0], "predict", "--run", fit[1], births)
    assert answer.code == 0, answer.err
    predicted = pd.read_csv(io.StringIO(answer.out), index_col="name").loc[tested.index]
    pd.testing.assert_series_equal(predicted["score"], tested["score"], atol=1e-4, rtol=0)
    pd.testing.assert_series_equal(predicted["probability"], tested["probability"], atol=1e-4, rtol=0)


@pytest.mark.usefixtures("plain_report")
def test_a_cross_validation_computes_once_and_scales_in_every_fold(
    fit, client, config, run_fhr, births_database, tmp_path, monkeypatch
):
    monkeypatch.setenv("FHR_CACHE", str(tmp_path / "cache"))
    command = ["-v", "crossval", "--config", config, "--inner", 1, "--trainer.max_epochs=1"]
    answer = run_fhr(fit[0], *command, "--out", "predictions.csv")
    assert answer.code == 0, answer.err
    assert len(re.findall(r"computing \d+ features of 120 recordings", answer.err)) == 1
    (kept,) = (tmp_path / "cache").rglob("*.npz")
    (run_id,) = re.findall(r"^run ([0-9a-f]{32})$", answer.err, re.MULTILINE)
    cards, networks = zip(*map(read_checkpoint, run_checkpoints(run_id)), strict=True)
    assert len(cards) == 5
    assert {card.features["checksum"] for card in cards} == {FEATURES.checksum}
    assert len({network.scaling_of_features.scaling for network in networks}) == 5
    assert client.get_run(run_id).data.params["features_checksum"] == FEATURES.checksum
    table = pd.read_csv("predictions.csv", index_col="name")
    for path, card in zip(run_checkpoints(run_id), cards, strict=True):
        predictor = fhr.load(path)
        for name, row in table[table["fold"] == card.fold[1]].iloc[:3].iterrows():
            assert predictor.predict(births_database[name]).probability == pytest.approx(row["probability"], abs=1e-5)
    assert len(fhr.load(run_id).networks) == 5
    assert kept.stat().st_size > 0


def test_the_line_on_features_alone_is_a_network_like_any_other(tmp_path, run_fhr, tiny_config):
    line = ["--model.init_args.model", "fhr.models.LinearFeatures"]
    answer = run_fhr(tmp_path, "fit", "--config", tiny_config, *line, *SMALL[:3], "--trainer.fast_dev_run", "true")
    assert answer.code == 0, answer.err


NO_FEATURES = (
    "import torch\n"
    "from fhr.models import Network\n"
    "class Blind(Network):\n"
    "    def __init__(self, n_channels: int = 3, n_outputs: int = 1) -> None:\n"
    "        super().__init__()\n"
    "        self.head = torch.nn.Linear(n_channels, n_outputs)\n"
    "    def forward(self, signal: torch.Tensor) -> torch.Tensor:\n"
    "        return self.head(signal.mean(-1))\n"
)


@pytest.mark.parametrize("verb", ["fit", "crossval"])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--model.init_args.model", "blind.Blind", *SMALL[:3]],
            r"features a window and Blind takes none; leave `data",
        ),
        (
            ["--model.init_args.model", "fhr.models.LinearFeatures"],
            "n_features=0; name the features in `data.features`",
        ),
        ([*SMALL, "--data.features.groups=[pulse]"], r"feature groups \('pulse',\); choose from multiscale, scalar"),
        ([*SMALL, "--data.features.minutes=600"], "none of 120 records can be used; the first: "),
    ],
)
def test_a_mistake_in_the_features_is_one_message_and_no_run(tmp_path, run_fhr, tiny_config, verb, options, message):
    (tmp_path / "blind.py").write_text(NO_FEATURES)
    answer = run_fhr(tmp_path, verb, "--config", tiny_config, *options)
    assert (answer.code, answer.out) == (2, "")
    assert re.search(f"^fhr {verb}: .*{message}", answer.err, re.MULTILINE), answer.err
    assert "Traceback" not in answer.err
    assert len(run_fhr(tmp_path, "runs").out.splitlines()) <= 1


def test_a_network_that_takes_no_features_needs_none(tmp_path, run_fhr, tiny_config):
    (tmp_path / "blind.py").write_text(NO_FEATURES)
    answer = run_fhr(
        tmp_path,
        *("fit", "--config", tiny_config, "--model.init_args.model", "blind.Blind", "--trainer.fast_dev_run", "true"),
    )
    assert answer.code == 0, answer.err
