"""`fhr predict` without a run: what the model that comes with the package answers, and what it refuses."""

import io
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import fhr
from fhr.prediction import EXPLAINED, shipped
from fhr.recording import Provenance, Recording
from fhr.simulation import simulate

LABELS = ["ph<7.05", "ph<=7.15", "ph<7.20", "apgar1<7"]


@cache
def birth() -> Recording:
    """A new birth, as if a monitor had recorded it."""
    (recording,) = simulate(1, seed=11)
    return replace(recording, name="birth", provenance=Provenance())


def changed(fhr_: np.ndarray | None = None, uc: np.ndarray | None = None, fs: float = 4.0, **others) -> Recording:
    """The birth with other signals, of which nobody knows where they are from."""
    signals = [birth().fhr if fhr_ is None else fhr_, birth().uc if uc is None else uc]
    return replace(Recording("birth", *(np.asarray(x, np.float32) for x in signals), fs=fs), **others)


def only(samples: slice, values: float | np.ndarray = 140.0) -> np.ndarray:
    """FHR of these samples alone."""
    found = np.full(len(birth()), np.nan)
    found[samples] = values
    return found


def silent_at_the_end(minutes: int) -> np.ndarray:
    found = birth().fhr.copy()
    found[-minutes * 240 :] = np.nan
    return found


def at(fs: float) -> Recording:
    """The birth at another rate."""
    if fs > 4:
        signals = [np.repeat(x, round(fs / 4)) for x in (birth().fhr, birth().uc)]
    elif 4 % fs:
        times = np.arange(int(len(birth()) / 4 * fs)) / fs
        signals = [np.interp(times, np.arange(len(birth())) / 4, x) for x in (birth().fhr, birth().uc)]
    else:
        block = round(4 / fs)
        n = len(birth()) // block * block
        signals = [
            np.ma.masked_invalid(x[-n:].reshape(-1, block)).mean(axis=1).filled(np.nan)
            for x in (birth().fhr, birth().uc)
        ]
    return changed(*signals, fs=fs)


@pytest.fixture
def predict(run_fhr, tmp_path) -> Callable:
    """The verb on one recording: exit code, table, and what was said on stderr."""

    def run(recording: Recording, *options: object) -> tuple[int, pd.DataFrame, str]:
        path = fhr.write_npz(recording, tmp_path / "birth.npz")
        answer = run_fhr(tmp_path, "predict", path, *options)
        table = pd.read_csv(io.StringIO(answer.out), keep_default_na=False, na_values=[""]) if answer.out else None
        if table is not None:
            assert np.isfinite(table[["score", "probability", "low", "high"]].to_numpy(float)).all()
        return answer.code, table, answer.err

    return run


@pytest.fixture(scope="module")
def usual() -> list[float]:
    return [p.score for p in shipped().predict(birth())]


def test_one_row_a_label(predict, usual):
    code, table, err = predict(birth())
    assert (code, err) == (0, "")
    assert table["name"].tolist() == ["birth"] * 4
    assert table["score"].tolist() == usual
    assert [words.rpartition("(")[2].rstrip(")") for words in table["label"]] == LABELS
    assert (table["auroc_of"] == "out_of_fold_auroc").all()
    assert (table["learnt_from"] == "measured").all()
    assert (table["minutes"] == 60).all()


def test_chosen_labels(predict):
    code, table, _ = predict(birth(), "--label", "apgar1<7", "--label", "ph<7.05")
    assert code == 0
    assert [words.rpartition("(")[2].rstrip(")") for words in table["label"]] == ["ph<7.05", "apgar1<7"]
    _, shifted, _ = predict(birth(), "--label", "ph<7.05", "--prevalence", 0.001)
    assert shifted["probability"][0] < table["probability"][0]


@pytest.mark.parametrize("fs", [1.0, 2.0, 8.0])
def test_any_whole_rate_gives_nearly_the_same_answer(predict, usual, fs):
    code, table, _ = predict(at(fs))
    assert code == 0
    np.testing.assert_allclose(table["score"], usual, atol=0.1)


ANSWERED = {
    "no uterine activity": (lambda: changed(uc=np.full(len(birth()), np.nan)), "no uterine activity", False),
    "constant uterine activity": (
        lambda: changed(uc=np.full(len(birth()), 20.0)),
        "no uterine activity: it is 20 through",
        False,
    ),
    "uterine activity off scale": (
        lambda: changed(uc=1000 * birth().uc),
        "unlike the training records: 95th percentile",
        True,
    ),
    "silent end": (lambda: changed(silent_at_the_end(10)), "no signal in the last 10 min of the window", False),
    "mostly silent": (lambda: changed(silent_at_the_end(40)), "% of the signal of the last 60 min is lost", True),
    "constant rate": (
        lambda: changed(np.full(len(birth()), 140.0)),
        "median absolute deviation of the FHR 0 bpm",
        True,
    ),
    "synthetic": (
        lambda: changed(provenance=Provenance("synthetic", "me")),
        "no measured recording: it is synthetic",
        True,
    ),
    "imputed": (lambda: changed(provenance=Provenance("imputed", "me")), "no measured recording: it is imputed", True),
    "simulated": (
        lambda: changed(provenance=Provenance("simulated", "me")),
        "no measured recording: it is simulated",
        True,
    ),
}


@pytest.mark.parametrize("name", ANSWERED)
def test_what_is_odd_is_answered_with_a_warning(predict, name):
    make, warning, abstains = ANSWERED[name]
    recording = make()
    code, table, _ = predict(recording)
    assert code == 0
    assert table["warnings"].str.contains(warning, regex=False).all()
    if abstains:
        assert table["abstain"].all()
    if (kind := recording.provenance.kind) != "measured":
        assert table["reasons"].str.contains(f"learnt from measured records, this one is {kind}").all()


