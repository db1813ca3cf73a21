"""`fhr crossval`: what is finished is kept, networks serve other labels, members, baselines, the kept table."""

import io
import os
import re
import signal
from pathlib import Path

import pandas as pd
import pytest
import yaml
from mlflow import MlflowClient
from warm_python import python

import fhr
from fhr.cli import crossval_store
from fhr.cli.crossval_maker import ConfiguredMaker
from fhr.datasets import make_splits
from fhr.evaluation import check, study
from fhr.evaluation.study import member_seeds
from fhr.metrics import auroc
from fhr.models import read_checkpoint
from fhr.tracking import hold_run, mlflow_client, run_checkpoints, run_folder

ROOT = Path(__file__).resolve().parents[2]

# Kills itself, as `kill -9` would, once two folds are kept; the third is half-written.
KILLED = """
import os, signal, sys
from fhr.cli import main
from fhr.cli.crossval_store import CrossvalStore

keep = CrossvalStore.keep

def keep_two(self, fold):
    if len(self.folds()) == 2:
        self.client.set_terminated = lambda run: os.kill(os.getpid(), signal.SIGKILL)
    keep(self, fold)

if __name__ == "__main__":
    CrossvalStore.keep = keep_two
    main(["crossval", "--config", sys.argv[1], "--inner", "1"])
"""


@pytest.fixture
def client(runs, monkeypatch) -> MlflowClient:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(runs.folder)
    return mlflow_client()


def run_id(answer) -> str:
    return re.findall(r"^run (\w{32})$", answer.err, re.MULTILINE)[-1]


@pytest.mark.process
@pytest.mark.usefixtures("plain_report")
def test_after_a_kill_the_finished_folds_are_kept(runs, tmp_path, run_fhr, tiny_config, monkeypatch, prepare_store):
    prepare_store(tmp_path / "mlruns" / "mlflow.db")
    (tmp_path / "killed.py").write_text(KILLED)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    killed = python(tmp_path / "killed.py", tiny_config, folder=tmp_path, environment=environment)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    monkeypatch.chdir(tmp_path)
    experiment = mlflow_client().search_experiments(filter_string="name LIKE 'acidosis%'")[0].experiment_id
    (parent,) = mlflow_client().search_runs([experiment], "tags.kind = 'cross-validation'")
    assert parent.info.status == "RUNNING"
    fitted, fit = [], study._fit

    def spy(shared: tuple, job: study._Job) -> object:
        if isinstance(shared[0], ConfiguredMaker):  # not one of the baselines, which nothing is kept of
            fitted.append(job.fold)
        return fit(shared, job)

    monkeypatch.setattr(study, "_fit", spy)
    answer = run_fhr(tmp_path, "crossval", "--resume", parent.info.run_id, "--out", "predictions.csv")
    assert answer.code == 0, answer.err
    assert fitted == [2, 3, 4]
    assert run_id(answer) == parent.info.run_id
    assert mlflow_client().get_run(parent.info.run_id).info.status == "FINISHED"
    assert (tmp_path / "predictions.csv").read_text() == (runs.folder / "predictions.csv").read_text()
    assert answer.out.splitlines()[:2] == runs.answers["crossval"].out.splitlines()[:2]
    assert len(run_checkpoints(parent.info.run_id)) == 5


def test_a_run_that_is_worked_on_is_left_alone(runs, client, run_fhr):
    with hold_run(run_folder(client.get_run(runs.crossval))):
        answer = run_fhr(runs.folder, "crossval", "--resume", runs.crossval)
    assert (answer.code, answer.out) == (2, "")
    assert f"is being worked on by process {os.getpid()} on " in answer.err
    assert client.get_run(runs.crossval).info.status == "FINISHED"


def test_a_run_of_other_folds_is_not_gone_on_with(runs, client, run_fhr, births_database, tmp_path):
    """The file of folds was made anew, with another seed, after the run had begun."""
    splits = tmp_path / "splits.json"
    make_splits(births_database, n_repeats=1, seed=1).save(splits)
    config = yaml.safe_load(Path(client.download_artifacts(runs.crossval, "config.yaml", str(tmp_path))).read_text())
    config["data"]["init_args"]["splits"] = str(splits)
    of = client.get_run(runs.crossval).data
    tags = {key: value for key, value in of.tags.items() if not key.startswith("mlflow.")}
    begun = crossval_store.CrossvalStore.create("acidosis ph<7.20", "begun", tags)
    begun.log(of.params)
    client.log_text(begun.run_id, yaml.safe_dump(config), "config.yaml")
    answer = run_fhr(runs.folder, "crossval", "--resume", begun.run_id)
    assert (answer.code, answer.out) == (2, "")
    assert "has the split checksum" in answer.err
    client.delete_run(begun.run_id)


