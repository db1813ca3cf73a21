"""Networks that sort: no error moves them further than they say, and what is within bounds scores within bounds."""

from functools import partial

import numpy as np
import pytest
import torch

from fhr.errors import FHRError
from fhr.models import GaussianRidgeHead, LipschitzNet, SortedKernel, SortedNetwork, SortedPooling

N_TIMES = 240
PARTS = (1.0, 1 / 3)


def windows(n: int = 6, seed: int = 0) -> torch.Tensor:
    """Heart rate and mask, with gaps of several lengths and shares between 0 and 1 at their ends."""
    generator = torch.Generator().manual_seed(seed)
    fhr = torch.randn(n, N_TIMES, generator=generator).cumsum(1) * 0.1
    fhr = fhr + 0.2 * torch.randn(n, N_TIMES, generator=generator)
    mask = torch.ones(n, N_TIMES)
    for i in range(n):
        start = int(torch.randint(0, N_TIMES - 60, (1,), generator=generator))
        mask[i, start : start + 10 * i] = 0
        mask[i, start] = 0.25
    return torch.stack([fhr * (mask > 0), mask], dim=1)


def lipschitz_net(width: int) -> LipschitzNet:
    torch.manual_seed(1)
    network = LipschitzNet(2, gain=0.3, width=width, kernel_size=5, parts=PARTS, bins=8)
    torch.nn.init.normal_(network.direction)
    return network.eval()


def sorted_kernel(filters: int = 0) -> SortedKernel:
    torch.manual_seed(1)
    network = SortedKernel(2, width=9.0, penalty=0.5, filters=filters, parts=PARTS, bins=8, capacity=60).eval()
    signal = windows(60, seed=5)
    network.head.fit(network.embed(signal), signal[:, 0].std(-1) + torch.randn(60), torch.ones(60))
    return network


NETWORKS = {
    "a unit vector": partial(lipschitz_net, 0),
    "filters": partial(lipschitz_net, 4),
    "a kernel": sorted_kernel,
    "a kernel of filters": partial(sorted_kernel, 4),
}


@pytest.fixture(params=NETWORKS)
def network(request) -> SortedNetwork:
    return NETWORKS[request.param]()


def errors(network: SortedNetwork, signal: torch.Tensor) -> list[torch.Tensor]:
    """Errors of 1 bpm RMS over what was measured: noise, an offset, a slow one, one at the end, and the steepest."""
    present = signal[:, 1] > 0
    generator = torch.Generator().manual_seed(2)
    noise = torch.randn(present.shape, generator=generator)
    x = signal.clone().requires_grad_()
    steepest = torch.autograd.grad(network(x).sum(), x)[0][:, 0]
    late = torch.arange(N_TIMES) >= N_TIMES - 40
    found = [noise, torch.ones_like(noise), noise.cumsum(1), noise * late, steepest, -steepest]
    found = [one * present for one in found]
    return [one / (one.square().sum(1, keepdim=True) / present.sum(1, keepdim=True)).sqrt() for one in found]


def moved(network: SortedNetwork, signal: torch.Tensor, rms: torch.Tensor) -> torch.Tensor:
    if isinstance(network, SortedKernel):
        return network.moving(signal)(rms)
    return network.slope(signal) * rms


@torch.no_grad()
def largest_share(network: SortedNetwork, signal: torch.Tensor, bound=moved) -> float:
    """The largest part of its bound that an error of some size moves a score by."""
    before, shares = network(signal)[:, 0], []
    with torch.enable_grad():
        some = errors(network, signal)
    for error in some:
        for rms in (0.1, 2.0, 30.0):
            after = signal.clone()
            after[:, 0] += rms * error / 20
            allowed = bound(network, signal, torch.full((len(signal),), rms, dtype=torch.float64))
            shares.append(((network(after)[:, 0] - before).abs() - 2e-5).clamp_min(0) / allowed)
    return float(torch.stack(shares).max())


def test_no_error_moves_a_score_further_than_the_network_says(network):
    assert 0.1 < largest_share(network, windows()) <= 1


def test_no_error_moves_a_score_further_than_its_slope_allows(network):
    assert largest_share(network, windows(), lambda one, signal, rms: one.slope(signal) * rms) <= 1


def test_a_constant_that_is_too_small_is_caught():
    network = lipschitz_net(0)
    assert largest_share(network, windows(), lambda *given: 0.5 * moved(*given)) > 1


def test_the_slope_of_a_complete_window_is_the_gain():
    network = lipschitz_net(0)
    complete = torch.stack([windows()[:, 0], torch.ones(6, N_TIMES)], dim=1)
    assert network.slope(complete).detach().numpy() == pytest.approx(0.3, rel=1e-5)
    assert (network.slope(windows()) > 0.3).any()


def bounds(network: SortedNetwork, *given: torch.Tensor, **more: int) -> tuple[np.ndarray, np.ndarray]:
    with torch.no_grad():
        low, high = network.bounds(*network.embedded_bounds(*given, **more))
    return low.numpy(), high.numpy()


def inside(network: SortedNetwork, signal: torch.Tensor, low: np.ndarray, high: np.ndarray) -> bool:
    scores = network(signal).detach().double().numpy()
    return bool(((low <= scores) & (scores <= high)).all())