REFUSED = {
    "half an hour": (
        lambda: changed(birth().fhr[-7200:], birth().uc[-7200:]),
        "30.0 min of signal where the last 60 min are needed",
    ),
    "0.5 Hz": (
        lambda: at(0.5),
        "sampled at 0.5 Hz, which is no multiple of the 1 Hz that are needed; resample the recording",
    ),
    "2.5 Hz": (
        lambda: at(2.5),
        "sampled at 2.5 Hz, which is no multiple of the 1 Hz that are needed; resample the recording",
    ),
    "silent hour": (
        lambda: changed(silent_at_the_end(60)),
        "no valid FHR sample in the last 60 min; leave the recording out",
    ),
    "40 s": (
        lambda: changed(only(slice(-5000, -4840))),
        "statistics cannot be computed from 0.7 min of valid FHR in the last 60 min; the answer would be that of",
    ),
    "40 s at the end": (
        lambda: changed(only(slice(-160, None)), np.full(len(birth()), np.nan)),
        "0.7 min of valid FHR in the",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_answered_is_refused_with_the_reason(predict, name):
    make, reason = REFUSED[name]
    code, table, err = predict(make())
    assert code == 1
    assert table.empty
    (line,) = err.splitlines()
    assert "quarantined birth: birth: " in line
    assert reason in line


def test_one_corrupt_file_in_a_folder(run_fhr, tmp_path):
    some = tmp_path / "some"
    some.mkdir()
    fhr.write_npz(birth(), some / "a.npz")
    (some / "b.npz").write_bytes((some / "a.npz").read_bytes()[:1000])
    fhr.write_npz(replace(birth(), name="c"), some / "c.npz")
    answer = run_fhr(tmp_path, "predict", some, "--label", "ph<7.05")
    assert answer.code == 1
    assert pd.read_csv(io.StringIO(answer.out))["name"].tolist() == ["birth", "c"]
    assert f"quarantined {some / 'b'}" in answer.err


MISTAKES = {
    "no path": ([], "no recording was given; name one or more, or folders"),
    "wrong path": (["nowhere.hea"], "nowhere.hea"),
    "unknown label": (
        ["birth.npz", "--label", "ph<8"],
        "label 'ph<8'; the model that comes with the package answers ph<7.05",
    ),
    "label of a run": (["birth.npz", "--run", "x", "--label", "ph<7.05"], "a run has one label"),
    "prevalence of several": (["birth.npz", "--prevalence", 0.1], "prevalence=0.1 with the labels ph<7.05, ph<=7.15"),
    "no prevalence": (["birth.npz", "--label", "ph<7.05", "--prevalence", 1.5], "prevalence=1.5; give the share"),
    "about and a path": (["birth.npz", "--about"], "give nothing beside it"),
    "about and a run": (["--run", "x", "--about"], "give nothing beside it"),
    "no folder": (["birth.npz", "--explain", "none/explained.csv"], "--explain none/explained.csv: cannot be written"),
    "a folder": (["birth.npz", "--explain", "."], "--explain .: cannot be written; name a file"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_named_before_any_work(run_fhr, tmp_path, name):
    options, words = MISTAKES[name]
    fhr.write_npz(birth(), tmp_path / "birth.npz")
    answer = run_fhr(tmp_path, "predict", *options)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("fhr predict: ")
    assert words in answer.err
    assert os.listdir(tmp_path) == ["birth.npz"]


def test_a_damaged_model(run_fhr, tmp_path, monkeypatch):
    path = tmp_path / "model.npz"
    path.write_bytes(b"PK")
    monkeypatch.setattr(sys.modules["fhr.prediction.shipped"], "SHIPPED", path)  # a function has that name
    fhr.write_npz(birth(), tmp_path / "birth.npz")
    answer = run_fhr(tmp_path, "predict", "birth.npz")
    assert (answer.code, answer.out) == (2, "")
    assert f"{path}: no bundle of this package, or a damaged one" in answer.err
    assert "install it anew" in answer.err


def test_about_is_the_model_card(run_fhr, tmp_path):
    answer = run_fhr(tmp_path, "predict", "--about")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("# Model card: ")


def test_an_explanation_of_each_label(predict, tmp_path):
    code, table, _ = predict(birth(), "--explain", tmp_path / "explained.csv")
    assert code == 0
    explained = pd.read_csv(tmp_path / "explained.csv")
    assert list(explained.columns) == list(EXPLAINED)
    assert explained["target"].unique().tolist() == LABELS
    assert (explained["name"] == "birth").all()
    for label, score in zip(LABELS, table["score"], strict=True):
        predictor = shipped(labels=[label]).predictors_of(birth())[0]
        median = np.mean([m.scores(m.scaling.median[None])[0] for m in predictor.networks])
        assert explained.loc[explained["target"] == label, "contribution"].sum() == pytest.approx(
            score - median, abs=0.02
        )


def test_cards_and_timelines_of_each_label(predict, tmp_path):
    code, table, _ = predict(
        birth(),
        "--label",
        "ph<7.05",
        "--label",
        "ph<7.20",
        "--timeline",
        tmp_path / "timeline.csv",
        "--card",
        tmp_path / "cards",
    )
    assert code == 0
    timeline: Path = tmp_path / "timeline.csv"
    rows = pd.read_csv(timeline)
    assert rows.loc[rows["to_end"] == 0, "score"].tolist() == table["score"].tolist()
    assert {path.suffix for path in (tmp_path / "cards").iterdir()} == {".md", ".png"}
    assert len(list((tmp_path / "cards").glob("*.md"))) == 2
