import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from fhr.calibration import Beta, RidgePlatt
from fhr.datasets import FittedModel
from fhr.errors import FHRError, SplitError
from fhr.evaluation import RAW_COLUMNS, cross_fit, raw_scores

TEST = [f"t{i}" for i in range(6)]


def networks(inner: int = 3, members: int = 1, size: int = 12, seed: int = 0) -> tuple[pd.DataFrame, pd.Series]:
    """Raw scores: each inner fold holds out `size` records, all networks score the same test records in any order."""
    generator = np.random.default_rng(seed)
    rows, labels = [], {name: i % 2 for i, name in enumerate(TEST)}
    for k in range(inner):
        names, label = [f"h{k}-{i}" for i in range(size)], np.arange(size) % 2
        labels |= dict(zip(names, label.tolist(), strict=True))
        for m in range(members):
            scores = FittedModel(
                pd.Series(generator.normal(size=size) + label, index=names),
                pd.Series(generator.normal(size=6) * (k + 1), index=generator.permutation(TEST)),
            )
            rows.append(raw_scores(scores, repeat=2, fold=1, inner=k, member=m))
    return pd.concat(rows, ignore_index=True), pd.Series(labels)


def test_raw_scores_by_hand():
    scores = FittedModel(pd.Series({"a": 1.0}), pd.Series({"b": 2.0, "c": 3.0}))
    table = raw_scores(scores, repeat=0, fold=4, inner=1, member=7)
    assert tuple(table.columns) == RAW_COLUMNS
    assert table.to_numpy().tolist() == [
        ["a", 0, 4, 1, 7, "held_out", 1.0],
        ["b", 0, 4, 1, 7, "test", 2.0],
        ["c", 0, 4, 1, 7, "test", 3.0],
    ]


@pytest.mark.parametrize("members", [1, 2])
def test_by_hand(members):
    """One line, fitted on held-out records, members averaged; then the average of the inner folds, stretched."""
    raw, labels = networks(members=members)
    prediction = cross_fit(raw, labels)
    pooled = raw[raw["use"] == "held_out"].groupby("name")["score"].mean()
    y = labels[pooled.index].to_numpy()
    state = RidgePlatt().fit(pooled.to_numpy(), y).to_dict()
    assert prediction.calibrator.to_dict() == pytest.approx(state)
    assert sorted(prediction.probability.index) == sorted(prediction.score.index) == TEST
    assert prediction.test.shape == (6, 3 * members)
    by_inner = raw[raw["use"] == "test"].groupby(["name", "inner"])["score"].mean().unstack()
    between = by_inner.var(axis=1, ddof=1).mean()
    assert prediction.between == pytest.approx(between)
    classes = [pooled.to_numpy()[y == c] for c in (0, 1)]
    within = sum(((x - x.mean()) ** 2).sum() for x in classes) / len(y)
    stretch = within / max(within - between * 2 / 3, within / 3)
    assert stretch > 1.01
    midpoint = (classes[0].mean() + classes[1].mean()) / 2
    for name in TEST:
        score = by_inner.loc[name].mean()
        stretched = midpoint + stretch * (score - midpoint)
        expected = expit(state["intercept"] + state["slope"] * (stretched - state["mean"]) / state["scale"])
        assert prediction.probability[name] == pytest.approx(expected)
        assert prediction.score[name] == pytest.approx((score - state["mean"]) / state["scale"])


def test_labels_of_the_test_records_are_not_looked_at():
    raw, labels = networks()
    prediction = cross_fit(raw, labels)
    without = cross_fit(raw, labels.drop(TEST))
    turned = cross_fit(raw, labels.where(~labels.index.isin(TEST), 1 - labels))
    for other in (without, turned):
        pd.testing.assert_series_equal(other.probability, prediction.probability)


def test_one_network_is_that_network():
    raw, labels = networks(1, size=40)
    prediction = cross_fit(raw, labels)
    test = raw[raw["use"] == "test"].set_index("name")["score"].loc[prediction.score.index]
    assert prediction.probability.tolist() == prediction.calibrator.predict(test).tolist()
    assert prediction.score.rank().tolist() == test.rank().tolist()


def test_scores_pool_over_folds_whatever_the_scale_of_a_fold():
    """A fold whose networks count in other units, or from another zero, has the same scores and probabilities."""
    raw, labels = networks()
    one, other = cross_fit(raw, labels), cross_fit(raw.assign(score=100 + 7 * raw["score"]), labels)
    pd.testing.assert_series_equal(other.score, one.score)
    pd.testing.assert_series_equal(other.probability, one.probability)


def test_another_calibrator():
    raw, labels = networks(4, size=20)
    assert cross_fit(raw, labels, Beta).calibrator.to_dict()["kind"] == "beta"


def renamed(raw: pd.DataFrame, inner: int, old: str, new: str) -> pd.DataFrame:
    change = (raw["inner"] == inner) & (raw["name"] == old)
    return raw.assign(name=raw["name"].where(~change, new))


def test_a_record_held_out_twice_is_refused():
    raw, labels = networks()
    with pytest.raises(SplitError, match="inner folds overlap each other or the test fold; make a new split"):
        cross_fit(renamed(raw, 1, "h1-3", "h0-3"), labels)


def test_a_test_record_among_the_held_out_is_refused():
    raw, labels = networks()
    with pytest.raises(SplitError, match="inner folds overlap each other or the test fold"):
        cross_fit(renamed(raw, 2, "h2-0", TEST[4]), labels)


def test_scores_of_two_folds_are_refused():
    raw, labels = networks()
    with pytest.raises(SplitError, match="the scores are not those of one outer fold"):
        cross_fit(pd.concat([raw, raw.assign(fold=2)]), labels)


@pytest.mark.parametrize("use", ["held_out", "test"])
def test_a_record_that_a_member_did_not_score_is_refused(use):
    raw, labels = networks(members=2)
    row = raw[(raw["use"] == use) & (raw["member"] == 1)].index[0]
    with pytest.raises(SplitError, match="lacks records that another one of its fold has scored"):
        cross_fit(raw.drop(row), labels)


def test_a_held_out_record_without_a_label_is_refused():
    raw, labels = networks()
    with pytest.raises(SplitError, match=r"1 held-out records have no label: \['h0-1'\]"):
        cross_fit(raw, labels.drop("h0-1"))


def test_too_few_records_to_calibrate_on():
    raw, labels = networks(1, size=12)
    with pytest.raises(FHRError, match=r"12 records, .* too few to calibrate on"):
        cross_fit(raw, labels)
