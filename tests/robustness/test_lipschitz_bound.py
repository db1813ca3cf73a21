"""The bound of a network beside its slopes: derivatives at many signals, and pairs of signals."""

import pytest
import torch

from fhr.errors import FHRError
from fhr.models import CTGNet, InceptionNet, InceptionTime, MultiResolutionNet, Network, PatchTransformer, ResNet1d
from fhr.robustness import lipschitz_bound

N = 480
NETWORKS = {
    "InceptionNet": lambda: InceptionNet(n_filters=3, kernel_sizes=(5, 11), depth=2, stride=2, n_outputs=2),
    "InceptionNet with features": lambda: InceptionNet(n_filters=2, kernel_sizes=(3, 5), depth=1, n_features=4),
    "InceptionTime": lambda: InceptionTime(n_filters=3, bottleneck=4, kernel_sizes=(5, 11), depth=4, stride=4),
    "InceptionTime of stride 1": lambda: InceptionTime(n_filters=2, kernel_sizes=(3,), depth=7, stride=1),
    "ResNet1d": lambda: ResNet1d(widths=(6, 8), strides=(4, 2)),
    "MultiResolutionNet": lambda: MultiResolutionNet(n_filters=3, resolutions=(2, 8), kernel_sizes=(5, 3, 3)),
    "CTGNet": lambda: CTGNet(n_times=N),
}


def led_elsewhere(name: str) -> Network:
    """A network in evaluation mode, in float64, whose weights and running statistics have left their start."""
    torch.manual_seed(0)
    network = NETWORKS[name]()
    with torch.no_grad():
        for value in network.parameters():
            value += 0.1 * torch.randn_like(value)
        for key, value in network.named_buffers():
            if key.endswith("running_var"):
                value.uniform_(0.3, 2.0)
            elif key.endswith("running_mean"):
                value.normal_()
    return network.double().eval()


def masks() -> torch.Tensor:
    """Whole, with gaps, with next to nothing in the last third, with single samples alone."""
    mask = torch.ones(4, N)
    mask[1, 100:200], mask[1, 300:303] = 0.0, 0.4
    mask[2, 300:474] = 0.0
    mask[3] = (torch.arange(N) % 40 == 7).float()
    return mask


def signals(mask: torch.Tensor, n_channels: int, seed: int) -> torch.Tensor:
    """Slow and fast fluctuations, large and small, under the masks."""
    draw = torch.Generator().manual_seed(seed)
    noise = torch.randn(len(mask), n_channels, N, dtype=torch.float64, generator=draw)
    slow = torch.nn.functional.avg_pool1d(noise, 41, 1, 20) * 6
    signal = torch.where(torch.rand(len(mask), 1, 1, generator=draw) < 0.5, slow, noise) * 2.0 ** (seed % 5 - 2)
    signal = signal * (mask > 0)[:, None]
    signal[:, -1] = mask
    return signal


def scored(network: Network, signal: torch.Tensor) -> torch.Tensor:
    features = torch.ones(len(signal), network.n_features, dtype=signal.dtype)
    return network(signal, features) if network.n_features else network(signal)


def steepest(network: Network, mask: torch.Tensor, channels: list[int]) -> torch.Tensor:
    """Largest length (batch, n_outputs) of the gradient of each score at some signals, and of a step along it."""
    found = torch.zeros(len(mask), network.specification["init_args"]["n_outputs"], dtype=torch.float64)
    for seed in range(5):
        signal = signals(mask, network.specification["init_args"]["n_channels"], seed)
        changed = torch.zeros_like(signal)
        changed[:, channels] = (mask > 0).double()[:, None]
        signal.requires_grad_()
        scores = scored(network, signal)
        for output in range(scores.shape[1]):
            (slope,) = torch.autograd.grad(scores[:, output].sum(), signal, retain_graph=True)
            slope = slope * changed
            lengths = slope.flatten(1).norm(dim=1)
            step = 3.0 * slope / lengths.clamp_min(1e-12)[:, None, None]
            with torch.no_grad():
                moved = (scored(network, signal + step) - scores)[:, output].abs() / 3.0
            found[:, output] = torch.maximum(found[:, output], torch.maximum(lengths, moved))
    return found.detach()


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("channels", [[0], [0, 1]])
def test_no_slope_is_above_the_bound(name, channels):
    network, mask = led_elsewhere(name), masks()
    bound = lipschitz_bound(network, mask, channels)
    slopes = steepest(network, mask, channels)
    assert bound.shape == slopes.shape
    assert bound.dtype == torch.float64
    assert (slopes > 0).all()
    assert (slopes <= bound).all()


