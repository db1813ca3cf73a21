"""Stacked networks are the networks that they were stacked from, at once and in turn."""

from copy import deepcopy
from math import inf, nan

import numpy as np
import pytest
import torch
from torch import nn

from fhr.errors import FHRError
from fhr.features import FeatureScaling
from fhr.models import InceptionNet, LinearFeatures, Network, StackedNetworks, at_once_hindrance

M, BATCH, N_TIMES = 3, 6, 400
SMALL = {"n_filters": 2, "kernel_sizes": [3, 7], "depth": 2, "dropout": 0.0}
MADE = {
    "signal": lambda: InceptionNet(**SMALL),
    "features": lambda: InceptionNet(**SMALL, n_features=4),
    "linear": lambda: LinearFeatures(n_features=4),
}
both_ways = pytest.mark.parametrize("at_once", [True, False])


def networks(name: str = "signal", n: int = M) -> list[Network]:
    torch.manual_seed(0)
    made = [MADE[name]() for _ in range(n)]
    for m, network in enumerate(made):
        if k := network.n_features:
            network.take_scaling(FeatureScaling((0.1 * m,) * k, (1.0 + m, *(2.0,) * (k - 2), inf), 1.5))
    return made


def batches(n: int, n_features: int, dtype: torch.dtype = torch.float32) -> list[tuple[torch.Tensor, ...]]:
    """Signal (M, BATCH, 3, N_TIMES) with gaps, features (M, BATCH, n_features) and what is to be learnt (M, BATCH)."""
    generator = torch.Generator().manual_seed(1)
    made = []
    for _ in range(n):
        signal = torch.randn(M, BATCH, 3, N_TIMES, generator=generator, dtype=dtype)
        mask = (signal[:, :, -1:] > -1).to(dtype)
        signal = torch.cat([signal[:, :, :-1] * mask, mask], dim=2)
        features, wanted = (torch.randn(M, BATCH, k, generator=generator, dtype=dtype) for k in (n_features, 1))
        made.append((signal, features, wanted))
    return made


def steps(scores, parameters, given) -> list[list[torch.Tensor]]:
    """AdamW on the sum of squares; `scores(signal, features)`. The gradients of each step."""
    optimizer = torch.optim.AdamW(parameters, lr=0.01, weight_decay=0.05)
    gradients = []
    for signal, features, wanted in given:
        optimizer.zero_grad()
        (scores(signal, features) - wanted).square().sum().backward()
        gradients.append([p.grad.clone() for group in optimizer.param_groups for p in group["params"]])
        optimizer.step()
    return gradients


def everything(network: nn.Module) -> dict[str, torch.Tensor]:
    return {**dict(network.named_parameters()), **dict(network.named_buffers())}


@pytest.mark.parametrize("name", MADE)
def test_in_turn_each_member_is_what_it_would_be_alone_bit_for_bit(name):
    alone = networks(name)
    stacked = StackedNetworks(alone, at_once=False)
    given = batches(5, alone[0].n_features)
    steps(stacked.scores, stacked.parameters(), given)
    for m, (network, member) in enumerate(zip(alone, stacked.unstack(), strict=True)):
        before = deepcopy(everything(network))
        steps(network.scores, network.parameters(), [[part[m] for part in parts] for parts in given])
        for key, value in everything(network).items():
            assert torch.equal(value, everything(member)[key]), key
            assert torch.equal(value, before[key]) == key.startswith("scaling_of_features."), key


@pytest.mark.parametrize("name", MADE)
def test_at_once_gives_the_numbers_of_in_turn(name):
    """Scores, gradients of every step, weights and running statistics; in double precision, so that none is luck."""
    made = [network.double() for network in networks(name)]
    given = batches(5, made[0].n_features, torch.float64)
    results = []
    for at_once in (True, False):
        stacked = StackedNetworks(made, at_once)
        assert stacked.runs_at_once is at_once
        gradients = steps(stacked.scores, stacked.parameters(), given)
        results.append((stacked.eval().scores(*given[0][:2]), gradients, everything(stacked)))
    torch.testing.assert_close(*results, atol=1e-7, rtol=1e-6)


