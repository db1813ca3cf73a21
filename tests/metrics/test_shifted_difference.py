import numpy as np
import pytest

from fhr.errors import FHRError, SignalError
from fhr.metrics import data_copying, nearest_windows, shifted_differences
from fhr.metrics.planted_defects import resampled


def signals(seed, n, samples, lost=0.1):
    """Slow heart rates with gaps of half a minute, at 0.2 Hz."""
    generator = np.random.default_rng(seed)
    walk = generator.normal(size=(n, samples)).cumsum(axis=1)
    wave = 140 + 10 * (walk - walk.mean(axis=1, keepdims=True)) / walk.std(axis=1, keepdims=True)
    gaps = np.repeat(generator.random((n, -(-samples // 6))) < lost, 6, axis=1)[:, :samples]
    return np.where(gaps, np.nan, wave)


def by_hand(window, other, length, least, places=None):
    found = []
    for start in range(len(window) % length, len(window), length):
        stretch, best = window[start : start + length], np.inf
        for p in range(len(other) - length + 1):
            away = stretch - other[p : p + length]
            if places is not None and abs((len(other) - p) - (len(window) - start)) > places:
                continue
            if (~np.isnan(away)).sum() >= least * length:
                best = min(best, np.sqrt(np.nanmean(away**2)))
        found.append(best)
    return found


@pytest.mark.parametrize("shift", [None, 50, 0])
def test_it_is_the_smallest_of_all_places_by_hand(shift):
    windows, others = signals(0, 3, 130, lost=0.4), signals(1, 2, 101, lost=0.4)
    found = shifted_differences(windows, others, fs=0.2, minutes=2, shift=shift, least=0.6)
    places = None if shift is None else shift * 0.2
    expected = [[by_hand(a, b, 24, 0.6, places) for b in others] for a in windows]
    assert found.shape == (3, 5, 2)
    np.testing.assert_allclose(found, np.moveaxis(expected, 1, 2), atol=0.02)


def test_copies_are_found_wherever_they_lie_and_within_the_shift_only():
    others = signals(2, 4, 360)
    windows = signals(3, 2, 360)
    windows[0, 100:220] = others[2, 37:157]  # 10 min, 315 s later than its source
    found = shifted_differences(windows, others, fs=0.2, minutes=5)
    assert (found < 0.05).sum() == 1
    assert found[0].min(axis=0).argmin() == 2
    assert shifted_differences(windows, others, fs=0.2, minutes=5, shift=320).min() < 0.05
    assert shifted_differences(windows, others, fs=0.2, minutes=5, shift=310).min() > 0.5


def test_a_memoriser_and_a_resampler_are_caught_and_new_records_are_not():
    generator = np.random.default_rng(4)
    training, held_out, new = np.split(signals(5, 36, 360), [16, 26])
    noisy = training[:10] + generator.normal(size=(10, 360))
    stretches = resampled(training, training, 10, 120, generator)[0]
    made = {"new": new, "memoriser": noisy, "resampler": stretches}
    near = {
        name: nearest_windows(shifted_differences(windows, training, fs=0.2))
        for name, windows in {"held out": held_out, **made}.items()
    }
    p = {name: [data_copying(a, b).p for a, b in zip(near[name], near["held out"], strict=True)] for name in made}
    assert min(p["new"]) > 0.05
    assert p["memoriser"][1] < 0.001
    assert p["resampler"][0] < 0.001


def test_nearest_windows():
    differences = np.array([[[3.0, 1], [5, 7]], [[np.inf, np.inf], [2, 4]], [[np.inf] * 2] * 2])
    found = nearest_windows(differences)
    assert found.stretch.tolist() == [1, 2, np.inf]
    assert found.whole.tolist() == [3, 2, np.inf]


def test_what_is_measured_too_little_has_no_difference():
    windows, others = signals(6, 2, 240, lost=0), signals(7, 1, 240, lost=0)
    windows[0, 120:] = np.nan
    found = shifted_differences(windows, others, fs=0.2, minutes=10)
    assert np.isinf(found[0, 1])
    assert np.isfinite(found[1]).all()
    assert np.isinf(shifted_differences(windows, np.full((2, 240), np.nan), fs=0.2, minutes=10)).all()


def test_errors():
    x = signals(8, 2, 60)
    with pytest.raises(SignalError, match="sampling rate fs=0"):
        shifted_differences(x, x, fs=0)
    with pytest.raises(SignalError, match="windows of 60 samples, a stretch of 10 min has 120"):
        shifted_differences(x, x, fs=0.2, minutes=10)
    with pytest.raises(SignalError, match=r"others of shape \(60,\)"):
        shifted_differences(x, x[0], fs=0.2)
    with pytest.raises(SignalError, match="others hold infinite values"):
        shifted_differences(x, np.where(x > 140, np.inf, x), fs=0.2)
    with pytest.raises(FHRError, match=r"stretches of 0 min at 0\.2 Hz"):
        shifted_differences(x, x, fs=0.2, minutes=0)
    with pytest.raises(FHRError, match="shift=-1 s"):
        shifted_differences(x, x, fs=0.2, shift=-1)
    with pytest.raises(FHRError, match="least=0 of a stretch"):
        shifted_differences(x, x, fs=0.2, least=0)
