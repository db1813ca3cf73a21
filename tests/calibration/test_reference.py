"""What a prediction is compared with, made from the held-out scores of one outer fold."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fhr.calibration import RidgePlatt
from fhr.calibration.reference import HeldOut, Reference, threshold_at_specificity
from fhr.calibration.typicality import TYPICAL_STATISTICS, Typicality
from fhr.errors import CheckpointError, FHRError, OutcomeError
from fhr.metrics import sensitivity_at_specificity

NAMES = [f"r{i}" for i in range(80)]
LABELS = pd.Series([1] * 20 + [0] * 60, index=NAMES)


def held_out(n_members: int = 2) -> pd.DataFrame:
    """Each record held out of one of four inner folds and scored by its members, in no order."""
    generator = np.random.default_rng(0)
    rows = [
        (name, i % 4, member, LABELS[name] + generator.normal())
        for i, name in enumerate(NAMES)
        for member in range(n_members)
    ]
    return pd.DataFrame(rows, columns=["name", "inner", "member", "score"]).sample(frac=1, random_state=1)


def statistics(n: int = 60) -> pd.DataFrame:
    x = np.random.default_rng(2).normal(size=(n, 6))
    return pd.DataFrame(x, columns=TYPICAL_STATISTICS, index=[f"t{i}" for i in range(n)])


@pytest.fixture(scope="module")
def calibrator() -> RidgePlatt:
    table = held_out()
    return RidgePlatt().fit(table["score"], LABELS.loc[table["name"]])


@pytest.fixture(scope="module")
def reference(calibrator) -> Reference:
    return Reference.of(held_out(), LABELS, statistics(), calibrator)


def test_members_are_averaged_within_their_inner_fold(reference):
    table = held_out()
    assert sorted(reference.held_out) == [0, 1, 2, 3]
    for inner, fold in reference.held_out.items():
        rows = table[table["inner"] == inner]
        by_record = rows.groupby("name")["score"].mean()
        assert fold.members == 2
        np.testing.assert_allclose(fold.scores, by_record)
        assert list(fold.labels) == LABELS[by_record.index].tolist()
    assert reference.prevalence == 0.25
    scores, labels = reference.pooled()
    assert (len(scores), labels.sum()) == (80, 20)


def test_the_threshold_is_of_the_averaged_score(reference, calibrator):
    """Nine in ten of the held-out negatives are below it, and any lower probability that is there would let more in."""
    score = held_out().groupby("name")["score"].mean()
    p = pd.Series(calibrator.predict(score), score.index)
    y = LABELS[p.index]
    assert (p[y == 0] < reference.threshold).mean() >= 0.9
    lower = p[p < reference.threshold].max()
    assert (p[y == 0] < lower).mean() < 0.9
    assert (p[y == 1] >= reference.threshold).mean() == pytest.approx(sensitivity_at_specificity(y, p))


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=2, max_size=40))
def test_a_threshold_reaches_the_sensitivity_at_its_specificity(rows):
    labels, p = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    threshold = threshold_at_specificity(labels, p / 6)
    if threshold is None:
        assert not (labels == 0).any() or ((labels == 0) & (p == p.max())).sum() > 0.1 * (labels == 0).sum()
    else:
        assert (p[labels == 0] / 6 < threshold).mean() >= 0.9
        if len(np.unique(labels)) == 2 and np.ptp(p) > 0:
            reached = (p[labels == 1] / 6 >= threshold).mean()
            assert reached == pytest.approx(sensitivity_at_specificity(labels, p))


def test_a_flat_calibrator_gives_no_threshold():
    table = held_out(1).assign(score=0.0)
    flat = RidgePlatt().fit(table["score"], LABELS.loc[table["name"]])
    assert Reference.of(table, LABELS, statistics(), flat).threshold is None


def test_typicality_is_of_the_training_records(reference, calibrator):
    assert reference.typicality == Typicality.fit(statistics())
    assert Reference.of(held_out(), LABELS, statistics(19), calibrator).typicality is None


def test_it_travels_in_a_checkpoint(reference, tmp_path):
    torch.save(reference.to_dict(), tmp_path / "reference.ckpt")
    assert Reference.from_dict(torch.load(tmp_path / "reference.ckpt", weights_only=True)) == reference
    text = str(reference.to_dict())
    assert not any(word in text for word in ("array", "float64", "r1"))  # plain numbers, no name


def test_one_that_is_incomplete_is_refused(reference):
    for key in ("held_out", "threshold", "typicality"):
        plain = reference.to_dict()
        del plain[key]
        with pytest.raises(CheckpointError, match=r"reference has the keys .*; train anew"):
            Reference.from_dict(plain)


def test_a_single_fit_has_one_fold_and_one_member(calibrator):
    rows = held_out(1)[lambda table: table["inner"] == 2]
    reference = Reference.of(rows, LABELS, statistics(), calibrator)
    assert list(reference.held_out) == [2]
    assert isinstance(reference.held_out[2], HeldOut)
    assert reference.held_out[2].members == 1


def changed(**columns: object) -> pd.DataFrame:
    return held_out().assign(**columns)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (held_out().drop(columns="member"), r"without the columns \['member'\]; give name, inner, member and score"),
        (held_out()[:0], "no held-out score; give those of the records that no member was trained on"),
        (held_out()[1:], "inner fold .: a record that a member gave no score, or NaN; leave it out"),
        (pd.concat([held_out(), held_out()[:1]]), "inner fold .: a record that a member scored twice"),
        (changed(name="r3"), "a record was held out of two inner folds; give one outer fold"),
        (changed(score=np.nan), "inner fold 0: a record that a member gave no score, or NaN"),
        (changed(score=np.inf), "infinite"),
        (held_out().replace({"name": {"r3": "x9"}}), r"1 held-out records lack a label: \['x9'\]; leave them out"),
    ],
)
def test_scores_that_do_not_fit_are_refused(table, message, calibrator):
    with pytest.raises(FHRError, match=message):
        Reference.of(table, LABELS, statistics(), calibrator)


def test_labels_that_are_none_are_refused(calibrator):
    with pytest.raises(OutcomeError):
        Reference.of(held_out(), LABELS * 2, statistics(), calibrator)


def test_scores_that_no_model_gives_are_refused(reference):
    plain = reference.to_dict()
    plain["held_out"][0]["scores"][0] = 1e300  # its square is infinite
    with pytest.raises(CheckpointError, match="scores of an inner fold"):
        Reference.from_dict(plain)
