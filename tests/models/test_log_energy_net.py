"""LogEnergyNet: what its log-sizes are of noise of known scaling, of a sine, beside gaps, and at another rate."""

import os

import numpy as np
import pytest
import torch
from warm_python import python

from fhr.errors import FHRError
from fhr.features.masked_smoothing import bands
from fhr.models import LogEnergyNet
from fhr.processes import fgn

N_TIMES, N_BANDS = 3600, 7
SWINGS = slice(2, 6)  # after the levels of FHR and UC
OF_FHR = slice(6, 6 + N_BANDS)


def window(fhr: np.ndarray, mask: np.ndarray | float = 1.0) -> torch.Tensor:
    """Windows (n, 3, time) of `fhr` (n, time), UC 0."""
    mask = np.broadcast_to(mask, fhr.shape)
    return torch.tensor(np.stack([fhr * mask, np.zeros_like(fhr), mask], axis=1), dtype=torch.float32)


@torch.no_grad()
def sequence(signal: torch.Tensor, **options) -> tuple[torch.Tensor, torch.Tensor]:
    return LogEnergyNet(**options).eval().sequence(signal)


@pytest.mark.parametrize("hurst", [0.3, 0.5, 0.8])
def test_log_sizes_of_noise_fall_by_its_exponent(hurst):
    """A band of fractional Gaussian noise is 2 ** (H - 1) times as large an octave further."""
    noise = fgn(N_TIMES, hurst, size=24)
    values, _ = sequence(window(noise), smallest=1e-6)
    mean = values[:, OF_FHR].mean(dim=(0, 2))[2:6]  # without the ends: sampling, and few periods
    slope = np.polyfit(np.arange(4) * np.log(2), mean.numpy(), 1)[0]
    assert slope == pytest.approx(hurst - 1, abs=0.08)


def test_twice_the_amplitude_adds_log_2_and_a_level_nothing():
    x = fgn(N_TIMES, 0.7, size=2)
    mask = np.ones(N_TIMES)
    mask[1000:1900] = 0
    one, _ = sequence(window(x, mask), smallest=1e-6)
    two, weight = sequence(window(3.0 + 2 * x, mask), smallest=1e-6)
    difference = (two - one)[:, OF_FHR][(weight > 0).expand(-1, N_BANDS, -1)]
    assert difference.median() == pytest.approx(np.log(2), abs=1e-3)
    assert difference.mean() == pytest.approx(np.log(2), abs=1e-2)  # single precision, where a band is nearly 0


@pytest.mark.parametrize("octave", range(6))
def test_a_sine_is_strongest_in_the_octave_of_its_period(octave):
    t = np.arange(N_TIMES)
    values, _ = sequence(window(np.sin(2 * np.pi * t / (6.5 * 2**octave))[None]))
    assert values[0, OF_FHR].exp().mean(dim=1).argmax() == octave


