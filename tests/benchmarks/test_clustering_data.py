"""Generators of data for clustering: the separation, the members and the marginals that they promise."""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from fhr.simulation import simulate_recording

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from clustering_data import SHAPES, copula, gaussian, kind, labours, synthetic_kinds


@pytest.mark.parametrize("shape", SHAPES)
def test_synthetic_kinds_lie_as_far_apart_as_they_say(shape):
    points, truth = synthetic_kinds(0, 3, 8.0, n=30_000, d=4, equal=False, shape=shape)
    of_kinds = [points[truth == one] for one in range(3)]
    assert np.allclose(pdist([some.mean(axis=0) for some in of_kinds]), 8.0, atol=0.15)
    assert np.allclose([some.var(axis=0).mean() for some in of_kinds], 1.0, atol=0.1)
    assert np.allclose(np.bincount(truth) / len(truth), np.array([4, 2, 1]) / 7, atol=0.001)
    assert np.array_equal(points, synthetic_kinds(0, 3, 8.0, n=30_000, d=4, equal=False, shape=shape)[0])


def test_sets_of_one_kind_keep_covariance_ties_and_gaps():
    rng = np.random.default_rng(0)
    real = rng.normal(size=(500, 3)) @ np.array([[2, 1, 0], [0, 1, 0], [0, 0, 1]])
    assert np.allclose(np.cov(gaussian(1, real, 50_000).T), np.cov(real.T), atol=0.15)
    real[:200, 2] = 0
    real[rng.random(500) < 0.3, 0] = np.nan
    made = copula(1, real, 20_000)
    assert np.mean(made[:, 2] == 0) == pytest.approx(0.4, abs=0.02)
    assert np.isnan(made).mean(axis=0) == pytest.approx(np.isnan(real).mean(axis=0), abs=0.02)
    ends = np.nanquantile(made, (0.1, 0.9), axis=0)
    assert np.allclose(ends[:, 1:], np.quantile(real[:, 1:], (0.1, 0.9), axis=0), atol=0.1)
    assert np.corrcoef(real[:, 1], np.nan_to_num(real[:, 0]))[0, 1] > 0.3
    assert np.corrcoef(made[:, 1], np.nan_to_num(made[:, 0]))[0, 1] > 0.3


def test_a_kind_of_labour_is_what_it_is_called_and_leaves_the_simulator_as_it_was():
    def level(which: int) -> float:
        return float(np.nanmedian([np.nanmedian(one.fhr) for one in labours(kind(which, 1.0), 3, 0, lambda _: True)]))

    before = simulate_recording(0, seed=0).fhr
    assert level(3) - level(0) > 15
    assert np.array_equal(before, simulate_recording(0, seed=0).fhr, equal_nan=True)
