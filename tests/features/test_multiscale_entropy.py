import numpy as np
import pytest
from scipy.special import erf

from fhr.errors import FHRError
from fhr.features import coarse_grain, multiscale_entropy, sample_entropy
from fhr.processes import fgn


def test_the_first_scale_is_sample_entropy(with_gaps):
    x = with_gaps(fgn(2000, 0.6, size=3))
    np.testing.assert_array_equal(multiscale_entropy(x, scales=(1,))[:, 0], sample_entropy(x))


def test_white_noise_falls_as_costa_et_al_have_it():
    # A mean of k samples has the standard deviation 1 / sqrt(k), and the tolerance stays.
    scales = (1, 2, 4, 8)
    found = multiscale_entropy(np.random.default_rng(0).normal(size=(4, 8000)), scales=scales).mean(axis=0)
    np.testing.assert_allclose(found, [-np.log(erf(0.1 * np.sqrt(k))) for k in scales], atol=0.06)


def test_persistent_noise_falls_less_than_white():
    white, persistent = (multiscale_entropy(fgn(6000, h, size=3)).mean(axis=0) for h in (0.5, 0.95))
    assert white[0] > persistent[0]
    assert white[4] < persistent[4]


def test_gaps_change_little(with_gaps):
    x = fgn(6000, 0.8, size=6, seed=2)
    np.testing.assert_allclose(multiscale_entropy(with_gaps(x)), multiscale_entropy(x), atol=0.12)


def test_coarse_grain_needs_half_of_a_block():
    nan = np.nan
    x = np.array([9, 1, 2, nan, nan, nan, 4.0])
    np.testing.assert_array_equal(coarse_grain(x, 3), [1.5, nan])
    np.testing.assert_array_equal(coarse_grain(x, 2), [1.5, nan, 4])
    np.testing.assert_array_equal(coarse_grain(x[None], 1), x[None])


@pytest.mark.parametrize(("scales", "text"), [((), "no scale was given"), ((0,), "scale=0; give a whole number")])
def test_errors(scales, text):
    with pytest.raises(FHRError, match=text):
        multiscale_entropy(np.ones(500), scales=scales)
