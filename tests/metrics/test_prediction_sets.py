import numpy as np
import pytest
from scipy.stats import binom, binomtest

from fhr.errors import FHRError, OutcomeError
from fhr.metrics import Efficiency, Interval, conformal_coverage, efficiency, exact_interval


@pytest.mark.parametrize("confidence", [0.9, 0.95])
@pytest.mark.parametrize("n", [1, 19, 40, 402])
def test_the_interval_is_that_of_scipy(n, confidence):
    for hits in {0, 1, n // 2, n - 1, n}:
        reference = binomtest(hits, n).proportion_ci(confidence, method="exact")
        assert exact_interval(hits, n, confidence) == pytest.approx((hits / n, reference.low, reference.high))


def test_the_interval_holds_the_truth_at_least_as_often_as_it_says():
    n, hits = 40, np.arange(41)
    ends = np.array([exact_interval(h, n, 0.9)[1:] for h in hits])
    for truth in np.linspace(0.02, 0.98, 49):
        held = (ends[:, 0] <= truth) & (truth <= ends[:, 1])
        assert binom.pmf(hits[held], n, truth).sum() >= 0.9


def test_coverage_of_each_class_by_counting():
    generator = np.random.default_rng(0)
    y, sets = generator.integers(0, 2, 200), generator.random((200, 2)) < 0.8
    for label, found in enumerate(conformal_coverage(y, sets, 0.9)):
        hits = [bool(sets[i, label]) for i in range(200) if y[i] == label]
        assert found == exact_interval(sum(hits), len(hits), 0.9)


def test_repeats_are_averaged_and_are_no_further_births():
    generator = np.random.default_rng(1)
    y, sets = np.arange(60) % 3 == 0, generator.random((4, 60, 2)) < 0.7
    assert conformal_coverage(y, np.stack([sets[0]] * 5)) == conformal_coverage(y, sets[0])
    found = conformal_coverage(y, sets)
    alone = [conformal_coverage(y, repeat) for repeat in sets]
    for label in (0, 1):
        assert found[label].value == pytest.approx(np.mean([a[label].value for a in alone]))
        assert min(a[label].low for a in alone) < found[label].low < found[label].value < found[label].high
    assert efficiency(y, sets) == pytest.approx(np.mean([efficiency(y, repeat) for repeat in sets], axis=0))


def test_a_class_without_records_has_no_coverage():
    negative, positive = conformal_coverage([0, 0], [[True, False], [True, True]])
    assert negative.value == 1
    assert np.isnan(positive).all()
    assert np.isnan(exact_interval(0, 0)).all()


def test_the_four_kinds_of_set():
    y = np.array([0, 0, 0, 1, 1, 1, 1, 1])
    sets = np.array([[1, 0], [0, 1], [1, 1], [0, 1], [0, 1], [1, 0], [0, 0], [1, 1]], dtype=bool)
    assert efficiency(y, sets) == Efficiency(correct_singleton=3 / 8, wrong_singleton=2 / 8, empty=1 / 8, both=2 / 8)
    assert efficiency(1 - y, sets[:, ::-1]) == efficiency(y, sets)
    assert sum(efficiency(y, sets)) == 1


def test_types():
    found = exact_interval(3, 7)
    assert isinstance(found, Interval)
    assert all(type(v) is float for v in (*found, *efficiency([0, 1], np.ones((2, 2), dtype=bool))))


def test_errors():
    with pytest.raises(FHRError, match="5 hits of 4; give a count from 0 to n"):
        exact_interval(5, 4)
    with pytest.raises(FHRError, match=r"confidence=95 is not in \(0, 1\)"):
        exact_interval(1, 4, 95)
    with pytest.raises(FHRError, match=r"sets have shape \(2,\) and dtype bool beside 2 labels; give bool \(2, 2\)"):
        conformal_coverage([0, 1], [True, False])
    with pytest.raises(FHRError, match="dtype int64"):
        efficiency([0, 1], np.ones((2, 2), dtype=np.int64))
    with pytest.raises(OutcomeError, match="they must be 0 or 1"):
        efficiency([0, 2], np.ones((2, 2), dtype=bool))
