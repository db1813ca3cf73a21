"""What is computed of several windows at once is what each of them gives alone."""

import numpy as np
import pytest

from fhr.features import SCALAR_COLUMNS
from fhr.features.scalar import scalar_features


@pytest.fixture(scope="module")
def windows():
    rng = np.random.default_rng(5)
    walk = 140 + np.cumsum(rng.normal(size=(9, 2400)), axis=-1) / 4
    walk[1] = np.round(walk[1] * 4) / 4
    walk[2, rng.random(2400) < 0.4] = np.nan
    walk[3, :700] = walk[3, 1500:1530] = walk[3, -200:] = np.nan
    walk[4] = 140.0
    walk[5] = np.nan
    walk[6, 300:] = np.nan
    walk[7, 10:] = np.nan
    walk[8, 500:1500] = walk[8, 500]
    return walk


def test_every_scalar_column(windows):
    together = scalar_features(windows)
    for window, row in zip(windows, together, strict=True):
        alone = scalar_features(window)
        assert np.isnan(alone).tolist() == np.isnan(row).tolist()
        np.testing.assert_allclose(row, alone, rtol=1e-11, atol=1e-12)
    assert np.isfinite(together[0]).all()
    assert np.isnan(together[5]).all()
    assert len(together[0]) == len(SCALAR_COLUMNS)
