import numpy as np
import pytest
from scipy.signal import welch

from fhr.errors import FHRError
from fhr.features import BANDS, band_power
from fhr.processes import fbm

TIME = np.arange(7200) / 4


@pytest.mark.parametrize(("frequency", "band"), [(0.02, 0), (0.1, 1), (0.3, 2), (0.8, 3)])
@pytest.mark.parametrize("fs", [2.0, 4.0, 8.0])
def test_a_sinusoid_has_half_the_square_of_its_amplitude_in_its_band(frequency, band, fs):
    t = np.arange(round(1800 * fs)) / fs
    power = band_power(140 + 3 * np.sin(2 * np.pi * frequency * t + 1), fs=fs)
    expected = np.zeros(4)
    expected[band] = 4.5
    np.testing.assert_allclose(power, expected, atol=0.4 if band == 0 else 0.01)  # VLF loses to the lines, and to LF


def test_white_noise_fills_each_band_by_its_width():
    power = band_power(140 + 2 * np.random.default_rng(0).normal(size=(40, 7200))).mean(axis=0)
    width = np.array([high - low for low, high in BANDS.values()])
    np.testing.assert_allclose(power[1:], 4 * width[1:] / 2, rtol=0.05)  # VLF loses to the straight lines


def test_parseval():
    # All frequencies together, the mean square of the tapered, detrended segments.
    n = 512
    x = np.random.default_rng(1).normal(size=2 * n)
    taper, time = np.hanning(n + 1)[:-1], np.arange(n)
    segments = [x[k : k + n] for k in (0, n // 2, n)]
    detrended = [s - np.polyval(np.polyfit(time, s, 1), time) for s in segments]
    expected = np.sum([(taper * s) ** 2 for s in detrended]) / (3 * np.sum(taper**2))
    bands = {"all but the last": (0.0, 2.0)}
    last = np.sum([abs(np.sum(taper * s * (-1.0) ** time)) ** 2 for s in detrended]) / (3 * n * np.sum(taper**2))
    assert band_power(x, bands=bands)[0] + last == pytest.approx(expected, rel=1e-12)


def test_is_the_spectrum_of_scipy_on_a_complete_signal():
    x = np.random.default_rng(2).normal(size=7200)
    frequency, density = welch(x, 4, "hann", 512, detrend="linear")
    expected = [density[(frequency >= low) & (frequency < high)].sum() / 128 for low, high in BANDS.values()]
    np.testing.assert_allclose(band_power(x), expected, rtol=1e-10)


@pytest.mark.parametrize("frequency", [0.06, 0.1, 0.3, 0.8])
def test_a_sinusoid_keeps_its_power_through_gaps(frequency, with_gaps):
    x = np.tile(140 + 3 * np.sin(2 * np.pi * frequency * TIME), (20, 1))
    power = band_power(with_gaps(x))
    band = [low <= frequency < high for low, high in BANDS.values()].index(True)
    assert np.median(power[:, band]) == pytest.approx(4.5, rel=0.12)


def test_white_noise_keeps_its_fast_power_through_gaps(with_gaps):
    x = np.random.default_rng(3).normal(size=(20, 7200))
    ratio = band_power(with_gaps(x)).mean(axis=0) / band_power(x).mean(axis=0)
    np.testing.assert_allclose(ratio[2:], 1, atol=0.05)


def test_a_steep_spectrum_does_not_leak_through_gaps(with_gaps):
    # As steep as FHR: a smoothed random walk. Gaps set to zero would lift the fast bands many times over.
    x = fbm(7200, 0.9, size=20, seed=4)
    gaps = with_gaps(x)
    ratio = np.median(band_power(gaps) / band_power(x), axis=0)
    np.testing.assert_allclose(ratio[:2], 1, atol=0.4)  # bridges are slow waves of their own
    np.testing.assert_allclose(ratio[2:], 1, atol=0.2)
    zeroed = np.where(np.isnan(gaps), np.nanmean(gaps, axis=-1, keepdims=True), gaps)
    assert np.median(band_power(zeroed)[:, 3] / band_power(x)[:, 3]) > 5


def test_three_segments_are_needed():
    x = np.random.default_rng(5).normal(size=1024)
    assert np.isfinite(band_power(x)).all()
    assert np.isnan(band_power(x[:-1])).all()
    x[:300] = np.nan  # more than half of the first of three
    assert np.isnan(band_power(x)).all()
    assert np.isfinite(band_power(x, coverage=0.4)).all()


def test_gaps_at_the_ends_and_a_segment_of_ones_own():
    x = 140 + np.random.default_rng(6).normal(size=2400)
    x[:40], x[-40:] = np.nan, np.nan
    power = band_power(x, segment=60.0, bands={"fast": (0.25, 1.75)})
    assert power == pytest.approx(0.75, rel=0.15)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"bands": {}}, "no band was given; give names and edges"),
        ({"bands": {"x": (0.5, 0.2)}}, "band 'x' from 0.5 to 0.2 Hz; its edges must ascend within 0 and 2 Hz"),
        ({"bands": {"x": (0.5, 2.2)}}, "within 0 and 2 Hz, half the sampling rate"),
        ({"segment": 1.0}, "segment=1.0 s at fs=4 Hz holds 4 samples; give a longer one"),
        ({"coverage": 0}, "coverage=0; give a fraction above 0"),
    ],
)
def test_errors(options, text):
    with pytest.raises(FHRError, match=text):
        band_power(np.ones(2000), **options)
