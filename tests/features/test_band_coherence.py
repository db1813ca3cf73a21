"""Coherence against theory: independent signals, delayed copies, a known share of noise, gaps."""

import numpy as np
import pytest

from fhr.errors import SignalError
from fhr.features import COHERENCE_BANDS, band_coherence


def white(size: int, seed: int, n: int = 3600) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(size, n))


@pytest.mark.parametrize("fraction", [0.0, 0.2])
def test_independent_signals_have_none(with_gaps, fraction):
    x, y = with_gaps(white(40, 0), fraction=fraction), with_gaps(white(40, 1), fraction=fraction, seed=1)
    found = band_coherence(140 + x, y)
    assert (np.abs(found.mean(axis=0)) < 3 * found.std(axis=0) / np.sqrt(40)).all()


@pytest.mark.parametrize("delay", [0, 20, 40])
def test_a_delayed_copy_has_what_the_overlap_of_its_segments_leaves(delay):
    x = white(40, 0, n=3700)
    taper = np.hanning(257)[:-1]
    overlap = (taper[delay:] * taper[: 256 - delay]).sum() / (taper**2).sum()
    found = band_coherence(140 - 9 * x[:, 100 - delay : 3700 - delay], x[:, 100:])
    assert found.shape == (40, len(COHERENCE_BANDS))
    # In the lowest band the straight lines that are taken out differ.
    np.testing.assert_array_less(np.abs(found.mean(axis=0) - overlap**2), [0.08, 0.03, 0.03])


def test_noise_halves_it():
    x, extra = white(40, 0), white(40, 1)
    np.testing.assert_allclose(band_coherence(x + extra, x).mean(axis=0), 0.5, atol=0.04)


def test_a_band_tells_of_its_own_frequencies():
    t = np.arange(3600)
    for k, period in enumerate((128, 48, 16)):
        wave = np.sin(2 * np.pi * t / period)
        found = band_coherence((wave + white(1, 0)[0])[None], (wave + white(1, 1)[0])[None])[0]
        assert found.argmax() == k
        assert np.delete(found, k).max() < 0.2


def test_too_little_signal():
    x, y = white(4, 0), white(4, 1)
    x[0], y[1], x[2, 600:] = np.nan, 3.0, np.nan
    assert np.isnan(band_coherence(x, y)[:3]).all()
    assert np.isfinite(band_coherence(x, y)[3]).all()
    assert np.isnan(band_coherence(x[:, :200], y[:, :200])).all()
    with pytest.raises(SignalError, match=r"give both as \(window, seconds\)"):
        band_coherence(x, y[:2])
