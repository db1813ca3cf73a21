"""`fhr morphology`: the events of recordings in the columns of the expert marks."""

import io
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import fhr
from fhr.calibration import Thresholds
from fhr.morphology import EVENT_COLUMNS, analyze, summary
from fhr.prediction import FalseSignalProbability


def test_events_on_stdout_are_those_of_the_analysis(simulated_folder, run_fhr, tmp_path):
    answer = run_fhr(tmp_path, "morphology", simulated_folder / "s0001", simulated_folder / "s0002.hea")
    assert (answer.code, answer.err) == (0, "")
    table = pd.read_csv(io.StringIO(answer.out))
    assert tuple(table.columns) == EVENT_COLUMNS
    for name in ("s0001", "s0002"):
        morphology = analyze(fhr.read(simulated_folder / name))
        falls = table[(table["record"] == name) & (table["kind"] == "DEC")]
        assert falls["start_s"].tolist() == morphology.decelerations["start_s"].tolist()
        assert falls["detail"].tolist() == morphology.decelerations["kind"].tolist()


def test_a_folder_of_mixed_files_and_a_broken_one(simulated_folder, run_fhr, tmp_path):
    folder = tmp_path / "mixed"
    folder.mkdir()
    recording = fhr.read(simulated_folder / "s0003")
    fhr.write_table(recording, folder / "a.csv")
    fhr.write_npz(recording, folder / "b.npz")
    (folder / "c.npz").write_bytes(b"PK\x03\x04 torn")
    answer = run_fhr(tmp_path, "morphology", folder, "--out", "events.csv", "--summary", "records.csv")
    assert answer.code == 1
    assert "c.npz" in answer.err
    assert answer.out == ""
    records = pd.read_csv(tmp_path / "records.csv")
    assert len(records) == 2
    assert records["decelerations"].nunique() == 1
    events = pd.read_csv(tmp_path / "events.csv")
    assert (events["kind"] == "DEC").sum() == records["decelerations"].sum()


def test_beside_wfdb_records_the_other_recordings_of_a_folder_are_read_too(simulated_folder, run_fhr, tmp_path):
    folder = tmp_path / "both"
    folder.mkdir()
    recording = fhr.read(simulated_folder / "s0003")
    fhr.write_wfdb(recording, folder)
    fhr.write_npz(replace(recording, name="b"), folder / "b.npz")
    (folder / "c.fhr").write_bytes(b"torn")
    answer = run_fhr(tmp_path, "morphology", folder, "--summary", "records.csv")
    assert answer.code == 1
    assert "c.fhr" in answer.err
    assert pd.read_csv(tmp_path / "records.csv")["record"].tolist() == ["s0003", "b"]


def test_a_recording_that_cannot_be_analysed_is_set_aside(run_fhr, tmp_path):
    pd.DataFrame({"time (s)": range(0, 1200, 4), "FHR": 140, "UC": 10}).to_csv(tmp_path / "slow.csv", index=False)
    answer = run_fhr(tmp_path, "morphology", "slow.csv")
    assert answer.code == 1
    assert "0.25 Hz" in answer.err
    assert answer.out.splitlines() == [",".join(EVENT_COLUMNS)]


def test_mistakes_are_named_before_any_work(simulated_folder, run_fhr, tmp_path):
    assert run_fhr(tmp_path, "morphology", "nowhere.fhr").code == 2
    answer = run_fhr(tmp_path, "morphology", simulated_folder / "s0001", "--summary", "no/such/folder.csv")
    assert answer.code == 2
    assert "--out" not in answer.err
    assert "no/such/folder.csv" in answer.err


def test_what_a_network_takes_for_false_is_left_out(simulated_folder, run_fhr, tmp_path, monkeypatch):
    """The first half, in FHR and in MHR alike."""
    original = fhr.read(simulated_folder / "s0001")
    recording = replace(original, mhr=np.full(len(original), 80.0))
    fhr.write_npz(recording, tmp_path / "one.npz")
    half = np.arange(len(recording)) < len(recording) / 2
    asked = []

    def load(run, device="cpu"):
        asked.append((run, device))
        probability = FalseSignalProbability(np.where(half, 0.6, 0.1), np.where(half, 0.8, 0.1))
        return SimpleNamespace(
            name=run, thresholds=Thresholds(0.5, 0.7), false_signal_probability=lambda recording: probability
        )

    monkeypatch.setattr("fhr.cli.morphology.load_false_signal", load)
    answer = run_fhr(tmp_path, "morphology", "one.npz", "--run", "abc", "--device", "cpu", "--summary", "rows.csv")
    assert (answer.code, answer.err) == (0, "")
    assert asked == [("abc", "cpu")]
    expected = summary(analyze(replace(recording, mhr=np.where(half, np.nan, 80.0)), false_signal=half))
    (row,) = pd.read_csv(tmp_path / "rows.csv").to_dict("records")
    assert row["false_signal_min"] == pytest.approx(expected["false_signal_min"])
    assert row["decelerations"] == expected["decelerations"]
    assert row["signal"] == expected["signal"]
    table = pd.read_csv(io.StringIO(answer.out))
    assert (table["detail"] == "fhr: false signal").any()
    events = table[table["kind"].isin(["ACC", "DEC"])]
    assert (events["start_s"] > recording.duration / 2 - 60).all()


def test_help_names_the_run_and_a_wrong_one_is_named_before_any_work(simulated_folder, run_fhr, tmp_path):
    answer = run_fhr(tmp_path, "morphology", "--help")
    assert answer.code == 0
    for said in ("--run", "--device", "mother's rate"):
        assert said in answer.out
    answer = run_fhr(tmp_path, "morphology", simulated_folder / "s0001", "--run", "no.ckpt", "--out", "events.csv")
    assert (answer.code, answer.out) == (2, "")
    assert "no.ckpt" in answer.err
    assert not (tmp_path / "events.csv").exists()
