"""Networks of published layouts: on a window without gaps, they are what the papers write, written out again."""

import torch
from torch.nn import functional as F

from fhr.models import InceptionTime, Network

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
