import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from fhr.synthesis import phase_randomized


def transforms(*signals):
    return [np.fft.rfft(one) for one in signals]


@settings(max_examples=15)
@given(n=st.integers(4, 90), channels=st.integers(1, 3), joint=st.booleans(), seed=st.integers(0, 2**40))
def test_spectra_are_kept_at_any_length(n, channels, joint, seed):
    x = np.random.default_rng(n).normal(2.0, 1.0, (2, channels, n)).cumsum(-1)
    before, after = transforms(x, phase_randomized(x, seed=seed, joint=joint))
    np.testing.assert_allclose(abs(after), abs(before), rtol=1e-10, atol=1e-10 * abs(before).max())
    np.testing.assert_allclose(after[..., 0], before[..., 0], rtol=1e-12)
    if joint:
        crossed = [one[:, :, None] * one[:, None].conj() for one in (before, after)]
        np.testing.assert_allclose(crossed[1], crossed[0], rtol=0, atol=1e-10 * abs(crossed[0]).max())


def test_the_highest_frequency_of_an_even_length_gets_a_random_sign():
    x = np.tile([1.0, -1.0, 1.0, -1.0], (200, 1, 1))
    found = phase_randomized(x, seed=0)
    assert set(np.sign(found[:, 0, 0])) == {-1.0, 1.0}
    np.testing.assert_allclose(abs(found), 1.0, rtol=1e-12)


def test_phases_are_uniform_and_their_own():
    x = np.random.default_rng(0).normal(size=(1, 2, 4001))
    before, after = transforms(x, phase_randomized(x, seed=3, joint=False))
    turns = np.angle(after / before)[0, :, 1:]
    assert min(kstest(one, "uniform", args=(-np.pi, 2 * np.pi)).pvalue for one in turns) > 1e-3
    assert abs(np.mean(np.exp(1j * (turns[0] - turns[1])))) < 0.1


def test_values_and_asymmetry_are_lost():
    # Slow rises and sudden falls: increments are skew, and the values have two peaks.
    x = (np.arange(3000) % 150 / 150)[None, None]
    found = phase_randomized(x, seed=1)[0, 0]
    step = np.diff(found)
    skewness = (step**3).mean() / (step**2).mean() ** 1.5
    assert (np.diff(x[0, 0]) ** 3).mean() / (np.diff(x[0, 0]) ** 2).mean() ** 1.5 < -5
    assert abs(skewness) < 1
    assert abs(np.sort(found) - np.sort(x[0, 0])).mean() > 0.03
