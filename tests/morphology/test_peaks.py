"""Peaks by prominence are those of SciPy, and smoothing by Fourier transforms is SciPy's convolution."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.signal import fftconvolve, find_peaks

from fhr.morphology.peaks import peaks_that_rise
from fhr.morphology.seconds import gaussian, smoothed

LEVELS = st.integers(-4, 4).map(float)
CURVES = arrays(np.float64, st.integers(0, 60), elements=LEVELS | st.floats(-5, 5) | st.just(np.nan))


@np.errstate(all="ignore")
def by_scipy(curve, least, distance, reach, plateau):
    width = {"wlen": 2 * reach + 1, "plateau_size": (None, plateau)}
    peaks, found = find_peaks(curve, distance=distance, prominence=least, **width)
    return peaks, found["prominences"]


@given(
    CURVES,
    st.sampled_from([0.0, 0.5, 1.0, 3.0]),
    st.floats(1, 12),
    st.integers(1, 30),
    st.integers(1, 12),
)
def test_peaks_are_those_of_scipy(curve, least, distance, reach, plateau):
    found = peaks_that_rise(curve, least, distance=distance, reach=reach, plateau=plateau)
    for ours, theirs in zip(found, by_scipy(curve, least, distance, reach, plateau), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_level_counts_by_its_middle_and_a_small_peak_beside_a_large_one_goes():
    curve = np.array([0, 1, 3, 3, 3, 1, 0, 2, 0, 9, 9], dtype=float)
    peaks, prominence = peaks_that_rise(curve, 1.0, distance=2, reach=5, plateau=3)
    assert (peaks.tolist(), prominence.tolist()) == ([3, 7], [3.0, 2.0])
    assert peaks_that_rise(curve, 1.0, distance=2, reach=5, plateau=2)[0].tolist() == [7]
    assert peaks_that_rise(curve, 1.0, distance=5, reach=5, plateau=3)[0].tolist() == [3]


@given(st.integers(2, 400), st.sampled_from([12.0, 30.0, 60.0]), st.integers(0, 2**32 - 1))
def test_wide_smoothing_is_the_convolution_of_scipy(n, spread, seed):
    signal = np.random.default_rng(seed).normal(size=(2, n))
    known = np.ones(signal.shape)
    weight, total = (fftconvolve(x, gaussian(spread)[None], mode="same", axes=-1) for x in (known, signal))
    expected = np.where(weight > 0.02, total / weight, np.nan)
    np.testing.assert_allclose(smoothed(signal, spread), expected, rtol=0, atol=1e-12)
