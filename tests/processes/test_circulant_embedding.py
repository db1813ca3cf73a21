import numpy as np
import pytest

from fhr.errors import FHRError
from fhr.processes.circulant_embedding import stationary_gaussian


def test_any_convex_covariance_is_exact():
    draws, n = 20_000, 6
    covariance = np.array([2.0, 1.2, 0.7, 0.4, 0.2, 0.1, 0.05])
    sequence = stationary_gaussian(covariance, n, (draws,), np.random.default_rng(1))
    expected = covariance[np.abs(np.subtract.outer(np.arange(n), np.arange(n)))]
    error = np.sqrt((covariance[0] ** 2 + expected**2) / draws)
    assert np.all(np.abs(sequence.T @ sequence / draws - expected) < 4.5 * error)


def test_what_no_embedding_holds_is_refused():
    with pytest.raises(FHRError, match=r"circulant embedding with the eigenvalue -.*; give a convex covariance"):
        stationary_gaussian(np.array([1.0, 0.9, 0.1, 0.0]), 3, (), np.random.default_rng(1))
