"""Reference data of one kind: what they keep of the points, and what they do not."""

import numpy as np
import pytest
from scipy.stats import skew

from fhr.clustering import REFERENCES, GaussianKind, UnimodalCopula
from fhr.clustering.one_kind import width_of_one_mode


def points(n: int = 300) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.gamma(2.0, size=(n, 3)) @ rng.normal(size=(3, 3))


@pytest.mark.parametrize("name", REFERENCES)
def test_references_have_the_very_mean_and_covariance(name: str) -> None:
    given = points()
    drawn = REFERENCES[name].fit(given).draw(len(given), np.random.default_rng(1))
    np.testing.assert_allclose(drawn.mean(axis=0), given.mean(axis=0), atol=1e-9)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(given.T), rtol=1e-9)


@pytest.mark.parametrize("name", REFERENCES)
@pytest.mark.parametrize("n", [2, 3, 5])
def test_fewer_points_than_coordinates_give_references_of_as_many(name: str, n: int) -> None:
    given = np.random.default_rng(0).normal(size=(n, 6))
    drawn = REFERENCES[name].fit(given).draw(n, np.random.default_rng(1))
    assert drawn.shape == given.shape
    assert np.isfinite(drawn).all()


def test_a_copula_keeps_the_skewness_that_a_normal_kind_loses() -> None:
    given = np.random.default_rng(0).gamma(1.0, size=(2_000, 1))
    drawn = UnimodalCopula.fit(given).draw(2_000, np.random.default_rng(1))
    plain = GaussianKind.fit(given).draw(2_000, np.random.default_rng(1))
    assert skew(drawn[:, 0]) > 0.8 * skew(given[:, 0])
    assert abs(skew(plain[:, 0])) < 0.2


def test_a_copula_loses_the_valley_between_two_kinds() -> None:
    rng = np.random.default_rng(0)
    given = rng.normal(size=(400, 2)) + 6 * (np.arange(400) % 2)[:, None] * [1, 0]
    along = given[:, 0] - given[:, 0].mean()
    drawn = UnimodalCopula.fit(given).draw(400, np.random.default_rng(1))[:, 0]
    middle = np.abs(drawn - given[:, 0].mean()) < 1
    assert (np.abs(along) < 1).mean() < 0.05
    assert middle.mean() > 0.15


def test_the_width_of_one_mode_of_two_normal_kinds_is_what_theory_says() -> None:
    # Two equal normal kinds of standard deviation s at distance D have one mode from s = D / 2 on.
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(-3, 1, 20_000), rng.normal(3, 1, 20_000)])
    assert width_of_one_mode(values) == pytest.approx(np.sqrt(3**2 - 1), rel=0.03)


def test_values_that_are_all_the_same_have_no_width() -> None:
    assert width_of_one_mode(np.ones(5)) == 0
