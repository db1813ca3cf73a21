import numpy as np
import pytest

from fhr.errors import FHRError
from fhr.processes import fbm, mrw
from fhr.processes.circulant_embedding import stationary_gaussian


def close(samples, expected, errors=4.5):
    """Whether the mean over independent realisations, the first axis, is what is expected of it."""
    error = samples.std(axis=0, ddof=1) / np.sqrt(len(samples))
    return np.all(np.abs(samples.mean(axis=0) - expected) < errors * error)


def exponents(walk, q, octaves):
    """Slope of log2 of the q-th absolute moment of increments against the octave, and its jackknife error."""
    moments = np.stack([(np.abs(np.diff(walk[:, :: 2**j])) ** q).mean(axis=1) for j in octaves], axis=1)
    groups = moments.reshape(20, -1, len(octaves)).mean(axis=1)
    left_out = (groups.sum(axis=0) - groups) / 19
    slopes = np.polyfit(octaves, np.log2(left_out).T, 1)[0]
    return np.polyfit(octaves, np.log2(groups.mean(axis=0)), 1)[0], np.sqrt(19 * slopes.var())


@pytest.mark.parametrize("scale", [None, 16, 500.5])
def test_logarithm_of_increments_has_the_covariance_of_omega(scale):
    # ln|increment| = ln|noise| + omega, with E ln|noise| = -(gamma + ln 2) / 2, Var ln|noise| = pi^2 / 8.
    n, lam = 129, 0.08
    length = n if scale is None else scale
    logs = np.log(np.abs(np.diff(mrw(n, c2=-lam, integral_scale=scale, size=20_000, seed=1))))
    mean = -(np.euler_gamma + np.log(2)) / 2 - lam * np.log(length)
    assert close(logs[:, [0, 60, 127]], mean)
    centred = logs - mean
    assert close(centred[:, 5] ** 2, np.pi**2 / 8 + lam * np.log(length))
    for lag in (1, 2, 5, 20, 100):
        assert close(centred[:, 10] * centred[:, 10 + lag], lam * np.log(max(length / (lag + 1), 1)))


@pytest.mark.parametrize("hurst", [0.5, 0.75])
def test_second_and_fourth_moment_at_any_scale(hurst):
    lam, span, length, sigma = 0.03, 32, 100, 1.7
    walk = mrw(span + 1, c2=-lam, hurst=hurst, integral_scale=length, sigma=sigma, size=60_000, seed=2)
    lag = np.abs(np.subtract.outer(np.arange(span), np.arange(span)))
    noise = 0.5 * ((lag + 1.0) ** (2 * hurst) - 2.0 * lag ** (2 * hurst) + np.abs(lag - 1.0) ** (2 * hurst))
    # E exp(omega_i + omega_j) = exp(Cov(omega_i, omega_j) - Var(omega)).
    second = np.sum(noise * ((lag + 1.0) ** -lam))
    assert close(walk[:, -1] ** 2, sigma**2 * second)
    if hurst == 0.5:
        assert second == pytest.approx(span)
        assert close(walk[:, -1] ** 4, 3 * sigma**4 * np.sum((length / (lag + 1.0)) ** (4 * lam)))


@pytest.mark.parametrize(("hurst", "c1"), [(0.5, 0.55), (0.8, 0.825)])
@pytest.mark.parametrize("q", [0.5, 1.0, 2.0, 3.0])
def test_structure_functions_scale_as_claimed(hurst, c1, q):
    lam = 0.05
    walk = mrw(2**13 + 1, c2=-lam, hurst=hurst, size=400, seed=3)
    slope, error = exponents(walk, q, range(3, 9))
    # 0.006 q for the slow approach to the limit at few samples; leaving the lambda^2 terms out would miss by 0.025 q.
    assert abs(slope - (c1 * q - lam * q**2 / 2)) < 4 * error + 0.006 * q


def test_beyond_the_integral_scale_it_is_plain_brownian():
    walk = mrw(2**13 + 1, c2=-0.1, integral_scale=8, size=100, seed=4)
    slope, error = exponents(walk, 4.0, range(6, 11))
    assert abs(slope - 2.0) < 4 * error
    assert error < 0.05


def test_without_c2_it_is_fractional_brownian_motion():
    generator = np.random.default_rng(5)
    np.testing.assert_allclose(mrw(50, c2=0, hurst=0.3, size=4, seed=5), fbm(50, 0.3, size=4, seed=generator))


@pytest.mark.parametrize("scale", [1.0, 3.3, 64.0, 100.0, 1e6])
@pytest.mark.parametrize("lags", [5, 64, 99])
def test_the_logarithmic_covariance_is_always_embeddable(scale, lags):
    covariance = np.log(np.maximum(scale / np.arange(1, lags + 2), 1.0))
    assert np.isfinite(stationary_gaussian(covariance, lags, (), np.random.default_rng(0))).all()


@pytest.mark.parametrize("size", [(), 3, (2, 3), (0,)])
@pytest.mark.parametrize("n", [1, 2, 7, 100])
def test_shape_type_and_start(size, n):
    batch = (size,) if isinstance(size, int) else size
    walk = mrw(n, c2=-0.05, size=size)
    assert walk.shape == (*batch, n)
    assert walk.dtype == np.float64
    assert np.isfinite(walk).all()
    assert np.all(walk[..., 0] == 0)


def test_same_seed_same_numbers():
    np.testing.assert_array_equal(mrw(90, c2=-0.1, seed=6), mrw(90, c2=-0.1, seed=np.random.default_rng(6)))
    assert not np.array_equal(mrw(90, c2=-0.1, seed=6), mrw(90, c2=-0.1, seed=7))
    generator = np.random.default_rng(0)
    assert not np.array_equal(mrw(9, c2=-0.1, seed=generator), mrw(9, c2=-0.1, seed=generator))


def test_sigma_scales():
    np.testing.assert_allclose(mrw(90, c2=-0.1, sigma=3.0), 3 * mrw(90, c2=-0.1))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 0}, "n=0 samples were asked for"),
        ({"c2": 0.1}, r"c2=0.1 is outside \(-0.5, 0\]; give a second log-cumulant in it"),
        ({"c2": -0.5}, "c2=-0.5 is outside"),
        ({"c2": float("nan")}, "c2=nan is outside"),
        ({"hurst": 0.3}, "hurst=0.3 with c2=-0.1: antipersistent noise .*; give hurst of at least 0.5, or c2=0"),
        ({"hurst": 1.0}, "hurst=1.0 is outside"),
        ({"integral_scale": 0}, "integral_scale=0 is not a length in samples; give a number of at least 1"),
        ({"integral_scale": float("inf")}, "integral_scale=inf is not a length"),
        ({"sigma": -1.0}, "sigma=-1.0 is not a standard deviation"),
        ({"size": (2, -1)}, r"size=\(2, -1\) has a negative length"),
        ({"seed": -1}, "seed=-1 is negative"),
    ],
)
def test_errors_name_the_value_and_the_remedy(arguments, message):
    with pytest.raises(FHRError, match=message):
        mrw(**{"n": 5, "c2": -0.1} | arguments)
