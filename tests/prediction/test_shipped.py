"""The model that comes with the package: an answer a label, out-of-fold ones for its training records, and its file."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import fhr
from fhr.confidence import Abstention
from fhr.datasets import Place, make_splits
from fhr.errors import CheckpointError, FHRError
from fhr.evaluation import feature_table, lines
from fhr.models.kernel_bundle import read_bundle
from fhr.prediction import Predictor, ShippedModel, shipped, timelines, to_frame
from fhr.prediction.predictor_display import predictor_html
from fhr.prediction.shipped import SHIPPED
from fhr.preprocessing import Pipeline
from fhr.recording import Provenance, Recording
from fhr.simulation import simulate

ROOT = Path(__file__).resolve().parents[2]
LABELS = ("ph<7.05", "ph<=7.15", "ph<7.20", "apgar1<7")
SOME = ("1001", "1043", "1088", "1131", "1181", "1226", "1273", "1316", "1364", "1405", "1456", "1502")
OUT_OF_FOLD = "did not see it, out-of-fold"
ANEW = "the features changed, or what learns from them: make it anew with `python benchmarks/shipped_model.py FOLDER`"


@pytest.fixture(scope="module")
def model() -> ShippedModel:
    return shipped()


@pytest.fixture(scope="module")
def hospital() -> list[Recording]:
    """New births, as if a monitor had recorded them."""
    return [replace(recording, provenance=Provenance()) for recording in simulate(3, seed=7)]


@pytest.fixture(scope="module")
def trained_on(model, ctu_uhb_database) -> list[Recording]:
    """A training record of every outer fold."""
    return [next(one for one in ctu_uhb_database if model.fold_of(one) == fold) for fold in range(5)]


def test_one_prediction_a_recording_and_label(model, hospital):
    predictions, unusable = model.predict_all(hospital)
    assert not unusable
    assert [(p.name, p.target) for p in predictions] == [(r.name, label) for r in hospital for label in LABELS]
    for p in predictions:
        assert 0 < p.low < p.probability < p.high < 1
        assert set(p.sets) == {0.8, 0.9, 0.95}
        assert p.model.of == "out_of_fold_auroc"
        assert 0.6 < p.model.auroc.value < 0.9
        assert p.model.learnt is None
        assert not any(OUT_OF_FOLD in words for words in p.warnings)
    assert model.predict(hospital[1]) == predictions[4:8]
    assert all(model.fold_of(recording) is None for recording in hospital)
    assert len(model.predictors_of(hospital[0])[0].networks) == 20


def test_labels_prevalence_and_abstention(hospital):
    two = shipped(labels=["apgar1<7", "ph<7.05"])
    assert two.labels == ("ph<7.05", "apgar1<7")
    plain = two.predict(hospital[0])[0]
    (rare,) = shipped(labels=["ph<7.05"], prevalence=0.001).predict(hospital[0])
    assert rare.probability < plain.probability
    assert rare.score == plain.score
    strict = shipped(labels=["ph<7.05"], abstention=Abstention(loss=0.0)).predict(hospital[0])
    assert strict[0].abstain
    with pytest.raises(FHRError, match=r"label 'ph<7'; the model .* answers ph<7.05, .*, apgar1<7: train another"):
        shipped(labels=["ph<7"])
    with pytest.raises(FHRError, match=r"prevalence=0.1 with the labels ph<7.05, .*; it is of one label: choose one"):
        shipped(prevalence=0.1)
    with pytest.raises(FHRError, match="prevalence=2"):
        shipped(labels=["ph<7.05"], prevalence=2).predict(hospital[0])


def test_recordings_that_cannot_be_used_are_named(model, hospital):
    short = replace(hospital[0], name="short", fhr=hospital[0].fhr[-7200:], uc=hospital[0].uc[-7200:])
    predictions, unusable = model.predict_all([hospital[1], short, hospital[2]])
    assert [p.name for p in predictions[::4]] == [hospital[1].name, hospital[2].name]
    assert list(unusable) == ["short"]
    assert "30.0 min of signal where the last 60 min are needed" in unusable["short"]


def test_a_training_record_is_answered_by_the_models_that_have_not_seen_it(model, trained_on, ctu_uhb_database):
    digests = dict(zip(ctu_uhb_database.names, ctu_uhb_database.digests, strict=True))
    bundle = read_bundle(SHIPPED)
    assert {model.fold_of(recording) for recording in trained_on} == set(range(5))
    predictions, unusable = model.predict_all(trained_on)
    assert not unusable
    for i, recording in enumerate(trained_on):
        for label, one, said in zip(
            LABELS, model.predictors_of(recording), predictions[4 * i : 4 * i + 4], strict=True
        ):
            unseen = [n for n in bundle.lines(label) if digests[recording.name] not in n.card.learnt_from]
            assert len(unseen) == len(one.cards) == 4
            assert not any(digests[recording.name] in card.learnt_from for card in one.cards)
            expected = Predictor([(line.card, line.model) for line in unseen]).predict(recording)
            assert replace(said, warnings=expected.warnings) == expected
            assert [words for words in said.warnings if words not in expected.warnings] == [said.warnings[-1]]
            assert OUT_OF_FOLD in said.warnings[-1]


def test_every_training_record_has_a_fold(model, ctu_uhb_database):
    bundle = read_bundle(SHIPPED)
    assert sorted(bundle.digests.values()) == sorted(ctu_uhb_database.digests)
    of_label = [{line.card.fold[1]: set() for line in bundle.lines(label)} for label in LABELS]
    for label, seen in zip(LABELS, of_label, strict=True):
        for line in bundle.lines(label):
            seen[line.card.fold[1]] |= set(line.card.learnt_from)
    assert set(bundle.folds) == set(bundle.digests.values())
    assert not any(digest in seen[fold] for digest, fold in bundle.folds.items() for seen in of_label)


def test_copies_and_windows_of_a_training_record_are_known(model, trained_on, tmp_path):
    recording = trained_on[0]
    fold, answers = model.fold_of(recording), model.predict(recording)
    copy = fhr.read(fhr.write_npz(replace(recording, name="copy"), tmp_path / "copy.npz"))
    assert [replace(answer, name=recording.name) for answer in model.predict(copy)] == answers
    window = Pipeline(minutes=45.0, withheld=5.0).cut(recording)
    assert model.fold_of(window) == fold
    assert model.fold_of(fhr.read(fhr.write_npz(window, tmp_path / "window.npz"))) == fold


def test_copies_at_another_rate_and_of_whole_beats_are_known_though_no_checksum_tells(model, trained_on, hospital):
    for recording in trained_on:
        every = {"fhr": recording.fhr[::4].round(), "uc": recording.uc[::4], "fs": recording.fs / 4}
        copy = replace(recording, name="copy", source=None, **every)
        assert model.fold_of(copy) == model.fold_of(recording)
        assert OUT_OF_FOLD in model.predict(copy)[0].warnings[-1]
    slow = {"fhr": hospital[0].fhr[::4], "uc": hospital[0].uc[::4], "fs": hospital[0].fs / 4}
    assert model.fold_of(replace(hospital[0], source=None, **slow)) is None


def test_its_checkpoints_predict_as_it_does(model, hospital, tmp_path):
    for name, content in model.checkpoints("ph<7.05"):
        (tmp_path / name).write_bytes(content)
    (one,) = shipped(labels=["ph<7.05"]).predict(hospital[0])
    assert fhr.load(tmp_path).predict(hospital[0]) == one


def test_every_row_of_a_timeline_is_out_of_fold(model, trained_on):
    recording = next(one for one in trained_on if one.duration > 65 * 60)
    table, fold = timelines(model, [recording]), model.fold_of(recording)
    rows = table[table["label"].str.contains("ph<7.20", regex=False)]
    assert len(table) == 4 * len(rows)
    assert table["warnings"].str.contains(OUT_OF_FOLD, regex=False).all()
    bundle = read_bundle(SHIPPED)
    alone = Predictor([(line.card, line.model) for line in bundle.lines("ph<7.20", fold)])
    assert rows["score"].tolist() == alone.timeline(recording)["score"].tolist()


def test_the_timeline_of_a_new_birth_is_that_of_all_models(model, hospital):
    table = timelines(model, hospital[:1])
    last = table[table["to_end"] == 0]
    assert last["score"].tolist() == [p.score for p in model.predict(hospital[0])]
    assert not table["warnings"].str.contains(OUT_OF_FOLD, regex=False).any()


def test_the_file_is_what_a_cross_validation_gives(model, ctu_uhb_database):
    """Of one outer fold and label; and the features of some records as they are computed today."""
    (line,) = lines(["kernel"])
    kept, features = read_bundle(SHIPPED).table, line.features()
    some = [ctu_uhb_database[name] for name in SOME]
    fresh = feature_table(some, features).astype(np.float32).astype(np.float64)
    assert list(kept.columns) == list(fresh.columns), ANEW
    np.testing.assert_allclose(fresh, kept.loc[fresh.index], rtol=1e-5, atol=1e-6, err_msg=ANEW)
    table = kept.copy()
    table.loc[fresh.index] = fresh
    first, fold = Place.first(ctu_uhb_database, "ph<7.05", make_splits(ctu_uhb_database)), 2
    predictor = model.predictor("ph<7.05", fold)
    maker = line.maker(table)
    for inner, card in enumerate(predictor.cards):
        assert card.fold == (0, fold, inner)
        place = first.at(0, fold, inner)
        scores = maker(place, 0).fit(place, 0).test
        asked = table.loc[scores.index].to_numpy()
        given = predictor.scores(np.empty((len(asked), 0)), asked)[inner]
        np.testing.assert_allclose(given, scores, rtol=0, atol=1e-6, err_msg=ANEW)


def test_a_record_is_scored_as_its_row_in_the_file(model, trained_on):
    kept = read_bundle(SHIPPED).table
    for recording in trained_on:
        for predictor in model.predictors_of(recording):
            _, window, features = predictor.prepare_one(recording)
            scores = predictor.scores(np.stack([window.signal] * 2), np.stack([features, kept.loc[recording.name]]))
            np.testing.assert_array_equal(scores[:, 0], scores[:, 1])  # its last bits break no tie


def test_the_file_is_small_and_its_card_names_every_label():
    assert SHIPPED.stat().st_size < 5_000_000
    card = SHIPPED.with_suffix(".md").read_text(encoding="utf-8")
    assert all(f"`{label}`" in card for label in LABELS)
    assert "not a medical device" in card


@pytest.mark.parametrize("content", [None, b"", b"no archive", "half"])
def test_a_damaged_file_is_refused(monkeypatch, tmp_path, content):
    path = tmp_path / f"{content!r:.8}.npz"
    if content is not None:
        path.write_bytes(SHIPPED.read_bytes()[:500_000] if content == "half" else content)
    monkeypatch.setattr(sys.modules["fhr.prediction.shipped"], "SHIPPED", path)  # a function has that name
    with pytest.raises(CheckpointError, match=r"no bundle of this package, or a damaged one .*; install it anew"):
        shipped()


CODE = """
import json, sys
import fhr
from fhr.prediction import explain, shipped
from fhr.prediction.predictor_display import predictor_html
model, recording = shipped(), fhr.read(sys.argv[1])
scores = [p.score for p in model.predict(recording)]
explain(model.predictors_of(recording)[0], recording)
print(json.dumps([scores, sorted({"torch", "sklearn", "mlflow", "matplotlib", "scipy.stats"} & set(sys.modules))]))
"""


@pytest.mark.process
def test_neither_torch_nor_what_fits_is_loaded(model, hospital, tmp_path):
    path = fhr.write_npz(hospital[0], tmp_path / "recording.npz")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", CODE, str(path)]
    answer = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout) == [[p.score for p in model.predict(hospital[0])], []]


def test_the_table_has_a_row_for_each(model, hospital):
    table = to_frame(model.predict_all(hospital)[0])
    assert len(table) == 4 * len(hospital)
    assert table[["probability", "score", "low", "high", "abstain", "auroc"]].notna().all(axis=None)
    assert (table["auroc_of"] == "out_of_fold_auroc").all()


def test_a_notebook_shows_the_facts_of_a_predictor_as_text(model):
    predictor = model.predictor("ph<7.05")
    html = predictor._repr_html_()
    for words in (
        "probability of umbilical pH below 7.05 (ph&lt;7.05)",
        "AUROC 0.82 (95% interval 0.73 to 0.90) on the 442 out-of-fold records",
        "20 x KernelLine",
        "442 records, 7.4% of them with the label",
        "no medical device",
    ):
        assert words in html
    hostile = replace(predictor.cards[0], target="<script>", network={"class_path": "<script>"}, calibrator=None)
    html = predictor_html([hostile], predictor.pipeline, 0, None)
    assert "<script" not in html
    assert "scores without a probability" in html
    assert "how well it ranks is not known" in html
