import numpy as np
import pytest

from fhr.morphology.events import Events, no_events
from fhr.morphology.sinusoidal import find_sinusoidal
from fhr.processes import fbm

NONE = no_events()


def sine(minutes: float = 60.0, fs: float = 4.0, *, cycles: float = 4.0, height: float = 10.0, noise: float = 1.0):
    t = np.arange(round(minutes * 60 * fs)) / fs
    jitter = np.random.default_rng(0).normal(size=len(t)) * noise
    return 140 + height / 2 * np.sin(2 * np.pi * cycles / 60 * t) + jitter


@pytest.mark.parametrize("fs", [1.0, 2.0, 2.5, 4.0, 8.0])
@pytest.mark.parametrize("cycles", [3.1, 4.0, 4.9])
def test_a_sine_is_found_whole(fs, cycles):
    np.testing.assert_allclose(find_sinusoidal(sine(fs=fs, cycles=cycles), fs, NONE), [[0, 3600]], atol=1)


@pytest.mark.parametrize(
    "signal",
    [
        sine(cycles=1.5),
        sine(cycles=8.0),
        sine(height=3.0, noise=0.1),
        sine(height=50.0),
        sine(minutes=19.0),
        sine(noise=9.0),
        np.full(14400, 140.0),
        np.full(14400, np.nan),
        np.arange(14400) / 100,
        sine(minutes=0.2),
        np.empty(0),
    ],
    ids=["slow", "fast", "low", "high", "short", "jagged", "flat", "missing", "line", "10 s", "empty"],
)
def test_what_is_no_sine(signal):
    assert find_sinusoidal(signal, 4.0, NONE).shape == (0, 2)


def test_where_it_begins_and_ends():
    x = np.concatenate([sine(15, height=0), sine(25), sine(15, height=0)])
    ((start, end),) = find_sinusoidal(x, 4.0, NONE)
    assert start == pytest.approx(15 * 60, abs=90)
    assert end == pytest.approx(40 * 60, abs=90)


def test_gaps_are_left_out_and_short_breaks_bridged():
    x = sine(40)
    x[4 * 700 : 4 * 740] = x[4 * 1500 : 4 * 1520] = np.nan
    assert len(find_sinusoidal(x, 4.0, NONE)) == 1
    x[4 * 900 : 4 * 1250] = np.nan  # 350 s: windows with less than half known
    assert len(find_sinusoidal(x, 4.0, NONE, shortest=5.0)) == 2


def test_a_frequency_that_wanders_a_little_is_still_a_sine():
    walk = np.convolve(np.random.default_rng(1).normal(size=9839), np.ones(240) / 240**0.5, "valid")
    x = 140 + 6 * np.sin(np.cumsum(2 * np.pi * 4 / 60 / 4 * (1 + 0.05 * walk)))
    ((start, end),) = find_sinusoidal(x, 4.0, NONE)
    assert end - start > 0.9 * len(x) / 4


def test_an_acceleration_ends_it():
    one = np.array([1800.0])
    acceleration = Events(one, one + 30, one + 15, one * 0 + 20, one * 0 + 300, one * 0)
    found = find_sinusoidal(sine(), 4.0, acceleration)
    assert len(found) == 2
    assert found[0, 1] <= 1800
    assert found[1, 0] >= 1830


@pytest.mark.parametrize("hurst", [0.2, 0.5, 0.8])
def test_noise_is_never_sinusoidal(hurst):
    for x in fbm(4 * 3600, hurst, size=5, seed=3):
        scaled = 140 + 10 * (x - x.mean()) / x.std()
        assert len(find_sinusoidal(scaled, 4.0, NONE, shortest=4.0)) == 0


def test_it_is_rare_in_real_recordings(ctu_uhb_database):
    from fhr.preprocessing import clean

    found = [find_sinusoidal(clean(r).fhr.astype(float), r.fs, NONE) for r in list(ctu_uhb_database)[::4]]
    assert sum(len(stretches) for stretches in found) <= 1
