"""Synthesis under scattering constraints, and the statistics that it keeps."""

import numpy as np
import pytest
import torch

from fhr.errors import FHRError, SignalError
from fhr.multiscale.morlet import morlet_family, morlet_spectrum
from fhr.processes import fbm
from fhr.synthesis import scattering_synthesis
from fhr.synthesis.scattering_statistics import ScatteringStatistics, closed

N = 512
DELAY = 12


def bursts(n: int = N, size: int = 1, seed: int = 1) -> np.ndarray:
    """Falls of one channel (quick, then slow back) some samples after bursts of another, at random times."""
    rng = np.random.default_rng(seed)
    kernel = np.exp(-np.arange(40) / 12)
    x = np.empty((size, 2, n))
    for one in x:
        event = np.zeros(n + 100)
        event[rng.choice(n + 100, n // 40, replace=False)] = rng.uniform(0.5, 1.5, n // 40)
        one[1] = np.convolve(event, np.exp(-(np.linspace(-2, 2, 25) ** 2)))[100 : n + 100]
        one[0] = 140 - 20 * np.convolve(event, kernel)[100 - DELAY - 12 : n + 100 - DELAY - 12]
        one += 0.05 * rng.standard_normal((2, n)) * one.std(-1, keepdims=True)
    return x


def skewness(x: np.ndarray, step: int = 5) -> np.ndarray:
    change = x[..., step:] - x[..., :-step]
    change = change - change.mean(-1, keepdims=True)
    return (change**3).mean(-1) / (change**2).mean(-1) ** 1.5


def delay(x: np.ndarray) -> int:
    """Samples from the second channel to falls of the first."""
    fhr, uc = x - x.mean(-1, keepdims=True)
    return int(np.correlate(fhr, uc, "full")[x.shape[-1] - 1 :][:60].argmin())


@pytest.fixture(scope="module")
def made():
    x = bursts(size=2)
    return x, scattering_synthesis(x, fs=1.0, seed=5, max_iterations=80)


def phase_randomised(x: np.ndarray) -> np.ndarray:
    turns = np.exp(2j * np.pi * np.random.default_rng(0).random(x.shape[-1] // 2 + 1))
    return np.fft.irfft(np.fft.rfft(x) * turns, n=x.shape[-1])


def test_the_descent_meets_the_constraints_of_a_known_process(made):
    x, found = made
    assert found.signals.shape == x.shape
    assert (found.relative_loss < 0.05).all()
    assert (found.iterations == 80).all()
    assert all((apart < 0.4).all() for apart in found.discrepancies.values()), found.discrepancies
    assert (np.abs(found.signals.mean(-1) - x.mean(-1)) < 0.15 * x.std(-1)).all()
    np.testing.assert_allclose(found.signals.std(-1), x.std(-1), rtol=0.15)


def test_asymmetry_is_kept_and_a_random_phase_loses_it(made):
    x, found = made
    before = skewness(x)[:, 0]
    assert (np.abs(before) > 0.5).all()
    np.testing.assert_allclose(skewness(found.signals)[:, 0], before, rtol=0.15)
    assert (np.abs(skewness(phase_randomised(x))[:, 0]) < 0.5 * np.abs(before)).all()


def test_the_delay_between_channels_is_kept_and_the_events_are_elsewhere(made):
    x, found = made
    for record, sample in zip(x, found.signals, strict=True):
        assert abs(delay(sample) - delay(record)) <= 2
        assert abs(np.corrcoef(record[0], sample[0])[0, 1]) < 0.6


def test_the_seed_and_the_place_in_the_batch_decide():
    x = bursts(256)
    twice = np.concatenate([x, x])
    first, again, other = (
        scattering_synthesis(twice, fs=1.0, seed=seed, max_iterations=2).signals for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1
    assert np.abs(first[0] - first[1]).max() > 1


def test_tensors_and_any_number_of_channels():
    x = torch.from_numpy(fbm(256, 0.7, size=3, seed=1)).float()[None]
    for channels in (1, 3):
        found = scattering_synthesis(x[:, :channels], fs=4.0, seed=0, max_iterations=2)
        assert found.signals.dtype == torch.float32
        assert found.signals.shape == (1, channels, 256)
        assert found.signals.isfinite().all()
        assert ("coupling" in found.discrepancies) == (channels > 1)


def test_a_loose_tolerance_ends_early():
    found = scattering_synthesis(bursts(256), fs=1.0, seed=0, tolerance=0.5, max_iterations=50)
    assert found.iterations[0] < 50
    assert found.relative_loss[0] <= 0.5


def moduli_and_spectra(x: np.ndarray, statistics: ScatteringStatistics) -> tuple[np.ndarray, np.ndarray]:
    """Wavelet coefficients (octave, channel, time) the long way, in units of the signal, and the wavelets."""
    x = (x - x.mean(-1, keepdims=True)) / x.std(-1, ddof=1, keepdims=True)
    circle = closed(torch.from_numpy(x), statistics.edge).numpy()
    n = x.shape[-1]
    psi = np.array([morlet_spectrum(n, one.xi, one.sigma) for one in morlet_family(statistics.J, 1)])
    psi[:, n // 2 :] = 0
    return np.fft.ifft(np.fft.fft(circle) * psi[:, None]), psi


def test_statistics_are_means_over_time():
    x = bursts(256)
    statistics = ScatteringStatistics(256, 1.0, torch.from_numpy(x))
    found = statistics(torch.from_numpy(x), statistics.scales(torch.from_numpy(x)))
    w, psi = moduli_and_spectra(x[0], statistics)
    unit = np.sqrt((np.abs(w) ** 2).mean(-1))
    np.testing.assert_allclose(found["sparsity"].reshape(-1, 2), np.abs(w).mean(-1) / unit, rtol=0.02)
    correlation = torch.view_as_complex(found["correlation"].reshape(len(w), 4, 2, 2, 2)).numpy()
    for j, k, a, b in ((0, 0, 0, 0), (1, 2, 0, 1), (3, 3, 1, 0)):
        direct = (np.roll(w[j, a], -k * 2**j) * w[j, b].conj()).mean() / unit[j, a] / unit[j, b]
        assert correlation[j, k, a, b] == pytest.approx(direct, abs=2e-3)
    # Octave 1 with the envelopes of octave 0, the first that there are.
    second = np.fft.ifft(np.fft.fft(np.abs(w[0])) * psi[1])
    size = np.sqrt((np.abs(second) ** 2).mean(-1))
    phase = torch.view_as_complex(found["phase-envelope"][0, :8].reshape(2, 2, 2)).numpy()
    direct = (w[1][:, None] * second[None].conj()).mean(-1) / unit[1][:, None] / size[None]
    np.testing.assert_allclose(phase, direct, atol=0.02)
    envelope = torch.view_as_complex(found["envelope"][0, :6].reshape(3, 2)).numpy()
    direct = (second[0] * second[1].conj()).mean() / size[0] / size[1]
    assert envelope[[0, 2]] == pytest.approx(np.ones(2), abs=1e-6)
    assert envelope[1] == pytest.approx(direct, abs=0.02)


def test_a_reversal_of_time_turns_the_signs_that_it_should():
    x = torch.from_numpy(bursts())
    statistics = ScatteringStatistics(N, 1.0, x)
    units = statistics.scales(x)
    ahead, back = statistics(x, units), statistics(x.flip(-1), units)
    torch.testing.assert_close(back["order"], ahead["order"])
    torch.testing.assert_close(back["skewness"], -ahead["skewness"])
    for group in ("phase-envelope", "envelope"):
        forth, reverse = (torch.view_as_complex(one[group].reshape(-1, 2)) for one in (ahead, back))
        torch.testing.assert_close(reverse, forth.conj(), atol=2e-2, rtol=0)
    assert torch.view_as_complex(ahead["phase-envelope"].reshape(-1, 2)).imag.abs().max() > 0.2


def with_value(value: float) -> np.ndarray:
    x = bursts(256)
    x[0, 1, 17] = value
    return x


def flat() -> np.ndarray:
    x = bursts(256)
    x[0, 1] = 20.0
    return x


@pytest.mark.parametrize(
    ("x", "arguments", "message"),
    [
        (with_value(np.nan), {}, "record 0, channel 1 has a missing or infinite sample; fill gaps"),
        (with_value(np.inf), {}, "record 0, channel 1 has a missing or infinite sample"),
        (flat(), {}, "record 0, channel 1 is constant"),
        (bursts(256)[..., :200], {}, "200 samples at 1 Hz are too short; give at least 256"),
        (bursts(256), {"fs": 16.0}, "256 samples at 16 Hz are too short"),
        (bursts(256)[0], {}, r"shape \(2, 256\); give \(batch, channel, time\)"),
        (np.array([["a"]]), {}, "real numbers"),
    ],
)
def test_unfit_signals_are_refused(x, arguments, message):
    with pytest.raises(SignalError, match=message):
        scattering_synthesis(x, **{"fs": 1.0, "seed": 0, **arguments})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"fs": 0.0}, "fs=0.0 is not a sampling rate"),
        ({"fs": np.nan}, "fs=nan is not a sampling rate"),
        ({"tolerance": 1.0}, "tolerance=1.0"),
        ({"max_iterations": 0}, "max_iterations=0 is below 1"),
    ],
)
def test_unfit_arguments_are_refused(arguments, message):
    with pytest.raises(FHRError, match=message):
        scattering_synthesis(bursts(256), **{"fs": 1.0, "seed": 0, **arguments})
