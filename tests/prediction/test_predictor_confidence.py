"""How far to trust a prediction: every field, on networks made by hand."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import expit, logit

import fhr.confidence
import fhr.prediction
from fhr.calibration import RidgePlatt, calibrator_from_dict, shift_prevalence
from fhr.calibration.reference import Reference
from fhr.calibration.typicality import Typicality, typical_statistics
from fhr.confidence import Abstention, OuterFold, to_frame
from fhr.datasets import FittedModel
from fhr.errors import CheckpointError, FHRError
from fhr.evaluation import cross_fit, out_of_fold, raw_scores
from fhr.metrics import flip_rate_of_average
from fhr.models import CheckpointCard, InceptionNet, Network
from fhr.prediction import Predictor
from fhr.preprocessing import Pipeline
from fhr.recording import Step

TARGET = "ph<7.20"
Members = list[tuple[CheckpointCard, Network]]


def bare(fold: int, inner: int, member: int, **changes: object) -> tuple[CheckpointCard, Network]:
    """A network with random weights, as if it had been trained."""
    torch.manual_seed(100 * fold + 10 * inner + member)
    network = InceptionNet(n_filters=2, kernel_sizes=(3, 9), depth=2, stride=4)
    card = CheckpointCard(
        network=network.specification,
        pipeline=Pipeline(minutes=20).to_dict(),
        target=TARGET,
        prevalence=0.3,
        learnt_from=(),
        data="d",
        splits="s",
        fold=(0, fold, inner),
        epochs=1,
        calibrator=None,
        version="0",
        member=member,
        kinds={"simulated": 96},
        made_by=("fhr.simulation",),
    )
    return replace(card, **changes), network.eval()


@pytest.fixture(scope="module")
def halves(births_database) -> tuple[list, list]:
    """Records that are held out, and new ones."""
    records = list(births_database)
    return records[:96], records[96:]


@pytest.fixture(scope="module")
def made(births_database, halves):
    """`made(folds, inner, members)`: members of a predictor, calibrated, with their references."""
    held, _ = halves
    labels = births_database.labels(TARGET)
    names = [recording.name for recording in held]
    statistics = typical_statistics(held)

    def make(folds: Sequence[int] = (0,), inner: Sequence[int] = (0,), members: int = 1) -> Members:
        finished: Members = []
        for fold in folds:
            networks = [bare(fold, k, m) for k in inner for m in range(members)]
            pipeline = Predictor(networks).pipeline
            scores = Predictor(networks).scores(np.stack([pipeline(recording).signal for recording in held]))
            rows = [
                (names[i], card.fold[2], card.member, row[i])
                for (card, _), row in zip(networks, scores, strict=True)
                for i in range(len(names))
                if len(inner) == 1 or i % len(inner) == inner.index(card.fold[2])
            ]
            table = pd.DataFrame(rows, columns=["name", "inner", "member", "score"])
            # A slope, whatever the random weights say: half of the labels follow the score.
            by_record = table.groupby("name")["score"].mean()
            assigned = labels.loc[names].copy()
            assigned[by_record.index[by_record.rank() > 70]] = 1
            calibrator = RidgePlatt().fit(table["score"], assigned.loc[table["name"]])
            calibrator.bind(label=TARGET, model=networks[0][0].procedure)
            reference = Reference.of(table, assigned, statistics, calibrator)
            plain = {"calibrator": calibrator.to_dict(), "confidence": reference.to_dict()}
            finished += [(replace(card, **plain), network) for card, network in networks]
        return finished

    return make


def test_every_field_of_a_single_network(made, halves):
    (card, network), (_, new) = made()[0], halves
    predictor = Predictor([(card, network)])
    predictions, _ = predictor.predict_all(new)
    calibrator = calibrator_from_dict(card.calibrator)
    fold = OuterFold(Reference.from_dict(card.confidence), [0], calibrator)
    scores = fold.by_inner(np.array([[p.score for p in predictions]]))
    below, above = fold.reach(scores)
    odds = logit(calibrator.predict(scores[0]))
    np.testing.assert_allclose([p.low for p in predictions], expit(odds - below), rtol=2e-3)
    np.testing.assert_allclose([p.high for p in predictions], expit(odds + above), rtol=2e-3)
    threshold = card.confidence["threshold"]
    assert [p.decision for p in predictions] == [p.probability >= threshold for p in predictions]
    assert {p.decision for p in predictions} == {True, False}
    for level in (0.8, 0.9, 0.95):
        held = fold.p_values(scores) > 1 - level + 1e-9  # 1 - 0.9 is a little less than 0.1
        expected = [tuple(np.array([f"not {TARGET}", TARGET])[row]) for row in held]
        assert [p.sets[level] for p in predictions] == expected
    ranks = Reference.from_dict(card.confidence).typicality.p_values(typical_statistics(new))
    np.testing.assert_allclose([p.distance for p in predictions], ranks)
    assert {(p.spread, p.flip_rate) for p in predictions} == {(None, None)}
    assert [predictor.predict(recording) for recording in new] == predictions  # not in a batch, to the last digit
    assert predictions[0].prevalence == card.confidence["prevalence"]


def test_retrainings_are_the_networks(made, halves):
    members, new = made(folds=(0, 1), inner=(0, 1, 2, 3), members=2), halves[1][:8]
    assert len(members) == 16
    predictor = Predictor(members)
    predictions, _ = predictor.predict_all(new)
    windows = np.stack([predictor.pipeline(recording).signal for recording in new])
    scores = np.concatenate([Predictor([member]).scores(windows) for member in members])
    calibrators = [calibrator_from_dict(card.calibrator) for card, _ in members]
    alone = np.array([calibrator.predict(row) for calibrator, row in zip(calibrators, scores, strict=True)])
    means = scores.reshape(2, 8, len(new)).mean(axis=1)  # of each outer fold
    average = np.mean([calibrators[i].predict(row) for i, row in zip((0, 8), means, strict=True)], axis=0)
    np.testing.assert_allclose([p.probability for p in predictions], average, rtol=1e-3)
    np.testing.assert_allclose([p.spread for p in predictions], alone.std(axis=0, ddof=1), rtol=1e-2)
    thresholds = np.array([card.confidence["threshold"] for card, _ in members])
    strata = np.repeat(range(8), 2).tolist()
    flips = flip_rate_of_average(alone, thresholds.mean(), average=average, strata=strata)
    np.testing.assert_allclose([p.flip_rate for p in predictions], flips, atol=0.02)
    decisions = [p.probability >= thresholds.mean() for p in predictions]
    assert [p.decision for p in predictions] == decisions
    folds = [OuterFold(Reference.from_dict(members[i][0].confidence), [0, 0, 1, 1, 2, 2, 3, 3]) for i in (0, 8)]
    halves = zip(folds, (scores[:8], scores[8:]), strict=True)
    p = np.mean([fold.p_values(fold.by_inner(rows)) for fold, rows in halves], axis=0)
    held = [tuple(np.array([f"not {TARGET}", TARGET])[row]) for row in p > 0.1]
    assert [prediction.sets[0.9] for prediction in predictions] == held


def test_one_of_several_members_has_no_sets(made, halves):
    prediction = Predictor(made(members=2)[:1]).predict(halves[1][0])
    assert set(prediction.sets.values()) == {None}
    assert prediction.guarantees[0.8] == "no set: 1 of the 2 networks of an inner fold are here; load the whole run"
    assert prediction.low is not None


def test_networks_of_one_inner_fold_each_that_know_nothing_of_each_other(made, halves):
    """Two fits of one outer fold, each with a held-out fold of its own."""
    both = [*made(inner=(0,)), *made(inner=(1,))]
    prediction = Predictor(both).predict(halves[1][0])
    assert "means over 2 outer folds" in prediction.guarantees[0.9]
    assert 0 <= prediction.spread < 0.5


def test_prevalence_moves_probabilities_and_nothing_else(made, halves):
    members, new = made(folds=(0, 1), inner=(0, 1)), halves[1]
    plain, shifted = Predictor(members), Predictor(members, prevalence=0.02)
    for recording in new[:3]:
        before, after = plain.predict(recording), shifted.predict(recording)
        each = [(Predictor([m]).predict(recording).probability, m[0].confidence["prevalence"]) for m in members]
        expected = [shift_prevalence(p, prevalence, 0.02) for p, prevalence in each]
        folds = [Predictor(members[i : i + 2]).predict(recording).probability for i in (0, 2)]
        shifts = [shift_prevalence(p, each[i][1], 0.02) for i, p in zip((0, 2), folds, strict=True)]
        assert after.probability == pytest.approx(np.mean(shifts), rel=1e-3)
        assert after.spread == pytest.approx(np.std(expected, ddof=1), rel=1e-2)
        assert after.probability < before.probability
        assert after.high < before.high
        assert (after.prevalence, after.score) == (0.02, before.score)
        for field in ("decision", "flip_rate", "sets", "guarantees", "distance", "abstain"):
            assert getattr(after, field) == getattr(before, field)
    for wrong in (0, 1, 2, float("nan")):
        with pytest.raises(FHRError, match=r"prevalence=.*; give the share of births with ph<7\.20, strictly between"):
            Predictor(members, prevalence=wrong)


def test_an_older_checkpoint_has_a_card_without_confidence(made, halves):
    (card, network), recording = made()[0], halves[1][0]
    older = Predictor([(replace(card, confidence=None), network)]).predict(recording)
    newer = Predictor([(card, network)]).predict(recording)
    assert (older.probability, older.score) == (newer.probability, newer.score)
    for field in ("low", "high", "decision", "flip_rate", "sets", "guarantees", "distance", "abstain"):
        assert getattr(older, field) is None
    assert older.prevalence == card.prevalence
    assert "No confidence was computed" in older.card()
    assert to_frame([older])["set_90"].isna().all()
    some_lack_it = [(card, network), (replace(card, confidence=None), network)]
    with pytest.raises(CheckpointError, match="1 of 2 checkpoints lack what their confidence rests on"):
        Predictor(some_lack_it)


def test_a_checkpoint_of_before_calibrators_knew_what_they_were_made_for(made, halves):
    (card, network), recording = made()[0], halves[1][0]
    plain = {key: value for key, value in card.calibrator.items() if key not in ("kind", "made_for")}
    older = Predictor([(replace(card, calibrator=plain, confidence=None), network)])
    assert older.predict(recording).probability == Predictor([(card, network)]).predict(recording).probability


def test_a_calibrator_of_another_label_or_model(made):
    card, network = made()[0]
    with pytest.raises(CheckpointError, match=r"calibrator of ph<7\.20 was given where ph<7\.05 is predicted"):
        Predictor([(replace(card, target="ph<7.05"), network)])
    with pytest.raises(CheckpointError, match=r"a calibrator of the model .* was given to the model"):
        Predictor([(replace(card, splits="others"), network)])


def test_networks_of_different_labels(made):
    first, second = made(folds=(0, 1))
    other = (replace(second[0], target="ph<7.05"), second[1])
    with pytest.raises(CheckpointError, match="differ in preprocessing, target, features or recalibration"):
        Predictor([first, other])


def test_a_reference_that_is_incomplete(made):
    card, network = made()[0]
    with pytest.raises(CheckpointError, match="reference has the keys"):
        Predictor([(replace(card, confidence={"held_out": []}), network)])


def test_unlike_the_training_records(made, halves):
    """62 bpm throughout, as when the mother's pulse is recorded: named with its value and the usual range."""
    (card, network), recording = made()[0], halves[1][0]
    slow = recording.after(Step("slow"), fhr=recording.fhr - np.nanmedian(recording.fhr) + 62)
    predictor = Predictor([(card, network)], abstention=Abstention(distance=0.02))  # 96 records make no p below 0.01
    prediction = predictor.predict(slow)
    assert prediction.distance == pytest.approx(1 / 97)
    (_, of_recording, warning) = prediction.warnings
    assert of_recording.startswith("no measured recording: it is simulated (made by fhr.simulation ")
    assert warning.startswith("unlike the training records: ")
    assert "bpm, where 98% of them have " in warning
    assert prediction.abstain
    assert "unlike the training records" in prediction.reasons
    assert predictor.predict(recording).warnings[1:] == (of_recording,)


