import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from fhr.errors import FHRError
from fhr.metrics import least_separation, separation_words, shape_separation, spectral_separation


def two_kinds(x, share):
    """Density of two kinds whose mixture has mean 0 and variance 1."""
    sd = np.sqrt(1 - share)
    return (norm.pdf(x, np.sqrt(share), sd) + norm.pdf(x, -np.sqrt(share), sd)) / 2


@pytest.mark.parametrize("n", [30, 442, 5000])
@pytest.mark.parametrize("kinds", [2, 5])
def test_no_test_of_level_05_has_more_power_than_half_at_the_bound_of_shape(n, kinds):
    share = (distance := shape_separation(n, kinds)) ** 2 / (4 + distance**2)
    divergence = quad(lambda x: two_kinds(x, share) ** 2 / norm.pdf(x), -12, 12)[0] - 1
    bound = 0.05 + np.sqrt(0.05 * 0.95 * ((1 + 2 * divergence / kinds) ** n - 1))
    assert bound == pytest.approx(0.5, abs=1e-4)


@pytest.mark.statistics
def test_the_best_test_of_one_kind_against_two_misses_more_often_than_it_finds_but_is_not_blind_at_the_bound():
    n, rng = 442, np.random.default_rng(0)
    share = (distance := shape_separation(n)) ** 2 / (4 + distance**2)
    two = np.sqrt(1 - share) * rng.normal(size=(2000, n)) + np.sqrt(share) * rng.choice([-1, 1], size=(2000, n))
    of_one, of_two = (np.log(two_kinds(x, share) / norm.pdf(x)).sum(axis=1) for x in (rng.normal(size=(2000, n)), two))
    assert 0.3 < np.mean(of_two > np.quantile(of_one, 0.95)) < 0.45


@pytest.mark.statistics
def test_principal_axes_find_the_centres_beyond_the_spectral_bound_and_not_below():
    n, d, rng = 1000, 250, np.random.default_rng(0)

    def overlap(multiple):
        across = multiple * spectral_separation(n, d) / 2 * rng.choice([-1, 1], size=n)
        values = rng.normal(size=(n, d))
        values[:, 0] += across
        return np.linalg.eigh(values.T @ values)[1][0, -1] ** 2

    assert overlap(0.7) < 0.1
    spike = 2**2 * np.sqrt(d / n)  # variance between the centres; below, the limit of the squared cosine
    assert overlap(2.0) == pytest.approx((1 - d / n / spike**2) / (1 + d / n / spike), abs=0.06)


def test_values_that_are_known():
    assert spectral_separation(400, 100) == pytest.approx(
        2 * np.sqrt(np.sqrt(100 / 400))
    )  # half of it, squared: sqrt(d/n)
    assert spectral_separation(10_000, 1, 8) == pytest.approx(0.4)
    assert shape_separation(10**10) == pytest.approx(2.67 * 10 ** (-10 / 8), rel=0.02)


@given(st.integers(12, 10**6), st.integers(1, 10**4), st.integers(2, 6))
def test_more_records_fewer_dimensions_and_fewer_kinds_separate_better(n, d, kinds):
    here = least_separation(n, d, kinds)
    assert here == max(spectral_separation(n, d, kinds), shape_separation(n, kinds)) > 0
    assert least_separation(2 * n, d, kinds) < here
    assert least_separation(n, 2 * d, kinds) >= here
    assert least_separation(n, d, 2 * kinds) > here


def test_shape_rules_in_few_dimensions_and_the_spectrum_in_many():
    assert least_separation(442, 141) == shape_separation(442)
    assert least_separation(442, 142) == spectral_separation(442, 142)


def test_arguments_broadcast_and_single_numbers_give_single_numbers():
    table = least_separation(np.array([[100], [442]]), np.array([2, 10, 500]), 3)
    assert table.shape == (2, 3)
    assert table[1, 2] == least_separation(442, 500, 3)
    assert np.ndim(least_separation(np.int64(442), 10)) == 0
    assert shape_separation([100, 442], [[2], [3]]).shape == (2, 2)


def test_words_state_the_distance_and_what_rules():
    assert separation_words(442, 10) == (
        "with 442 records in 10 dimensions, two kinds closer than 1.50 standard deviations cannot be told apart: "
        "together they have the shape of one"
    )
    assert "in 1 dimension, three kinds closer than 1.61" in separation_words(442, 1, 3)
    assert separation_words(442, 1, 3).endswith("two of them together have the shape of one")
    assert "12 kinds" in separation_words(442, 10, 12)
    assert separation_words(100, 200).endswith("lost among differences by chance")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((442, 0), "d=0; give whole numbers of at least 1"),
        ((442, 10, 1), "kinds=1; give whole numbers of at least 2"),
        ((442.5, 10), "n=442.5; give whole numbers"),
        ((442, np.nan), "d=nan; give whole numbers"),
        ((True, 10), "n=True"),
        (([442, 1], 10), r"n=\[442, 1\]"),
        (([442, 4], 10, 5), "4 records and 5 kinds; give at least as many"),
        (([100, 442], [1, 2, 3]), r"n \(2,\), d \(3,\), kinds \(\) do not broadcast"),
    ],
)
def test_bad_numbers_are_refused(arguments, message):
    with pytest.raises(FHRError, match=message):
        least_separation(*arguments)
