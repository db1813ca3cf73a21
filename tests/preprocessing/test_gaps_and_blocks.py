import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from fhr.errors import SignalError
from fhr.preprocessing import block_mean, interpolate_gaps, last_minutes

NAN = np.nan
VALUE = st.one_of(st.just(NAN), st.floats(50, 210, width=32))
SIGNALS = npst.arrays(np.float32, st.integers(0, 80), elements=VALUE)


def test_a_short_gap_is_a_straight_line():
    signal = np.array([NAN, 100, NAN, NAN, NAN, 120, 121, NAN, 111], np.float32)
    expected = np.array([NAN, 100, 105, 110, 115, 120, 121, 116, 111], np.float32)
    np.testing.assert_array_equal(interpolate_gaps(signal, 4.0), expected)


@pytest.mark.parametrize(("gap", "bridged"), [(1, True), (60, True), (61, False)])
def test_gaps_up_to_the_limit_are_bridged_whole_and_longer_ones_not_at_all(gap, bridged):
    signal = np.concatenate([[100.0], np.full(gap, NAN), [100.0 + gap + 1]])
    filled = interpolate_gaps(signal, 4.0, longest=15.0)
    if bridged:
        np.testing.assert_allclose(filled, 100.0 + np.arange(gap + 2), rtol=1e-12)
    else:
        np.testing.assert_array_equal(filled, signal)


def test_the_limit_is_in_seconds():
    signal = np.array([1.0, NAN, NAN, 4.0])
    assert interpolate_gaps(signal, 1.0, longest=2.0).tolist() == [1, 2, 3, 4]
    np.testing.assert_array_equal(interpolate_gaps(signal, 1.0, longest=1.9), signal)
    np.testing.assert_array_equal(interpolate_gaps(signal, 1.0, longest=0.0), signal)


@pytest.mark.parametrize("signal", [[], [NAN], [NAN, NAN, 1.0], [1.0, NAN], [NAN, 1.0, NAN], [1.0, 2.0]])
def test_edges_stay_missing(signal):
    np.testing.assert_array_equal(interpolate_gaps(np.array(signal), 4.0), signal)


@given(signal=SIGNALS, longest=st.sampled_from([0.25, 1.0, 3.0, 100.0]))
def test_measured_samples_stay_and_new_ones_lie_between_their_neighbours(signal, longest):
    before = signal.copy()
    filled = interpolate_gaps(signal, 4.0, longest=longest)
    np.testing.assert_array_equal(signal, before)
    assert filled.dtype == np.float32
    assert not np.shares_memory(filled, signal)
    measured = ~np.isnan(signal)
    np.testing.assert_array_equal(filled[measured], signal[measured])
    for i in np.flatnonzero(~measured & ~np.isnan(filled)):
        left = signal[:i][measured[:i]][-1]
        right = signal[i:][measured[i:]][0]
        assert min(left, right) <= filled[i] <= max(left, right)
    np.testing.assert_array_equal(interpolate_gaps(filled, 4.0, longest=longest), filled)
    np.testing.assert_allclose(interpolate_gaps(signal[::-1], 4.0, longest=longest)[::-1], filled, rtol=1e-6)


@given(
    signal=npst.arrays(np.float32, st.tuples(st.integers(1, 3), st.integers(0, 40)), elements=VALUE),
    factor=st.integers(1, 9),
)
def test_block_mean_is_nanmean_of_whole_blocks_counted_from_the_end(signal, factor):
    n = signal.shape[-1] // factor
    blocks = signal[:, signal.shape[-1] - n * factor :].reshape(len(signal), n, factor)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # mean of an empty slice
        expected = np.nanmean(blocks, axis=-1)
    means = block_mean(signal, factor)
    assert means.dtype == np.float32
    np.testing.assert_allclose(means, expected, rtol=1e-6)


def test_block_mean_by_hand():
    signal = np.array([999, 1, 3, NAN, 5, NAN, NAN], np.float32)
    np.testing.assert_array_equal(block_mean(signal, 2), np.array([2, 5, NAN], np.float32))
    np.testing.assert_array_equal(block_mean(signal, 1), signal)
    assert block_mean(signal, 8).shape == (0,)


def test_last_minutes():
    signal = np.arange(1000.0).reshape(2, 500)
    np.testing.assert_array_equal(last_minutes(signal, 4.0, 1.0), signal[:, -240:])
    assert last_minutes(signal, 4.0, 0.0).shape == (2, 0)
    assert last_minutes(signal, 4.0, 500 / 240).shape == (2, 500)


def test_too_short_a_signal_names_both_lengths_and_the_remedy():
    message = (
        r"5.0 min of signal where the last 60 min are needed; use longer recordings, or train with a shorter window"
    )
    with pytest.raises(SignalError, match=message):
        last_minutes(np.zeros(5 * 240), 4.0, 60.0)
