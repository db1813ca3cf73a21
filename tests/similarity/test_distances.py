import numpy as np
import pytest
from scipy.stats import norm

from fhr.errors import FHRError
from fhr.similarity import DISTANCES, Embedding, Euclidean, Laplacian, Mahalanobis


def of(unit="", blocks=()):
    return Embedding(lambda windows: windows.signal, "some", unit=unit, blocks=blocks, missing=True)


def vectors(n=200, d=6, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


def test_euclidean_of_vectors_in_bpm_is_their_root_mean_square_difference():
    x = 140 + 10 * vectors()
    distance = Euclidean.fit(x, of("bpm"))
    found = distance.between(distance.scale(x[:3]), distance.scale(x))
    np.testing.assert_allclose(found, np.sqrt(np.square(x[:3, None] - x).mean(axis=-1)), rtol=1e-5)
    assert distance.unit == "bpm"
    assert found[0, 0] == 0


def test_what_is_missing_is_not_compared_and_too_little_in_common_is_infinitely_far():
    x = np.array([[1, 2, 3, 4], [1, np.nan, 5, 4], [np.nan, np.nan, np.nan, 9], [7, 1, np.nan, np.nan]], np.float32)
    distance = Euclidean.fit(x, of("bpm"))
    found = distance.between(x, x)
    assert found[0, 1] == pytest.approx(np.sqrt(4 / 3))
    assert found[0, 2] == 5  # all of what the second has
    assert found[1, 2] == 5
    assert found[2, 3] == np.inf
    assert found[1, 3] == pytest.approx(6)  # one of two
    np.testing.assert_array_equal(found, found.T)


def test_distances_do_not_depend_on_how_many_are_compared_at_once(monkeypatch):
    x = vectors(500)
    x[::7, 2] = np.nan
    for kind in DISTANCES.values():
        distance = kind.fit(x, of("bpm"))
        points = distance.scale(x)
        whole = distance.between(points[:2], points)
        parts = np.concatenate([distance.between(points[:2], points[i : i + 60]) for i in range(0, 500, 60)], axis=1)
        np.testing.assert_allclose(whole, parts, rtol=1e-5, atol=1e-6)


def test_without_a_unit_coordinates_count_alike_whatever_their_size():
    x = vectors() * [1, 1e6, 1e-6, 1, 1, 1]
    distance = Euclidean.fit(x, of())
    assert distance.unit == "SD"
    np.testing.assert_allclose(distance.scale(x).std(axis=0), 1, atol=0.1)
    ranks = np.argsort(np.argsort(x[:, 1]))
    assert np.corrcoef(distance.scale(x)[:, 1], norm.ppf((ranks + 0.5) / len(x)))[0, 1] > 0.99


def test_mahalanobis_frees_points_of_their_correlation():
    x = vectors(2000, 2)
    x[:, 1] = 0.95 * x[:, 0] + np.sqrt(1 - 0.95**2) * x[:, 1]
    distance = Mahalanobis.fit(x, of())
    np.testing.assert_allclose(np.cov(distance.scale(x).T), np.eye(2), atol=0.05)
    along, across = distance.scale(np.array([[1, 1], [1, -1]], np.float32))
    origin = distance.scale(np.zeros((1, 2), np.float32))
    assert distance.between(origin, along[None]) < 0.5 * distance.between(origin, across[None])
    constant = np.concatenate([x, np.ones((len(x), 1), np.float32)], axis=1)
    assert Mahalanobis.fit(constant, of()).scale(constant).shape[1] == 2


def test_laplacian_is_the_distance_in_the_space_of_the_kernel():
    x = vectors(300, 5)
    distance = Laplacian.fit(x, of(blocks=(2, 3)))
    z = distance.scale(x)
    away = np.abs(z[0] - z[1])
    kernel = np.mean([np.exp(-0.6 * away[:2].mean()), np.exp(-0.6 * away[2:].mean())])
    assert distance.between(z[:1], z[1:2])[0, 0] == pytest.approx(np.sqrt(2 - 2 * kernel), rel=1e-5)
    found = distance.between(z[:50], z[:50])
    assert found.max() <= np.sqrt(2)
    assert (found[:, :, None] <= found[:, None] + found[None] + 1e-5).all()  # the triangle


@pytest.mark.parametrize("name", sorted(DISTANCES))
def test_a_distance_is_the_same_after_it_was_arrays(name):
    x = vectors()
    x[3, 1] = np.nan
    distance = DISTANCES[name].fit(x, of(blocks=(2, 4)))
    again = DISTANCES[name].of_arrays(distance.arrays())
    assert again.unit == distance.unit
    points = distance.scale(x)
    np.testing.assert_array_equal(again.scale(x), points)
    np.testing.assert_array_equal(again.between(points[:5], points), distance.between(points[:5], points))


def test_vectors_of_another_length_are_refused():
    distance = Euclidean.fit(vectors(), of("bpm"))
    with pytest.raises(FHRError, match="windows of one length"):
        distance.scale(vectors(d=5))
