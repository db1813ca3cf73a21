import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhr.errors import FHRError, SignalError
from fhr.preprocessing import cut_windows, last_minutes


@given(
    n=st.integers(1, 200),
    length=st.integers(1, 50),
    stride=st.integers(1, 60),
    fs=st.sampled_from([0.5, 1.0, 4.0]),
)
def test_every_whole_window_counted_back_from_the_end(n, length, stride, fs):
    signal = np.stack([np.arange(n), -np.arange(n)])
    arguments = {"minutes": length / fs / 60, "step": stride / fs / 60}
    if n < length:
        with pytest.raises(SignalError, match=r"min of signal, shorter than one window of .* min; use longer record"):
            cut_windows(signal, fs, **arguments)
        return
    windows, to_end = cut_windows(signal, fs, **arguments)
    ends = [end for end in range(n, 0, -stride) if end >= length]  # brute force
    expected = np.stack([signal[:, end - length : end] for end in ends], axis=1)
    np.testing.assert_array_equal(windows, expected)
    np.testing.assert_array_equal(to_end, [(n - end) / fs for end in ends])


def test_without_a_step_the_last_minutes():
    signal = np.random.default_rng(0).normal(size=(2, 1000))
    windows, to_end = cut_windows(signal, 4.0, minutes=1.5)
    np.testing.assert_array_equal(windows[:, 0], last_minutes(signal, 4.0, 1.5))
    assert (windows.shape, to_end.tolist()) == ((2, 1, 360), [0.0])


def test_windows_are_copies():
    signal = np.zeros(20)
    windows, _ = cut_windows(signal, 1 / 60, minutes=10, step=5)
    windows[0] = 1
    assert not signal.any()
    assert not windows[1].any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"minutes": 0.0}, "windows with minutes=0.0 at 4 Hz; give a positive number that holds a sample"),
        ({"minutes": np.nan}, "minutes=nan"),
        ({"minutes": np.inf}, "minutes=inf"),
        ({"minutes": 1.0, "step": 0.0}, "windows with step=0.0 at 4 Hz"),
        ({"minutes": 1.0, "step": -5.0}, "step=-5.0"),
        ({"minutes": 1.0, "step": 0.001}, "step=0.001"),
    ],
)
def test_windows_that_cannot_be(arguments, message):
    with pytest.raises(FHRError, match=message):
        cut_windows(np.zeros(1000), 4.0, **arguments)