@both_ways
def test_each_member_scales_features_with_gaps_in_its_own_way(at_once):
    """Exactly as the scaling of a fold does."""
    made = [network.eval() for network in networks("linear")]
    stacked = StackedNetworks(made, at_once)
    features = torch.randn(M, BATCH, 4, dtype=torch.float64) * 3
    features[:, 1, 2], features[0, 0, 0], features[1, 2, 1] = nan, inf, -inf
    signal = torch.zeros(M, BATCH, 3, 8)
    scaled = [one.scaling_of_features.scaling(rows) for one, rows in zip(made, features.numpy(), strict=True)]
    with torch.no_grad():
        alone = torch.stack([one.line(torch.from_numpy(rows)) for one, rows in zip(made, scaled, strict=True)])
        torch.testing.assert_close(stacked.scores(signal, features), alone)
        assert torch.equal(stacked.scaling_of_features(features).float(), torch.from_numpy(np.stack(scaled)))
    assert [one.scaling_of_features.scaling for one in stacked.unstack()] == [
        one.scaling_of_features.scaling for one in made
    ]
    stacked.take_scaling(other := FeatureScaling((1.0,) * 4, (3.0,) * 4, 2.0))
    assert {one.scaling_of_features.scaling for one in stacked.unstack()} == {other}
    assert other not in {one.scaling_of_features.scaling for one in made}


def test_a_member_knows_nothing_of_the_others():
    """Another network and other data beside it change nothing, however large the loss there."""
    made, (given, *_) = networks(), batches(1, 0)
    ends = []
    for factor in (1.0, 100.0):
        signal = given[0].clone()
        signal[1] *= factor
        stacked = StackedNetworks([made[0], made[1 if factor == 1 else 2], made[2]], at_once=True)
        steps(stacked.scores, stacked.parameters(), [(signal, *given[1:])] * 2)
        ends.append([everything(network) for network in stacked.unstack()])
    torch.testing.assert_close(ends[0][0], ends[1][0])
    torch.testing.assert_close(ends[0][2], ends[1][2])
    assert not torch.allclose(ends[0][1]["stem.0.weight"], ends[1][1]["stem.0.weight"])


@both_ways
def test_members_draw_their_own_dropout_and_none_in_evaluation(at_once):
    network = InceptionNet(**{**SMALL, "dropout": 0.5})
    stacked = StackedNetworks([network] * M, at_once)
    signal = batches(1, 0)[0][0][:1].expand(M, -1, -1, -1)
    with torch.no_grad():
        scores = stacked.eval()(signal)
        torch.testing.assert_close(scores[0], scores[2])
    stacked.train()
    torch.manual_seed(0)
    scores = stacked(signal)
    assert (scores[0] != scores[1]).all()
    assert (scores[1] != scores[2]).all()
    torch.manual_seed(0)
    assert torch.equal(stacked(signal), scores)


@both_ways
def test_in_evaluation_the_statistics_stay(at_once):
    stacked = StackedNetworks(networks(), at_once)
    before = deepcopy(dict(stacked.named_buffers()))
    stacked.eval()(batches(1, 0)[0][0])
    assert all(torch.equal(value, before[key]) for key, value in stacked.named_buffers())
    stacked.train()(batches(1, 0)[0][0])
    assert not any(torch.equal(value, before[key]) for key, value in stacked.named_buffers())


def test_the_weights_are_there_once_and_the_given_networks_are_left_alone():
    made = networks()
    before = deepcopy(everything(made[0]))
    stacked = StackedNetworks(made)
    assert len(list(stacked.modules())) == 1
    assert sum(p.numel() for p in stacked.parameters()) == M * sum(p.numel() for p in made[0].parameters())
    steps(stacked.scores, stacked.parameters(), batches(1, 0))
    assert all(torch.equal(value, before[key]) for key, value in everything(made[0]).items())


