import numpy as np
import pytest

from fhr.errors import FHRError
from fhr.features import higuchi
from fhr.processes import fbm, fgn


@pytest.mark.parametrize("hurst", [0.3, 0.5, 0.8])
@pytest.mark.parametrize("gaps", [False, True])
def test_fractional_motion_has_dimension_two_minus_h(hurst, gaps, with_gaps):
    x = fbm(8000, hurst, size=6, seed=1)
    assert higuchi(with_gaps(x) if gaps else x).mean() == pytest.approx(2 - hurst, abs=0.02)


def test_noise_has_two_and_a_straight_line_one(with_gaps):
    assert higuchi(np.random.default_rng(0).normal(size=8000)) == pytest.approx(2, abs=0.02)
    assert higuchi(with_gaps(np.arange(2000.0))) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("kmax", [2, 7, 10])
def test_equals_antropy_on_complete_signals(kmax):
    antropy = pytest.importorskip("antropy")
    for x in (fgn(1001, 0.3), fbm(2000, 0.6), 140 + np.round(fbm(1500, 0.4) * 4) / 4):
        # antropy adds 1e-9 to the denominator of its slope
        assert higuchi(x, kmax=kmax) == pytest.approx(antropy.higuchi_fd(x, kmax=kmax), rel=2e-8)


def test_every_offset_needs_ten_pairs():
    x = np.random.default_rng(2).normal(size=110)
    assert np.isfinite(higuchi(x))
    assert np.isnan(higuchi(x[:-1]))
    x[50] = np.nan
    assert np.isnan(higuchi(x))


def test_errors():
    with pytest.raises(FHRError, match="kmax=1; give a whole number of at least 2"):
        higuchi(np.ones(500), kmax=1)
