"""`fhr fit`, `validate`, `test`: one run that says everything of itself, and refuses what would not be honest."""

import io
import json
import os
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
import torch
import yaml
from mlflow import MlflowClient

from fhr.datasets import CTUUHB, make_splits
from fhr.metrics import auroc, brier
from fhr.recording import developed_on
from fhr.tasks import NOTE
from fhr.tracking import mlflow_client, run_checkpoints, run_folder, run_metrics, runs_page

DRAWN = ("roc", "precision_recall", "reliability", "risk_coverage", "net_benefit", "score_by_class", "strips")
FIGURES = {f"figures/{name}.png" for name in DRAWN}


@pytest.fixture
def client(runs, monkeypatch) -> MlflowClient:
    """The store of the runs, from the folder that holds it."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(runs.folder)
    return mlflow_client()


def files(client: MlflowClient, run_id: str, path: str | None = None) -> set[str]:
    found = client.list_artifacts(run_id, path)
    return {f.path for f in found if not f.is_dir} | {
        name for f in found if f.is_dir for name in files(client, run_id, f.path)
    }


def text(client: MlflowClient, run_id: str, name: str, folder: Path) -> str:
    return Path(client.download_artifacts(run_id, name, str(folder))).read_text(encoding="utf-8")


def table(answer: str) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(answer), index_col=0)


def configured(config: Path, folder: Path, *without: str) -> Path:
    """A copy of a configuration that lacks some keys."""
    content = yaml.safe_load(config.read_text())
    for key in without:
        del content[key]
    path = folder / "changed.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def test_fit_writes_its_run_id_and_nothing_else_to_stdout(runs):
    answer = runs.answers["fit"]
    assert re.fullmatch(r"[0-9a-f]{32}\n", answer.out)
    finished, look = answer.err.splitlines()
    assert finished == f"finished; test it with `fhr test --run {runs.fit}`"
    assert re.fullmatch(r"look:     \S*fhr ui", look)


def test_a_run_holds_what_repeats_it(runs, client):
    assert files(client, runs.fit) == {
        "config.yaml",
        "data.json",
        "environment.json",
        "calibrator.json",
        "checkpoints/finished.ckpt",
        "predictions.csv",
        "metrics.csv",
        "model_card.md",
        *FIGURES,
    }
    run = client.get_run(runs.fit)
    assert run.info.status == "FINISHED"
    assert client.get_experiment(run.info.experiment_id).name == "acidosis ph<7.20 (simulated)"
    assert not run_folder(run).exists()


def test_tags_name_source_and_data(runs, client, births_database):
    tags = client.get_run(runs.fit).data.tags
    assert tags["data"] == births_database.origin
    assert tags["data_checksum"] == births_database.checksum
    assert tags["split_checksum"] == make_splits(births_database).checksum
    assert tags["target"] == "ph<7.20"
    assert tags["kinds"] == "120 simulated"
    assert re.fullmatch(r"[0-9a-f]{40}|unknown", tags["git_commit"])
    assert tags["git_dirty"] in ("true", "false", "unknown")


def test_the_run_says_what_its_records_are(runs, client, births_database, tmp_path):
    data = json.loads(text(client, runs.fit, "data.json", tmp_path))
    assert data["kinds"] == {"simulated": 120}
    assert data["made_by"] == [next(iter(births_database)).provenance.made_by]
    assert data["fitted_to"] == sorted(developed_on())
    card = text(client, runs.fit, "model_card.md", tmp_path)
    assert "\n- Records: learnt from 96 simulated (made by fhr.simulation " in card
    assert "tested on 24 simulated" in card


def test_a_run_says_its_result_in_words_and_names_its_data(runs, client, births_database):
    """The result is what `fhr test` wrote; the slices have learnt and were tested, of one database."""
    run, tested = client.get_run(runs.fit), table(runs.answers["test"].out)["value"]
    assert run.data.tags[NOTE].startswith(f"**AUROC {tested['auroc']:.3f} (95% interval")
    assert "say nothing of real births" in run.data.tags[NOTE]
    inputs = {one.tags[0].value: one.dataset for one in run.inputs.dataset_inputs}
    assert {one.name for one in inputs.values()} == {"births, fold 0, training", "births, fold 0, test"}
    assert {one.digest for one in inputs.values()} == {births_database.checksum[:32]}
    assert {context: json.loads(one.profile)["records"] for context, one in inputs.items()} == {
        "training": 96,
        "test": 24,
    }
    assert json.loads(inputs["test"].source) == {"uri": births_database.origin}
    assert run.data.metrics["audit/matched_auroc"] == run_metrics(runs.fit, client)["audit/matched_auroc"]
    assert "viewStateShareKey" in runs_page(client.get_experiment(run.info.experiment_id))


def test_a_cross_validation_says_its_result_and_names_its_data_too(runs, client):
    run = client.get_run(runs.crossval)
    assert run.info.run_name.startswith("InceptionNet n_filters=2 ")
    assert run.info.run_name.endswith(", births, cross-validation 1 x 5 x 1")
    assert "Best line on the same folds: " in run.data.tags[NOTE]
    (one,) = run.inputs.dataset_inputs
    assert (one.dataset.name, one.tags[0].value) == ("births", "cross-validation")


def test_parameters_compare_runs(runs, client):
    parameters = client.get_run(runs.fit).data.params
    expected = {
        "target": "ph<7.20",
        "repeat": "0",
        "fold": "0",
        "inner": "0",
        "network/n_filters": "2",
        "network/kernel_sizes": "[5, 11]",
        "loss": "PHRegression",
        "learning_rate": "0.01",
        "batch_size": "16",
        "window_minutes": "20.0",
        "seed": "4",
        "max_epochs": "2",
        "device": "cpu",
        "n_test": "24",
    }
    assert {key: parameters[key] for key in expected} == expected
    assert parameters["network"].endswith("InceptionNet")
    assert "Augmentation(" in parameters["augmentation"]
    assert sum(int(parameters[f"n_{use}"]) for use in ("train", "validation", "calibration", "test")) == 120


def test_the_data_are_named_record_by_record(runs, client, tmp_path, births_database):
    data = json.loads(text(client, runs.fit, "data.json", tmp_path))
    partition = make_splits(births_database).partition(0, 0, 0)
    assert data["records"] == {use: list(names) for use, names in vars(partition).items()}
    assert data["data_checksum"] == births_database.checksum
    assert data["fold"] == {"repeat": 0, "fold": 0, "inner": 0}
    assert data["preprocessing"]["minutes"] == 20
    assert data["quarantined"] == {}
    assert data["without_outcome"] == []
    versions = json.loads(text(client, runs.fit, "environment.json", tmp_path))
    assert versions["torch"].split("+")[0] == torch.__version__.split("+")[0]
    assert {"python", "system", "numpy", "pytorch_lightning"} <= set(versions)


def test_the_course_of_the_training_is_in_the_run(runs, client):
    for metric in ("train/loss", "val/loss", "train/auroc", "val/auroc"):
        assert len(client.get_metric_history(runs.fit, metric)) == 2
    assert client.get_run(runs.fit).data.metrics["best_epoch"] in (1, 2)


def test_the_calibrator_of_the_run_is_that_of_its_checkpoint(runs, client, tmp_path):
    (path,) = run_checkpoints(runs.fit)
    stored = torch.load(path, weights_only=True)["fhr"]["calibrator"]
    assert json.loads(text(client, runs.fit, "calibrator.json", tmp_path)) == stored


def test_the_configuration_of_a_run_repeats_it(runs, client, run_fhr, tmp_path):
    """The headline promise: the same weights, bit for bit, from nothing but what the run holds."""
    config = client.download_artifacts(runs.fit, "config.yaml", str(tmp_path))
    answer = run_fhr(runs.folder, "fit", "--config", config)
    assert answer.code == 0, answer.err
    first, again = (torch.load(run_checkpoints(one)[0], weights_only=True) for one in (runs.fit, answer.out.strip()))
    assert again["fhr"] == first["fhr"]
    assert set(again["state_dict"]) == set(first["state_dict"])
    assert all(torch.equal(value, first["state_dict"][key]) for key, value in again["state_dict"].items())
    history = [
        [(m.step, m.value) for m in client.get_metric_history(one, "val/loss")]
        for one in (runs.fit, answer.out.strip())
    ]
    assert history[0] == history[1]


def test_test_writes_metrics_with_intervals_to_stdout_and_into_the_run(runs, client):
    answer = runs.answers["test"]
    assert answer.code == 0
    metrics = table(answer.out)
    assert list(metrics.columns) == ["value", "low", "high"]
    assert {"auroc", "auprc", "brier", "calibration_slope", "ece"} <= set(metrics.index)
    assert not re.search(r"\.\d{7}", answer.out)
    stored = run_metrics(runs.fit, client)
    for metric, row in metrics.dropna().iterrows():
        for key, value in ((f"test/{metric}", row["value"]), (f"test/{metric}_low", row["low"])):
            assert stored[key] == pytest.approx(value, abs=1e-6)


def test_metrics_are_those_of_the_predictions_of_the_outer_fold(runs, client, tmp_path, births_database):
    predictions = pd.read_csv(io.StringIO(text(client, runs.fit, "predictions.csv", tmp_path)))
    assert sorted(predictions["name"]) == sorted(make_splits(births_database).folds[0][0])
    labels = births_database.labels("ph<7.20")[predictions["name"]].to_numpy()
    metrics = run_metrics(runs.fit, client)
    assert metrics["test/auroc"] == pytest.approx(auroc(labels, predictions["score"]))
    assert metrics["test/brier"] == pytest.approx(brier(labels, predictions["probability"]))
    card = text(client, runs.fit, "model_card.md", tmp_path)
    assert "Records tested: 24" in card
    assert "repeat 0, outer fold 0" in card
    assert f"| auroc | {metrics['test/auroc']:.3f} |" in card


def test_a_checkpoint_file_with_its_configuration_gives_the_same_test(runs, client, run_fhr, tiny_config):
    (path,) = run_checkpoints(runs.fit)
    answer = run_fhr(runs.folder, "test", "--config", tiny_config, "--ckpt_path", path, "--trainer.logger", "false")
    assert answer.code == 0, answer.err
    pd.testing.assert_frame_equal(table(answer.out), table(runs.answers["test"].out), atol=1e-5)


def test_validate_writes_the_metrics_of_the_early_stopping_slice(runs, client, run_fhr):
    before = client.get_run(runs.fit).data.metrics
    answer = run_fhr(runs.folder, "validate", "--run", runs.fit)
    assert answer.code == 0, answer.err
    metrics = table(answer.out)["value"]
    assert {"val/loss", "val/auroc"} <= set(metrics.index)
    losses = [m.value for m in client.get_metric_history(runs.fit, "val/loss")]
    assert metrics["val/loss"] == pytest.approx(min(losses[:2]), abs=1e-5)
    assert client.get_run(runs.fit).data.metrics["test/auroc"] == before["test/auroc"]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("--data.fold=1", r"run \w+ is of fold \(0, 0, 0\) .* asked for is fold \(0, 1, 0\) .* would be overwritten"),
        ("--data.inner=1", r"is of fold \(0, 0, 0\) .* asked for is fold \(0, 0, 1\)"),
        ("--data.target=ph<7.21", "trained with another target than this configuration asks for: ph<7.20 there"),
        ("--data.window_minutes=30", "trained with another pipeline"),
        ("--model.model.n_filters=3", "trained with another network"),
    ],
)
def test_a_test_that_would_not_be_honest_is_refused_and_leaves_the_run_alone(runs, client, run_fhr, override, message):
    before = client.get_run(runs.fit)
    answer = run_fhr(runs.folder, "test", "--run", runs.fit, override)
    assert answer.code == 2
    assert answer.out == ""
    assert re.match(f"fhr test: .*{message}", answer.err)
    after = client.get_run(runs.fit)
    assert after.info.status == "FINISHED"
    assert after.data.metrics == before.data.metrics


def refused(answer, verb: str, message: str) -> None:
    assert answer.code == 2
    assert answer.out == ""
    (line,) = [line for line in answer.err.splitlines() if line.startswith(f"fhr {verb}: ")]
    assert re.search(message, line), line
    assert "Traceback" not in answer.err


def test_a_run_is_not_tested_on_other_data(runs, client, run_fhr, births, tmp_path):
    """Another record, another checksum: the results of the run would no longer be those of its data."""
    folder = shutil.copytree(births, tmp_path / "other")
    (folder / "RECORDS").write_text("".join(f"s{i:04d}\n" for i in range(1, 120)))
    answer = run_fhr(runs.folder, "test", "--run", runs.fit, f"--data.root={folder}")
    assert answer.code == 2
    assert "and its results would be overwritten; restore the data" in answer.err
    assert client.get_run(runs.fit).info.status == "FINISHED"


def test_a_folder_for_checkpoints_that_was_asked_for_stays(runs, run_fhr, tiny_config, tmp_path):
    answer = run_fhr(runs.folder, "fit", "--config", tiny_config, f"--checkpoint.dirpath={tmp_path}")
    assert answer.code == 0, answer.err
    assert {"best.ckpt", "finished.ckpt"} == {path.name for path in tmp_path.iterdir()}


def test_a_cross_validation_is_tested_already(runs, run_fhr):
    refused(
        run_fhr(runs.folder, "test", "--run", runs.crossval),
        "test",
        f"run {runs.crossval} holds 5 networks; its test results are in the run already",
    )


@pytest.mark.parametrize("verb", ["test", "validate"])
def test_untrained_weights_are_not_tested(runs, run_fhr, tiny_config, verb):
    refused(run_fhr(runs.folder, verb, "--config", tiny_config), verb, "no trained weights were named; give `fhr test")


def test_fit_takes_no_run(runs, run_fhr):
    refused(run_fhr(runs.folder, "fit", "--run", runs.fit), "fit", "`--run` names a finished run to test")


@pytest.mark.parametrize("run_id", ["0" * 32, "nonsense"])
def test_a_run_that_is_not_there(runs, run_fhr, run_id):
    refused(run_fhr(runs.folder, "test", "--run", run_id), "test", f"'{run_id}' is neither a checkpoint file nor a run")
    refused(run_fhr(runs.folder, "test", f"--run={run_id}"), "test", f"'{run_id}' is neither")


class Hostile:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple:
        return (os.mkdir, (str(self.folder),))


@pytest.mark.parametrize("verb", ["fit", "validate", "test"])
@pytest.mark.parametrize("kind", ["missing", "text", "hostile"])
def test_a_checkpoint_that_cannot_be_used_is_refused_before_it_is_opened(tmp_path, run_fhr, tiny_config, verb, kind):
    path = tmp_path / "one.ckpt"
    if kind == "text":
        path.write_text("hello")
    elif kind == "hostile":
        torch.save({"fhr": {"format": 1}, "state_dict": {}, "more": Hostile(tmp_path / "trap")}, path)
    answer = run_fhr(tmp_path, verb, "--config", tiny_config, "--ckpt_path", path)
    message = {
        "missing": "does not exist",
        "text": "not a checkpoint",
        "hostile": "it names 'posix.mkdir'.*nothing was run",
    }[kind]
    refused(answer, verb, f"one.ckpt.*{message}")
    assert not (tmp_path / "trap").exists()
    assert not (tmp_path / "mlruns").exists()


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("--data.target=acidosis", "target 'acidosis' is not defined; write a measure"),
        ("--data.root=nowhere", "data folder 'nowhere' does not exist; give the folder"),
        ("--data.target=ph<6.5", "0 of 120 usable records meet ph<6.5, fewer than the 5 folds"),
        ("--data.window_minutes=600", "none of 120 records can be used; .*600 min are needed"),
        ("--data.fold=7", "fold=7; this split has fold 0 to 4"),
        ("--data.splits=none.json", "none.json: no readable split file"),
        ("--data.augmentation.level=-1", "every amount must be 0 or more"),
        ("--model.model.kernel_sizes=[4]", r"kernel_sizes=\[4\]; every length must be odd"),
        ("--data.target=ph<7.10", r"24 records, .* are too few to calibrate on"),
    ],
)
def test_a_mistake_is_one_message_and_no_network(runs, client, run_fhr, tiny_config, override, message):
    experiments = [e.experiment_id for e in client.search_experiments()]
    checkpoints = runs.folder / "mlruns" / "checkpoints"
    before, left = len(client.search_runs(experiments)), set(checkpoints.glob("*"))
    refused(run_fhr(runs.folder, "fit", "--config", tiny_config, override), "fit", message)
    assert len(client.search_runs(experiments)) == before
    assert [e.experiment_id for e in client.search_experiments()] == experiments
    assert set(checkpoints.glob("*")) == left


@pytest.mark.parametrize(
    "arguments",
    [["--config", "nothing.yaml"], ["--nonsense", "3"], ["--data.nonsense", "3"], ["--trainer.max_epochs=x"]],
)
def test_a_usage_error_of_the_configuration(tmp_path, run_fhr, tiny_config, arguments):
    answer = run_fhr(tmp_path, "fit", "--config", tiny_config, *arguments)
    assert answer.code == 2
    assert answer.out == ""
    assert answer.err.startswith("fhr fit: ")
    assert answer.err.count("\n") == 1
    assert "Traceback" not in answer.err
    assert list(tmp_path.iterdir()) == []


def test_a_configuration_without_a_seed_has_one(tmp_path, run_fhr, tiny_config):
    path = configured(tiny_config, tmp_path, "seed_everything")
    answer = run_fhr(tmp_path, "fit", "--config", path, "--trainer.fast_dev_run", "true")
    assert answer.code == 0, answer.err


def test_left_out_recordings_give_exit_code_1_and_are_named(tmp_path, run_fhr, tiny_config, births):
    folder = shutil.copytree(births, tmp_path / "data")
    (folder / "s0004.dat").write_bytes(b"broken")
    answer = run_fhr(
        tmp_path, "fit", "--config", tiny_config, f"--data.root={folder}", "--trainer.fast_dev_run", "true"
    )
    assert answer.code == 1
    assert "left out s0004: " in answer.err
    assert CTUUHB(folder).quarantined.keys() == {"s0004"}


def test_a_network_of_ones_own_beside_the_configuration(tmp_path, run_fhr, tiny_config):
    """As the README shows it: nothing is registered, the class path is enough."""
    (tmp_path / "my_network.py").write_text(
        "import torch\n"
        "from fhr.models import MaskedMeanStd, Network\n"
        "class SmallNet(Network):\n"
        "    def __init__(self, n_channels: int = 3, n_outputs: int = 1, width: int = 4) -> None:\n"
        "        super().__init__()\n"
        "        self.conv = torch.nn.Conv1d(n_channels, width, 15, stride=4, padding=7)\n"
        "        self.pool, self.head = MaskedMeanStd(), torch.nn.Linear(2 * width, n_outputs)\n"
        "    def forward(self, signal: torch.Tensor) -> torch.Tensor:\n"
        "        valid = torch.nn.functional.avg_pool1d(signal[:, -1:], 4)\n"
        "        return self.head(self.pool(self.conv(signal).relu(), valid))\n"
    )
    answer = run_fhr(
        tmp_path,
        *("fit", "--config", tiny_config, "--model.init_args.model", "my_network.SmallNet"),
        *("--trainer.fast_dev_run", "true"),
    )
    assert answer.code == 0, answer.err