def test_bands_are_those_of_the_hand_made_features():
    """Widths below 8 s, of single samples, agree with `fhr.features` beside and in gaps of any kind."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(2, 600)).cumsum(axis=1) / 20
    mask = (generator.random((2, 600)) > 0.3) & (np.arange(600) // 100 != 3)
    expected = bands(np.where(mask, x, np.nan), (1.0, 2.0, 4.0, 8.0))
    network, signal = LogEnergyNet(), window(x, mask)
    with torch.no_grad():
        found = network.fast(signal[:, :1], signal[:, 2:])[:, 0].numpy().swapaxes(0, 1)
    known = ~np.isnan(expected)
    assert known.mean() > 0.4
    np.testing.assert_allclose(found[known], expected[known], atol=1e-4)


def test_a_constant_has_no_fluctuation_whatever_is_missing():
    mask = np.random.default_rng(0).random((2, N_TIMES)) > 0.4
    mask[:, 600:1500] = False
    values, weight = sequence(window(np.full((2, N_TIMES), 0.7), mask))
    sizes = values[:, OF_FHR][(weight > 0).expand(-1, N_BANDS, -1)]
    assert (sizes - np.log(0.005)).max() < 0.01
    assert values[:, 0][weight[:, 0] > 0].sub(0.7).abs().max() < 1e-5


def test_a_little_signal_within_a_gap_has_no_weight():
    mask = np.ones(N_TIMES)
    mask[1200:2400] = 0
    mask[1800:1806] = 1
    _, weight = sequence(window(np.ones((1, N_TIMES)), mask))
    assert weight[0, 0, 300:600].max() == 0
    assert weight[0, 0, 280] == weight[0, 0, 620] == 1


def test_modulation_is_found_at_its_octave():
    """Fast noise whose size changes with a period of 3.5 min, and noise of one size: the log-sizes differ there."""
    t, noise = np.arange(N_TIMES), np.random.default_rng(0).normal(size=(4, N_TIMES))
    changing = noise * np.exp(np.sin(2 * np.pi * t / 208))
    values = sequence(torch.cat([window(noise), window(changing)]))[0][:, -18:]
    of_fastest = values[:, :4].mean(dim=-1).reshape(2, 4, 4).mean(dim=1)  # octaves from 8, 16, 32, 64 s
    assert (of_fastest[1] - of_fastest[0]).argmax() == 2
    assert (of_fastest[1] - of_fastest[0])[2] > 1


def test_another_rate_sees_the_same():
    t = np.arange(4 * 1200) / 4
    x = sum(np.sin(2 * np.pi * t / period + period) for period in (15, 40, 90, 300))[None]
    fast, _ = sequence(window(x), fs=4.0)
    slow, _ = sequence(window(x.reshape(1, -1, 4).mean(axis=-1)), fs=1.0)
    assert fast.shape == slow.shape == (1, 35, 300)
    assert (fast - slow)[:, OF_FHR][:, 1:].mean(dim=-1).abs().max() < 0.06  # the octave from 1 s is sampling


def test_frozen_filters_stay_and_the_head_learns():
    network = LogEnergyNet(frozen=True)
    assert {name.split(".")[0] for name, p in network.named_parameters() if p.requires_grad} == {"head"}
    assert {name.split(".")[0] for name, p in network.named_parameters()} == {"fast", "slow", "of_sizes", "head"}


@pytest.mark.process
def test_filters_learn_on_a_processor_without_vectors(tmp_path):
    """There the gradient of a complex size is NaN where its square is below all floats, as far out in a Gaussian."""
    learn = (
        "import torch\n"
        "from fhr.models import LogEnergyNet\n"
        "network = LogEnergyNet()\n"
        "network(torch.ones(2, 3, 1200)).sum().backward()\n"
        "assert all(torch.isfinite(one.grad).all() for one in network.parameters())\n"
        "print(torch.backends.cpu.get_cpu_capability())"
    )
    done = python("-c", learn, folder=tmp_path, environment={**os.environ, "ATEN_CPU_CAPABILITY": "default"})
    assert (done.returncode, done.stdout) == (0, "DEFAULT\n"), done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"fs": 0.0}, "give numbers above 0"),
        ({"shortest": -1.0}, "give numbers above 0"),
        ({"smallest": 0.0}, "give numbers above 0"),
        ({"n_bands": 2}, "means of 1 to 4 s; let them begin below 8 s, two steps, and reach beyond"),
        ({"shortest": 10.0}, "means of 10 to 1280 s; let them begin below 8 s"),
    ],
    ids=str,
)
def test_filters_that_cannot_be_are_refused(options, said):
    with pytest.raises(FHRError, match=said):
        LogEnergyNet(**options)


def test_swings_tell_falls_from_rises():
    """Of a rate that falls deep and rises little, the lowest swings lie farther from 0 than the highest."""
    time = np.arange(N_TIMES)
    falls = -np.exp(-0.5 * ((time % 240 - 120) / 15.0) ** 2)
    values, _ = sequence(torch.cat([window(falls[None]), window(-falls[None])]))
    low, high = (values[:, SWINGS].quantile(q, dim=-1) for q in (0.01, 0.99))
    assert (-low[0, 1] > 1.5 * high[0, 1]).all()
    torch.testing.assert_close(low[0], -high[1], atol=1e-4, rtol=0)
    assert sequence(window(falls[None]), swings=False)[0].shape[1] == values.shape[1] - 4
