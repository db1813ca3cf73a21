"""ScatteringNet: its slope is a bound, for any change and mask; levels and what is missing tell nothing."""

import pytest
import torch

from fhr.errors import FHRError
from fhr.models import ScatteringNet

N = 900


def network(**options) -> ScatteringNet:
    """A network with weights of the largest norm that it allows, in double precision."""
    torch.manual_seed(3)
    made = ScatteringNet(**{"J": 7, **options})
    with torch.no_grad():
        made.head.normal_()
    return made.double().eval()


def windows(n: int, seed: int = 0) -> torch.Tensor:
    """Correlated heart rates with gaps, one of them complete and one lost but for a minute."""
    generator = torch.Generator().manual_seed(seed)
    signal = torch.zeros(n, 3, N, dtype=torch.float64)
    signal[:, 0] = torch.randn(n, N, generator=generator, dtype=torch.float64).cumsum(-1) / 10
    signal[:, 2] = 1.0
    for window in signal[1:]:
        for start in torch.randint(0, N - 60, (4,), generator=generator):
            window[:, start : start + 40] = 0.0
        window[2, :50] *= 0.5
    signal[-1, :, : N - 60] = 0.0
    return signal


def slopes(net: ScatteringNet, signal: torch.Tensor, change: torch.Tensor) -> torch.Tensor:
    """Measured slopes (batch,) of the steepest score per bpm root mean square of changes of the measured heart rate."""
    measured = signal[:, 2] > 0
    other = signal.clone()
    other[:, 0] += change * measured
    size = 20 * ((change * measured).square().sum(-1) / measured.sum(-1)).sqrt()
    return (net(other) - net(signal)).abs().amax(1) / size


def steepest(net: ScatteringNet, signal: torch.Tensor) -> torch.Tensor:
    """Gradient of the first score, the direction of the steepest small change."""
    leaf = signal.clone().requires_grad_()
    return torch.autograd.grad(net(leaf)[:, 0].sum(), leaf)[0][:, 0]


def test_no_change_is_steeper_than_the_slope():
    net, signal = network(n_outputs=2), windows(12)
    bound = net.slope(signal)
    generator = torch.Generator().manual_seed(1)
    largest = torch.zeros_like(bound)
    for k in range(60):
        change = torch.randn(12, N, generator=generator, dtype=torch.float64)
        change = change.cumsum(-1) if k % 2 else change
        largest = torch.maximum(largest, slopes(net, signal, change * 10.0 ** (k % 5 - 2)))
    direction = steepest(net, signal)
    for size in (1e-4, 0.1, 1.0, 30.0):
        largest = torch.maximum(largest, slopes(net, signal, direction / direction.norm(dim=-1, keepdim=True) * size))
    assert (largest <= bound).all()
    # A third of the bound is reached in most windows, so that a constant three times too small would be caught.
    assert (largest[:-1] > bound[:-1] / 3).double().mean() > 0.5


def test_the_weights_allow_no_more_than_the_gain():
    net = network(gain=0.5)
    long = torch.zeros(1, 3, 40_000, dtype=torch.float64)
    long[:, 2] = 1.0
    assert 0.98 * 0.5 < net.slope(long).item() < 1.02 * 0.5


def test_a_level_and_what_is_missing_tell_nothing():
    net, signal = network(), windows(6)
    higher = signal.clone()
    higher[:, 0] += 1.5
    assert torch.allclose(net(higher), net(signal), atol=1e-9)
    other = signal.clone()
    other[:, 0] += 3 * (signal[:, 2] < 1)
    other[:, 1] = 7.0
    assert torch.equal(net(other), net(signal))


def test_shares_undo_what_gaps_take_from_noise():
    net = network()
    generator = torch.Generator().manual_seed(2)
    complete = torch.ones(200, 3, N, dtype=torch.float64)
    complete[:, 0] = torch.randn(200, N, generator=generator, dtype=torch.float64)
    gappy = complete.clone()
    for window in gappy:
        window[2, torch.randint(0, N, (30,), generator=generator)] = 0.0
    means = []
    for signal in (complete, gappy):
        taper = net.taper(signal)
        sums = net.sums(net.moduli(net.tapered(signal, taper)), taper)
        means.append((sums / net.sums(net.shares(taper), taper)).mean(0))
    assert net.taper(gappy).mean() < 0.8
    assert torch.allclose(means[1], means[0], rtol=0.06)


def test_a_part_without_signal_takes_the_wider_one():
    net, signal = network(), windows(3)
    signal[:, :, N // 2 :] = 0.0
    taper = net.taper(signal)
    sums = net.sums(net.moduli(net.tapered(signal, taper)), taper)
    assert torch.equal(sums[..., 1], sums[..., 0])
    assert torch.isfinite(net(signal)).all()
    assert torch.equal(net.profiles(taper)[:, :, 2], net.profiles(taper)[:, :, 0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gain": 0.0}, "gain=0.0; give numbers above 0"),
        ({"J": 0}, "J=0 and Q=1; give 1 or more"),
        ({"parts": [0.5, 1.0]}, r"parts=\[0.5, 1.0\]; give shares"),
        ({"shortest": 1e6}, "leaves no wavelet"),
        ({"shortest": 2.0, "fs": 0.5}, "above half the sampling rate"),
    ],
)
def test_what_cannot_be_is_refused(options, message):
    with pytest.raises(FHRError, match=message):
        ScatteringNet(**options)
