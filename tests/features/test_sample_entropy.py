import numpy as np
import pytest
from scipy.special import erf

from fhr.errors import FHRError
from fhr.features import sample_entropy
from fhr.processes import fgn


def test_equals_antropy_on_complete_signals():
    antropy = pytest.importorskip("antropy")
    rng = np.random.default_rng(0)
    quantised = 140 + np.round(np.cumsum(rng.normal(size=700)) * 0.3 * 4) / 4
    for x in (*fgn(300, 0.3, size=2), fgn(600, 0.8), np.cumsum(rng.normal(size=500)), quantised, quantised[:401]):
        for m in (2, 3):
            assert sample_entropy(x, m=m) == pytest.approx(antropy.sample_entropy(x, order=m), abs=1e-10)


def test_of_white_noise_is_its_theory():
    # Two standard normal samples are within 0.2 with probability erf(0.2 / 2), independently of m.
    found = sample_entropy(np.random.default_rng(1).normal(size=(4, 6000)))
    assert found.mean() == pytest.approx(-np.log(erf(0.1)), abs=0.03)


@pytest.mark.parametrize("hurst", [0.5, 0.8])
def test_gaps_change_little(hurst, with_gaps):
    x = fgn(3600, hurst, size=6, seed=2)
    np.testing.assert_allclose(sample_entropy(with_gaps(x)), sample_entropy(x), atol=0.06)


def test_neither_level_nor_unit_matters():
    x = np.round(fgn(1500, 0.7, seed=4) * 8) / 8
    assert sample_entropy(4 * x + 128) == sample_entropy(x)


def test_a_hundred_templates_are_needed():
    x = np.random.default_rng(5).integers(0, 3, 102).astype(float)
    assert np.isfinite(sample_entropy(x))
    assert np.isnan(sample_entropy(x[:-1]))
    x[-1] = np.nan
    assert np.isnan(sample_entropy(x))


def test_no_match_is_nan_not_infinite():
    assert np.isnan(sample_entropy(np.random.default_rng(6).normal(size=300), r=0.0))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"m": 0}, "m=0; give a whole number of at least 1"),
        ({"r": -0.1}, "r=-0.1; give a tolerance of at least 0"),
        ({"r": np.nan}, "r=nan; give a tolerance"),
    ],
)
def test_errors(options, text):
    with pytest.raises(FHRError, match=text):
        sample_entropy(np.ones(500), **options)
