"""`fhr info`, `splits`, `simulate`, `runs`, and what all verbs do with a mistake."""

import hashlib
import io
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fhr.cli import info
from fhr.datasets import CTUUHB, Splits, make_splits
from fhr.errors import FHRError
from fhr.simulation import write_database


def table(text: str) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(text))


def snapshot(folder: Path) -> dict[str, tuple[int, str]]:
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_reading_verbs_leave_the_store_as_it_is(runs, run_fhr, births):
    before = snapshot(runs.folder)
    for arguments in (
        ["runs"],
        ["predict", births / "s0001", "--run", runs.fit],
        ["predict", births / "s0001", "--run", runs.crossval],
        ["info", births],
        ["predict", births / "s0001", "--run", "0" * 32],
    ):
        assert run_fhr(runs.folder, *arguments).code in (0, 2)
    assert snapshot(runs.folder) == before


def test_runs_newest_first_without_the_folds(runs, run_fhr):
    answer = run_fhr(runs.folder, "runs")
    assert (answer.code, answer.err) == (0, "")
    rows = table(answer.out).set_index("run_id")
    assert list(rows.columns[:5]) == ["experiment", "name", "status", "auroc", "brier"]
    order = rows.index.tolist()
    assert order.index(runs.crossval) < order.index(runs.fit)
    assert rows.loc[[runs.fit, runs.crossval], "status"].tolist() == ["FINISHED", "FINISHED"]
    assert (
        rows.loc[runs.fit, "name"] == "InceptionNet n_filters=2 kernel_sizes=5-11 depth=2 stride=4 +5, births, fold 0"
    )
    tested = table(runs.answers["test"].out).set_index("metric")["value"]
    assert rows.loc[runs.fit, "auroc"] == pytest.approx(tested["auroc"], abs=1e-6)
    assert not any(name.startswith("repeat ") for name in rows["name"])


def test_runs_without_a_store(run_fhr, tmp_path):
    answer = run_fhr(tmp_path, "runs")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("fhr runs: there is no MLflow store ")
    assert list(tmp_path.iterdir()) == []


def test_info_describes_each_recording(run_fhr, births, births_database, tmp_path):
    answer = run_fhr(tmp_path, "info", births)
    assert (answer.code, answer.err) == (0, "")
    rows = table(answer.out).set_index("name")
    assert rows.index.tolist() == births_database.names
    assert rows.columns[-3:].tolist() == ["kind", "record", "path"]
    assert set(rows["kind"]) == {"simulated"}
    for recording in list(births_database)[:5]:
        row = rows.loc[recording.name]
        assert row["minutes"] == pytest.approx(recording.duration / 60, abs=0.01)
        assert row["fs"] == 4
        assert row["fhr_loss"] == pytest.approx(recording.loss, abs=1e-4)
        assert row["uc_loss"] == pytest.approx(np.isnan(recording.uc).mean(), abs=1e-4)
        assert row["ph"] == recording.outcome.ph
        assert recording.source.sha256.startswith(row["sha256"])


def test_info_of_targets(run_fhr, births, births_database, tmp_path):
    assert run_fhr(tmp_path, "info", "--targets", births, "--out", "t.csv") == (0, "", "")
    rows = pd.read_csv(tmp_path / "t.csv")
    assert rows["target"].tolist() == ["ph<7.05", "ph<=7.15", "ph<7.20", "apgar1<7"]
    for row in rows.itertuples():
        labels = births_database.labels(row.target)
        assert (row.records, row.positive, row.without_outcome) == (120, labels.sum(), 0)
        assert row.prevalence == pytest.approx(labels.mean(), abs=1e-4)


def test_info_with_a_damaged_recording(run_fhr, births, tmp_path):
    folder = shutil.copytree(births, tmp_path / "copy")
    (folder / "s0011.hea").write_text("s0011 2 4\n")
    answer = run_fhr(tmp_path, "info", folder)
    assert answer.code == 1
    assert len(table(answer.out)) == 119
    assert f"quarantined {folder / 's0011'}: " in answer.err


def test_splits_are_the_standard_ones(run_fhr, births, births_database, tmp_path):
    answer = run_fhr(tmp_path, "splits", births, "--out", "splits.json")
    assert answer == (0, "", "")
    assert Splits.load(tmp_path / "splits.json") == make_splits(births_database)
    options = ["--repeats", 2, "--folds", 3, "--seed", 7]
    run_fhr(tmp_path, "splits", births, "--out", "other.json", *options)
    assert Splits.load(tmp_path / "other.json") == make_splits(births_database, n_repeats=2, n_folds=3, seed=7)


