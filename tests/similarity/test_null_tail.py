import numpy as np
import pytest
from scipy import stats

from fhr.errors import FHRError
from fhr.similarity import fit_tail, with_tail
from fhr.similarity.tail_laws import LAWS, anderson_darling


@pytest.mark.parametrize("shape", [0.0, 0.3])
def test_the_pareto_law_is_fitted_as_by_maximum_likelihood(shape):
    y = np.sort(stats.genpareto(shape, scale=2).rvs(4000, random_state=0))
    scale, found = (float(one[0, 0]) for one in LAWS["pareto"].fit(y[None]))
    likely, _, likely_scale = stats.genpareto.fit(y, floc=0)
    assert found == pytest.approx(max(likely, 0), abs=0.01)
    assert scale == pytest.approx(likely_scale, rel=0.02)


def test_a_law_with_an_end_becomes_the_exponential_one():
    y = np.sort(np.random.default_rng(0).random((1, 500)))
    scale, shape = LAWS["pareto"].fit(y)
    assert shape == 0
    assert scale == pytest.approx(y.mean())


def test_the_gumbel_law_is_found():
    y = np.sort(stats.gumbel_r(1, 0.5).rvs((3, 5000), random_state=0), axis=1)
    scale, location = LAWS["gumbel"].fit(y)
    np.testing.assert_allclose(scale, 0.5, rtol=0.04)
    np.testing.assert_allclose(location, 1, rtol=0.03)


@pytest.mark.parametrize(
    ("family", "law", "parameters"),
    [
        ("pareto", stats.genpareto(0.3, scale=2), (2, 0.3)),
        ("pareto", stats.expon(scale=2), (2, 0)),
        ("gumbel", stats.gumbel_r(1, 0.5), (0.5, 1)),
    ],
)
def test_chances_and_values_are_those_of_scipy(family, law, parameters):
    x, given = np.array([[0.1, 1.0, 5.0, 20.0]]), tuple(np.array([[float(one)]]) for one in parameters)
    np.testing.assert_allclose(LAWS[family].chance(x, given), law.sf(x), rtol=1e-6)
    np.testing.assert_allclose(LAWS[family].value(law.sf(x), given), x, rtol=1e-6)


def test_the_statistic_is_that_of_scipy():
    y = np.random.default_rng(0).exponential(size=(2, 30))
    chances = np.exp(-y / y.mean(axis=1, keepdims=True))
    expected = [stats.anderson(row, "expon").statistic for row in y]
    np.testing.assert_allclose(anderson_darling(chances), expected)


LAWS_OF_DISTANCES = {
    "six dimensions": stats.weibull_min(6),
    "twenty dimensions": stats.weibull_min(20),
    "normal": stats.norm(10, 2),
    "gamma": stats.gamma(12),
}


@pytest.mark.statistics
@pytest.mark.parametrize("name", LAWS_OF_DISTANCES)
def test_p_values_of_the_tail_against_a_hundred_thousand_draws(name):
    """Fitted to 400 values: as many as should be are below a level, or fewer, and p is near what brute force finds."""
    law, levels = LAWS_OF_DISTANCES[name], np.array([1 / 400, 1 / 4000])
    drawn = np.sort(law.rvs(100_000, random_state=1))
    rates, errors = [], []
    for seed in range(40):
        tail = fit_tail(law.rvs(400, random_state=100 + seed))
        if not tail.accepted:
            continue
        p = tail.p(drawn[:2000])
        rates.append([(p <= level).mean() * 2000 / 100_000 for level in levels])
        errors.append(np.log10(p[[99, 499]] / [100 / 100_000, 500 / 100_000]))
    assert len(rates) >= 36
    assert (np.mean(rates, axis=0) <= 1.1 * levels).all()
    assert (np.abs(np.median(errors, axis=0)) < [0.7, 0.4]).all()


def test_gumbel_of_logarithms_is_weibull_of_distances():
    law = stats.weibull_min(6, scale=3)
    tail = fit_tail(law.rvs(2000, random_state=0), family="gumbel")
    assert tail.accepted
    assert tail.n_exceedances == 2000
    for p in (0.3, 1e-2, 1e-4):
        assert tail.p(law.ppf(p)) == pytest.approx(p, rel=0.5)


def test_what_is_no_tail_is_rejected():
    """Half of the null values far above the others: Gumbel is of all values, and is none of these."""
    null = np.r_[np.random.default_rng(0).weibull(6, 200), 10 + np.random.default_rng(1).weibull(6, 200)]
    tail = fit_tail(null, family="gumbel")
    assert not tail.accepted
    assert tail.goodness <= 0.05
    assert "goodness of fit" in tail.reason
    with pytest.raises(FHRError, match="from a tail that was rejected: goodness of fit"):
        tail.p(0.1)
    by_rank = np.array([0.01, 0.5])
    p, by = with_tail(by_rank, np.array([0.1, 5.0]), tail)
    np.testing.assert_array_equal(p, by_rank)
    assert by.tolist() == ["rank", "rank"]
    assert fit_tail(null).accepted


@pytest.mark.parametrize(
    ("null", "reason"),
    [
        (np.arange(1.0, 40), "39 null values; a tail is fitted to 40 or more"),
        (np.r_[0.0, np.arange(1.0, 100)], "null values of 0"),
        (np.repeat([1.0, 2.0], 50), "fewer than 10 different null values"),
        (np.r_[np.arange(1.0, 40), np.full(20, np.nan), np.inf], "39 null values"),
    ],
)
@pytest.mark.parametrize("family", ["pareto", "gumbel"])
def test_reasons_for_which_ranks_stay(null, reason, family):
    tail = fit_tail(null, family=family)
    assert reason in tail.reason
    assert np.isnan(tail.goodness)


def test_p_never_falls_with_the_distance_and_is_never_0():
    null = np.random.default_rng(3).weibull(5, 300)
    tail, x = fit_tail(null), np.linspace(0, 1, 400)
    by_rank = (1 + (null[:, None] <= x).sum(axis=0)) / 301
    p, by = with_tail(by_rank, x, tail)
    assert (np.diff(p) >= 0).all()
    assert p[0] == tail.floor == 1 / 30100
    beyond = x < null.min()
    np.testing.assert_array_equal(by == "tail", beyond)
    np.testing.assert_array_equal(p[~beyond], by_rank[~beyond])


def test_what_has_no_rank_has_no_tail():
    tail = fit_tail(np.random.default_rng(3).weibull(5, 300))
    p, by = with_tail(np.array([[np.nan, 1 / 301]]), np.array([[0.1, 0.1]]), tail)
    assert np.isnan(p[0, 0])
    assert by.tolist() == [["", "tail"]]


def test_the_unit_makes_no_difference():
    null = np.random.default_rng(3).weibull(5, 300)
    one, other = fit_tail(null), fit_tail(1000 * null)
    assert one.p(0.2) == pytest.approx(other.p(200.0))
    assert one.goodness == other.goodness == fit_tail(null).goodness


def test_errors():
    with pytest.raises(FHRError, match="choose from 'pareto', 'gumbel'"):
        fit_tail([1.0], family="weibull")
    for wrong in ([-1.0, 2.0], [[1.0]], 3.0):
        with pytest.raises(FHRError, match=r"give \(n,\), 0 or above"):
            fit_tail(wrong)
