"""Correlation at lags against its definition, and the lag of signals whose delay is known."""

import numpy as np
import pytest

from fhr.errors import SignalError
from fhr.features import lagged_correlation, response_lag

LAGS = np.arange(-30, 121)


def noise(n: int = 3600, size: int = 1, seed: int = 0) -> np.ndarray:
    """Rows of noise that changes within some 15 s, of variance 1."""
    white = np.random.default_rng(seed).normal(size=(size, n + 60))
    kernel = np.exp(-0.5 * (np.arange(-30, 31) / 7.0) ** 2)
    return np.stack([np.convolve(row, kernel, "valid") for row in white]) / np.sqrt((kernel**2).sum())


def test_is_pearsons_correlation_of_the_pairs(with_gaps):
    x, y = with_gaps(noise(400, 2), fraction=0.3), with_gaps(noise(400, 2, seed=1), fraction=0.2, seed=1)
    lags = np.array([-30, -1, 0, 7, 120])
    found = lagged_correlation(x + 1e4, y, lags, least=2)
    for i in range(2):
        for lag, value in zip(lags, found[i], strict=True):
            first, second = (x[i, : 400 - lag], y[i, lag:]) if lag >= 0 else (x[i, -lag:], y[i, : 400 + lag])
            both = ~np.isnan(first + second)
            assert value == pytest.approx(np.corrcoef(first[both], second[both])[0, 1], abs=1e-6)


def test_lags_with_few_pairs_and_signals_that_do_not_vary():
    x = noise(400)
    found = lagged_correlation(x, x, np.array([0, 120]), least=300)
    assert found[0, 0] == pytest.approx(1)
    assert np.isnan(found[0, 1])
    still = np.full_like(x, 1e6 / 3)
    assert np.isnan(lagged_correlation(x, still, LAGS, least=2)).all()
    assert np.isnan(lagged_correlation(np.full_like(x, np.nan), x, LAGS, least=2)).all()


@pytest.mark.parametrize("delay", [-20, 0, 17, 64, 110])
def test_a_delayed_fall_has_its_delay(delay, with_gaps):
    waves = noise(4000, 4)
    uc, fhr = 20 + 10 * waves[:, 200:3800], 140 - 15 * waves[:, 200 - delay : 3800 - delay]
    lag, strength = response_lag(fhr, uc).T
    np.testing.assert_allclose(lag, delay, atol=0.15)
    assert (strength > 0.99).all()
    lost = response_lag(with_gaps(fhr, fraction=0.3), with_gaps(uc, fraction=0.3, seed=1))
    np.testing.assert_allclose(lost[:, 0], delay, atol=0.5)
    np.testing.assert_allclose(lost[:, 1], 1, atol=0.06)


def test_half_a_second_is_seen():
    t = np.arange(3600)
    uc = np.stack([np.exp(-((((t % 190) - 80) / 22) ** 2))])
    fhr = 140 - 30 * np.exp(-((((t % 190) - 110.4) / 22) ** 2))[None]
    assert response_lag(fhr, uc)[0, 0] == pytest.approx(30.4, abs=0.05)


def test_units_and_levels_do_not_matter_and_rises_are_no_falls(labour):
    fhr, uc = (x[:, ::4] for x in labour(2))
    found = response_lag(fhr, uc)
    np.testing.assert_allclose(found[:, 0], 35, atol=2)  # from 80 s to 115 s of each cycle
    np.testing.assert_allclose(response_lag(fhr + 20, 1e-4 * uc + 3), found, atol=1e-5)
    upside_down = response_lag(280 - fhr, uc)
    assert (np.abs(upside_down[:, 0] - found[:, 0]) > 20).all()


def test_signals_that_are_not_coupled_have_little_strength():
    found = response_lag(140 + 5 * noise(size=30), noise(size=30, seed=1))
    assert np.median(found[:, 1]) < 0.3
    assert found[:, 0].std() > 25


def test_one_long_fall_does_not_outvote_the_others(labour):
    fhr, uc = (x[:, ::4].copy() for x in labour(1, seed=2))
    before = response_lag(fhr, uc)[0, 0]
    fhr[:, 1800:1890] = 60  # within a pause between contractions, or not
    assert response_lag(fhr, uc)[0, 0] == pytest.approx(before, abs=3)


def test_too_little_signal():
    fhr, uc = 140 + noise(size=3), noise(size=3, seed=1)
    fhr[0] = np.nan
    uc[1, 599:] = np.nan
    uc[2] = 4.0
    assert np.isnan(response_lag(fhr, uc)).all()
    assert np.isnan(response_lag(fhr[:, :500], uc[:, :500])).all()
    assert response_lag(fhr[:0], uc[:0]).shape == (0, 2)


def test_signals_of_unlike_shapes_are_refused():
    with pytest.raises(SignalError, match=r"give both as \(window, seconds\)"):
        response_lag(np.zeros((2, 900)), np.zeros((2, 800)))
    with pytest.raises(SignalError, match=r"give both as \(window, seconds\)"):
        response_lag(np.zeros(900), np.zeros(900))