@pytest.mark.usefixtures("plain_report")
def test_networks_that_learnt_ph_serve_another_label(runs, client, run_fhr, tiny_config, births_database):
    target = "ph<7.25"
    options = ["--config", tiny_config, "--data.target", target, "--networks-of", runs.crossval]
    answer = run_fhr(runs.folder, "crossval", *options, "--out", "other.csv")
    assert answer.code == 0, answer.err
    one, other = (pd.read_csv(runs.folder / name) for name in ("predictions.csv", "other.csv"))
    assert other["label"].tolist() == births_database.labels(target)[other["name"]].astype(int).tolist()
    for fold in range(5):  # the same networks: the same order in each fold
        ranks = [table.loc[table["fold"] == fold, "score"].rank() for table in (one, other)]
        pd.testing.assert_series_equal(*ranks)
    predictor = fhr.load(run_id(answer))
    record = other[other["fold"] == 3].iloc[0]
    assert predictor.target == target
    card, _ = read_checkpoint(run_checkpoints(run_id(answer))[3])
    assert card.target == target
    assert card.calibrator["made_for"]["label"] == target
    assert card.prevalence == pytest.approx(card.confidence["prevalence"])
    assert predictor.predict(births_database[record["name"]]).target == target


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--model.init_args.loss", "fhr.losses.BinaryCrossEntropy"], "learnt a label"),
        (["--data.class_weights", "balanced"], "learnt a label"),
        (["--data.rebalancing.method", "weights"], "learnt a label"),
        (["--trainer.max_epochs", 3], "has another configuration in trainer"),
        (["--repeats", 2], "lacks 5 of 10 outer folds"),
        (["--checkpoint.monitor", "val/auroc"], "were stopped by a metric of the label"),
    ],
)
def test_networks_that_cannot_serve_are_refused(runs, client, run_fhr, tiny_config, options, message):
    options = ["--config", tiny_config, "--networks-of", runs.crossval, *options]
    answer = run_fhr(runs.folder, "crossval", *options)
    assert (answer.code, answer.out) == (2, "")
    assert message in answer.err


@pytest.mark.usefixtures("plain_report")
def test_members_are_independent_retrainings(runs, client, run_fhr, tiny_config, births_database):
    """At once, as networks alone can be; in turn they are in tests/cli/test_crossval_of_arrays.py."""
    options = ["--inner", 1, "--members", 2, "--at-once", "yes", "--trainer.max_epochs", 2, "--name", "two members"]
    options += ["--seed_everything", 2]  # so that a calibrator is not flat
    answer = run_fhr(runs.folder, "crossval", "--config", tiny_config, *options, "--out", "members.csv")
    assert answer.code == 0, answer.err
    assert answer.out.splitlines()[1].startswith("two members (1 inner networks x 2 members),")
    table = pd.read_csv(runs.folder / "members.csv")
    assert (table["spread"] > 0).any()  # 0 in a fold whose calibrator is flat
    assert set(table["flip_rate"].dropna()) <= {0.0, 0.5}  # of two networks none, one or both are at risk
    predictor = fhr.load(run_id(answer))
    assert [card.member for card in predictor.cards] == [0, 1] * 5
    child = client.search_runs(
        [client.get_run(run_id(answer)).info.experiment_id], f"tags.`mlflow.parentRunId` = '{run_id(answer)}'"
    )[0]
    fold = int(child.data.params["fold"])
    rows = table[table["fold"] == fold].iloc[:4]
    for row in rows.itertuples():  # what is kept of a fold predicts what the table says
        prediction = fhr.load(child.info.run_id).predict(births_database[row.name])
        assert prediction.probability == pytest.approx(row.probability, abs=1e-5)
        assert (prediction.low, prediction.high) == pytest.approx((row.low, row.high), abs=1e-6)
        assert prediction.spread == pytest.approx(row.spread, abs=1e-5)
        if pd.isna(row.at_risk):  # a flat calibrator, without a threshold
            assert (prediction.flip_rate, prediction.decision) == (None, None)
        else:
            assert (prediction.flip_rate, prediction.decision) == (row.flip_rate, row.at_risk)


def test_seeds_of_members_differ_everywhere():
    seeds = [s for fold in range(5) for inner in range(4) for s in member_seeds(1, 0, fold, inner, 5)]
    assert len(set(seeds)) == 100
    assert member_seeds(1, 0, 0, 0, 1) == (1,)


