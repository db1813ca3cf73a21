"""The number of kinds: its error rate in data of one kind, and what it finds in data of several."""

import numpy as np
import pytest

from fhr.clustering import METHODS, NOWHERE, Method, number_of_kinds
from fhr.errors import FHRError
from fhr.metrics import exact_interval


def kinds(k: int, apart: float, n: int = 150, d: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Normal kinds at equal distances."""
    rng = np.random.default_rng(seed)
    truth = np.arange(n) % k
    return apart / np.sqrt(2) * np.eye(max(k, d))[truth][:, :d] + rng.normal(size=(n, d)), truth


@pytest.mark.statistics
def test_one_kind_is_split_as_often_as_the_level_says() -> None:
    # Normal points of one kind, where the rank is exact: the share of 100 sets lies in the binomial band of 10%.
    rejected = 0
    for seed in range(100):
        values = np.random.default_rng(seed).normal(size=(40, 2)) * [1, 3]
        given = {"most": 1, "alpha": 0.1, "references": ["gaussian"], "n_references": 9}
        found = number_of_kinds(values, METHODS["kmeans"], seed=seed, **given)
        rejected += found.reached_most
    share = exact_interval(rejected, 100, confidence=0.99)
    assert share.low <= 0.1 <= share.high


@pytest.mark.statistics
@pytest.mark.parametrize("method", ["kmeans", "gaussian_mixture", "agglomerative", "spectral", "hdbscan"])
def test_two_kinds_far_apart_are_found_and_one_is_not_split(method: str) -> None:
    values, truth = kinds(2, 7.0)
    found = number_of_kinds(values, METHODS[method], n_references=39, most=2)
    assert found.number == 2
    labels = found.partition.labels
    sure = labels != NOWHERE
    agree = (labels[sure] == truth[sure]).mean()
    assert max(agree, 1 - agree) > 0.97
    assert number_of_kinds(np.random.default_rng(2).normal(size=(150, 3)), METHODS[method], n_references=19).number == 1


@pytest.mark.statistics
@pytest.mark.parametrize("k", [3, 4])
def test_several_kinds_are_counted(k: int) -> None:
    values, _ = kinds(k, 7.0, n=240, d=4)
    found = number_of_kinds(values, METHODS["kmeans"], n_references=39)
    assert found.number == k
    assert [test.p <= 0.05 for test in found.tests] == [True] * (k - 1) + [False]
    assert [test.kinds for test in found.tests] == list(range(1, k + 1))


@pytest.mark.statistics
def test_a_kind_with_corners_is_one_kind() -> None:
    # A triangle splits into three better than any normal kind does, and has no valley.
    rng = np.random.default_rng(0)
    a, b = rng.random((2, 400))
    values = np.stack([np.where(a + b > 1, 1 - a, a), np.where(a + b > 1, 1 - b, b)], axis=1)
    found = number_of_kinds(values, METHODS["kmeans"], n_references=39)
    assert found.number == 1
    assert found.tests[0].statistic == "valley"


@pytest.mark.statistics
def test_skewed_and_heavy_tailed_points_are_one_kind() -> None:
    rng = np.random.default_rng(0)
    for values in (rng.gamma(1.0, size=(200, 3)), rng.standard_t(3, size=(200, 3))):
        assert number_of_kinds(values, METHODS["kmeans"], n_references=39).number == 1


def test_the_largest_number_is_said_to_be_reached() -> None:
    values, _ = kinds(3, 9.0)
    found = number_of_kinds(values, METHODS["kmeans"], most=2, n_references=19)
    assert (found.number, found.reached_most) == (2, True)


def test_the_same_seed_gives_the_same_numbers() -> None:
    values, _ = kinds(2, 3.0)
    first, second, other = (number_of_kinds(values, METHODS["kmeans"], n_references=19, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(first.tests[0].null, second.tests[0].null)
    assert not np.array_equal(first.tests[0].null, other.tests[0].null)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"alpha": 0.05, "n_references": 18}, "19 sets or more"),
        ({"alpha": 0.0}, "level 0"),
        ({"references": ["uniform"]}, "uniform are not known; choose from gaussian, copula"),
        ({"references": []}, r"\(none\)"),
    ],
)
def test_a_level_that_no_rank_reaches_and_unknown_references_are_refused(given: dict, said: str) -> None:
    with pytest.raises(FHRError, match=said):
        number_of_kinds(np.random.default_rng(0).normal(size=(40, 2)), METHODS["kmeans"], **given)


def test_more_kinds_than_points_are_refused() -> None:
    with pytest.raises(FHRError, match="5 kinds of 3 points"):
        METHODS["kmeans"](np.eye(3), 5)


def test_a_method_of_ones_own_splits() -> None:
    halves = Method("halves", lambda values, kinds, seed: METHODS["kmeans"].split(values, kinds, seed), parts=(2,))
    assert number_of_kinds(kinds(2, 8.0)[0], halves, n_references=19, most=2).number == 2