def test_bounds_of_what_is_known_are_the_score(network):
    signal = windows()
    low, high = bounds(network, signal[:, 0], signal[:, 0], signal[:, 1], signal[:, 1])
    assert inside(network, signal, low, high)
    assert (high - low).max() < 2e-4


def test_any_part_of_a_stretch_may_be_lost(network):
    signal, generator = windows(), torch.Generator().manual_seed(3)
    stretch = (torch.arange(N_TIMES) >= 150) & (torch.arange(N_TIMES) < 230)
    low, high = bounds(network, signal[:, 0], signal[:, 0], torch.where(stretch, 0.0, signal[:, 1]), signal[:, 1])
    for share in (0.2, 0.8, 1.0):
        gone = stretch & (torch.rand(signal[:, 0].shape, generator=generator) < share)
        assert inside(network, torch.where(gone[:, None], 0.0, signal), low, high)


def test_some_samples_anywhere_may_be_lost(network):
    signal = windows()
    low, high = bounds(network, signal[:, 0], signal[:, 0], signal[:, 1], signal[:, 1], lost=12)
    for order in (signal[:, 0], -signal[:, 0], -torch.arange(N_TIMES).expand(6, -1)):
        gone = torch.zeros_like(signal[:, 0]).scatter(1, order.argsort(1)[:, :12], 1.0) > 0
        assert inside(network, torch.where(gone[:, None], 0.0, signal), low, high)


def test_values_may_lie_anywhere_between_bounds(network):
    signal, generator = windows(), torch.Generator().manual_seed(4)
    down, up = signal[:, 0] - 0.1, signal[:, 0] + 0.3
    low, high = bounds(network, down, up, signal[:, 1], signal[:, 1])
    for share in (torch.zeros(1), torch.ones(1), torch.rand(signal[:, 0].shape, generator=generator)):
        between = torch.stack([(down + share * (up - down)) * (signal[:, 1] > 0), signal[:, 1]], dim=1)
        assert inside(network, between, low, high)


def test_a_window_of_which_all_may_be_lost_has_bounds_of_every_window(network):
    signal = windows()
    low, high = bounds(network, signal[:, 0], signal[:, 0], torch.zeros_like(signal[:, 1]), signal[:, 1])
    assert inside(network, torch.zeros_like(signal), low, high)
    assert inside(network, signal, low, high)


def test_sorting_moves_no_further_than_the_values():
    pool, generator = SortedPooling(PARTS, bins=16), torch.Generator().manual_seed(0)
    x, y = torch.randn(2, 20, 1, N_TIMES, generator=generator, dtype=torch.float64)
    weight = torch.rand(20, 1, N_TIMES, generator=generator, dtype=torch.float64)
    apart = (pool(x, weight) - pool(y, weight)).square().sum((1, 2, 3))
    allowed = pool.squared_gain(weight)[:, 0] * (weight * (x - y).square()).sum((1, 2))
    assert (apart <= allowed).all()
    shift = (pool(x, weight) - pool(x + 1, weight)).square().sum((1, 2, 3))  # an offset loses nothing
    assert torch.allclose(shift, torch.tensor(sum(PARTS) / 2, dtype=torch.float64))


def test_bins_are_means_of_the_quantile_function():
    pool = SortedPooling((1.0,), bins=4)
    values = torch.tensor([[[3.0, 0.0, 1.0, 2.0]]])
    assert torch.allclose(pool(values, torch.ones(1, 1, 4))[0, 0, 0], torch.arange(4.0) / 2)
    weight = torch.tensor([[[1.0, 1.0, 0.0, 0.0]]])
    assert torch.allclose(pool(values, weight)[0, 0, 0], torch.tensor([0.0, 0.0, 3.0, 3.0]) / 2)


def test_a_part_without_signal_takes_the_quantiles_of_the_wider_one():
    pool = SortedPooling((1.0, 0.25), bins=4)
    values = torch.randn(1, 1, 80, generator=torch.Generator().manual_seed(0))
    weight = torch.ones(1, 1, 80)
    weight[..., -20:] = 0
    wide, narrow = pool(values, weight)[0, 0]
    assert torch.allclose(narrow, wide / 2)


def test_the_norm_of_a_head_is_that_of_its_function():
    head = sorted_kernel().head
    records, coefficients = head.records[:60].double(), head.coefficients[:60].double()
    gram = torch.exp(-torch.cdist(records, records).square() / (2 * 9.0**2))
    assert head.norm() == pytest.approx(float((coefficients @ gram @ coefficients).sqrt()), rel=1e-6)


@pytest.mark.parametrize(
    "made",
    [
        lambda: LipschitzNet(gain=0.0),
        lambda: LipschitzNet(width=3),
        lambda: SortedKernel(width=0.0),
        lambda: GaussianRidgeHead(0),
        lambda: SortedPooling(()),
        lambda: SortedPooling((0.5, 1.0)),
        lambda: SortedPooling(bins=0),
    ],
)
def test_sizes_that_make_no_network_are_refused(made):
    with pytest.raises(FHRError, match="give"):
        made()