def test_limits_are_those_of_the_predictor(made, halves):
    members, new = made(), halves[1]
    strict, lenient = (Predictor(members, abstention=Abstention(level=level, loss=1)) for level in (0.8, 0.95))
    for recording in new:
        for predictor, level in ((strict, 0.8), (lenient, 0.95)):
            prediction = predictor.predict(recording)
            held = prediction.sets[level]
            by_set = [r for r in prediction.reasons if r.startswith(("neither outcome can", "the score is unlike"))]
            assert len(by_set) == (held is not None and len(held) != 1)


def test_typicality_alone_missing(made, halves):
    """Fewer than 20 training records say nothing of what is usual; the rest is computed."""
    card, network = made()[0]
    plain = {**card.confidence, "typicality": None}
    prediction = Predictor([(replace(card, confidence=plain), network)]).predict(halves[1][0])
    assert prediction.distance is None
    assert prediction.sets[0.8] is not None
    assert Typicality.__name__ not in str(prediction)


@pytest.mark.parametrize(("inner", "members"), [((0,), 1), ((0, 1, 2, 3), 1), ((0, 1, 2, 3), 3)])
def test_a_predictor_says_of_a_birth_what_the_out_of_fold_table_says(births_database, halves, inner, members):
    """One outer fold, kept as `fhr crossval` keeps it, and its test records, to the bit."""
    held, new = halves
    networks = [bare(0, k, m) for k in inner for m in range(members)]
    bare_predictor = Predictor(networks)
    of_held, of_new = (
        bare_predictor.scores(np.stack([bare_predictor.pipeline(recording).signal for recording in records]))
        for records in (held, new)
    )
    names, tested = np.array([r.name for r in held]), [r.name for r in new]
    rows = []
    for (card, _), own, other in zip(networks, of_held, of_new, strict=True):
        mine = np.arange(len(names)) % len(inner) == inner.index(card.fold[2])
        scores = FittedModel(pd.Series(own[mine], names[mine]), pd.Series(other, tested))
        rows.append(raw_scores(scores, repeat=0, fold=0, inner=card.fold[2], member=card.member))
    raw, labels = pd.concat(rows), births_database.labels(TARGET)
    # A slope, whatever the random weights say.
    by_record = raw[raw["use"] == "held_out"].groupby("name")["score"].mean()
    labels[by_record.index[by_record.rank() > 70]] = 1
    table = out_of_fold(raw, labels).set_index("name").loc[tested]

    fitted = cross_fit(raw, labels)
    reference = Reference.of(fitted.held_out, labels, typical_statistics(held), fitted.calibrator, fitted.between)
    fitted.calibrator.bind(label=TARGET, model=[card.procedure for card, _ in networks])
    plain = {"calibrator": fitted.calibrator.to_dict(), "confidence": reference.to_dict()}
    predictor = Predictor([(replace(card, **plain), network) for card, network in networks])
    predictions, _ = predictor.predict_all(new)

    assert [p.name for p in predictions] == tested
    for field, column in (
        *((name, name) for name in ("probability", "low", "high", "flip_rate", "spread")),
        ("decision", "at_risk"),
    ):
        said = [getattr(p, field) for p in predictions]
        if len(networks) == 1 and field in ("flip_rate", "spread"):
            assert (set(said), table[column].isna().all()) == ({None}, True)
        else:
            assert said == table[column].tolist()
            assert field == "decision" or len(set(said)) > 1
    assert fitted.calibrator.standardize([p.score for p in predictions]) == pytest.approx(table["score"], abs=5e-4)
    for level in (0.8, 0.9, 0.95):
        if predictions[0].sets[level] is not None:
            held_in = table[["p_negative", "p_positive"]].to_numpy() > 1 - level + 1e-9
            words = np.array([f"not {TARGET}", TARGET])
            assert [p.sets[level] for p in predictions] == [tuple(words[row]) for row in held_in]
    assert predictions[0].sets[0.8] is not None


def test_its_words_are_those_of_the_room_below():
    for name in ("LEVELS", "Abstention", "Prediction", "to_frame"):
        assert getattr(fhr.prediction, name) is getattr(fhr.confidence, name)
