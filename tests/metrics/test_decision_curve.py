import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhr.errors import FHRError
from fhr.metrics import bootstrap, net_benefit, net_benefit_at, net_benefit_of_treating_all


def births(seed, n=200):
    generator = np.random.default_rng(seed)
    p = generator.beta(1, 6, n)
    return (generator.random(n) < p).astype(int), p


@given(st.integers(0, 10_000), st.floats(0.01, 0.9))
def test_by_its_definition(seed, threshold):
    y, p = births(seed, 50)
    true, false = (sum(1 for a, b in zip(y, p, strict=True) if a == label and b >= threshold) for label in (1, 0))
    assert net_benefit_at(y, p, threshold) == pytest.approx((true - false * threshold / (1 - threshold)) / 50)


def test_an_alarm_begins_at_the_threshold_itself():
    assert net_benefit_at([1, 0], [0.2, 0.1], 0.2) == 0.5


def test_treating_all_and_no_one():
    y, p = births(0)
    t = np.linspace(0.02, 0.3, 29)
    np.testing.assert_allclose(net_benefit(y, np.ones(200), t), net_benefit_of_treating_all(y, t), atol=1e-12)
    np.testing.assert_array_equal(net_benefit(y, np.zeros(200), t), 0)
    assert net_benefit_of_treating_all(y, [y.mean()]) == pytest.approx(0)
    assert net_benefit(y, y, t) == pytest.approx(np.full(29, y.mean()))
    assert (net_benefit(y, p, t) <= y.mean()).all()


def test_the_truth_is_never_beaten_by_either_default():
    y, p = births(1, 30_000)
    t = np.linspace(0.02, 0.3, 29)
    assert (net_benefit(y, p, t) >= np.maximum(net_benefit_of_treating_all(y, t), 0) - 2e-3).all()
    assert (net_benefit(y, p**3, t[5:]) < net_benefit(y, p, t[5:])).all()  # miscalibration costs


def test_one_class_is_defined():
    assert net_benefit_at([0, 0], [0.5, 0.1], 0.2) == pytest.approx(-0.125)
    assert np.isnan(bootstrap(net_benefit_at_a_tenth, [0, 0], [0.5, 0.1], n_resamples=5)[1:]).all()


def net_benefit_at_a_tenth(labels, probabilities):
    return net_benefit_at(labels, probabilities, 0.1)


@pytest.mark.parametrize("thresholds", [[0.0], [0.5, 1.0], [np.nan], 0.1])
def test_thresholds_are_risks(thresholds):
    with pytest.raises(FHRError, match=r"give a list of risks in \(0, 1\)"):
        net_benefit([0, 1], [0.1, 0.2], thresholds)
    with pytest.raises(FHRError, match=r"give a list of risks in \(0, 1\)"):
        net_benefit_of_treating_all([0, 1], thresholds)