def test_simulate_writes_the_simulated_database(run_fhr, tmp_path):
    answer = run_fhr(tmp_path, "simulate", "--n", 3, "--seed", 5, "--out", "made")
    assert (answer.code, answer.out) == (0, "")
    write_database(tmp_path / "expected", 3, seed=5)
    assert CTUUHB(tmp_path / "made").checksum == CTUUHB(tmp_path / "expected").checksum
    again = run_fhr(tmp_path, "simulate", "--n", 2, "--out", "made")
    assert again.code == 2
    assert "holds recordings already" in again.err
    assert len(CTUUHB(tmp_path / "made")) == 3
    assert run_fhr(tmp_path, "simulate", "--n", 2, "--out", "made", "--overwrite").code == 0
    assert len(CTUUHB(tmp_path / "made")) == 2


def test_simulate_writes_the_truth_beside_an_easy_database(run_fhr, tmp_path):
    answer = run_fhr(tmp_path, "simulate", "--n", 2, "--seed", 5, "--explained", 1, "--truth", "--out", "made")
    assert (answer.code, answer.out) == (0, "")
    expected = write_database(tmp_path / "expected", 2, seed=5, explained=1.0, truth=True)
    for path in (path for path in expected.rglob("*") if path.is_file()):
        assert (tmp_path / "made" / path.relative_to(expected)).read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["splits", "nowhere", "--out", "s.json"], "data folder 'nowhere' does not exist"),
        (["splits", "FOLDER", "--out", "s.json", "--folds", "1"], "at least 1 repeat of 2 folds"),
        (["splits", "FOLDER", "--out", "s.json", "--seed", "-3"], "seed=-3 is negative"),
        (["splits", "FOLDER", "--out", "."], "--out .: cannot be written; name a file"),
        (["simulate", "--n", "0", "--out", "made"], "n=0 recordings were asked for"),
        (["simulate", "--n", "2", "--seed", "-1", "--out", "made"], "seed=-1 is negative"),
        (["simulate", "--n", "2", "--explained", "2", "--out", "made"], "explained=2.0"),
        (["simulate", "--n", "2", "--out", "file"], "file is a file"),
        (["simulate", "--n", "2", "--out", "file/made"], "Not a directory"),
        (["info", "nowhere"], "none of the 1 recordings can be read"),
        (["info", "FOLDER", "--out", "none/t.csv"], "none/t.csv: cannot be written"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(run_fhr, births, tmp_path, arguments, message):
    (tmp_path / "file").write_text("")
    answer = run_fhr(tmp_path, *(births if argument == "FOLDER" else argument for argument in arguments))
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"fhr {arguments[0]}: ")
    assert message in answer.err
    assert answer.err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_fault_of_the_program_is_not_called_a_mistake_of_the_user(run_fhr, births, monkeypatch, tmp_path):
    def fault(_: object) -> int:
        return 1 // 0

    monkeypatch.setattr(info, "run", fault)
    answer = run_fhr(tmp_path, "info", births)
    assert (answer.code, answer.out) == (70, "")
    assert "a fault of this program, not of what was given" in answer.err
    assert "Traceback" in answer.err
    assert "ZeroDivisionError" in answer.err


def test_a_mistake_is_found_behind_the_error_that_wraps_it(run_fhr, births, monkeypatch, tmp_path):
    def wrapped(_: object) -> int:
        try:
            raise FHRError("the level is wrong")
        except FHRError as error:
            raise ValueError("parser") from error

    monkeypatch.setattr(info, "run", wrapped)
    assert run_fhr(tmp_path, "info", births) == (2, "", "fhr info: the level is wrong\n")


def test_an_interruption_exits_with_130(run_fhr, births, monkeypatch, tmp_path):
    def interrupt(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(info, "run", interrupt)
    assert run_fhr(tmp_path, "info", births, stopped=True) == (130, "", "fhr info: interrupted\n")


@pytest.mark.parametrize("options", [[], ["-v"], ["-q"], ["-qq"]], ids="".join)
def test_what_was_left_out_is_said_however_quiet(run_fhr, births, tmp_path, options):
    answer = run_fhr(tmp_path, *options, "info", births / "s0001", births / "none")
    assert answer.code == 1
    assert f"quarantined {births / 'none'}: " in answer.err
