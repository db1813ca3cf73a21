import numpy as np
import pytest

from fhr.errors import FHRError
from fhr.features import poincare
from fhr.processes import fgn


@pytest.mark.parametrize("lag", [1, 3])
def test_widths_follow_from_variance_and_autocovariance(lag, with_gaps):
    # Of a stationary signal, SD1^2 = g(0) - g(lag) and SD2^2 = g(0) + g(lag) (Brennan et al. 2001).
    hurst = 0.8
    g = ((lag + 1) ** 1.6 - 2 * lag**1.6 + (lag - 1) ** 1.6) / 2
    x = fgn(2**15, hurst, size=4, sigma=2.0, seed=1)
    for signal in (x, with_gaps(x)):
        sd1, sd2, ratio = poincare(signal, lag=lag).mean(axis=0)
        assert sd1 == pytest.approx(2 * np.sqrt(1 - g), rel=0.02)
        assert sd2 == pytest.approx(2 * np.sqrt(1 + g), rel=0.05)
        assert ratio == pytest.approx(np.sqrt((1 - g) / (1 + g)), rel=0.05)


def test_only_pairs_that_were_both_measured_count():
    x = np.random.default_rng(0).normal(size=300)
    x[::5] = np.nan
    pairs = np.array([(a, b) for a, b in zip(x[:-2], x[2:], strict=True) if a == a and b == b])
    turned = pairs @ np.array([[1, 1], [-1, 1]]).T / np.sqrt(2)
    np.testing.assert_allclose(poincare(x, lag=2)[:2], turned.std(axis=0)[::-1])


def test_fifty_pairs_are_needed():
    x = np.random.default_rng(1).normal(size=51)
    assert np.isfinite(poincare(x)).all()
    assert np.isnan(poincare(x[:-1])).all()
    assert np.isnan(poincare(x, lag=60)).all()


def test_errors():
    with pytest.raises(FHRError, match="lag=0; give a whole number of at least 1"):
        poincare(np.ones(500), lag=0)
