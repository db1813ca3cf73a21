"""`fhr robustness`: how much a recording would have to change before its verdict does; tables, page, strips, a run."""

import io
import re
import shutil

import numpy as np
import pandas as pd
import pytest

import fhr
from fhr.robustness import COLUMNS, THREATS, sheet
from fhr.tracking import mlflow_client

FEW = ["--threats", "error_rms", "block_loss", "uc_gain", "--largest", "block_loss=60", "--looks", 6, "--strips", 1]


@pytest.fixture(scope="module")
def few(simulated_folder, simulated_database, tmp_path_factory):
    """Two labours, one without any heart rate, and one that is too short."""
    folder = tmp_path_factory.mktemp("few")
    one, other = simulated_database.recordings[:2]
    for recording in (one, other):
        for suffix in ("hea", "dat"):
            shutil.copy(simulated_folder / f"{recording.name}.{suffix}", folder)
    fhr.write_npz(fhr.Recording("silent", np.full_like(one.fhr, np.nan), one.uc, one.fs), folder / "silent.npz")
    fhr.write_npz(fhr.Recording("short", one.fhr[:2400], one.uc[:2400], one.fs), folder / "short.npz")
    return folder


@pytest.fixture(scope="module")
def answered(run_fhr, runs, few, tmp_path_factory):
    """The verb with a run, and where it wrote."""
    out = tmp_path_factory.mktemp("sheet") / "out"
    return out, run_fhr(runs.folder, "robustness", few, "--run", runs.fit, "--out", out, *FEW)


def test_tables_words_page_and_run(answered, runs, simulated_database, monkeypatch):
    out, answer = answered
    assert answer.code == 1, answer.err  # two recordings have no verdict
    for name in ("silent", "short"):
        assert f"quarantined {name}: " in answer.err
    table = pd.read_csv(io.StringIO(answer.out))
    names = [one.name for one in simulated_database.recordings[:2]]
    assert table["record"].tolist() == names
    rows = pd.read_csv(out / "robustness.csv")
    assert tuple(rows) == COLUMNS
    assert rows["record"].tolist() == [name for name in names for _ in range(3)]
    assert rows["label"].tolist() == np.repeat(simulated_database.labels("ph<7.20").iloc[:2], 3).tolist()
    assert not rows["broken"].any()
    assert (rows.loc[rows["threat"] == "block_loss", "largest"] == 60).all()
    assert (
        rows.loc[rows["threat"] == "block_loss", "not_certified"].str.contains("no bound is known of Inception").all()
    )
    curves = pd.read_csv(out / "database.csv")
    assert curves.loc[curves["threat"] == "block_loss", "size"].tolist() == [0, 15, 60]
    assert (curves["known"] == 2).all()
    page = (out / "robustness.html").read_text()
    assert "silent has no verdict" in page
    assert len(re.findall("<img", page)) == 2  # the curves, and the strips of one recording
    assert len(list((out / "strips").iterdir())) == 1
    monkeypatch.chdir(runs.folder)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    run_id = re.search(r"run ([0-9a-f]{32})", answer.err)[1]
    kept = mlflow_client().get_run(run_id)
    assert (kept.info.status, kept.data.metrics["records"], kept.data.metrics["broken"]) == ("FINISHED", 2, 0)
    files = {one.path for one in mlflow_client().list_artifacts(run_id)}
    assert {"robustness.csv", "database.csv", "worst.csv", "robustness.html", "words.txt"} < files


def test_verdicts_are_those_of_predict(answered, runs, simulated_database, monkeypatch):
    monkeypatch.chdir(runs.folder)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    table = pd.read_csv(io.StringIO(answered[1].out))
    predictions, _ = fhr.load(runs.fit).predict_all(simulated_database.recordings[:2])
    assert table["at_risk"].tolist() == [one.decision for one in predictions]
    assert table["probability"].tolist() == pytest.approx([one.probability for one in predictions], rel=1e-3)


