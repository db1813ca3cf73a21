"""`fhr quality`: ranges of false signal as the experts' tables have them."""

import io
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import fhr
from fhr.preprocessing import QUALITY_COLUMNS, check_quality
from fhr.tracking import run_checkpoints

FILES = ("DopMHRTrain0001.fhrm", "DopMHRTrain0004.fhrm", "ScalpTrain0007.fhrm")


@pytest.fixture
def folder(false_signal_folder, tmp_path) -> Path:
    some = tmp_path / "some"
    some.mkdir()
    for file in FILES:
        shutil.copy(false_signal_folder / file, some)
    return some


def table(text: str) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(text))


def mask_of(rows: pd.DataFrame, n: int) -> np.ndarray:
    mask = np.zeros(n, dtype=bool)
    for row in rows.itertuples():
        mask[row.start_sample - 1 : row.end_sample] = True
    return mask


def test_the_rules_alone(folder, run_fhr, tmp_path):
    paths = [folder / file for file in FILES]
    answer = run_fhr(tmp_path, "quality", *paths)
    assert (answer.code, answer.err) == (0, "")
    rows = table(answer.out)
    assert tuple(rows.columns) == QUALITY_COLUMNS
    assert rows["probability"].isna().all()
    assert set(rows["label"].astype(str).str.lower()) == {"false"}
    assert list(dict.fromkeys(rows["file"])) == [FILES[0], FILES[2]]  # nothing is found in the other
    for path in paths:
        recording = fhr.read(path)
        for (channel, rule), mask in check_quality(recording).items():
            found = rows[(rows["file"] == path.name) & (rows["channel"] == channel) & (rows["rule"] == rule)]
            held = ~np.isnan(getattr(recording, channel))
            np.testing.assert_array_equal(mask_of(found, len(recording)) & held, mask)
    assert (rows["rule"] == "coincident").any()


def test_with_a_network(folder, false_signal_run, run_fhr, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(false_signal_run.folder)
    out = folder / "ranges.csv"
    paths = [folder / file for file in FILES]
    answer = run_fhr(false_signal_run.folder, "quality", *paths, "--run", false_signal_run.fit, "--out", out)
    assert (answer.code, answer.out, answer.err) == (0, "", "")
    rows = pd.read_csv(out)
    (checkpoint,) = run_checkpoints(false_signal_run.fit)
    assert run_fhr(false_signal_run.folder, "quality", *paths, "--run", checkpoint).out == out.read_text()
    predictor = fhr.load(checkpoint)
    network = rows[rows["rule"] == "network"]
    assert len(network)
    assert rows.loc[rows["rule"] != "network", "probability"].isna().all()
    for path in paths:
        probability = predictor.false_signal_probability(fhr.read(path))
        for channel, threshold in predictor.thresholds.to_dict().items():
            found = network[(network["file"] == path.name) & (network["channel"] == channel)]
            one = getattr(probability, channel)
            mask = mask_of(found, len(one)) & ~np.isnan(one)
            np.testing.assert_array_equal(mask, one >= threshold)
            for row in found.itertuples():
                inside = one[row.start_sample - 1 : row.end_sample]
                assert row.probability == pytest.approx(np.nanmean(inside), abs=1e-5)


def test_a_bad_file_is_quarantined(folder, run_fhr, tmp_path):
    (folder / "bad.fhrm").write_bytes(b"12345")
    answer = run_fhr(tmp_path, "quality", folder / FILES[0], folder / "bad.fhrm")
    assert answer.code == 1
    assert "quarantined" in answer.err
    assert "bad.fhrm" in answer.err
    assert set(table(answer.out)["file"]) == {FILES[0]}


def test_a_clean_recording_has_the_columns_alone(run_fhr, tmp_path):
    recording = fhr.Recording("calm", 140 + np.sin(np.arange(400)), np.zeros(400), 4.0)
    fhr.write_wfdb(recording, tmp_path)
    answer = run_fhr(tmp_path, "quality", tmp_path / "calm.hea")
    assert (answer.code, answer.out) == (0, ",".join(QUALITY_COLUMNS) + "\n")


def test_a_classification_is_no_network_of_samples(folder, runs, run_fhr):
    answer = run_fhr(runs.folder, "quality", folder / FILES[0], "--run", runs.fit)
    assert (answer.code, answer.out) == (2, "")
    assert f"--run {runs.fit} is a network of ph<7.20 and says nothing of single samples; give a run of" in answer.err


def test_a_false_signal_network_predicts_no_risk(folder, false_signal_run, run_fhr):
    answer = run_fhr(false_signal_run.folder, "predict", folder / FILES[0], "--run", false_signal_run.fit)
    assert (answer.code, answer.out) == (2, "")
    assert "a false-signal network gives no risk; use `false_signal_probability` or `fhr quality`" in answer.err


def test_mistakes(folder, run_fhr, tmp_path):
    assert "cannot be written" in run_fhr(tmp_path, "quality", folder / FILES[0], "--out", "no/where.csv").err
    assert run_fhr(tmp_path, "quality", "nothing.fhrm").code == 2
    assert run_fhr(tmp_path, "quality", folder / FILES[0], "--run", "nothing.ckpt").code == 2
