"""How far to trust a prediction: theory on simulated scores, and every field on networks made by hand."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from fhr.calibration import RidgePlatt, calibrator_from_dict, shift_prevalence
from fhr.calibration.reference import HeldOut, Reference
from fhr.calibration.typicality import TYPICAL_STATISTICS, Typicality, typical_statistics
from fhr.confidence import Abstention, Confidence, OuterFold, Prediction, to_frame
from fhr.errors import CheckpointError, FHRError
from fhr.metrics import flip_rate
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


def confidence(references: Sequence[Reference], inner: Sequence[int]) -> Confidence:
    """Of networks without calibrators: sets and guarantees need none."""
    return Confidence([None] * len(references), references, inner, "x")


@pytest.mark.parametrize("n_inner", [1, 4])
def test_the_mean_over_outer_folds_covers_both_classes(n_inner):
    """40 simulated cross-validations of five outer folds: about 1 - alpha, far above what is proven."""
    generator = np.random.default_rng(5)
    levels, hits = (0.8, 0.9, 0.95), np.zeros((3, 2))
    n, n_new = 150, 100
    for _ in range(40):
        y, new_y = np.arange(n) % 2, np.arange(n_new) % 2
        seen, new_seen = (labels + generator.normal(size=len(labels)) for labels in (y, new_y))
        references, inner, scores = [], [], []
        for fold in range(5):
            kept = np.flatnonzero(np.arange(n) // 2 % 5 != fold)
            held_out = {}
            for k in range(n_inner):
                # Each network has a noise of its own, so that the folds agree as little as small networks do.
                rows = kept[np.arange(len(kept)) // 2 % 4 == k]
                own = seen[rows] + 0.5 * generator.normal(size=len(rows))
                held_out[k] = HeldOut(tuple(own), tuple(y[rows]), 1)
                scores.append(new_seen + 0.5 * generator.normal(size=n_new))
            references += [Reference(held_out, None, 0.5, None)] * n_inner
            inner += range(n_inner)
        judged = confidence(references, inner).judge(np.array(scores))
        for i, level in enumerate(levels):
            sets = judged.sets[level]
            if sets is not None:
                for label in (0, 1):
                    hits[i, label] += sets[new_y == label, label].mean() / 40
    for i, level in enumerate(levels):
        if n_inner == 1 and level == 0.95:  # 15 records of a class, 19 are needed
            assert hits[i].tolist() == [0, 0]
        else:
            assert (hits[i] > level - 0.03).all(), hits
            assert (hits[i] < 1).all(), hits


def test_the_guarantee_of_several_outer_folds_is_that_of_the_smallest():
    def reference(n: int, folds: int) -> Reference:
        rng = np.random.default_rng(n)
        return Reference(
            {k: HeldOut(tuple(rng.normal(size=n)), (0, 1) * (n // 2), 1) for k in range(folds)}, None, 0.5, None
        )

    small, large = reference(10, 4), reference(20, 4)
    several = confidence([small] * 4 + [large] * 4, [*range(4)] * 2).guarantees[0.9]
    alone = confidence([small] * 4, range(4)).guarantees[0.9]
    assert several.startswith(alone)
    assert several.endswith("The p-values are means over 2 outer folds; the records named are those of one of them.")
    split = confidence([reference(40, 1), reference(60, 1)], [0, 0]).guarantees[0.9]
    assert "proven is only at least 80%, with 20 calibration records in 2 folds" in split
    # Fewer records, but no inner folds: not the weakest.
    mixed = confidence([reference(38, 1)] + [large] * 4, [0, *range(4)]).guarantees[0.9]
    weakest = confidence([large] * 4, range(4)).guarantees[0.9]
    assert mixed.startswith(weakest)
    exact = confidence([reference(40, 1)], [0]).guarantees[0.9]
    assert "at least 90% get a set that holds the truth" in exact


def test_every_field_of_a_single_network(made, halves):
    (card, network), (_, new) = made()[0], halves
    predictor = Predictor([(card, network)])
    predictions, _ = predictor.predict_all(new)
    fold = OuterFold(Reference.from_dict(card.confidence), [0])
    scores = np.array([[p.score for p in predictions]])
    low, high = fold.interval(scores)
    np.testing.assert_allclose([p.low for p in predictions], low)
    np.testing.assert_allclose([p.high for p in predictions], high)
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
    assert predictions[0] == predictor.predict(new[0])
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
    np.testing.assert_allclose([p.probability for p in predictions], alone.mean(axis=0))
    np.testing.assert_allclose([p.spread for p in predictions], alone.std(axis=0, ddof=1), rtol=1e-5)
    thresholds = np.array([card.confidence["threshold"] for card, _ in members])
    np.testing.assert_allclose([p.flip_rate for p in predictions], flip_rate(alone >= thresholds[:, None]))
    decisions = [p.probability >= thresholds.mean() for p in predictions]
    assert [p.decision for p in predictions] == decisions
    folds = [OuterFold(Reference.from_dict(members[i][0].confidence), [0, 0, 1, 1, 2, 2, 3, 3]) for i in (0, 8)]
    p = (folds[0].p_values(scores[:8]) + folds[1].p_values(scores[8:])) / 2
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
        assert after.probability == pytest.approx(np.mean(expected), rel=1e-5)
        assert after.spread == pytest.approx(np.std(expected, ddof=1), rel=1e-4)
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
    with pytest.raises(CheckpointError, match="differ in preprocessing, target or features"):
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
    (warning,) = prediction.warnings
    assert warning.startswith("unlike the training records: ")
    assert "bpm, where 98% of them have " in warning
    assert prediction.abstain
    assert "unlike the training records" in prediction.reasons
    assert predictor.predict(recording).warnings == ()


def said(**changes: object) -> Prediction:
    return replace(Prediction("x", TARGET, 0.1, 0.0, 0.1, sets={0.8: (), 0.9: (TARGET,), 0.95: None}), **changes)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"sets": {0.9: (f"not {TARGET}", TARGET)}}, "neither outcome can be ruled out at 90%"),
        ({"sets": {0.9: ()}}, "the score is unlike those of either outcome at 90%"),
        ({"sets": {0.9: None}}, None),
        ({"sets": None}, None),
        ({"loss": 0.51}, "51% of the signal is lost"),
        ({"loss": 0.5}, None),
        ({"distance": 0.009}, "unlike the training records"),
        ({"distance": 0.01}, None),
        ({"flip_rate": 0.21}, "two retrainings would disagree with probability 0.21"),
        ({"flip_rate": 0.2}, None),
    ],
)
def test_reasons_to_abstain(changes, reason):
    assert list(Abstention().reasons(said(**changes))) == ([] if reason is None else [reason])


@pytest.mark.parametrize(
    "wrong", [{"level": 0.85}, {"loss": 1.2}, {"distance": -1}, {"flip_rate": float("nan")}, {"referral": 2}]
)
def test_limits_that_cannot_be(wrong):
    with pytest.raises(FHRError, match=f"abstention with {next(iter(wrong))}="):
        Abstention(**wrong)


@pytest.mark.parametrize(
    ("probability", "referral", "cost"),
    [
        (0.02, 0.05, None),
        (0.06, 0.05, 0.06),
        (0.3, 0.05, 0.07),
        (0.9, 0.05, None),
        (0.3, None, None),
        (None, 0.05, None),
    ],
)
def test_the_expected_cost_of_the_better_answer(probability, referral, cost):
    """Chow's rule: between the risks at which waiting and acting are cheap, a referral is cheaper than either."""
    reasons = list(Abstention(referral=referral).reasons(said(probability=probability)))
    assert reasons == (
        [] if cost is None else [f"either answer is expected to cost {cost:.3f} of a miss, a referral 0.05"]
    )


