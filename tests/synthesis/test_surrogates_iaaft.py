import numpy as np
import pytest

from fhr.errors import FHRError
from fhr.multiscale import analyze
from fhr.processes import mrw
from fhr.synthesis import iaaft, phase_randomized


def labours(size=3, n=1200, seed=0, delay=40):
    """Two channels: humps now and then; a quick fall and a slow return `delay` samples later; quantised."""
    rng = np.random.default_rng(seed)
    starts = np.zeros((size, n))
    for row in starts:
        row[np.arange(60, n, 150) + rng.integers(-30, 30, len(np.arange(60, n, 150)))] = 1.0
    t = np.arange(n)
    hump, fall = np.exp(-0.5 * ((t - 60) / 15) ** 2), np.exp(-np.maximum(t - delay, 0) / 30) * (t >= delay)
    uc, dip = (np.fft.irfft(np.fft.rfft(starts) * np.fft.rfft(shape), n) for shape in (hump, fall))
    fhr = 140 - 30 * dip + 0.3 * rng.normal(size=(size, n)).cumsum(-1) + rng.normal(size=(size, n))
    return np.round(4 * np.stack([fhr, 40 * uc + 10], axis=1)) / 4


def skewness_of_increments(x, lag=5):
    step = x[..., lag:] - x[..., :-lag]
    step = step - step.mean(-1, keepdims=True)
    return (step**3).mean(-1) / (step**2).mean(-1) ** 1.5


def relative(found, asked):
    return np.linalg.norm(found - asked, axis=-1) / np.linalg.norm(asked, axis=-1)


@pytest.fixture(scope="module")
def x():
    return labours()


@pytest.mark.parametrize("joint", [True, False])
def test_values_are_exact_and_the_errors_are_those_that_are_told(joint, x):
    found = iaaft(x, seed=1, joint=joint)
    np.testing.assert_array_equal(np.sort(found.signals), np.sort(x))
    assert (found.amplitude_error == 0).all()
    before, after = (np.fft.rfft(one)[..., 1:] for one in (x, found.signals))
    np.testing.assert_allclose(found.spectrum_error, relative(abs(after), abs(before)), rtol=1e-6, atol=1e-9)
    crossed = [one[:, 0] * one[:, 1].conj() for one in (before, after)]
    np.testing.assert_allclose(found.cross_error, relative(crossed[1], crossed[0]), rtol=1e-6)
    assert found.spectrum_error.max() < 0.05
    assert (found.cross_error.max() < 0.15) == joint
    assert ((found.iterations >= 10) & (found.iterations <= 200)).all()


@pytest.mark.parametrize("joint", [True, False])
def test_the_spectrum_is_exact_where_asked(joint, x):
    found = iaaft(x, seed=1, joint=joint, exact="spectrum")
    before, after = (np.fft.rfft(one) for one in (x, found.signals))
    np.testing.assert_allclose(abs(after), abs(before), rtol=1e-9, atol=1e-9 * abs(before[..., 1:]).max())
    if joint:
        crossed = [one[:, 0] * one[:, 1].conj() for one in (before, after)]
        np.testing.assert_allclose(crossed[1], crossed[0], rtol=0, atol=1e-9 * abs(crossed[0][:, 1:]).max())
    distance = np.sqrt(((np.sort(found.signals) - np.sort(x)) ** 2).mean(-1)) / x.std(-1)
    np.testing.assert_allclose(found.amplitude_error, distance, rtol=1e-6)
    assert 0 < found.amplitude_error.max() < 0.1


def test_reflections_come_nearer_than_the_textbook(x):
    fhr = x[:, :1]
    amplitude, values = abs(np.fft.rfft(fhr)), np.sort(fhr)
    surrogate = np.random.default_rng(0).permuted(fhr, axis=-1)
    for _ in range(100):
        transform = np.fft.rfft(surrogate)
        near = np.fft.irfft(amplitude * np.exp(1j * np.angle(transform)), fhr.shape[-1])
        np.put_along_axis(surrogate, near.argsort(-1), values, axis=-1)
    textbook = relative(abs(np.fft.rfft(surrogate))[..., 1:], amplitude[..., 1:])
    assert (iaaft(fhr, seed=1, joint=False).spectrum_error < 0.7 * textbook).all()


def test_asymmetry_and_intermittency_are_destroyed(x):
    """The negative control of what pinned coefficients keep."""
    assert (skewness_of_increments(x[:, 0]) < -1).all()
    assert abs(skewness_of_increments(iaaft(x, seed=1).signals[:, 0])).max() < 0.5
    walk = mrw(4096, c2=-0.1, size=(6, 1), seed=2)
    before, after = (analyze(one, j2=7).log_cumulants[:, 0, 1] for one in (walk, iaaft(walk, seed=1).signals))
    assert before.mean() < -0.06
    assert after.mean() > 0.5 * before.mean()


def test_only_joint_surrogates_keep_the_linear_lag(x):
    def lag(y):
        z = y - y.mean(-1, keepdims=True)
        crossed = np.fft.irfft(np.fft.rfft(z[:, 0]) * np.fft.rfft(z[:, 1]).conj(), y.shape[-1])
        return crossed.argmin(-1)

    np.testing.assert_array_equal(lag(phase_randomized(x, seed=2)), lag(x))
    assert abs(lag(iaaft(x, seed=2).signals) - lag(x)).max() <= 2
    assert abs(lag(iaaft(x, seed=2, joint=False).signals) - lag(x)).max() > 10


def test_a_signal_stops_where_nothing_is_gained(x):
    assert iaaft(x, seed=1, iterations=7).iterations.tolist() == [7, 7, 7]
    early, late = (iaaft(x, seed=1, tolerance=tolerance) for tolerance in (0.5, 0.0))
    assert (early.iterations < late.iterations).all()
    assert early.spectrum_error.mean() > late.spectrum_error.mean()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"exact": "both"}, "'amplitudes', 'spectrum'"),
        ({"iterations": 0}, "iterations=0"),
        ({"iterations": 2.5}, r"iterations=2\.5"),
        ({"tolerance": 1.0}, r"tolerance=1\.0"),
        ({"tolerance": float("nan")}, "tolerance=nan"),
    ],
)
def test_other_arguments_are_refused(options, words, x):
    with pytest.raises(FHRError, match=words):
        iaaft(x, seed=1, **options)
