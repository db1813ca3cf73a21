"""No warp moves a score beyond its bounds, and the parts of the bounds are not loose beyond use."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from fhr.errors import FHRError
from fhr.models import InceptionNet, ScatteringNet
from fhr.multiscale import Scattering1d
from fhr.multiscale.morlet import gaussian_spectrum, morlet_family, morlet_spectrum
from fhr.robustness import (
    NetworkReader,
    Traces,
    deformation_bound,
    feasible_delay,
    warp_bounds,
    warp_certificate,
    warped,
    warped_scores,
)
from fhr.robustness.commutator import Envelope, exchange, gaussian_envelope
from fhr.robustness.transport import largest_sum

N = 600


def network(seed: int = 0, **options) -> ScatteringNet:
    """A network with weights of the largest norm that it allows."""
    torch.manual_seed(seed)
    made = ScatteringNet(**{"J": 6, **options})
    with torch.no_grad():
        made.head.normal_()
    return made.eval()


def windows(gaps: int, seed: int = 0, n: int = 4) -> torch.Tensor:
    """Smooth rates with dips, in units of 20 bpm, with some gaps."""
    rng = np.random.default_rng(seed)
    signal = torch.zeros(n, 3, N)
    for window in signal:
        rate = np.convolve(rng.normal(size=N + 20), np.hanning(21) / 5, mode="valid")
        rate = rate - np.exp(-(((np.arange(N) - rng.uniform(50, N - 50)) / 15) ** 2)) - 0.3
        window[0], window[2] = torch.from_numpy(rate), 1.0
        for start in rng.integers(0, N - 40, gaps):
            window[:, start : start + 25] = 0.0
    return signal


def delays(n: int, seconds: float, slope: float, seed: int = 0) -> torch.Tensor:
    """Delays (n, time) of all kinds: swings of one period, random walks, one slow bend."""
    rng = np.random.default_rng(seed)
    rows = []
    for k in range(n):
        period = rng.choice([4, 20, 60, 300, 1200])
        swing = np.sign(np.sin(2 * np.pi * np.arange(N) / period + rng.uniform(0, 7)))
        steps = swing if k % 2 else rng.choice([-1.0, 1.0], N // 20 + 1).repeat(20)[:N]
        rows.append(np.cumsum(steps * slope))
    raw = torch.from_numpy(np.stack(rows))
    return feasible_delay(raw - raw.mean(1, keepdim=True), torch.full((n,), seconds), 1.0, slope)


def worst_delay(net: ScatteringNet, signal: torch.Tensor, seconds: float, slope: float, sign: int) -> torch.Tensor:
    """Delay of an attack by projected gradient."""
    delay = delays(len(signal), seconds, slope, seed=9)
    best, found = delay, torch.full((len(signal),), -torch.inf)
    for step in range(12):
        leaf = delay.clone().requires_grad_()
        scores = sign * warped_scores(net, signal.double(), leaf)[:, 0]
        better = scores.detach() > found
        best, found = torch.where(better[:, None], delay, best), torch.where(better, scores.detach(), found)
        gradient = torch.autograd.grad(scores.sum(), leaf)[0]
        size = seconds / (1 + step) / gradient.abs().amax(1, keepdim=True).clamp_min(1e-12)
        delay = feasible_delay(delay + size * gradient, torch.full((len(signal),), seconds), 1.0, slope)
    return best


@pytest.mark.parametrize(("seconds", "slope"), [(0.4, 0.05), (4.0, 0.02), (12.0, 0.1)])
def test_no_warp_of_what_the_network_sees_beats_the_bounds(seconds, slope):
    net, signal = network(), windows(gaps=3)
    low, high = (side[:, 0] for side in warp_bounds(net, signal, seconds, slope))
    scores = net(signal).detach()[:, 0]
    assert torch.isfinite(low).all()
    net.double()
    reached = torch.zeros(len(signal), dtype=torch.float64)
    tried = [delays(len(signal), seconds, slope, seed=k) for k in range(30)]
    for sign in (1, -1):
        tried.append(worst_delay(net, signal, seconds, slope, sign))
    for delay in tried:
        moved = warped_scores(net, signal.double(), delay.double()).detach()[:, 0]
        assert (moved <= high).all()
        assert (moved >= low).all()
        reached = torch.maximum(reached, torch.where(moved > scores, (moved - scores) / (high - scores), 0.0))
    assert reached.max() > 0.02


@pytest.mark.parametrize("gaps", [0, 2])
def test_no_warp_of_the_window_itself_beats_the_bounds_with_edges(gaps):
    net, signal = network(), windows(gaps)
    low, high = (side[:, 0] for side in warp_bounds(net, signal, 5.0, 0.02, edges=True))
    inner_low, inner_high = (side[:, 0] for side in warp_bounds(net, signal, 5.0, 0.02))
    assert (low <= inner_low).all()
    assert (inner_high <= high).all()
    if gaps == 0:
        assert (high - low < 3 * (inner_high - inner_low)).all()
    fhr = torch.where(signal[:, 2] > 0, 140 + 20 * signal[:, 0], torch.nan)
    before = Traces(fhr, fhr, signal[:, 2], 1.0, tuple("abcd"))
    for k in range(30):
        after = warped(before, delays(len(signal), 5.0, 0.02, seed=k).float())
        moved = torch.stack([torch.nan_to_num((after.fhr - 140) / 20), signal[:, 1], after.measured], dim=1)
        scores = net(moved).detach()[:, 0]
        assert (scores <= high).all()
        assert (scores >= low).all()


def test_bounds_shrink_with_the_warp_and_grow_with_seconds_and_slope():
    net, signal = network(), windows(gaps=2, n=2)

    def width(seconds: float, slope: float) -> torch.Tensor:
        low, high = warp_bounds(net, signal, seconds, slope)
        return (high - low)[:, 0]

    assert (width(0.5, 0.001) < 0.25 * width(5.0, 0.02)).all()
    assert (width(5.0, 0.02) < width(5.0, 0.05)).all()
    assert (width(1.0, 0.02) <= width(5.0, 0.02)).all()


def steepest_delay(y: np.ndarray, psi: np.ndarray, at: int, slope: float) -> np.ndarray:
    """Delay (N,) that changes the modulus of one coefficient most, to first order in the slope."""
    rise = np.diff(y[: N + 1])
    weights = psi[at - np.arange(N)] * rise
    phase = np.exp(-1j * np.angle((psi[at - np.arange(N)] * y[:N]).sum()))
    beyond = np.where(np.arange(N) >= at, np.cumsum(weights[::-1])[::-1], -np.cumsum(weights))
    delay = np.cumsum(slope * np.sign((phase * beyond).real))
    return feasible_delay(torch.from_numpy(delay - delay[at])[None], torch.tensor([1e3]), 1.0, slope)[0].numpy()


@pytest.mark.parametrize("slope", [0.01, 0.03])
def test_exchange_bounds_each_coefficient(slope):
    """Pointwise, and nearly reached by the worst warp of a coefficient, so that a smaller constant would be caught."""
    length = 1200
    rng = np.random.default_rng(1)
    y = np.zeros(length)
    y[20 : N - 20] = np.convolve(rng.normal(size=N - 40), np.hanning(41) / 8, mode="same")
    frequency = np.fft.fftfreq(length)
    largest = 0.0
    for wavelet in morlet_family(6, 1)[3:]:
        spectrum = morlet_spectrum(length, wavelet.xi, wavelet.sigma)
        kappa = np.exp(-((wavelet.xi / wavelet.sigma) ** 2) / 2)
        envelope = Envelope(wavelet.xi, wavelet.sigma, spectrum.mean() / (1 - kappa), kappa, length)
        found = exchange(y, np.zeros(length), spectrum, envelope, slope, N)
        seen = spectrum * np.sinc(frequency) ** 2
        worst = [
            sign * steepest_delay(y, np.fft.ifft(seen), at, slope) for at in range(100, 500, 25) for sign in (1, -1)
        ]
        for delay in [*delays(20, 8.0, slope).numpy(), *worst]:
            at = np.arange(N) - delay
            moved = np.zeros(length)
            moved[:N] = np.interp(at, np.arange(N), y[:N])
            u = np.abs(np.fft.ifft(np.fft.fft(moved) * seen))[:N]
            modulus, above, below = (np.interp(at, np.arange(N), side) for side in found)
            assert (u <= modulus + above).all()
            assert (u >= modulus - below).all()
            largest = max(largest, ((u - modulus) / above).max(), ((modulus - u) / below).max())
    assert largest > 0.4


def test_envelopes_bound_filters_and_their_derivatives():
    length = 900
    frequency = np.fft.fftfreq(length)
    for wavelet in morlet_family(5, 1)[2:]:
        spectrum = morlet_spectrum(length, wavelet.xi, wavelet.sigma)
        kappa = np.exp(-((wavelet.xi / wavelet.sigma) ** 2) / 2)
        morlet = Envelope(wavelet.xi, wavelet.sigma, spectrum.mean() / (1 - kappa), kappa, length)
        gaussian = gaussian_envelope(wavelet.sigma, length)
        for values, envelope in ((spectrum, morlet), (gaussian_spectrum(length, wavelet.sigma), gaussian)):
            for order in range(5):
                derivative = np.abs(np.fft.ifft(values * (2j * np.pi * frequency) ** order))
                bound = envelope(order)
                assert (derivative <= bound * (1 + 1e-6) + 1e-9 * bound.max()).all()
                assert derivative.max() > 0.4 * bound.max()
                assert (bound <= envelope(order, 2.0, 0.1) * (1 + 1e-9)).all()


@pytest.mark.parametrize(("seconds", "slope"), [(0.3, 0.05), (2.5, 0.3), (30.0, 0.05)])
def test_no_warp_sums_to_more(seconds, slope):
    rng = np.random.default_rng(2)
    rows = [rng.normal(size=N), rng.normal(size=N).cumsum() / 10, np.sin(np.arange(N) / 9), np.ones(N)]
    values = np.stack(rows)
    for first, end in ((0, N), (200, N), (150, 400)):
        bound = largest_sum(values, first, end, seconds, slope)
        assert bound[3] == pytest.approx(end - first)
        for delay in delays(30, seconds, slope).numpy():
            sums = [np.interp(np.arange(N) - delay, np.arange(N), row)[first:end].sum() for row in values]
            assert (np.array(sums) <= bound + 1e-9).all()


def test_the_constant_of_the_transform_bounds_it():
    layer = Scattering1d(5, 1, n_samples=N, unit_gain=True)
    rng = np.random.default_rng(3)
    x = np.stack([np.convolve(rng.normal(size=N + 40), np.hanning(41), mode="valid") for _ in range(20)])
    for seconds, slope in ((1.0, 0.01), (20.0, 0.1)):
        moved = [
            np.interp(np.arange(N) - d, np.arange(N), row)
            for d, row in zip(delays(20, seconds, slope).numpy(), x, strict=True)
        ]
        change = (layer(torch.from_numpy(np.stack(moved))) - layer(torch.from_numpy(x))).flatten(1).norm(dim=1).numpy()
        ratio = change / np.linalg.norm(x, axis=1) / deformation_bound(layer, seconds, slope)
        assert ratio.max() < 1
        assert ratio.max() > 0.01
    assert deformation_bound(layer, 0.0, 0.0) == 0


class Thresholded(NetworkReader):
    """A reader of scattering networks whose verdict is the sign of the mean score."""

    def __init__(self, networks: list[ScatteringNet]) -> None:
        self.networks = networks
        scaling = {"fhr": (140.0, 20.0), "uc": (30.0, 30.0)}
        self.predictor = SimpleNamespace(pipeline=SimpleNamespace(channels=("fhr", "uc", "mask"), scaling=scaling))

    def scores(self, traces: Traces) -> np.ndarray:
        signal = traces.signal(self.predictor.pipeline)
        return np.stack([one(signal).detach().double().numpy()[:, 0] for one in self.networks])

    def decide(self, scores: np.ndarray) -> SimpleNamespace:
        assert np.isfinite(scores).all()  # what calibrators refuse
        return SimpleNamespace(at_risk=scores.mean(0) >= 0)


def test_certificates_hold_for_the_mean_of_networks():
    nets = [network(seed=0), network(seed=1), network(seed=2, gain=0.02)]
    signal = windows(gaps=1)
    fhr = torch.where(signal[:, 2] > 0, 140 + 20 * signal[:, 0], torch.nan)
    traces = Traces(fhr, fhr, signal[:, 2], 1.0, tuple("abcd"))
    reader = Thresholded(nets)
    with torch.no_grad():
        for one in nets:
            one.bias += torch.tensor(0.4 - reader.scores(traces).mean())
    certificate = warp_certificate(reader, traces, slope=0.01, largest=8.0)
    assert certificate.threat == "warp"
    assert "0.01 s in a second" in certificate.assumptions[1]
    assert (certificate.sizes > 0).any()
    before = reader.decide(reader.scores(traces)).at_risk
    for size, i in zip(certificate.sizes, range(4), strict=True):
        if size == 0:
            continue
        one = signal[[i]]
        for delay in delays(20, size, 0.01):
            moved = np.stack([warped_scores(net, one, delay[None]).detach().numpy()[:, 0] for net in nets])
            assert reader.decide(moved).at_risk[0] == before[i]


def test_a_window_without_bounds_is_not_certified():
    signal = windows(gaps=0)
    signal[0, 2, 40] = 0.95
    traces = Traces(140 + 20 * signal[:, 0], 140 + 20 * signal[:, 0], signal[:, 2], 1.0, tuple("abcd"))
    assert warp_certificate(Thresholded([network()]), traces, slope=0.01, largest=2.0, edges=True).sizes[0] == 0


def test_what_cannot_be_is_refused():
    net, signal = network(), windows(gaps=0)
    with pytest.raises(FHRError, match="warps of InceptionNet are not bounded"):
        warp_bounds(InceptionNet(n_filters=2, kernel_sizes=[5], depth=2), signal, 1.0, 0.01)
    with pytest.raises(FHRError, match=r"slope=0\.5; give a number above 0"):
        warp_bounds(net, signal, 1.0, 0.5)
    with pytest.raises(FHRError, match="seconds=0"):
        warp_bounds(net, signal, 0, 0.1)
    with pytest.raises(FHRError, match=r"slope=0\.5; give"):
        deformation_bound(Scattering1d(5, 1, n_samples=N), 1.0, 0.5)
    signal[:, 2, 40] = 0.95
    assert torch.isinf(warp_bounds(net, signal, 1.0, 0.01, edges=True)[0]).all()
