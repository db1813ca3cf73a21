"""Net benefit over the range of thresholds: against its definition, the curve point by point, and known limits."""

from functools import partial

import numpy as np
import pytest

from fhr.errors import FHRError
from fhr.metrics import (
    bootstrap,
    mean_net_benefit,
    net_benefit_at,
    net_benefit_of_treating_all,
    net_benefit_table,
)

RANGE = [k / 100 for k in range(2, 31)]


@pytest.fixture(scope="module")
def births():
    generator = np.random.default_rng(0)
    p = 1 / (1 + np.exp(2.5 - generator.normal(0, 1.2, (2, 250))))
    return (generator.random(250) < p[0]).astype(int), p


def test_the_range_is_2_to_30_percent_and_each_row_is_the_net_benefit_there(births):
    y, p = births
    table = net_benefit_table(y, p, n_resamples=60, seed=4)
    assert table["threshold"].tolist() == RANGE
    for row in table.iloc[[0, 11, 28]].itertuples():
        known = bootstrap(partial(net_benefit_at, threshold=row.threshold), y, p, n_resamples=60, seed=4)
        assert (row.net_benefit, row.low, row.high) == pytest.approx(tuple(known))
    np.testing.assert_allclose(table["treat_all"], net_benefit_of_treating_all(y, RANGE), rtol=0, atol=1e-12)
    assert (table["treat_none"] == 0).all()
    better = np.maximum(table["treat_all"], 0)
    np.testing.assert_allclose(table["gain"], table["net_benefit"] - better, rtol=0, atol=1e-12)
    for name in ("", "treat_all_", "gain_"):
        assert (table[f"{name}low"] <= table[f"{name}high"]).all()


def test_the_mean_is_that_of_the_curve(births):
    y, p = births
    assert mean_net_benefit(y, p[0]) == pytest.approx(net_benefit_table(y, p[0], n_resamples=2)["net_benefit"].mean())
    by_kernel = bootstrap(mean_net_benefit, y, p, n_resamples=30, seed=1)
    one_by_one = bootstrap(lambda labels, row: mean_net_benefit(labels, row), y, p, n_resamples=30, seed=1)
    assert by_kernel == pytest.approx(one_by_one)
    at_two = bootstrap(partial(mean_net_benefit, thresholds=[0.1, 0.2]), y, p[0], n_resamples=5)
    assert at_two.value == pytest.approx(np.mean([net_benefit_at(y, p[0], t) for t in (0.1, 0.2)]))


def test_the_gain_is_exactly_nothing_for_a_model_that_knows_nothing(births):
    """A model that gives everybody the same risk treats all below it and none above: never more than the better."""
    y, _ = births
    table = net_benefit_table(y, np.full(len(y), y.mean()), n_resamples=50)
    assert table["gain"].to_numpy() == pytest.approx(0, abs=1e-12)
    assert (table["gain_high"] <= 1e-12).all()


def test_a_perfect_model_is_worth_the_prevalence_at_every_threshold(births):
    y, _ = births
    table = net_benefit_table(y, y.astype(float), n_resamples=5)
    assert table["net_benefit"].to_numpy() == pytest.approx(y.mean())
    assert mean_net_benefit(y, y) == pytest.approx(y.mean())


@pytest.mark.parametrize("thresholds", [[], [0.1, 1.0], [0.0]])
def test_thresholds_that_are_no_risks(births, thresholds):
    y, p = births
    with pytest.raises(FHRError, match="threshold"):
        net_benefit_table(y, p, thresholds=thresholds)
