"""The flip rate of an average: theory on normal retrainings, and its half samples by hand."""

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import norm

from fhr.errors import FHRError
from fhr.metrics import flip_rate, flip_rate_of_average


@pytest.mark.statistics
@pytest.mark.parametrize(
    ("retrainings", "strata"), [(4, None), (20, None), (20, [i // 5 for i in range(20)]), (3, None)]
)
def test_it_tracks_how_often_two_averages_disagree(retrainings, strata):
    """Means over births that lie evenly about the threshold; single networks disagree far more often."""
    generator, sigma = np.random.default_rng(0), 0.06
    expected = generator.uniform(0.3, 0.7, 4000)
    p = np.clip(expected + sigma * generator.normal(size=(retrainings, 4000)), 0, 1)
    above = norm.cdf((expected - 0.5) / (sigma / np.sqrt(retrainings)))
    truth = 2 * above * (1 - above)
    found = flip_rate_of_average(p, 0.5, strata=strata)
    assert found.mean() == pytest.approx(truth.mean(), rel=0.2)
    assert np.corrcoef(found, truth)[0, 1] > 0.5
    assert flip_rate(p >= 0.5).mean() > 1.5 * truth.mean()


def test_half_samples_by_hand():
    p = np.random.default_rng(1).uniform(size=(6, 40))
    halves = np.array([p[list(half)].mean(axis=0) for half in combinations(range(6), 3)])
    share = (halves >= 0.5).mean(axis=0)
    np.testing.assert_allclose(flip_rate_of_average(p, 0.5), 2 * share * (1 - share))


def test_strata_differ_by_design():
    """Networks of two outer folds say 0.2 and 0.6 whatever the start: nothing flips."""
    p = np.repeat([[0.2], [0.6]], 4, axis=0)
    assert flip_rate_of_average(p, 0.45).item() > 0.3
    assert flip_rate_of_average(p, 0.45, strata=[0] * 4 + [1] * 4).item() == 0
    assert flip_rate_of_average(p, 0.45, average=[0.9]).item() == 0


def test_single_retrainings_are_halved_with_others():
    """Single ones together; one that is left over with the first stratum."""
    p = np.random.default_rng(2).uniform(size=(5, 40))
    together = flip_rate_of_average(p, 0.5, strata=["a", "a", "b", "b", "b"])
    assert (together != flip_rate_of_average(p, 0.5)).any()
    for strata in (["b", "b", "c", "c", "a"], ["x", "x", "b", "c", "d"]):
        order = [2, 3, 0, 1, 4] if strata[-1] == "a" else range(5)
        np.testing.assert_array_equal(flip_rate_of_average(p[list(order)], 0.5, strata=strata), together)
    np.testing.assert_array_equal(flip_rate_of_average(p, 0.5, strata=range(5)), flip_rate_of_average(p, 0.5))


def test_what_is_refused():
    with pytest.raises(FHRError, match="with at least two retrainings"):
        flip_rate_of_average([[0.5]], 0.5)
    with pytest.raises(FHRError, match="3 strata of 2 retrainings"):
        flip_rate_of_average([[0.5], [0.6]], 0.5, strata=[0, 0, 1])
