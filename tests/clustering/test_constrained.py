"""Kinds with labels of pairs: against all partitions, the theory of their weight, and the methods without pairs."""

from itertools import product

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from fhr.clustering import (
    EVIDENCE,
    METHODS,
    NOWHERE,
    PairLabels,
    SignedPairs,
    SplitWithPairs,
    constrained_labels,
    in_metric_of_pairs,
    memberships_with_pairs,
)
from fhr.clustering.constrained_kmeans import constrained_kmeans, means, moved_by_pairs, penalty
from fhr.clustering.methods import within
from fhr.errors import FHRError

NOBODY = SignedPairs(np.empty(0, dtype=int), np.empty(0, dtype=int), np.empty(0))


def kinds(seed: int, apart: float, *, n: int = 200, noise: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Two kinds of variance 1 that lie apart along the last of six axes; the others have a spread of `noise`."""
    rng = np.random.default_rng(seed)
    truth = np.arange(n) % 2
    x = rng.normal(size=(n, 6))
    x[:, :5] *= noise
    x[:, 5] += apart * truth
    return x - x.mean(axis=0), truth


def some_pairs(seed: int, truth: np.ndarray, number: int, wrong: int = 0) -> SignedPairs:
    first, second = np.triu_indices(len(truth), 1)
    chosen = np.random.default_rng(seed).choice(len(first), number, replace=False)
    first, second = first[chosen], second[chosen]
    sign = np.where(truth[first] == truth[second], 1.0, -1.0)
    sign[:wrong] *= -1
    return SignedPairs(first, second, sign)


@pytest.mark.parametrize("method", METHODS)
def test_without_pairs_or_kinds_it_is_the_method_itself(method):
    x, _ = kinds(0, 4.0, n=60)
    plain = METHODS[method]
    np.testing.assert_array_equal(constrained_labels(method, x, 2, NOBODY, 3), plain(x, 2, 3).labels)
    pairs = SignedPairs(np.array([0]), np.array([1]), np.array([1.0]))
    np.testing.assert_array_equal(constrained_labels(plain, x, 1, pairs, 3), plain(x, 1, 3).labels)


@pytest.mark.parametrize("method", METHODS)
def test_each_method_obeys_a_heavy_pair_and_leaves_distant_records_alone(method):
    x, truth = kinds(1, 12.0, n=60, noise=0.3)
    pairs = SignedPairs(np.array([0]), np.array([1]), np.array([1000.0]))
    labels = constrained_labels(method, x, 2, pairs, 0)
    assert labels[0] == labels[1] != NOWHERE
    assert adjusted_rand_score(truth[2:], labels[2:]) > 0.9
    np.testing.assert_array_equal(constrained_labels(method, x, 2, pairs, 0), labels)


def test_kmeans_finds_the_cheapest_of_all_partitions_or_one_nearby():
    above = []
    for seed in range(8):
        x, truth = kinds(seed, 3.0, n=10)
        pairs = some_pairs(seed, truth, 4, wrong=1)
        plain = METHODS["kmeans"](x, 2, 0).labels
        unit = penalty(x, plain, 2)

        def cost(labels, x=x, pairs=pairs, unit=unit):
            labels = np.asarray(labels)
            joined = labels[pairs.first] == labels[pairs.second]
            return np.exp(within(x, labels)) - unit * float(pairs.weight @ joined)

        every = [cost(labels) for labels in product((0, 1), repeat=10) if 0 < sum(labels) < 10]
        reached = cost(constrained_kmeans(x, 2, pairs, 0))
        assert reached <= cost(plain) + 1e-9
        above.append((reached - min(every)) / unit)
    assert np.median(above) == pytest.approx(0, abs=1e-9)
    assert max(above) < 1  # pair


def test_a_pair_costs_what_nine_to_one_is_worth_whatever_other_axes_do():
    for noise in (1.0, 3.0):
        x, truth = kinds(2, 4.0, n=4000, noise=noise)
        assert penalty(x, truth, 2) == pytest.approx(2 * np.log(9), rel=0.1)
    assert penalty(np.zeros((4, 2)), np.zeros(4, dtype=int), 2) > 0


@pytest.mark.parametrize("method", ["kmeans", "gaussian_mixture", "agglomerative", "spectral"])
def test_pairs_bring_kinds_nearer_to_the_truth(method):
    gains = []
    for seed in range(3):
        x, truth = kinds(seed, 2.2)
        scores = [
            adjusted_rand_score(truth, constrained_labels(method, x, 2, pairs, 0))
            for pairs in (NOBODY, some_pairs(seed, truth, 200), some_pairs(seed, truth, 200, wrong=30))
        ]
        gains.append(np.subtract(scores[1:], scores[0]))
    assert (np.mean(gains, axis=0) > [0.1, 0]).all()


def test_kinds_along_a_small_variance_are_found_in_the_metric():
    x, truth = kinds(3, 5.0, n=300, noise=6.0)
    pairs = some_pairs(0, truth, 30, wrong=4)
    assert adjusted_rand_score(truth, constrained_labels("kmeans", x, 2, pairs)) < 0.1
    for method in ("kmeans", "gaussian_mixture", "spectral"):
        assert adjusted_rand_score(truth, constrained_labels(method, x, 2, pairs, metric=True)) > 0.8
    points = in_metric_of_pairs(x, 2, pairs, 0)
    residuals = points - means(points, truth, 2)[truth]
    np.testing.assert_allclose(np.cov(residuals.T), np.eye(6), atol=0.2)


def test_only_records_whose_pairs_outweigh_their_values_move():
    x, truth = kinds(4, 8.0)
    right = some_pairs(0, truth, 40)
    np.testing.assert_allclose(moved_by_pairs(x, 2, right, 0), x)
    wrong = SignedPairs(np.array([0]), np.array([1]), np.array([1000.0]))
    moved = np.abs(moved_by_pairs(x, 2, wrong, 0) - x).max(axis=1) > 1e-9
    assert moved.sum() == 1
    assert moved[:2].sum() == 1


def test_memberships_follow_pairs_by_their_odds():
    plain = np.array([[0.5, 0.5], [1.0, 0.0], [0.9, 0.1], [np.nan, np.nan], [0.3, 0.7]], dtype=np.float32)
    pairs = SignedPairs(np.array([0, 2]), np.array([1, 3]), np.array([1.0, 5.0]))
    found = memberships_with_pairs(plain, pairs)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[0], [0.9, 0.1], atol=1e-4)  # nine to one, beside a record that is sure
    np.testing.assert_array_equal(found[1:], plain[1:])  # a record without membership says nothing
    apart = memberships_with_pairs(plain, SignedPairs(np.array([0]), np.array([1]), np.array([-2.0])))
    np.testing.assert_allclose(apart[0, 0], 1 / (1 + np.exp(2 * EVIDENCE)), atol=1e-4)


def test_a_split_looks_its_rows_up_by_name():
    x, truth = kinds(5, 3.0)
    names = np.array([f"r{i}" for i in range(len(x))])
    pairs = some_pairs(1, truth, 60)
    labels = PairLabels(names[pairs.first], names[pairs.second], pairs.weight)
    rows = np.random.default_rng(0).permutation(len(x))[:150]
    found = SplitWithPairs(METHODS["kmeans"], labels, names)(x[rows], rows, 2, 7)
    wanted = constrained_labels("kmeans", x[rows], 2, labels.among(names[rows]), 7)
    np.testing.assert_array_equal(found.labels, wanted)
    assert found.looseness == pytest.approx(within(x[rows], wanted))


def test_pairs_of_rows_that_are_not_there_and_too_many_kinds_are_refused():
    x, _ = kinds(0, 1.0, n=6)
    for row in (6, -1):
        with pytest.raises(FHRError, match="not among 6; take"):
            constrained_labels("kmeans", x, 2, SignedPairs(np.array([0]), np.array([row]), np.array([1.0])))
    with pytest.raises(FHRError, match="7 kinds of 6 points"):
        constrained_labels("kmeans", x, 7, SignedPairs(np.array([0]), np.array([1]), np.array([1.0])))
    with pytest.raises(FHRError, match="not known; choose from"):
        constrained_labels("k-means", x, 2, NOBODY)


@pytest.mark.parametrize("method", METHODS)
def test_one_coordinate_and_equal_points_split_too(method):
    pairs = SignedPairs(np.array([0, 1]), np.array([1, 2]), np.array([1.0, -1.0]))
    for x in (np.arange(30.0)[:, None], np.zeros((30, 2))):
        assert constrained_labels(method, x, 2, pairs, metric=True).shape == (30,)
