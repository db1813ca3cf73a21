from functools import partial
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import auc, roc_auc_score

from fhr.errors import FHRError
from fhr.metrics import augrc, aurc, bootstrap, brier, resampled, risk_coverage


def brute_force(losses, confidence):
    """AURC and AUGRC averaged over every order of equal confidences, by their definitions."""
    orders = [p for p in permutations(range(len(losses))) if all(np.diff(np.asarray(confidence)[list(p)]) <= 0)]
    n, areas = len(losses), []
    for order in orders:
        lost = np.concatenate([[0], np.cumsum(np.asarray(losses)[list(order)])])
        areas.append([np.mean(lost[1:] / np.arange(1, n + 1)), np.sum(lost[1:] + lost[:-1]) / 2 / n**2])
    return np.mean(areas, axis=0)


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=6))
def test_both_areas_by_brute_force_with_ties(rows):
    y, p, confidence = (np.array(column) for column in zip(*rows, strict=True))
    found = [metric(y, p / 4, confidence) for metric in (aurc, augrc)]
    np.testing.assert_allclose(found, brute_force((p / 4 - y) ** 2, confidence), atol=1e-12)


def test_confidence_without_information_earns_the_error_rate():
    generator = np.random.default_rng(0)
    y = (generator.random(300) < 0.3).astype(int)
    decisions = np.zeros(300)
    constant = aurc(y, decisions, np.ones(300)), augrc(y, decisions, np.ones(300))
    assert constant == pytest.approx((y.mean(), y.mean() / 2))
    shuffled = [(aurc(y, decisions, c), augrc(y, decisions, c)) for c in generator.random((500, 300))]
    error = np.std(shuffled, axis=0) / np.sqrt(500)
    assert (np.abs(np.mean(shuffled, axis=0) - constant) < 4 * error).all()


def test_perfect_confidence_has_the_closed_form():
    y = np.array([0] * 70 + [1] * 30)
    found = aurc(y, np.zeros(100), confidence=-y)
    assert found == pytest.approx(sum((k - 70) / k for k in range(71, 101)) / 100)
    assert augrc(y, np.zeros(100), confidence=-y) == pytest.approx(0.3**2 / 2)
    assert found < aurc(y, np.zeros(100), confidence=y)


def test_augrc_is_the_auroc_of_failures_in_other_words():
    generator = np.random.default_rng(1)
    y, decisions = generator.integers(0, 2, 250), generator.integers(0, 2, 250)
    failed = y != decisions
    confidence = (generator.normal(size=250) - failed).round(1)
    f, a = failed.mean(), roc_auc_score(~failed, confidence)
    assert augrc(y, decisions, confidence) == pytest.approx((1 - a) * f * (1 - f) + f**2 / 2)


def test_the_areas_are_those_under_the_curve():
    generator = np.random.default_rng(2)
    y, p, confidence = generator.integers(0, 2, 400), generator.random(400), generator.normal(size=400)
    curve = risk_coverage(y, p, confidence)
    assert curve.coverage[-1] == 1
    assert curve.risk[-1] == pytest.approx(brier(y, p))
    np.testing.assert_allclose(curve.generalized_risk, curve.coverage * curve.risk)
    assert aurc(y, p, confidence) == pytest.approx(curve.risk.mean())
    assert augrc(y, p, confidence) == pytest.approx(auc([0, *curve.coverage], [0, *curve.generalized_risk]))


def test_the_curve_has_a_point_for_each_distinct_confidence():
    curve = risk_coverage([0, 0, 1, 1], [0, 0, 0, 1], confidence=[2, 1, 1, 2])
    np.testing.assert_array_equal(curve.coverage, [0.5, 1])
    np.testing.assert_array_equal(curve.risk, [0, 0.25])


def test_a_probability_brings_its_own_confidence():
    generator = np.random.default_rng(3)
    y, p = generator.integers(0, 2, 100), generator.random(100)
    assert aurc(y, p) == aurc(y, p, np.abs(p - 0.5))
    assert augrc(1 - y, 1 - p) == pytest.approx(augrc(y, p))


@pytest.mark.parametrize("metric", [aurc, augrc])
def test_resamples_carry_a_confidence_of_their_own(metric):
    generator = np.random.default_rng(4)
    y, p, confidence = generator.integers(0, 2, 50), generator.random(50), generator.integers(0, 9, 50)
    fast = resampled(partial(metric, confidence=confidence), y, p, n_resamples=20, seed=5)
    draws = np.random.default_rng(5).integers(50, size=(20, 50))
    np.testing.assert_allclose(fast, [metric(y[i], p[i], confidence[i]) for i in draws])
    assert np.isfinite(bootstrap(metric, y, p, n_resamples=20)).all()


def test_errors():
    with pytest.raises(FHRError, match=r"confidence have shape \(2,\) beside 3 labels"):
        aurc([0, 1, 1], [0, 1, 1], [1, 2])
    with pytest.raises(FHRError, match="NaN or infinite"):
        augrc([0, 1], [0, 1], [1, np.nan])
    with pytest.raises(FHRError, match=r"they must lie in \[0, 1\]"):
        risk_coverage([0, 1], [-2.0, 1.0])
