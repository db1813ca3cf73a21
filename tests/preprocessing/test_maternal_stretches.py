"""The mother in place of the child: where, how she differs from MHR, and what is marked."""

import numpy as np
import pytest

from fhr.preprocessing.maternal_stretches import with_maternal_stretches

FS, N = 4.0, 8160


def crop() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    mhr = 85 + generator.normal(0, 0.5, N).cumsum() * 0.05
    rates = np.stack([generator.normal(150, 2, N), mhr]).astype(np.float32)
    rates[0, 1000:1100], rates[1, 3000:4000] = np.nan, np.nan
    return rates, np.zeros((2, N), dtype=np.float32)


def drawn(rates: np.ndarray, marks: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    return with_maternal_stretches(rates, marks, FS, np.random.default_rng(seed))


def test_only_what_is_marked_false_anew_holds_the_mother():
    rates, marks = crop()
    share = []
    for seed in range(60):
        made, false = drawn(rates, marks, seed)
        anew = (false == 1)[0]
        share.append(anew.mean())
        assert made.dtype == rates.dtype
        assert false.dtype == marks.dtype
        np.testing.assert_array_equal(made[1], rates[1])
        np.testing.assert_array_equal(false[1], marks[1])
        kept = ~anew & ~np.isnan(made[0])
        np.testing.assert_array_equal(made[0][kept], rates[0][kept])
        assert np.isnan(made[0][~anew & ~kept]).all()
        assert not anew[3010:3990].any()  # no MHR there to stand for FHR
        given, mhr = made[0][anew], rates[1][anew]
        assert np.nanmax(np.minimum(abs(given - mhr), abs(given - 2 * mhr) / 2), initial=0) < 60
    assert 0.01 < np.mean(share) < 0.4
    assert min(share) < 0.02


def test_the_difference_from_mhr_is_as_measured():
    """Pooled over crops: 5 bpm with its spread, correlated over seconds, values held, some missing."""
    rates, marks = crop()
    differences, held, missing, lagged = [], [], [], []
    for seed in range(200):
        made, false = drawn(rates, marks, seed)
        anew = (false == 1)[0]
        doubled = made[0] > 130  # MHR is near 85, twice that is far from it
        difference = np.where(anew & ~doubled, made[0] - rates[1], np.nan)
        differences.append(difference[~np.isnan(difference)])
        pairs = ~np.isnan(difference[1:] + difference[:-1])
        held.append((made[0, 1:] == made[0, :-1])[pairs])
        missing.append(np.isnan(made[0, anew]))
        lagged.append((difference[4:] * difference[:-4])[~np.isnan(difference[4:] + difference[:-4])])
    differences = np.concatenate(differences)
    assert abs(differences.mean()) < 0.3
    assert differences.std() == pytest.approx(5 * np.exp(0.35**2), rel=0.1)
    assert np.concatenate(held).mean() == pytest.approx(0.6, abs=0.05)
    assert np.concatenate(missing).mean() == pytest.approx(0.27, abs=0.08)
    assert np.concatenate(lagged).mean() / differences.var() == pytest.approx(np.exp(-1 / 2.4), abs=0.12)


def test_one_stretch_in_ten_is_twice_the_mother():
    rates, marks = crop()
    doubled = []
    for seed in range(300):
        made, false = drawn(rates, marks, seed)
        values = made[0][(false == 1)[0] & ~np.isnan(made[0])]
        doubled += [np.mean(values > 130)] if len(values) else []
    assert np.mean(doubled) == pytest.approx(0.1, abs=0.04)
    rates[1] += 60  # twice 145 bpm is more than a monitor gives
    values = np.concatenate([drawn(rates, marks, seed)[0][0] for seed in range(100)])
    assert np.nanmax(values) <= 240


def test_false_and_unmarked_fhr_and_false_mhr_are_left():
    rates, marks = crop()
    marks[0, :2000], marks[0, 2000:2500], marks[1, 5000:6000] = 1, np.nan, 1
    for seed in range(40):
        made, false = drawn(rates, marks, seed)
        for stretch in (slice(1100, 2500), slice(5010, 5990)):
            there = ~np.isnan(made[0, stretch])
            np.testing.assert_array_equal(made[0, stretch][there], rates[0, stretch][there])
            np.testing.assert_array_equal(false[0, stretch], marks[0, stretch])


def test_the_given_arrays_stay_and_a_seed_repeats_the_draws():
    rates, marks = crop()
    one, again, other = drawn(rates, marks, 1), drawn(rates, marks, 1), drawn(rates, marks, 2)
    for a, b in zip(one, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(one[0], other[0], equal_nan=True)
    for a, b in zip((rates, marks), crop(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("n", [1, 7, 40])
def test_short_crops_and_crops_without_mhr(n):
    rates, marks = (x[:, :n] for x in crop())
    made, false = drawn(rates, marks, 0)
    assert made.shape == false.shape == (2, n)
    rates = np.stack([rates[0], np.full(n, np.nan, dtype=np.float32)])
    for given, found in zip((rates, marks), drawn(rates, marks, 0), strict=True):
        np.testing.assert_array_equal(given, found)


@pytest.mark.parametrize("fs", [1.0, 2.0, 8.0])
def test_other_sampling_rates(fs):
    rates, marks = crop()
    made, false = with_maternal_stretches(rates, marks, fs, np.random.default_rng(3))
    assert (false == 1).any()
    assert np.isfinite(made[0][false[0] == 1]).any()
