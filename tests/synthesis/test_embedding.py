"""Embedding: principal components of scaled statistics, families alike, fitted to some records and to no other."""

import numpy as np
import pytest

from fhr.errors import FHRError
from fhr.synthesis import Embedding


def rows(n: int = 60, k: int = 8, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, k)) * 10.0 ** np.arange(k) + 100


def test_components_of_scaled_statistics():
    x = rows()
    found = Embedding.fit(x)
    assert found.dimension == 6
    assert found(x).shape == (60, 6)
    np.testing.assert_allclose(found.components @ found.components.T, np.eye(6), atol=1e-12)
    scaled = found.scaling(x).astype(float) / np.sqrt(8)
    covariance = np.cov(scaled.T)
    values = np.sort(np.linalg.eigvalsh(covariance))[::-1]
    np.testing.assert_allclose(found(x).var(axis=0, ddof=1), values[:6], rtol=1e-9)
    np.testing.assert_allclose(found.explained, values[:6] / values.sum(), rtol=1e-9)
    np.testing.assert_allclose(found(x).mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(Embedding.fit(x, dimension=2)(x), found(x)[:, :2], atol=1e-12)


def test_units_and_levels_do_not_matter():
    x, gain = rows(), np.array([1e-3, 5, 1, 1, 7, 1, 1e4, 2])
    np.testing.assert_allclose(Embedding.fit(x * gain + 3)(x * gain + 3), Embedding.fit(x)(x), atol=1e-4)


def test_a_family_of_many_columns_weighs_as_one_of_few():
    rng = np.random.default_rng(1)
    common, single = rng.normal(size=(2, 400))
    x = np.column_stack([*(common + 0.1 * rng.normal(size=400) for _ in range(30)), single])
    alike = Embedding.fit(x, ["many"] * 30 + ["one"])
    np.testing.assert_allclose(alike.explained[:2], 0.5, atol=0.06)
    assert max(np.abs(np.corrcoef(alike(x)[:, k], single)[0, 1]) for k in (0, 1)) > 0.7
    assert Embedding.fit(x).explained[0] > 0.9


def test_records_it_was_not_fitted_to_change_nothing_and_missing_is_the_median():
    x = rows(80)
    found = Embedding.fit(x[:60], fitted_to=["a", "b"])
    assert found.fitted_to == ("a", "b")
    np.testing.assert_allclose(found(x)[60:], found(x[60:]))
    median = np.median(x[:60], axis=0)
    np.testing.assert_allclose(found(np.full((1, 8), np.nan)), found(median[None]), atol=1e-6)
    far = found(np.full((1, 8), 1e12))
    assert (np.abs(far) <= 5 * 8).all()  # bounded


def test_columns_that_do_not_vary_or_are_unknown_take_no_part():
    x = rows()
    x[:, 0], x[:, 1] = 3.0, np.nan
    found = Embedding.fit(x, ["a"] * 4 + ["b"] * 4)
    np.testing.assert_allclose(found.components[:, :2], 0, atol=1e-12)
    np.testing.assert_allclose(found.weights, np.sqrt([1 / 2] * 4 + [1 / 4] * 4))
    assert Embedding.fit(x[:, :3]).dimension == 1


@pytest.mark.parametrize(
    ("x", "arguments", "message"),
    [
        (rows(9), {}, "10 records or more"),
        (np.zeros(60), {}, "10 records or more"),
        (rows(), {"dimension": 7}, "give 1 to 6"),
        (rows(), {"dimension": 0}, "give 1 to 6"),
        (rows(200, 3), {"dimension": 4}, "vary in 3 only"),
        (rows(), {"families": ["a"]}, "1 families for 8 statistics"),
        (np.full((20, 3), np.nan), {}, "none of 3 statistics varies"),
    ],
)
def test_what_cannot_be_embedded_is_refused(x, arguments, message):
    with pytest.raises(FHRError, match=message):
        Embedding.fit(x, **arguments)


def test_other_statistics_are_refused():
    with pytest.raises(FHRError, match="fitted on 8 features"):
        Embedding.fit(rows())(rows(k=7))
