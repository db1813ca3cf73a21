import numpy as np
import pytest

from fhr.errors import FHRError
from fhr.processes import fbm, fgn


def covariance(lag, hurst):
    lag = np.abs(np.asarray(lag, dtype=float))
    return 0.5 * ((lag + 1) ** (2 * hurst) - 2 * lag ** (2 * hurst) + np.abs(lag - 1) ** (2 * hurst))


@pytest.mark.parametrize("hurst", [0.1, 0.3, 0.5, 0.75, 0.95])
def test_every_entry_of_the_covariance_matrix_is_the_theory(hurst):
    draws, n = 20_000, 12
    noise = fgn(n, hurst, size=draws, seed=1)
    expected = covariance(np.subtract.outer(np.arange(n), np.arange(n)), hurst)
    # A Gaussian product moment has variance (c_ii c_jj + c_ij^2) / draws; 4.5 standard errors for 72 distinct entries.
    error = np.sqrt((1 + expected**2) / draws)
    assert np.all(np.abs(noise.T @ noise / draws - expected) < 4.5 * error)


@pytest.mark.parametrize("hurst", [0.2, 0.8])
def test_long_realisations_keep_the_covariance_at_long_lags(hurst):
    draws, n = 4_000, 1_000
    noise = fgn(n, hurst, size=draws, seed=2)
    for lag in (1, 10, 100, n - 1):
        expected = covariance(lag, hurst)
        product = noise[:, 0] * noise[:, lag]
        assert abs(product.mean() - expected) < 4 * np.sqrt((1 + expected**2) / draws)


def test_half_is_white():
    noise = fgn(2**15, 0.5, seed=3)
    for lag in (1, 2, 7):
        assert abs(np.mean(noise[lag:] * noise[:-lag])) < 4 / np.sqrt(len(noise))
    assert noise.var() == pytest.approx(1.0, abs=4 * np.sqrt(2 / len(noise)))


@pytest.mark.parametrize("hurst", [0.15, 0.4, 0.7, 0.9])
def test_variance_of_sums_gives_hurst(hurst):
    draws = 4_000
    motion = fbm(257, hurst, size=draws, seed=4)
    spans = 2 ** np.arange(2, 9)
    variance = np.mean(motion[:, spans] ** 2, axis=0)
    slope = np.polyfit(np.log2(spans), np.log2(variance), 1)[0]
    # log2 variance has standard error sqrt(2 / draws) / ln 2 = 0.032; over 6 octaves the slope has at most 0.013.
    assert slope / 2 == pytest.approx(hurst, abs=4 * 0.013 / 2)


@pytest.mark.parametrize("size", [(), 3, (2, 3), (0,)])
@pytest.mark.parametrize("n", [1, 2, 7, 100])
def test_shape_and_type(size, n):
    batch = (size,) if isinstance(size, int) else size
    for process in (fgn, fbm):
        signal = process(n, 0.7, size=size)
        assert signal.shape == (*batch, n)
        assert signal.dtype == np.float64
        assert np.isfinite(signal).all()


def test_motion_starts_at_zero_and_sums_the_noise():
    motion = fbm(50, 0.6, size=4, seed=5, sigma=2.0)
    assert np.all(motion[:, 0] == 0)
    np.testing.assert_allclose(np.diff(motion), fgn(49, 0.6, size=4, seed=5, sigma=2.0), atol=1e-12)


def test_same_seed_same_numbers():
    np.testing.assert_array_equal(fgn(100, 0.7, seed=6), fgn(100, 0.7, seed=6))
    np.testing.assert_array_equal(fgn(100, 0.7, seed=6), fgn(100, 0.7, seed=np.random.default_rng(6)))
    assert not np.array_equal(fgn(100, 0.7, seed=6), fgn(100, 0.7, seed=7))


def test_a_generator_advances():
    generator = np.random.default_rng(0)
    assert not np.array_equal(fgn(10, 0.7, seed=generator), fgn(10, 0.7, seed=generator))


def test_sigma_scales():
    np.testing.assert_allclose(fgn(100, 0.3, sigma=3.0), 3 * fgn(100, 0.3))
    assert np.all(fgn(100, 0.3, sigma=0.0) == 0)


@pytest.mark.parametrize("process", [fgn, fbm])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 0, "hurst": 0.5}, "n=0 samples were asked for; give n of at least 1"),
        ({"n": 5, "hurst": 1.0}, r"hurst=1.0 is outside \(0, 1\); give a Hurst exponent strictly between 0 and 1"),
        ({"n": 5, "hurst": 0}, r"hurst=0 is outside \(0, 1\)"),
        ({"n": 5, "hurst": float("nan")}, "hurst=nan is outside"),
        ({"n": 5, "hurst": 0.5, "sigma": -1.0}, "sigma=-1.0 is not a standard deviation; give a finite number"),
        ({"n": 5, "hurst": 0.5, "sigma": float("inf")}, "sigma=inf is not a standard deviation"),
        ({"n": 5, "hurst": 0.5, "size": (2, -1)}, r"size=\(2, -1\) has a negative length"),
        ({"n": 5, "hurst": 0.5, "seed": -1}, "seed=-1 is negative; give an integer of at least 0"),
    ],
)
def test_errors_name_the_value_and_the_remedy(process, arguments, message):
    with pytest.raises(FHRError, match=message):
        process(**arguments)
