"""Heart rates at 4 Hz and back, and the channels that a network sees."""

from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhr.errors import FHRError, SignalError
from fhr.preprocessing import FalseSignalInput, hold
from fhr.recording import Recording


def recording(n: int, fs: float, *, with_mhr: bool = True, seed: int = 0) -> Recording:
    generator = np.random.default_rng(seed)
    fhr, mhr = generator.normal(140, 5, n), generator.normal(80, 5, n)
    fhr[generator.uniform(size=n) < 0.2] = np.nan
    mhr[generator.uniform(size=n) < 0.2] = np.nan
    return Recording("one", fhr, np.full(n, np.nan), fs, mhr=mhr if with_mhr else None)


@given(n=st.integers(1, 60), given_rate=st.sampled_from([1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 8.0]), wanted=st.integers(1, 8))
def test_hold_takes_the_newest_sample(n, given_rate, wanted):
    signal = np.arange(n)
    held = hold(signal, given_rate, wanted)
    assert len(held) == round(n * wanted / given_rate)
    expected = [min(floor(k / wanted * given_rate + 1e-6), n - 1) for k in range(len(held))]
    np.testing.assert_array_equal(held, expected)


@pytest.mark.parametrize("fs", [1.0, 2.0, 4.0])
def test_a_signal_survives_4_hz_and_back(fs):
    signal = np.arange(40.0).reshape(2, 20)
    np.testing.assert_array_equal(hold(hold(signal, fs, 4.0), 4.0, fs, n=20), signal)


def test_at_8_hz_every_second_sample_is_seen_and_both_get_its_value():
    at_4_hz = hold(np.arange(7), 8.0, 4.0, n=4)
    np.testing.assert_array_equal(at_4_hz, [0, 2, 4, 6])
    np.testing.assert_array_equal(hold(at_4_hz, 4.0, 8.0, n=7), [0, 0, 2, 2, 4, 4, 6])


@pytest.mark.parametrize("fs", [0.5, 10.0])
def test_other_rates_are_refused(fs):
    with pytest.raises(SignalError, match=rf"one: sampled at {fs:g} Hz; false signals are looked for at 1 to 8 Hz"):
        FalseSignalInput().rates(recording(20, fs))


def test_rates_are_the_recordings_own_at_4_hz():
    one = recording(50, 4.0)
    rates = FalseSignalInput().rates(one)
    assert rates.dtype == np.float32
    np.testing.assert_array_equal(rates, np.stack([one.fhr, one.mhr]))
    assert np.isnan(FalseSignalInput().rates(recording(50, 4.0, with_mhr=False))[1]).all()
    assert FalseSignalInput().rates(recording(50, 2.0)).shape == (2, 100)


def test_channels_are_scaled_rates_and_their_masks():
    rates = np.array([[140, 180, np.nan, 60], [np.nan, 100, np.nan, 120]], dtype=np.float32)
    channels = FalseSignalInput().encode(rates)
    assert channels.dtype == np.float32
    np.testing.assert_allclose(channels, [[0, 1, 0, -2], [1, 1, 0, 1], [0, -1, 0, -0.5], [0, 1, 0, 1]])
    batch = FalseSignalInput().encode(np.stack([rates, rates + 40]))
    assert batch.shape == (2, FalseSignalInput().n_channels, 4)
    np.testing.assert_array_equal(batch[0], channels)
    np.testing.assert_array_equal(batch[1, 1::2], channels[1::2])


def test_channels_of_one_sample_depend_on_that_sample_alone():
    rates = FalseSignalInput().rates(recording(200, 4.0))
    encode = FalseSignalInput().encode
    np.testing.assert_array_equal(encode(rates)[:, 50:90], encode(rates[:, 50:90]))


def test_plain_types_and_back():
    encoding = FalseSignalInput(offset=130, scale=30)
    assert FalseSignalInput.from_dict(encoding.to_dict()) == encoding
    assert encoding.to_dict() == {"fs": 4.0, "offset": 130, "scale": 30}


@pytest.mark.parametrize("options", [{"fs": 0.5}, {"fs": 9}, {"scale": 0}])
def test_constants_that_make_no_sense(options):
    with pytest.raises(FHRError, match="fs must be 1 to 8 Hz, and the scale positive"):
        FalseSignalInput(**options)
