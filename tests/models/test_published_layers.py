"""Networks of published layouts: on a window without gaps, they are what the papers write, written out again."""

import pytest
import torch
from torch.nn import functional as F

from fhr.errors import FHRError
from fhr.models import InceptionTime, Network, ResNet1d

EVERYWHERE = {"parts": [1.0], "dropout": 0.0}
N = 120


def trained(network: Network) -> tuple[Network, dict[str, torch.Tensor]]:
    """A network whose normalisation has seen windows and whose weights have left their start, with its state."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for _ in range(3):
            network(unbroken(8))
        for parameter in network.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=generator)
    return network.eval(), network.state_dict()


def unbroken(n: int) -> torch.Tensor:
    signal = torch.randn(n, 3, N, generator=torch.Generator().manual_seed(n))
    signal[:, -1] = 1.0
    return signal


def scored(state: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    pooled = torch.cat([x.mean(-1), (x.var(-1, correction=0) + 1e-5).sqrt()], dim=1)
    return F.linear(pooled, state["head.1.weight"], state["head.1.bias"])


def convolved(state: dict[str, torch.Tensor], name: str, x: torch.Tensor, stride: int = 1) -> torch.Tensor:
    weight = state[f"{name}.weight"]
    return F.conv1d(x, weight, stride=stride, padding=weight.shape[-1] // 2)


def normalised(state: dict[str, torch.Tensor], name: str, x: torch.Tensor) -> torch.Tensor:
    names = ("running_mean", "running_var", "weight", "bias")
    return F.batch_norm(x, *(state[f"{name}.{one}"] for one in names))


def test_inception_time_has_a_shortcut_past_every_third_module():
    torch.manual_seed(0)
    network, state = trained(InceptionTime(n_filters=2, bottleneck=3, kernel_sizes=(3, 5, 9), stride=1, **EVERYWHERE))
    signal = unbroken(4)
    x = before = signal
    for i in range(6):
        narrow = convolved(state, f"blocks.{i}.bottleneck", x)
        beside = [convolved(state, f"blocks.{i}.branches.{k}", narrow) for k in range(3)]
        beside.append(convolved(state, f"blocks.{i}.pooled.1", F.max_pool1d(x, 3, 1, 1)))
        x = normalised(state, f"blocks.{i}.norm", torch.cat(beside, dim=1))
        if i % 3 == 2:
            name = f"shortcuts.{i // 3}"
            x = x + normalised(state, f"{name}.1", convolved(state, f"{name}.0", before))
        x = F.relu(x)
        before = x if i % 3 == 2 else before
    with torch.no_grad():
        torch.testing.assert_close(network(signal), scored(state, x), atol=1e-4, rtol=1e-4)


def test_inception_time_of_the_published_size_has_the_published_number_of_weights():
    """Kernels of 10, 20 and 40 samples, of which each is one shorter here, and two classes."""
    network = InceptionTime(n_outputs=2, n_filters=32, bottleneck=32, stride=1, parts=[1.0])
    kernels = 32 * 32 * (10 + 20 + 40) - 3 * 32 * 32
    first = 3 * 32 + kernels + 3 * 32 + 2 * 128
    others = 5 * (128 * 32 + kernels + 128 * 32 + 2 * 128)
    shortcuts = (3 * 128 + 2 * 128) + (128 * 128 + 2 * 128)
    pooled = 2 * 128  # deviations beside means
    assert sum(p.numel() for p in network.parameters()) == first + others + shortcuts + 2 * pooled + 2


def test_a_residual_network_has_three_convolutions_and_a_strided_shortcut_a_block():
    torch.manual_seed(0)
    network, state = trained(ResNet1d(widths=(3, 4, 4), strides=(1, 2, 3), **EVERYWHERE))
    signal = x = unbroken(4)
    for i, stride in enumerate((1, 2, 3)):
        block = f"blocks.{i}"
        first = convolved(state, f"{block}.layers.0.0", x, stride)
        y = F.relu(normalised(state, f"{block}.layers.0.1", first))
        y = F.relu(normalised(state, f"{block}.layers.1.1", convolved(state, f"{block}.layers.1.0", y)))
        y = normalised(state, f"{block}.last.1", convolved(state, f"{block}.last.0", y))
        past = normalised(state, f"{block}.shortcut.1", convolved(state, f"{block}.shortcut.0", x, stride))
        x = F.relu(y + past)
    with torch.no_grad():
        torch.testing.assert_close(network(signal), scored(state, x), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("given", [{"strides": [2]}, {"widths": [], "strides": []}, {"kernel_sizes": [3]}], ids=str)
def test_blocks_that_are_not_whole_are_refused(given):
    with pytest.raises(FHRError, match="give each block a width and a stride, and two kernels or more"):
        ResNet1d(**given)
