from itertools import combinations

import numpy as np
import pytest

from fhr.errors import FHRError
from fhr.metrics import flip_rate, retraining_spread


@pytest.mark.parametrize("retrainings", [2, 5, 8])
def test_the_share_of_pairs_that_disagree(retrainings):
    decisions = np.random.default_rng(0).random((retrainings, 30)) < 0.3
    pairs = [decisions[a] != decisions[b] for a, b in combinations(range(retrainings), 2)]
    np.testing.assert_allclose(flip_rate(decisions), np.mean(pairs, axis=0))


def test_unbiased_for_two_new_retrainings():
    generator = np.random.default_rng(1)
    alarm = generator.random(50)  # probability of an alarm for each record
    found = np.mean([flip_rate(generator.random((3, 50)) < alarm) for _ in range(4000)], axis=0)
    np.testing.assert_allclose(found, 2 * alarm * (1 - alarm), atol=5 * 0.5 / np.sqrt(4000))
    assert found.mean() == pytest.approx(np.mean(2 * alarm * (1 - alarm)), abs=0.005)


def test_spread_is_the_unbiased_standard_deviation():
    generator = np.random.default_rng(2)
    p = np.clip(0.5 + 0.1 * generator.normal(size=(5, 20_000)), 0, 1)
    assert np.mean(retraining_spread(p) ** 2) == pytest.approx(0.01, rel=0.03)
    np.testing.assert_allclose(retraining_spread(np.full((3, 2), 0.4)), 0, atol=1e-12)


def test_errors():
    with pytest.raises(FHRError, match=r"decisions have shape \(1, 3\); give \(retrainings, n\) with at least two"):
        flip_rate([[0, 1, 1]])
    with pytest.raises(FHRError, match=r"decisions have shape \(3,\)"):
        flip_rate([0, 1, 1])
    with pytest.raises(FHRError, match="compare the probabilities with a threshold first"):
        flip_rate([[0.2, 0.7], [0.1, 0.9]])
    with pytest.raises(FHRError, match=r"probabilities have shape \(1, 2\)"):
        retraining_spread([[0.1, 0.2]])
    with pytest.raises(FHRError, match=r"they must lie in \[0, 1\]"):
        retraining_spread([[0.1, 2.0], [0.1, 0.2]])
    with pytest.raises(FHRError, match="NaN or infinite"):
        retraining_spread([[0.1, np.nan], [0.1, 0.2]])