@pytest.mark.usefixtures("plain_report")
def test_baselines_in_place_of_a_network(runs, client, run_fhr, tiny_config):
    options = ["--baseline", "ridge", "--baseline", "loss", "--repeats", 2, "--keep", "kept", "--out", "lines.csv"]
    answer = run_fhr(runs.folder, "crossval", "--config", tiny_config, *options)
    assert answer.code == 0, answer.err
    table = pd.read_csv(io.StringIO(answer.out))
    assert table["model"].tolist() == ["21 order statistics, ridge on pH", "signal loss of the last 60 min alone"]
    assert "predict:" not in answer.err
    predictions = pd.read_csv(runs.folder / "lines.csv")
    assert predictions.groupby(["model", "repeat"]).size().tolist() == [120] * 4
    assert check(runs.folder / "kept") == []
    kept = pd.read_csv(runs.folder / "kept" / "crossval.csv")
    assert kept["label"].tolist() == ["ph<7.20"] * 2
    assert kept["auroc"].round(3).tolist() == table["auroc"].tolist()
    assert set(kept["run_id"]) == set(re.findall(r"^run (\w+)$", answer.err, re.MULTILINE))
    # The same line stands beside a network, on the same folds.
    table = table.set_index("model")
    again = (
        predictions[predictions["repeat"] == 0]
        .groupby("model")[["label", "score"]]
        .apply(lambda rows: auroc(rows["label"], rows["score"]))
    )
    beside = pd.read_csv(io.StringIO(runs.answers["crossval"].out)).set_index("model")
    assert again.round(3).to_dict() == beside.loc[table.index, "auroc"].to_dict()


@pytest.mark.usefixtures("plain_report")
def test_a_permuted_baseline_learns_nothing(runs, client, run_fhr, tiny_config):
    options = ["--baseline", "ridge", "--permutations", 4, "--out", "permuted.csv"]
    answer = run_fhr(runs.folder, "crossval", "--config", tiny_config, *options)
    assert answer.code == 0, answer.err
    (row,) = pd.read_csv(io.StringIO(answer.out)).to_dict("records")
    assert row["model"] == "21 order statistics, ridge on pH, permuted records"
    assert row["auroc"] == pytest.approx(0.5, abs=0.1)  # four means of 120 records: a standard error of 0.03
    assert pd.read_csv(runs.folder / "permuted.csv")["repeat"].nunique() == 4
    assert row["permutations"] == 4
    said = re.search(r"^AUROC over 4 permutations of the records (\S+) \+- (\S+) \(standard error\)", answer.err, re.M)
    assert (float(said[1]), float(said[2])) == pytest.approx((row["auroc"], row["auroc_standard_error"]), abs=6e-4)
    answer = run_fhr(runs.folder, "crossval", "--config", tiny_config, "--networks-of", run_id(answer))
    assert answer.code == 2
    assert "is of a linear line and holds no networks" in answer.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "nothing to do; give `--config NAME`, or `--resume RUN`"),
        (["--resume", "0" * 32], "there is no run '000"),
        (["--resume", "{fit}"], "is no cross-validation"),
        (["--resume", "{crossval}", "--config", "{config}"], "a run is resumed with its own configuration"),
        (["--config", "{config}", "--baseline", "svm"], "baseline 'svm'; there are logistic, ridge, mad, loss"),
        (["--config", "{config}", "--permutations", "3"], "--permutations is for a `--baseline`"),
        (["--resume", "{crossval}", "--repeats", "2"], "--repeats: a run goes on as it was started; leave it out"),
        (["--config", "{config}", "--baseline", "mad", "--members", "2"], "--members: it is for networks"),
        (["--config", "{config}", "--networks-of", "{crossval}", "--inner", "2"], "--inner: the networks are those of"),
        (["--config", "{config}", "--baseline", "mad", "--data.permute", "1"], "`--data.permute` is for networks"),
        (["--config", "{config}", "--folds", "4"], "--folds 4; the split has 5: make another with `fhr splits`"),
        (["--config", "{config}", "--scheduler", "nowhere"], "scheduler 'nowhere'; give dask://HOST:PORT"),
        (["--config", "{config}", "--networks-of", "{fit}"], "is no cross-validation"),
    ],
)
def test_mistakes(runs, client, run_fhr, tiny_config, options, message):
    known = {"{fit}": runs.fit, "{crossval}": runs.crossval, "{config}": tiny_config}
    before = len(client.search_runs([e.experiment_id for e in client.search_experiments()]))
    answer = run_fhr(runs.folder, "crossval", *(known.get(option, option) for option in options))
    assert (answer.code, answer.out) == (2, "")
    assert message in answer.err
    assert len(client.search_runs([e.experiment_id for e in client.search_experiments()])) == before
