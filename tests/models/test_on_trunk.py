"""Heads on a trunk: what is trained of it, what stays as it was, and what is refused."""

import pytest
import torch

from fhr.errors import CheckpointError, FHRError
from fhr.models import DeepKernel, InceptionNet, OnTrunk, rebuild
from fhr.models.low_rank import add_low_rank

TRUNK = {"n_filters": 2, "kernel_sizes": [5], "depth": 2, "stride": 2, "dropout": 0.5}


def windows(n: int = 8, seed: int = 0) -> torch.Tensor:
    signal = torch.randn(n, 3, 240, generator=torch.Generator().manual_seed(seed))
    signal[:, 2] = 1.0
    return signal


def trained(network: OnTrunk, steps: int = 2) -> set[str]:
    """Names of what a few steps change."""
    before = {name: value.clone() for name, value in network.state_dict().items()}
    optimizer = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], lr=0.1)
    network.train()
    for seed in range(steps):
        optimizer.zero_grad()
        network(windows(seed=seed)).square().sum().backward()
        optimizer.step()
    return {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}


def of_trunk(names: set[str]) -> set[str]:
    return {name for name in names if name.startswith("trunk.") and not name.endswith("num_batches_tracked")}


@pytest.mark.parametrize(
    ("learn", "wanted"),
    [
        ("none", lambda name: False),
        ("statistics", lambda name: "running_" in name),
        ("last", lambda name: name.startswith("trunk.blocks.1.")),
        ("low_rank", lambda name: name.endswith((".a", ".b"))),
        ("all", lambda name: True),
    ],
    ids=["none", "statistics", "last", "low_rank", "all"],
)
def test_only_what_learns_changes(learn, wanted):
    torch.manual_seed(0)
    network = OnTrunk(trunk_args=TRUNK, learn=learn, rank=1)
    every = of_trunk(set(network.state_dict()))
    changed = of_trunk(trained(network))
    assert changed == {name for name in every if wanted(name)}
    assert any(name.startswith("head.") for name in trained(network))


def test_what_is_frozen_drops_nothing():
    torch.manual_seed(0)
    network = OnTrunk(trunk_args=TRUNK, learn="none").train()
    assert torch.equal(network.embed(windows()), network.embed(windows()))
    network = OnTrunk(trunk_args=TRUNK, learn="all").train()
    assert not torch.equal(network.embed(windows()), network.embed(windows()))


def test_adapters_begin_at_the_weights_as_they_are():
    torch.manual_seed(0)
    trunk = InceptionNet(**TRUNK).eval()
    before = trunk.sequence(windows()).values
    add_low_rank(trunk, 2)
    assert torch.equal(trunk.sequence(windows()).values, before)
    trained = [p for p in trunk.parameters() if p.requires_grad]
    assert 0 < sum(p.numel() for p in trained) < sum(p.numel() for p in trunk.parameters())


@pytest.mark.parametrize("learn", ["all", "low_rank"])
def test_a_specification_makes_the_same_network_again(learn):
    torch.manual_seed(0)
    network = DeepKernel(trunk_args=TRUNK, learn=learn, capacity=30).eval()
    network.head.fit(network.embed(windows(25)), torch.randn(25), torch.ones(25))
    again = rebuild(network.specification, network.state_dict())
    again.load_state_dict(network.state_dict())
    assert torch.equal(again.eval()(windows(seed=1)), network(windows(seed=1)))
    assert network(windows(seed=1)).std() > 0


def test_each_kind_of_channels_is_a_block_of_the_embedding():
    network = DeepKernel(trunk="fhr.models.LogEnergyNet", quantiles=[0.5])
    assert network.embedded_blocks == tuple(kind * 4 * 3 for kind in network.trunk.kinds)
    embedding = network.embed(windows(2))
    assert embedding.shape == (2, sum(network.embedded_blocks))
    # The first kind is the level of the heart rate: its mean over the window comes first.
    torch.testing.assert_close(embedding[:, 0], windows(2)[:, 0].mean(-1), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"trunk": "fhr.models.CTGNet"}, FHRError, "gives no sequence of features"),
        ({"trunk": "fhr.models.NoSuch"}, CheckpointError, "is not found"),
        ({"trunk": "os.system"}, CheckpointError, "no fhr.models.Network"),
        ({"trunk_args": {"widht": 3}}, CheckpointError, "widht"),
        ({"trunk_args": {"n_channels": 2}}, FHRError, "trunk_args with n_channels"),
        ({"learn": "some"}, FHRError, "give one of all, last, low_rank"),
        ({"learn": "low_rank", "rank": 0}, FHRError, "an adapter needs 1 or more"),
        ({"parts": [0.5, 1.0]}, FHRError, "give shares of the window"),
    ],
    ids=["no trunk", "no class", "no network", "argument", "told", "learn", "rank", "parts"],
)
def test_what_makes_no_network_is_refused(options, error, said):
    with pytest.raises(error, match=said):
        OnTrunk(**options)