def test_limits_are_those_of_the_predictor(made, halves):
    members, new = made(), halves[1]
    strict, lenient = (Predictor(members, abstention=Abstention(level=level, loss=1)) for level in (0.8, 0.95))
    for recording in new:
        for predictor, level in ((strict, 0.8), (lenient, 0.95)):
            prediction = predictor.predict(recording)
            held = prediction.sets[level]
            assert prediction.abstain == (held is not None and len(held) != 1)


def test_the_card_says_what_the_prediction_says():
    text = said(
        low=0.04,
        high=0.3,
        prevalence=0.26,
        decision=True,
        spread=0.03,
        flip_rate=0.4,
        guarantees={0.9: "Of births like these."},
        distance=0.004,
        abstain=True,
        reasons=("two retrainings would disagree",),
        warnings=("no uterine activity",),
    ).card()
    for line in (
        f"# x: {TARGET}",
        "Research software, **not a medical device**: it must not guide the care of any patient.",
        "**The model abstains**: do not rely on the numbers below.",
        "- two retrainings would disagree",
        f"- Probability of {TARGET}: **10%** (calibration leaves open 4.0% to 30%, no confidence interval); "
        "26% of the births it is calibrated for have it",
        f"- Decision: **at or above the threshold**, which about 90% of the births without {TARGET} stay below",
        "- From one network to another the probability moves by 3.0 percentage points (SD); "
        "two networks disagree on the decision with probability 0.40",
        f"- What it cannot rule out, at 90%: {TARGET}",
        "- What it cannot rule out, at 80%: none fits, the score is unlike those of both outcomes",
        "- What it cannot rule out, at 95%: not computed, too few records",
        "- Signal loss: 10%",
        "- Training records at least as unusual as this one: 0.4%",
        "- Warning: no uterine activity",
        "- At 90%: Of births like these.",
    ):
        assert line in text.splitlines()
    assert "by another calibration, which disagrees" in said(low=0.2, high=0.3).card()
    assert "No reason to abstain" in said(abstain=False).card()
    assert "births with it may, too: nothing is ruled out by this" in said(decision=False).card()
    lost = said(warnings=("60% of the signal is lost",), abstain=True, reasons=("60% of the signal is lost",)).card()
    assert lost.count("60% of the signal is lost") == 1


def test_columns_of_the_table():
    rows = to_frame([said(sets={0.8: (), 0.9: (f"not {TARGET}", TARGET), 0.95: None}, reasons=("a", "b"))])
    assert list(rows.columns) == [
        *("name", "probability", "score", "loss", "warnings", "low", "high", "prevalence", "decision", "spread"),
        *("flip_rate", "set_80", "set_90", "set_95", "distance", "abstain", "reasons"),
    ]
    row = rows.iloc[0]
    assert (row["set_80"], row["set_90"]) == ("neither", f"not {TARGET} or {TARGET}")
    assert pd.isna(row["set_95"])
    assert row["reasons"] == "a; b"
    assert set(TYPICAL_STATISTICS).isdisjoint(rows.columns)
    assert isinstance(hash(said()), int)


def test_typicality_alone_missing(made, halves):
    """Fewer than 20 training records say nothing of what is usual; the rest is computed."""
    card, network = made()[0]
    plain = {**card.confidence, "typicality": None}
    prediction = Predictor([(replace(card, confidence=plain), network)]).predict(halves[1][0])
    assert prediction.distance is None
    assert prediction.sets[0.8] is not None
    assert Typicality.__name__ not in str(prediction)