def test_unstacked_networks_are_plain_ones_that_share_nothing():
    made = networks()
    stacked = StackedNetworks(made).eval().double()
    members = stacked.unstack()
    for network, member in zip(made, members, strict=True):
        assert type(member) is InceptionNet
        assert member.specification == network.specification
        assert not member.training
        for key, value in everything(network).items():
            assert torch.equal(everything(member)[key], value.double() if value.is_floating_point() else value)
    with torch.no_grad():
        members[0].head[-1].weight.zero_()
    assert stacked.stacked("head.1.weight")[0].any()
    assert members[1].head[-1].weight.any()


def test_a_state_goes_from_one_stack_to_another():
    stacked, other = StackedNetworks(networks()), StackedNetworks(networks()[::-1])
    other.load_state_dict(stacked.state_dict())
    signal = batches(1, 0)[0][0]
    assert torch.equal(stacked(signal), other(signal))


class Recurrent(Network):
    """A small network that vmap cannot run."""

    def __init__(self, n_channels: int = 3, n_outputs: int = 1) -> None:
        super().__init__()
        self.rnn = nn.GRU(n_channels, n_outputs, batch_first=True)

    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        return self.rnn(signal.transpose(1, 2))[1][0]


class Counting(Network):
    """Statistics averaged over all batches."""

    def __init__(self, momentum: float | None = None) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(3, momentum=momentum)

    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        return self.norm(signal).mean(dim=(1, 2))[:, None]


@pytest.mark.parametrize(
    ("make", "reason"), [(Recurrent, "`rnn` is recurrent"), (Counting, "`norm` averages its statistics over all")]
)
def test_what_cannot_run_at_once_runs_in_turn_and_says_why(make, reason, monkeypatch):
    made = [make() for _ in range(M)]
    assert reason in at_once_hindrance(made[0])
    with pytest.raises(FHRError, match=rf"{make.__name__} cannot run at once: {reason}.*; leave `at_once` out"):
        StackedNetworks(made, at_once=True)
    stacked, signal = StackedNetworks(made), batches(1, 0)[0][0]
    assert not stacked.runs_at_once
    scores = stacked.scores(signal)
    for m, network in enumerate(made):
        assert torch.equal(scores[m], network(signal[m]))


@pytest.mark.parametrize("make", [Recurrent, Counting])
def test_the_hindrance_is_a_real_one(make):
    """Where PyTorch learns to do it, this fails, and the hindrance can go."""
    stacked = StackedNetworks([make() for _ in range(M)])
    stacked._at_once = True
    with pytest.raises(RuntimeError):
        stacked(batches(1, 0)[0][0])


def test_nothing_is_known_against_the_other_networks():
    assert [at_once_hindrance(make()) for make in (*MADE.values(), lambda: Counting(momentum=0.1))] == [None] * 4


def test_where_nobody_says_members_run_in_turn_on_the_cpu():
    assert not StackedNetworks(networks()).runs_at_once


@pytest.mark.cuda
def test_where_nobody_says_members_run_at_once_on_a_gpu():
    stacked = StackedNetworks(networks()).cuda()
    assert stacked.runs_at_once
    signal = batches(1, 0)[0][0].cuda()
    one = StackedNetworks(networks(), at_once=False).cuda()(signal)
    torch.testing.assert_close(stacked(signal), one, atol=1e-4, rtol=1e-4)


def test_no_networks_are_refused():
    with pytest.raises(FHRError, match="no networks to stack; give one or more"):
        StackedNetworks([])


def test_several_architectures_are_refused():
    with pytest.raises(FHRError, match=r"several architectures cannot be stacked: .*'depth': 2.* and .*'depth': 3"):
        StackedNetworks([InceptionNet(depth=2), InceptionNet(depth=3)])


def test_signals_and_features_of_another_number_are_refused():
    stacked, (signal, features, _) = StackedNetworks(networks("features")), batches(1, 4)[0]
    with pytest.raises(FHRError, match=r"signals of 2 members for 3 networks"):
        stacked.scores(signal[:2], features[:2])
    with pytest.raises(FHRError, match="takes 4 features a window and the data give 3"):
        stacked.scores(signal, features[..., :3])
