import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from fhr.calibration import RidgePlatt
from fhr.errors import FHRError, SplitError
from fhr.evaluation import MemberScores, cross_fit

TEST = [f"t{i}" for i in range(6)]


def members(n: int = 3, size: int = 12, seed: int = 0) -> tuple[list[MemberScores], pd.Series]:
    """Members that score `size` held-out records each and the same test records, in an order of their own."""
    generator = np.random.default_rng(seed)
    made, labels = [], {name: i % 2 for i, name in enumerate(TEST)}
    for k in range(n):
        names = [f"h{k}-{i}" for i in range(size)]
        label = np.arange(size) % 2
        labels |= dict(zip(names, label.tolist(), strict=True))
        order = generator.permutation(TEST)
        made.append(
            MemberScores(
                pd.Series(generator.normal(size=size) + label, index=names),
                pd.Series(generator.normal(size=6) * (k + 1), index=order),
            )
        )
    return made, pd.Series(labels)


def test_by_hand():
    """One line for all members, fitted on all held-out scores; each member's probabilities, averaged by record."""
    given, labels = members()
    prediction = cross_fit(given, labels)
    pooled = pd.concat([member.calibration for member in given])
    state = RidgePlatt().fit(pooled.to_numpy(), labels[pooled.index].to_numpy()).to_dict()
    assert prediction.calibrator.to_dict() == pytest.approx(state)
    assert sorted(prediction.probability.index) == sorted(prediction.score.index) == TEST
    for name in TEST:
        scores = np.array([member.test[name] for member in given])
        each = expit(state["intercept"] + state["slope"] * (scores - state["mean"]) / state["scale"])
        assert prediction.probability[name] == pytest.approx(each.mean())
        assert prediction.score[name] == pytest.approx((scores.mean() - state["mean"]) / state["scale"])
        assert prediction.probability[name] != pytest.approx(prediction.calibrator.predict(scores.mean()), abs=1e-6)


def test_labels_of_the_test_records_are_not_looked_at():
    given, labels = members()
    prediction = cross_fit(given, labels)
    without = cross_fit(given, labels.drop(TEST))
    turned = cross_fit(given, labels.where(~labels.index.isin(TEST), 1 - labels))
    for other in (without, turned):
        pd.testing.assert_series_equal(other.probability, prediction.probability)


def test_one_member_is_that_member():
    given, labels = members(1, 40)
    prediction = cross_fit(given, labels)
    assert prediction.probability.tolist() == prediction.calibrator.predict(given[0].test).tolist()
    assert prediction.score.rank().tolist() == given[0].test.rank().tolist()


def test_scores_pool_over_folds_whatever_the_scale_of_a_fold():
    """A fold whose networks count in other units, or from another zero, has the same scores and probabilities."""
    given, labels = members()
    moved = [MemberScores(100 + 7 * member.calibration, 100 + 7 * member.test) for member in given]
    one, other = cross_fit(given, labels), cross_fit(moved, labels)
    pd.testing.assert_series_equal(other.score, one.score)
    pd.testing.assert_series_equal(other.probability, one.probability)


def test_a_record_held_out_twice_is_refused():
    given, labels = members()
    given[1] = given[1]._replace(calibration=given[1].calibration.rename({"h1-3": "h0-3"}))
    with pytest.raises(SplitError, match="inner folds overlap each other or the test fold; make a new split"):
        cross_fit(given, labels)


def test_a_test_record_among_the_held_out_is_refused():
    given, labels = members()
    given[2] = given[2]._replace(calibration=given[2].calibration.rename({"h2-0": TEST[4]}))
    with pytest.raises(SplitError, match="inner folds overlap each other or the test fold"):
        cross_fit(given, labels)


def test_too_few_records_to_calibrate_on():
    given, labels = members(1, 12)
    with pytest.raises(FHRError, match=r"12 records, .* too few to calibrate on"):
        cross_fit(given, labels)
