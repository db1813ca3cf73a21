"""What all scalar features have in common."""

import numpy as np
import pytest

from fhr.errors import SignalError
from fhr.features import (
    band_power,
    dfa,
    higuchi,
    lempel_ziv,
    mad,
    multiscale_entropy,
    poincare,
    prsa,
    sample_entropy,
    scalar_features,
)

FEATURES = {
    "band_power": band_power,
    "dfa": lambda x: dfa(x, scales=(4, 8, 16)),
    "higuchi": higuchi,
    "lempel_ziv": lempel_ziv,
    "mad": mad,
    "multiscale_entropy": multiscale_entropy,
    "poincare": poincare,
    "prsa": lambda x: np.stack(prsa(x)[:2], axis=-1),
    "sample_entropy": sample_entropy,
    "scalar_features": scalar_features,
}


@pytest.fixture(params=FEATURES)
def feature(request):
    return FEATURES[request.param]


def test_a_batch_is_its_signals_one_by_one(feature, with_gaps):
    x = with_gaps(140 + np.random.default_rng(0).normal(size=(2, 2, 7200)), fraction=0.1)
    table = feature(x)
    assert table.dtype == np.float64
    assert np.isfinite(table).all()
    for index in np.ndindex(2, 2):
        np.testing.assert_allclose(table[index], feature(x[index]), rtol=1e-12)
    assert feature(x[:0]).shape == (0, *table.shape[1:])
    np.testing.assert_array_equal(feature(x.tolist()), table)


def test_the_signal_is_left_as_it_was(feature, with_gaps):
    x = with_gaps(140 + np.random.default_rng(0).normal(size=2000))
    kept = x.copy()
    x.setflags(write=False)
    feature(x)
    np.testing.assert_array_equal(x, kept)


@pytest.mark.parametrize("name", [name for name in FEATURES if name != "scalar_features"])  # whose loss is a number
@pytest.mark.parametrize("n", [0, 1, 2, 7, 30, 99])
@pytest.mark.parametrize("value", [np.nan, 140.0])
def test_too_little_signal_is_nan_and_never_an_error(name, n, value):
    long = np.full(2000, np.nan)
    long[:n] = value
    with np.errstate(all="raise"):
        for x in (np.full(n, value), long):
            found = FEATURES[name](x)
            assert np.isnan(found).all() or (name == "poincare" and n > 50)


def test_a_constant_signal_is_never_infinite(feature):
    with np.errstate(all="raise"):
        assert not np.isinf(feature(np.full((2, 4000), 140.25))).any()


def test_no_time_axis_and_infinite_samples_are_refused(feature):
    with pytest.raises(SignalError, match="single number; give shape"):
        feature(140.0)
    x = np.full(2000, 140.0)
    x[[3, 5]] = -np.inf
    with pytest.raises(SignalError, match="2 samples are infinite; missing samples are NaN"):
        feature(x)
