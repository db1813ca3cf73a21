"""`fhr crossval`: every record is predicted once, by networks that have not seen it."""

import io
import json
import re
import signal
from pathlib import Path

import pandas as pd
import pytest
from mlflow import MlflowClient

import fhr
from fhr.cli import crossval_run
from fhr.datasets import Splits, make_splits
from fhr.errors import CheckpointError, FHRError
from fhr.evaluation import BESIDE, study
from fhr.metrics import Interval, auroc
from fhr.models import read_checkpoint
from fhr.tasks import ClassificationTask
from fhr.tracking import HEADLINE, mlflow_client, run_checkpoints, run_metrics


@pytest.fixture
def client(runs, monkeypatch) -> MlflowClient:
    """The store of the runs, from the folder that holds it."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(runs.folder)
    return mlflow_client()


@pytest.fixture
def predictions(runs) -> pd.DataFrame:
    return pd.read_csv(runs.folder / "predictions.csv")


def children(client: MlflowClient, parent: str) -> list:
    experiment = client.get_run(parent).info.experiment_id
    return list(client.search_runs([experiment], f"tags.`mlflow.parentRunId` = '{parent}'"))


def read(client: MlflowClient, run_id: str, name: str, folder: Path) -> str:
    return Path(client.download_artifacts(run_id, name, str(folder))).read_text(encoding="utf-8")


def test_the_table_has_the_network_and_every_baseline(runs, predictions):
    table = pd.read_csv(io.StringIO(runs.answers["crossval"].out))
    assert table["model"].iloc[0].startswith("InceptionNet")
    assert table["model"].iloc[1:].tolist() == [baseline.name for baseline in BESIDE]
    assert {"auroc", "auroc_95", "auprc", "brier", "brier_95", "calibration_slope"} <= set(table.columns)
    value = auroc(predictions["label"], predictions["score"])
    assert table["auroc"].iloc[0] == round(value, 3)


def test_what_is_said_on_stderr_goes_on_from_there(runs):
    err = runs.answers["crossval"].err
    assert re.search(rf"^predict: +\S*fhr predict --run {runs.crossval} \S+s\d+$", err, re.MULTILINE)
    assert re.search(r"^look: +\S*fhr ui$", err, re.MULTILINE)
    assert re.search(r"^AUROC 0\.\d{3} \(95% interval 0\.\d{3} to ", err, re.MULTILINE)


def test_the_asked_floor_gives_exit_code_3(runs):
    answer = runs.answers["crossval"]
    assert answer.code == 3
    assert re.search(r"^AUROC .*: not above 0.99$", answer.err, re.MULTILINE)


def test_every_record_is_predicted_once_in_its_own_fold(predictions, births_database):
    folds = make_splits(births_database).folds[0]
    assert sorted(predictions["name"]) == sorted(births_database.names)
    for fold, rows in predictions.groupby("fold"):
        assert sorted(rows["name"]) == sorted(folds[fold])
    labels = births_database.labels("ph<7.20")[predictions["name"]]
    assert predictions["label"].tolist() == labels.astype(int).tolist()
    assert predictions["probability"].between(0, 1).all()


def test_the_networks_of_a_fold_have_not_seen_its_records_and_made_its_predictions(
    runs, client, predictions, births_database
):
    digests = dict(zip(births_database.names, births_database.digests, strict=True))
    folds = {}
    for child in children(client, runs.crossval):
        (path,) = run_checkpoints(child.info.run_id)
        card, _ = read_checkpoint(path)
        rows = predictions[predictions["fold"] == int(child.data.params["fold"])]
        assert card.fold == (0, int(child.data.params["fold"]), 0)
        assert not set(card.learnt_from) & {digests[name] for name in rows["name"]}
        predictor = fhr.load(path)
        (calibrator,) = predictor.calibrators
        for row in rows.iloc[:6].itertuples():
            prediction = predictor.predict(births_database[row.name])
            assert calibrator.standardize(prediction.score) == pytest.approx(row.score, abs=1e-3)
            assert prediction.probability == pytest.approx(row.probability, abs=1e-5)
        folds[card.fold[1]] = card
    assert sorted(folds) == [0, 1, 2, 3, 4]


def test_parent_and_children_in_the_store(runs, client, tmp_path, births_database):
    parent, folds = client.get_run(runs.crossval), children(client, runs.crossval)
    assert {run.info.status for run in [parent, *folds]} == {"FINISHED"}
    assert len(folds) == 5
    for child in folds:
        names = {f.path for f in client.list_artifacts(child.info.run_id)}
        assert names == {"checkpoints", "calibrator.json", "scores.csv.gz"}
        assert {"best_epoch", "seconds"} <= set(child.data.metrics)
    assert {f.path for f in client.list_artifacts(runs.crossval)} == {
        *("config.yaml", "data.json", "environment.json", "splits.json"),
        *("predictions.csv", "models.csv", "metrics.csv", "model_card.md", "figures"),
        *("conformal.csv", "shortcut_audit.csv", "window_audit.csv", "subgroups.csv", "net_benefit.csv"),
    }
    assert parent.data.tags["data_checksum"] == births_database.checksum
    assert parent.data.tags["split_checksum"] == make_splits(births_database).checksum
    assert {"git_commit", "git_dirty", "target"} <= set(parent.data.tags)
    ends = ("", "_low", "_high")
    assert set(parent.data.metrics) == {f"{name}{end}" for name in HEADLINE for end in ends}
    metrics = run_metrics(runs.crossval, client)
    assert sum(key.startswith("baseline/auroc") for key in metrics) == len(BESIDE)
    assert {"test/ece", "audit/loss_auroc_high", "audit/matched_auroc_20"} < set(metrics)
    assert parent.data.params["network/n_filters"] == "2"
    splits = Splits.load(client.download_artifacts(runs.crossval, "splits.json", str(tmp_path)))
    assert splits == make_splits(births_database)


def test_artifacts_of_the_run_are_what_was_written(runs, client, tmp_path, predictions):
    stored = pd.read_csv(io.StringIO(read(client, runs.crossval, "predictions.csv", tmp_path)))
    pd.testing.assert_frame_equal(stored, predictions)
    models = read(client, runs.crossval, "models.csv", tmp_path)
    assert models == runs.answers["crossval"].out
    card = read(client, runs.crossval, "model_card.md", tmp_path)
    assert "1 x 5 outer folds; InceptionNet (1 inner networks)" in card
    assert json.loads(read(client, runs.crossval, "data.json", tmp_path))["quarantined"] == {}


def outcome(low: float, quarantined: dict[str, str]) -> crossval_run.Outcome:
    interval = Interval(low + 0.05, low, low + 0.1)
    results = dict.fromkeys(("auroc", "brier", "calibration_slope"), interval)
    table = pd.DataFrame({"name": ["a"], "probability": [0.5]})
    return crossval_run.Outcome("0" * 32, results, table, [{"model": "m"}], quarantined)


@pytest.mark.parametrize(
    ("low", "quarantined", "options", "code"),
    [
        (0.7, {}, [], 0),
        (0.7, {}, ["--require-auroc", "0.6"], 0),
        (0.6, {}, ["--require-auroc", "0.6"], 3),
        (float("nan"), {}, ["--require-auroc", "0.6"], 3),
        (0.7, {"x": "short"}, [], 1),
        (0.7, {"x": "short"}, ["--require-auroc", "0.8"], 3),
    ],
)
def test_exit_codes(tmp_path, run_fhr, tiny_config, monkeypatch, low, quarantined, options, code):
    monkeypatch.setattr(crossval_run, "crossval", lambda _: iter([outcome(low, quarantined)]))
    answer = run_fhr(tmp_path, "crossval", "--config", tiny_config, "--out", "p.csv", *options)
    assert answer.code == code
    assert answer.out == "model\nm\n"
    assert (tmp_path / "p.csv").read_text() == "name,probability\na,0.5\n"
    assert answer.err.splitlines()[-1].startswith("look:  ")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--inner", "0"], "--inner 0; an outer fold has 1 to 4 inner folds"),
        (["--inner", "5"], "--inner 5; an outer fold has 1 to 4 inner folds"),
        (["--workers", "0"], "--workers 0; it is at least 1"),
        (["--repeats", "0"], "--repeats 0; it is at least 1"),
        (["--repeats", "11"], "--repeats 11; the split has 10"),
        (["--data.target", "nonsense"], "target 'nonsense' is not defined"),
        (["--data.root", "nowhere"], "data folder 'nowhere' does not exist"),
        (["--data.target", "ph<7.05", "--inner", "1"], "too few to calibrate on"),
    ],
)
def test_a_mistake_is_one_message_before_anything_is_trained(tmp_path, run_fhr, tiny_config, options, message):
    answer = run_fhr(tmp_path, "crossval", "--config", tiny_config, *options)
    assert answer.code == 2
    assert answer.out == ""
    assert re.search(f"^fhr crossval: .*{re.escape(message)}", answer.err, re.MULTILINE), answer.err
    assert "Traceback" not in answer.err
    assert list(tmp_path.iterdir()) == []


def test_a_cross_validation_that_fails_says_so_and_is_no_predictor(runs, client, run_fhr, tiny_config, monkeypatch):
    fit = study._fit

    def fail(shared: tuple, job: study._Job) -> object:
        if job.fold == 1:
            raise FHRError("the network fell over")
        return fit(shared, job)

    monkeypatch.setattr(study, "_fit", fail)
    before = {run.info.run_id for run in everything(client)}
    answer = run_fhr(runs.folder, "crossval", "--config", tiny_config, "--inner", "1")
    assert (answer.code, answer.out) == (2, "")
    assert "fhr crossval: the network fell over" in answer.err
    assert re.search(r"outer folds kept: 1; go on with `fhr crossval --resume \w{32}`", answer.err)
    new = [run for run in everything(client) if run.info.run_id not in before]
    (parent,) = [run for run in new if "mlflow.parentRunId" not in run.data.tags]
    assert len(new) == 2
    assert parent.info.status == "FAILED"
    with pytest.raises(CheckpointError, match=f"run {parent.info.run_id} is FAILED and holds no finished checkpoint"):
        fhr.load(parent.info.run_id)


def test_an_interruption_exits_with_130_and_kills_the_run(runs, client, run_fhr, tiny_config, monkeypatch):
    """Lightning turns Ctrl-C into an exit code of 1, which says that recordings were left out."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ClassificationTask, "training_step", interrupt)
    handler = signal.getsignal(signal.SIGINT)
    try:
        for verb, options in (("crossval", ["--inner", 1]), ("fit", [])):
            answer = run_fhr(runs.folder, verb, "--config", tiny_config, *options, stopped=True)
            assert (answer.code, answer.out) == (130, "")
            assert answer.err.endswith(f"fhr {verb}: interrupted\n")
    finally:
        signal.signal(signal.SIGINT, handler)
    fitting, crossing = everything(client)[:2]
    assert crossing.info.status == "KILLED"
    assert fitting.info.status in ("KILLED", "FAILED")  # as Lightning's logger has it


def everything(client: MlflowClient) -> list:
    return list(client.search_runs([experiment.experiment_id for experiment in client.search_experiments()]))


def test_a_fast_run_keeps_no_network_and_is_refused(runs, run_fhr, tiny_config):
    answer = run_fhr(runs.folder, "crossval", "--config", tiny_config, "--inner", "1", "--trainer.fast_dev_run", "true")
    assert answer.code == 2
    assert "the trainer kept no checkpoint; leave `fast_dev_run` out" in answer.err