def plain(name: str) -> Network:
    """A network of positive weights, in which one direction is the steepest of every layer: its bound is reached."""
    torch.manual_seed(0)
    made = {
        "InceptionNet": lambda: InceptionNet(n_filters=1, kernel_sizes=(1,), depth=0, stride=2),
        "ResNet1d": lambda: ResNet1d(widths=(2,), strides=(2,), kernel_sizes=(5, 3), parts=(1.0,)),
        "MultiResolutionNet": lambda: MultiResolutionNet(n_filters=2, resolutions=(4,), parts=(1.0,)),
        "CTGNet": lambda: CTGNet(n_times=N),
    }[name]()
    with torch.no_grad():
        for key, value in network_numbers(made):
            value.fill_(0.0 if key.endswith("mean") else 1.0)
        head = made.head if name == "CTGNet" else made.head[-1]
        if name != "CTGNet":
            head.weight[:, head.in_features // 2 :] = 0.0  # means alone
    return made.double().eval()


def network_numbers(network: Network) -> list[tuple[str, torch.Tensor]]:
    numbers = (*network.named_parameters(), *network.named_buffers())
    return [(key, value) for key, value in numbers if value.is_floating_point()]


def reached(name: str) -> float:
    """Share of its bound that a network of positive weights reaches when the whole heart rate rises."""
    network, mask = plain(name), torch.ones(1, N)
    signal = torch.ones(1, network.specification["init_args"]["n_channels"], N, dtype=torch.float64)
    higher = signal.clone()
    higher[:, 0] += 1.0
    with torch.no_grad():
        slope = (network(higher) - network(signal)).abs() / N**0.5
    return float(slope / lipschitz_bound(network, mask))


@pytest.mark.parametrize("name", ["InceptionNet", "ResNet1d", "MultiResolutionNet", "CTGNet"])
def test_a_network_of_positive_weights_reaches_its_bound(name):
    assert 0.9 < reached(name) <= 1


def test_a_wrong_constant_is_caught(monkeypatch):
    monkeypatch.setitem(lipschitz_bound.__globals__, "convolution_norm", lambda weight, **_: float(weight.norm()))
    assert reached("CTGNet") > 1


def test_the_bound_of_missing_signal_is_that_of_less_time_to_average():
    network = led_elsewhere("InceptionNet")
    half = torch.ones(2, N)
    half[1, : N // 2] = 0.0
    whole, fewer = lipschitz_bound(network, half)
    torch.testing.assert_close(fewer, 2**0.5 * whole)


def test_what_does_not_change_has_no_part_and_the_network_stays_as_it_is():
    network = led_elsewhere("ResNet1d").train()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    bound = lipschitz_bound(network, masks())
    with torch.no_grad():
        for block in network.blocks[:1]:
            block.layers[0][0].weight[:, 1:] *= 1000
            block.shortcut[0].weight[:, 1:] *= 1000
    assert torch.equal(lipschitz_bound(network, masks()), bound)
    assert network.training
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items() if "running" in key)


def test_a_network_of_one_channel_has_no_mask():
    network = InceptionNet(n_channels=1, n_filters=2, kernel_sizes=(3,), depth=1).eval()
    bounds = lipschitz_bound(network, masks())
    assert torch.equal(bounds, bounds[:1].expand_as(bounds))


class Unknown(InceptionNet):
    """A user's own, whose forward may do anything."""


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (
            lambda: PatchTransformer(patch=32, step=32, width=8, n_heads=2, depth=1),
            r"PatchTransformer: no rule says how it joins its layers, and no bound is known of LayerNorm "
            r"\(layers.0.norm\).*; randomized smoothing certifies it",
        ),
        (Unknown, "Unknown: no rule says how it joins its layers.*; randomized smoothing"),
    ],
    ids=["PatchTransformer", "Unknown"],
)
def test_networks_without_a_known_bound_are_refused(network, message):
    with pytest.raises(FHRError, match=message):
        lipschitz_bound(network(), masks())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"channels": [2]}, r"channels=\[2\]; give some of \[0, 1\], since the mask stays"),
        ({"channels": []}, r"channels=\[\]; give some"),
        ({"mask": torch.ones(N)}, r"a mask of shape \(480,\); give \(batch, time\)"),
        ({"mask": torch.zeros(1, N)}, "with some signal in each window"),
    ],
)
def test_what_cannot_be_bounded_is_refused(given, message):
    with pytest.raises(FHRError, match=message):
        lipschitz_bound(led_elsewhere("InceptionNet"), **{"mask": masks(), **given})


def test_a_mask_of_another_length_than_the_network_takes_is_refused():
    with pytest.raises(FHRError, match="a mask of 480 samples; this CTGNet takes windows of 1800"):
        lipschitz_bound(CTGNet(), masks())
