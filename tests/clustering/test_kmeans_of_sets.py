"""K-means of many sets: against all partitions, scikit-learn, and each set alone."""

from itertools import product

import numpy as np
from sklearn.cluster import KMeans

from fhr.clustering import METHODS
from fhr.clustering.kmeans_of_sets import kmeans_of_sets
from fhr.clustering.methods import within


def test_the_tightest_of_all_partitions_is_found() -> None:
    values = np.random.default_rng(0).normal(size=(10, 9, 2)) + 3 * (np.arange(9) % 2)[:, None]
    labels, squares = kmeans_of_sets(values, 2, range(10))
    for one, found, about_centres in zip(values, labels, squares, strict=True):
        every = [within(one, np.array(by)) for by in product((0, 1), repeat=9)]
        np.testing.assert_allclose([within(one, found), np.log(about_centres)], min(every), rtol=1e-9)


def test_it_ends_as_tight_as_scikit_learn_does() -> None:
    values = np.random.default_rng(1).normal(size=(20, 100, 3))
    ratios = {}
    for kinds in (2, 3, 5):
        _, squares = kmeans_of_sets(values, kinds, range(20))
        theirs = [KMeans(kinds, n_init=3, random_state=seed).fit(one).inertia_ for seed, one in enumerate(values)]
        ratios[kinds] = float(np.mean(squares / theirs))
    assert all(0.97 < ratio < 1.02 for ratio in ratios.values()), ratios


def test_a_descent_ends_where_each_point_is_nearest_to_the_mean_of_its_own() -> None:
    values = np.random.default_rng(2).normal(size=(5, 60, 4)) + 1e6  # far from the origin
    labels, squares = kmeans_of_sets(values, 4, range(5))
    for one, found, about_centres in zip(values, labels, squares, strict=True):
        means = np.array([one[found == kind].mean(axis=0) for kind in range(4)])
        apart = np.square(one[:, None] - means).sum(axis=2)
        np.testing.assert_array_equal(apart.argmin(axis=1), found)
        np.testing.assert_allclose(about_centres, apart.min(axis=1).sum(), rtol=1e-6)


def test_a_set_gives_the_same_alone_and_in_any_block(monkeypatch) -> None:
    values = np.random.default_rng(3).normal(size=(7, 50, 3))
    together = METHODS["kmeans"].of_sets(values, 3, range(7))
    monkeypatch.setattr("fhr.clustering.kmeans_of_sets._AT_ONCE", 900)
    for one, seed, partition, in_blocks in zip(
        values, range(7), together, METHODS["kmeans"].of_sets(values, 3, range(7)), strict=True
    ):
        alone = METHODS["kmeans"](one, 3, seed)
        for other in (alone, in_blocks):
            np.testing.assert_array_equal(other.labels, partition.labels)
            np.testing.assert_allclose(other.looseness, partition.looseness, rtol=1e-12)


def test_fewer_distinct_points_than_kinds_are_told_by_no_spread() -> None:
    labels, squares = kmeans_of_sets(np.repeat([[[0.0], [1.0]]], 5, axis=1), 3, [0])
    assert squares[0] == 0
    assert len(set(labels[0, :5])) == 1
    assert not set(labels[0, :5]) & set(labels[0, 5:])