def test_what_is_finished_is_not_computed_anew(answered, run_fhr, runs, few, monkeypatch):
    out, answer = answered

    def refused(*_, **__):
        raise AssertionError("computed anew")

    monkeypatch.setattr(sheet, "window_sheet", refused)
    again = run_fhr(runs.folder, "robustness", few, "--run", runs.fit, "--out", out, *FEW)
    assert (again.code, again.out) == (answer.code, answer.out), again.err
    other = run_fhr(runs.folder, "robustness", few, "--run", runs.fit, "--out", out, *FEW, "--seed", 1)
    assert other.code == 70


def test_an_interrupted_run_keeps_what_is_finished(run_fhr, runs, few, tmp_path, monkeypatch):
    made, done = sheet.window_sheet, []

    def stopped(*given, **named):
        if done:
            raise KeyboardInterrupt
        done.append(given)
        return made(*given, **named)

    monkeypatch.setattr(sheet, "window_sheet", stopped)
    given = ["robustness", few, "--run", runs.fit, "--out", tmp_path / "out", "--threats", "offset", "--no-attacks"]
    answer = run_fhr(runs.folder, *given, stopped=True)
    assert (answer.code, answer.out) == (130, "")
    assert (
        f"recordings kept: 1, in {tmp_path / 'out' / 'recordings.parts'}; the same command goes on with them"
        in answer.err
    )


def test_the_model_that_comes_with_the_package_needs_no_run(run_fhr, few, simulated_folder, tmp_path):
    name = sorted(few.glob("*.hea"))[0]
    given = ["--out", "out", "--label", "ph<=7.15", "--threats", "error_peak", "--no-attacks", "-q"]
    answer = run_fhr(tmp_path, "robustness", name, *given)
    assert answer.code == 0, answer.err
    rows = pd.read_csv(tmp_path / "out" / "robustness.csv")
    assert rows["target"].tolist() == ["ph<=7.15"]
    assert rows["found"].isna().all()
    assert rows["certified"].notna().all()


def test_the_help_names_every_threat(run_fhr, tmp_path):
    words = set(re.findall(r"\w+", run_fhr(tmp_path, "robustness", "--help").out))
    assert set(THREATS) < words


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["FEW", "--threats", "noise"], "threat 'noise' is not known; choose from error_rms"),
        (["FEW", "--largest", "offset=0"], "size 0.0 of offset"),
        (["FEW", "--largest", "offset"], "--largest offset: give THREAT=SIZE"),
        (["FEW", "--threats", "shift", "--largest", "offset=3"], "offset is not among --threats"),
        (["FEW", "--looks", 0], "--looks 0"),
        (["FEW", "--label", "ph<7"], "label 'ph<7'"),
        (["FEW", "--run", "none.ckpt"], "none.ckpt"),
        (["FEW", "--run", "0" * 32], "0" * 32),
        (["nowhere"], "nowhere"),
        (["."], "."),
    ],
)
def test_a_mistake_is_told_and_leaves_nothing(run_fhr, few, tmp_path, arguments, message):
    given = [str(few) if one == "FEW" else one for one in arguments]
    answer = run_fhr(tmp_path, "robustness", *given, "--out", "out")
    assert (answer.code, answer.out) == (2, ""), answer.err
    assert message in answer.err.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


def test_a_run_says_on_its_cards_what_was_stored(run_fhr, runs, simulated_folder, tmp_path, monkeypatch):
    births = tmp_path / "births"
    births.mkdir()
    for name in sorted(path.stem for path in simulated_folder.glob("*.hea"))[:21]:
        for suffix in ("hea", "dat"):
            shutil.copy(simulated_folder / f"{name}.{suffix}", births)
    given = ["--out", tmp_path / "out", "--threats", "error_rms", "--no-attacks", "--strips", 0, "-q", "--store"]
    answer = run_fhr(runs.folder, "robustness", births, "--run", runs.fit, *given)
    assert answer.code == 0, answer.err
    monkeypatch.chdir(runs.folder)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    certified = pd.read_csv(io.StringIO(answer.out))["error_rms_certified"]
    stability = fhr.load(runs.fit).confidence.judge(np.zeros((1, 1))).model.stability
    assert stability.n == len(certified)
    assert (certified >= stability.error_rms).mean() >= 0.5
    answer = run_fhr(tmp_path, "robustness", simulated_folder, "--out", tmp_path / "out", "--store")
    assert answer.code == 2
    assert "--store is of a run" in answer.err
