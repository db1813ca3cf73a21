import numpy as np
import pytest
from scipy.stats import wasserstein_distance
from some_labours import labour

from fhr.errors import FHRError
from fhr.similarity import EMBEDDINGS, UC_WEIGHT, LabourWindows, sliced_wasserstein


def windows(*signals, channels=("fhr", "uc"), fs=4.0):
    """Windows of signals (channel, time)."""
    signal = np.stack(signals).astype(np.float32)
    n, end = len(signal), signal.shape[-1] / fs
    return LabourWindows(signal, channels, fs, np.array(["w"] * n), np.zeros(n), np.full(n, end))


def apart(vectors, a=0, b=1):
    return float(np.sqrt(np.mean((vectors[a] - vectors[b]) ** 2)))


def two_labours(minutes=10):
    return [LabourWindows.of(labour("a", seed, gap=False), minutes=minutes).signal[0] for seed in (1, 2)]


def test_of_one_channel_it_is_the_distance_of_sorted_samples():
    a, b = (signal[:1] for signal in two_labours())
    embedding = sliced_wasserstein(10, delays=(0,), every=0.25, n_projections=3, n_quantiles=2400)
    found = apart(embedding(windows(a, b, channels=("fhr",))))
    assert found == pytest.approx(np.sqrt(np.mean((np.sort(a[0]) - np.sort(b[0])) ** 2)), rel=1e-5)
    assert found >= wasserstein_distance(a[0], b[0])
    coarse = sliced_wasserstein(10, delays=(0,), every=0.25, n_projections=1, n_quantiles=16)
    assert apart(coarse(windows(a, b, channels=("fhr",)))) == pytest.approx(found, rel=0.02)


def test_of_several_coordinates_it_is_the_mean_over_directions():
    a, b = two_labours()
    found = apart(sliced_wasserstein(10, delays=(0, 30), every=1.0)(windows(a, b)))
    clouds = []
    for signal in (a, b):
        fhr, uc = signal[0].reshape(-1, 4).mean(axis=1), UC_WEIGHT * signal[1].reshape(-1, 4).mean(axis=1)
        clouds.append(np.stack([fhr[30:], fhr[:-30], uc[30:], uc[:-30]]))
    directions = np.random.default_rng(0).normal(size=(500, 4))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    projected = [np.sort(directions @ cloud, axis=1) for cloud in clouds]
    assert found == pytest.approx(np.sqrt(np.mean((projected[0] - projected[1]) ** 2)), rel=0.05)


@pytest.mark.parametrize("delays", [(0.0,), (0.0, 10.0, 20.0)])
def test_a_displacement_is_told_exactly(delays):
    a, _ = two_labours()
    given = windows(a, a + np.array([[6.0], [0.0]]), a + np.array([[0.0], [40.0]]))
    vectors = sliced_wasserstein(10, delays=delays, n_projections=12)(given)
    assert apart(vectors) == pytest.approx(6 / np.sqrt(2), rel=1e-4)
    assert apart(vectors, 0, 2) == pytest.approx(40 * UC_WEIGHT / np.sqrt(2), rel=1e-4)


def test_time_tells_by_delays_alone():
    a, _ = two_labours()
    later = np.stack([a[0], np.roll(a[1], 4 * 60)])
    shuffled = a.reshape(2, -1, 4)[:, np.random.default_rng(0).permutation(600)].reshape(2, -1)
    at_once, in_time = (sliced_wasserstein(10, delays=d)(windows(a, shuffled, later)) for d in ((0,), (0, 20)))
    assert apart(at_once) == pytest.approx(0, abs=1e-4)
    assert apart(in_time) > 0.3
    assert apart(at_once, 0, 2) > 0.3  # another lag from contractions to heart rate


def test_what_was_not_measured_is_no_point():
    a, _ = two_labours()
    gap, doubled, poor, without = (a.copy() for _ in range(4))
    gap[0, 800:880] = np.nan
    doubled[:, 800:880] = np.nan
    poor[0, 500:] = np.nan
    without[1] = np.nan
    embedding = sliced_wasserstein(10, delays=(0,))
    vectors = embedding(windows(a, gap, doubled, poor, without))
    assert np.array_equal(vectors[1], vectors[2])
    assert 0 < apart(vectors) < 1
    assert np.isnan(vectors[3:]).all()
    assert np.array_equal(embedding(windows(gap))[0], vectors[1])  # alone as among others
    assert vectors.shape == (5, 256)


def test_it_has_a_name_and_an_identity():
    assert EMBEDDINGS["sliced_wasserstein"](20).unit == "bpm"
    assert sliced_wasserstein(10).identity != sliced_wasserstein(10, delays=(0,)).identity


@pytest.mark.parametrize(
    "given",
    [
        {"delays": ()},
        {"delays": (-1.0,)},
        {"delays": (0.0, 0.0)},
        {"delays": (0.0, 0.5)},
        {"delays": (0.0, 301.0)},
        {"delays": (0.0, float("nan"))},
        {"every": 0.0},
        {"n_projections": 0},
        {"n_quantiles": 0},
        {"least": 0.0},
        {"least": 2.0},
    ],
)
def test_settings_that_cannot_be_are_refused(given):
    with pytest.raises(FHRError, match=f"{next(iter(given))}="):
        sliced_wasserstein(10, **given)
