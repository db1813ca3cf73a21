"""`fhr evaluate`: a model on births that it has not seen, its report, and the model recalibrated on them."""

import io
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import fhr
from fhr.datasets import Database
from fhr.models import read_checkpoint
from fhr.tracking import find_run, mlflow_client, run_checkpoints


@pytest.fixture(autouse=True)
def _here(runs, monkeypatch):
    """In the folder of the runs."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(runs.folder)


@pytest.fixture(scope="module")
def whole(runs, run_fhr, simulated_folder, simulated_database, tmp_path_factory):
    """One evaluation with all that it can write, and its answer."""
    folder = tmp_path_factory.mktemp("evaluation")
    outcomes = simulated_database.outcomes[["ph"]].rename_axis("record").reset_index()
    outcomes["ward"] = np.where(np.arange(60) % 2, "north", "south")
    outcomes.to_csv(folder / "outcomes.csv", index=False)
    answer = run_fhr(
        runs.folder,
        *("evaluate", runs.fit, simulated_folder, "--outcomes", folder / "outcomes.csv", "--groups", "ward"),
        *("--report", folder / "report", "--recalibrate", folder / "local"),
    )
    return folder, answer


def refused(answer) -> str:
    assert (answer.code, answer.out) == (2, "")
    assert "Traceback" not in answer.err
    return answer.err


def test_metrics_on_stdout_sentences_on_stderr_the_rest_in_a_run(whole, runs, simulated_database):
    folder, answer = whole
    assert answer.code == 0, answer.err
    table = pd.read_csv(io.StringIO(answer.out)).set_index("metric")
    predictions, _ = fhr.load(runs.fit).predict_all(simulated_database)
    p = np.array([prediction.probability for prediction in predictions])
    y = simulated_database.labels("ph<7.20").to_numpy()
    assert table.loc["brier", "value"] == pytest.approx(np.mean((p - y) ** 2))
    assert {"cox_p", "ece_p", "calibration_in_the_large", "observed_to_expected"} < set(table.index)
    (run_id,) = [line.split()[1] for line in answer.err.splitlines() if line.startswith("run ")]
    run = find_run(run_id)
    assert (run.info.status, run.data.tags["kind"], run.data.params["births"]) == (
        "FINISHED",
        "external validation",
        "60",
    )
    assert run.data.metrics["test/brier"] == pytest.approx(table.loc["brier", "value"])
    kept = {file.path for file in mlflow_client().list_artifacts(run_id)}
    assert {"report.html", "learning_curve.csv", "checkpoints", "recalibration.json"} < kept
    assert (folder / "report" / "report.html").is_file()
    assert "Not all of these recordings were measured" in answer.err
    groups = pd.read_csv(folder / "report" / "subgroups.csv")
    assert groups.loc[groups["grouping"] == "ward", "group"].tolist() == ["north", "south"]


def test_the_recalibrated_model_is_loaded_from_folder_file_and_run(whole, runs, births_database, simulated_database):
    folder, answer = whole
    (path,) = (folder / "local").glob("*.ckpt")
    (run_id,) = [line.split()[1] for line in answer.err.splitlines() if line.startswith("run ")]
    before, after = fhr.load(runs.fit), fhr.load(folder / "local")
    made = after.recalibration
    assert (made.births, made.positives) == (60, int(simulated_database.labels("ph<7.20").sum()))
    some = births_database.recordings[:3]
    for recording in some:
        old, new = before.predict(recording), after.predict(recording)
        assert new.probability == pytest.approx(float(made.predict(old.probability)))
        assert new.low <= new.probability <= new.high
        assert (new.score, new.decision, new.sets) == (old.score, old.decision, old.sets)
        assert new.prevalence == made.prevalence
        assert any(warning.startswith("recalibrated on 60 births of another hospital") for warning in new.warnings)
        for other in (path, run_id):
            assert fhr.load(other).predict(recording) == new
    shifted = fhr.load(path, prevalence=0.02).predict(some[0])
    assert shifted.prevalence == 0.02
    assert shifted.probability < after.predict(some[0]).probability


def test_its_births_are_no_test_of_it_any_more(whole, run_fhr, runs, simulated_folder, simulated_database):
    folder, _ = whole
    card, _ = read_checkpoint(next((folder / "local").glob("*.ckpt")))
    assert set(simulated_database.digests) < set(card.learnt_from)
    said = refused(run_fhr(runs.folder, "evaluate", folder / "local", simulated_folder))
    assert "0 births can be used" in said
    assert "60 left out: the model learnt from this recording" in said


def test_a_whole_cross_validation_keeps_its_networks(run_fhr, runs, simulated_folder, tmp_path):
    answer = run_fhr(
        runs.folder, "evaluate", runs.crossval, simulated_folder, "--recalibrate", tmp_path / "local", "--method",
        "intercept", "-q", "--out", tmp_path / "metrics.csv",
    )  # fmt: skip
    assert (answer.code, answer.out) == (0, "")
    assert len(list((tmp_path / "local").glob("*.ckpt"))) == len(run_checkpoints(runs.crossval))
    made = fhr.load(tmp_path / "local").recalibration
    assert (made.method, made.slope) == ("intercept", 1)


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory, simulated_folder):
    """The births with one recording that is empty."""
    folder = shutil.copytree(simulated_folder, tmp_path_factory.mktemp("spoilt") / "births")
    (folder / "s0003.dat").write_bytes(b"")
    return folder


def test_what_cannot_be_used_is_named(run_fhr, runs, spoilt, simulated_database, births, tmp_path):
    learnt = fhr.load(runs.fit).cards[0].learnt_from
    database = Database([fhr.read(path.with_suffix("")) for path in sorted(births.glob("*.hea"))], origin="births")
    known = next(r for r, digest in zip(database, database.digests, strict=True) if digest in learnt)
    other = tmp_path / "other"
    other.mkdir()
    for suffix in ("hea", "dat"):
        text = (births / f"{known.name}.{suffix}").read_bytes()
        (other / f"known.{suffix}").write_bytes(
            text.replace(known.name.encode(), b"known") if suffix == "hea" else text
        )
    outcomes = simulated_database.outcomes[["ph"]].rename_axis("record").reset_index()
    outcomes.loc[outcomes["record"] == "s0001", "ph"] = 72.0
    outcomes = outcomes[outcomes["record"] != "s0002"]
    more = pd.DataFrame({"record": ["missing"], "ph": [7.1]})
    pd.concat([outcomes, more]).to_csv(tmp_path / "outcomes.csv", index=False)
    answer = run_fhr(runs.folder, "evaluate", runs.fit, spoilt, other, "--outcomes", tmp_path / "outcomes.csv")
    assert answer.code == 1
    named = dict(
        line.split("quarantined ", 1)[1].split(": ", 1) for line in answer.err.splitlines() if "quaran" in line
    )
    assert named.pop(str(spoilt / "s0003"))
    assert {name: reason[:33] for name, reason in named.items()} == {
        "s0001": "ph is 72.0, outside of 6.5 to 7.8",
        "s0002": "no outcome that tells ph<7.20",
        "known": "the model learnt from this record",
        "missing, s0003": "2 outcomes without a recording",
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--outcomes", "nowhere.csv"], "nowhere.csv: no readable table of outcomes"),
        (["--groups", "ward"], "--groups names columns of the table of outcomes; give --outcomes"),
        (["--method", "intercept"], "--method is for --recalibrate DIR"),
        (["--recalibrate", "x", "--prevalence", "0.1"], "leave --prevalence out"),
        (["--recalibrate", "mlruns"], "--recalibrate mlruns: the folder holds files; name a new one"),
        (["--report", "a-file"], "--report a-file: a file; name a folder"),
        (["--report", "a-file/x"], "a-file cannot be written to; name another folder"),
        (["--out", "nowhere/x.csv"], "--out nowhere/x.csv: cannot be written"),
        (["--prevalence", "2"], "prevalence=2.0; give the share of births with ph<7.20"),
    ],
)
def test_mistakes(run_fhr, runs, simulated_folder, options, message):
    (runs.folder / "a-file").write_text("")
    assert message in refused(run_fhr(runs.folder, "evaluate", runs.fit, simulated_folder, *options))


def test_the_shipped_model_is_evaluated_for_one_of_its_labels(run_fhr, runs, simulated_folder, tmp_path):
    given = ("evaluate", "shipped", simulated_folder)
    assert "has several labels; give one (`--label 'ph<7.05'`" in refused(run_fhr(runs.folder, *given))
    unknown = refused(run_fhr(runs.folder, *given, "--label", "ph<7"))
    assert "label 'ph<7'; the model that comes with the package answers ph<7.05, ph<=7.15" in unknown
    of_a_run = run_fhr(runs.folder, "evaluate", runs.fit, simulated_folder, "--label", "ph<7.20")
    assert "--label is for the `shipped` model" in refused(of_a_run)
    answer = run_fhr(runs.folder, *given, "--label", "ph<7.20", "--recalibrate", tmp_path / "local")
    assert answer.code == 0, answer.err
    assert 0.4 < pd.read_csv(io.StringIO(answer.out)).set_index("metric").loc["auroc", "value"] < 0.9
    assert len(list((tmp_path / "local").glob("*.npz"))) == 20
    assert fhr.load(tmp_path / "local").recalibration.births == 60


def test_the_shipped_model_is_no_external_one_on_its_training_records(run_fhr, runs, ctu_uhb, tmp_path):
    """Nor on a copy of one that no checksum tells."""
    record = fhr.read(ctu_uhb / "1001")
    slow = {"fhr": record.fhr[::2], "uc": record.uc[::2], "fs": record.fs / 2}
    fhr.write_npz(replace(record, name="copy", source=None, **slow), tmp_path / "copy.npz")
    answer = run_fhr(runs.folder, "evaluate", "shipped", tmp_path, ctu_uhb / "1502.hea", "--label", "ph<7.20")
    said = refused(answer)
    assert "left out, for the model was trained on them: 2; its out-of-fold numbers" in said
    assert "2 left out: the model learnt from this recording" in said


def test_no_model_no_births_and_the_wrong_kind(run_fhr, runs, simulated_folder, false_signal_run, tmp_path):
    assert "is neither a checkpoint file nor a run" in refused(run_fhr(runs.folder, "evaluate", "0" * 32, "."))
    (tmp_path / "empty").mkdir()
    assert "a folder without a .ckpt file" in refused(run_fhr(runs.folder, "evaluate", tmp_path / "empty", "."))
    assert "nowhere" in refused(run_fhr(runs.folder, "evaluate", runs.fit, tmp_path / "nowhere"))
    answer = run_fhr(false_signal_run.folder, "evaluate", false_signal_run.fit, simulated_folder)
    assert "a false-signal network gives no risk of a birth" in refused(answer)


def test_one_class_only_and_too_few(run_fhr, runs, simulated_folder, simulated_database, tmp_path):
    pd.DataFrame({"record": simulated_database.names, "ph<7.20": 0}).to_csv(tmp_path / "one.csv", index=False)
    said = refused(run_fhr(runs.folder, "evaluate", runs.fit, simulated_folder, "--outcomes", tmp_path / "one.csv"))
    assert (
        "60 births can be used, 0 with ph<7.20 and 60 without, too few to evaluate on: give at least 20 with 5" in said
    )
