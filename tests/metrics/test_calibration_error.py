import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve

from fhr.errors import FHRError
from fhr.metrics import ece_reference, expected_calibration_error


@given(st.integers(0, 10_000), st.sampled_from([1, 2, 5, 10]), st.integers(1, 20))
def test_equal_bins_are_slices_of_the_sorted_probabilities(seed, bins, each):
    generator = np.random.default_rng(seed)
    p = generator.permutation(np.linspace(0, 1, bins * each + 2)[1:-1])
    y = generator.integers(0, 2, len(p))
    slices = np.argsort(p).reshape(bins, each)
    expected = np.mean([abs(y[b].mean() - p[b].mean()) for b in slices])
    assert expected_calibration_error(y, p, bins) == pytest.approx(expected)


def test_agrees_with_the_reliability_curve_of_scikit_learn():
    generator = np.random.default_rng(0)
    p = generator.random(500)
    y = (generator.random(500) < p**2).astype(int)
    observed, given_ = calibration_curve(y, p, n_bins=10, strategy="quantile")
    assert expected_calibration_error(y, p) == pytest.approx(np.mean(np.abs(observed - given_)), abs=1e-9)


def test_bins_of_unequal_size_weigh_as_their_records():
    assert expected_calibration_error([0, 0, 1], [0.1, 0.1, 0.4], bins=2) == pytest.approx((2 * 0.1 + 0.6) / 3)


def test_a_constant_probability_is_one_bin():
    assert expected_calibration_error([0, 0, 0, 1], [0.2] * 4) == pytest.approx(0.05)


@given(st.integers(0, 1000))
def test_the_order_of_records_does_not_matter(seed):
    generator = np.random.default_rng(seed)
    p, y = generator.integers(0, 5, 47) / 5, generator.integers(0, 2, 47)
    shuffled = generator.permutation(47)
    assert expected_calibration_error(y, p) == pytest.approx(expected_calibration_error(y[shuffled], p[shuffled]))


def test_a_calibrated_model_stays_within_its_reference_19_times_in_20():
    generator = np.random.default_rng(0)
    p = generator.beta(1, 8, 440)
    reference = ece_reference(p)
    errors = [expected_calibration_error(generator.random(440) < p, p) for _ in range(300)]
    assert np.mean(errors) == pytest.approx(reference.mean, rel=0.06)
    assert np.mean(np.array(errors) <= reference.p95) == pytest.approx(0.95, abs=0.04)
    assert expected_calibration_error(generator.random(440) < 0.4 * p, p) > reference.p95


def test_the_reference_falls_as_one_over_root_n():
    p = np.random.default_rng(0).random(4000)
    assert ece_reference(p[:1000]).mean / ece_reference(p).mean == pytest.approx(2, rel=0.1)


def test_the_seed_decides():
    p = np.random.default_rng(0).random(100)
    assert ece_reference(p, seed=3) == ece_reference(p, seed=3)
    assert ece_reference(p, seed=3) != ece_reference(p, seed=4)


def test_errors():
    with pytest.raises(FHRError, match="bins=0; give at least 1"):
        expected_calibration_error([0, 1], [0.1, 0.2], bins=0)
    with pytest.raises(FHRError, match="n_simulations=0; give at least 1"):
        ece_reference([0.1, 0.2], n_simulations=0)
    with pytest.raises(FHRError, match=r"they must lie in \[0, 1\]"):
        ece_reference([0.1, 2.0])
    with pytest.raises(FHRError, match="no probabilities"):
        ece_reference([])
