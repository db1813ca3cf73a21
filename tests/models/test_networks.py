"""What every network of the room promises: the checks of `fhr.testing`, and what these do not ask of a user's own."""

import inspect
from functools import partial

import pytest
import torch

import fhr.models
from fhr.errors import FHRError
from fhr.models import DeepKernel, InceptionNet, LinearFeatures, Network, RandomConvolutions, SortedKernel
from fhr.testing import check_network

N_TIMES, SHORT = 960, 480
# One small example or more of every public network, with the shapes that it is for and the checks that it cannot pass;
# `test_every_public_network_is_checked` fails when one is missing.
SMALL = {"n_filters": 3, "kernel_sizes": [5, 11], "depth": 3, "stride": 2}
LOG_ENERGY = {"n_bands": 5, "parts": [1.0], "quantiles": [0.1, 0.9]}  # what is lost moves the ends of nested parts
TIME = {"n_filters": 3, "bottleneck": 4, "kernel_sizes": [5, 11], "depth": 4, "stride": 4}
RESIDUAL = {"widths": [6, 8], "strides": [4, 2]}
RESOLUTIONS = {"n_filters": 3, "resolutions": [2, 8], "kernel_sizes": [5, 3, 3]}
PATCHES = {"patch": 32.0, "step": 32.0, "width": 8, "n_heads": 2, "depth": 1, "hidden": 8}
RANDOM = {"n_kernels": 7, "parts": [1.0]}
BAGS = {"width": 4, "depth": 1}
SOLVED_HEAD = {"gradients": "its head is solved, by its own task"}
SOLVED = ("DeepKernel", "SortedKernel")
CHECKED = {
    "InceptionNet": (SMALL, {"n_features": 0}, {}),
    "InceptionNet with features": (SMALL, {"n_features": 5}, {}),
    "InceptionTime": (TIME, {}, {}),
    "LogEnergyNet": (LOG_ENERGY, {}, {}),
    "LogEnergyNet frozen": ({**LOG_ENERGY, "frozen": True}, {}, {}),
    "RandomConvolutions": (RANDOM, {}, {}),
    "WindowBags": (BAGS, {}, {}),
    "WindowBags shuffled": ({**BAGS, "shuffled": True, "pooling": "p90"}, {}, {}),
    "LinearFeatures": ({}, {"n_features": 5}, {"measured": "the signal is not looked at"}),
    "ResNet1d": (RESIDUAL, {}, {}),
    "ScatteringNet": ({"J": 6}, {}, {}),
    "MultiResolutionNet": (RESOLUTIONS, {}, {}),
    "OnTrunk": ({"trunk_args": SMALL}, {}, {}),
    "DeepKernel": ({}, {}, SOLVED_HEAD),
    "SortedKernel": ({}, {}, SOLVED_HEAD),
    "LipschitzNet": ({}, {}, {}),
    "LipschitzNet without filters": ({"width": 0}, {}, {}),
    "PatchTransformer": ({**PATCHES, "step": 16.0}, {}, {}),
    "CTGNet": (
        {"n_times": SHORT},
        {},
        {"lengths": "the published layers are tied to one window", "gaps": "as published, the mask is not looked at"},
    ),
    "FalseSignalNet": (
        {"widths": [4, 4], "hidden": 4, "depth": 1},
        {"n_channels": 4, "n_outputs": 2},
        {"shapes": "two scores for each sample", "gaps": "each of two rates has its own mask, and is 0 under it"},
    ),
}
# The networks of signals with gaps, which promise more, and those that take features beside the signal.
WHOLE = {"parts": [1.0]}  # last parts tell where a window ends
NETWORKS = {
    "InceptionNet": SMALL,
    "InceptionTime": {**TIME, **WHOLE},
    "LogEnergyNet": LOG_ENERGY,
    "RandomConvolutions": RANDOM,
    "ResNet1d": {**RESIDUAL, **WHOLE},
    "MultiResolutionNet": {**RESOLUTIONS, **WHOLE},
    "PatchTransformer": {**PATCHES, **WHOLE, "time_to_end": False},
}
WITH_FEATURES = {"InceptionNet": {**NETWORKS["InceptionNet"], "n_features": 5}, "LinearFeatures": {"n_features": 5}}
ABSTRACT = {"Network", "SortedNetwork", "Trunk"}
LATE = 200  # samples: beyond the reach of a first layer


def networks_of_the_room() -> set[str]:
    public = ((name, getattr(fhr.models, name)) for name in fhr.models.__all__)
    return {name for name, one in public if inspect.isclass(one) and issubclass(one, Network)} - ABSTRACT


def windows(n: int, n_channels: int = 3, n_times: int = N_TIMES, seed: int = 0) -> torch.Tensor:
    """Scaled signals as the pipeline makes them: gaps are 0 in every channel, the mask last."""
    generator = torch.Generator().manual_seed(seed)
    signal = torch.randn(n, n_channels, n_times, generator=generator)
    signal[:, 0] *= torch.linspace(0.3, 1.5, n)[:, None]
    if n_channels > 1:
        signal[:, -1] = 1.0
        for i in range(n):
            start = int(torch.randint(0, n_times // 2, (1,), generator=generator))
            signal[i, :, start : start + n_times // 5] = 0.0
    return signal


def fitted(kind: str, n_channels: int = 3) -> Network:
    """A network whose head is fitted to a few windows, as its task would; before, every score is 0."""
    made = {"DeepKernel": partial(DeepKernel, trunk_args=SMALL), "SortedKernel": partial(SortedKernel, filters=2)}[kind]
    network = made(n_channels, capacity=20).eval()
    signal = windows(20, n_channels, SHORT)
    network.head.fit(network.embed(signal), signal[:, 0].std(-1), torch.ones(20))
    return network.train()


@pytest.fixture(params=NETWORKS)
def network(request) -> Network:
    """A network whose normalisation has seen some windows, in evaluation mode."""
    torch.manual_seed(0)
    made = getattr(fhr.models, request.param)(**NETWORKS[request.param])
    with torch.no_grad():
        for seed in range(5):
            made(windows(8, seed=seed))
    return made.eval()


def test_every_public_network_is_checked():
    assert networks_of_the_room() == {name.split()[0] for name in CHECKED}


@pytest.mark.parametrize("name", CHECKED)
def test_the_network_keeps_what_users_networks_must(name):
    options, shapes, exclude = CHECKED[name]
    network = partial(fitted, name) if name in SOLVED else getattr(fhr.models, name.split()[0])
    made = partial(network, **options)
    check_network(made, n_times=SHORT, **shapes, exclude=exclude).raise_for_failures()


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("n_channels", [1, 2])
def test_shape_with_other_channels(name, n_channels):
    made = getattr(fhr.models, name)(**{**NETWORKS[name], "n_channels": n_channels, "n_outputs": 4})
    scores = made(windows(5, n_channels))
    assert scores.shape == (5, 4)
    assert torch.isfinite(scores).all()


@pytest.mark.training
@pytest.mark.parametrize("name", NETWORKS)
def test_training_learns_variability(name):
    """Half of the windows vary three times as much about the same mean; nothing else tells them apart."""
    torch.manual_seed(0)
    made = getattr(fhr.models, name)(**{**NETWORKS[name], "dropout": 0.0}).train()
    optimizer = torch.optim.AdamW(made.parameters(), lr=0.01)
    label = torch.arange(16) % 2.0
    for step in range(30):
        signal = windows(16, seed=step)
        signal[:, 0] = torch.randn(16, N_TIMES, generator=torch.Generator().manual_seed(step)) * signal[:, -1]
        signal[:, 0] *= (0.4 + 0.8 * label)[:, None]
        optimizer.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(made(signal)[:, 0], label)
        loss.backward()
        optimizer.step()
    assert loss < 0.3


def test_scores_differ_between_windows(network):
    """The yardstick of the tolerances below."""
    with torch.no_grad():
        assert network(windows(32)).std() > 1e-3


@pytest.mark.parametrize("side", ["before", "after"])
def test_more_missing_time_tells_next_to_nothing(network, side):
    """A missing stretch at an end is no information: 16 min of it move a score by less than a fiftieth of the spread.

    Zeros under mask 0 are what convolutions pad with, so that networks which pool over valid time alone keep it to
    rounding; a network that pools over all time, or takes missing for a value, is off by the spread itself.
    """
    signal = windows(32)
    nothing = torch.zeros(32, 3, N_TIMES)
    longer = torch.cat([nothing, signal] if side == "before" else [signal, nothing], dim=-1)
    with torch.no_grad():
        scores = network(signal)
        assert (network(longer) - scores).abs().max() < 0.02 * scores.std()


def test_gradients_reach_the_measured_signal_and_stop_deep_inside_a_gap(network):
    signal = windows(4)
    signal[..., 200:760] = 0.0
    signal.requires_grad_()
    network(signal).sum().backward()
    reached = signal.grad[:, :-1].abs()
    assert (reached[..., :200].sum(dim=(1, 2)) > 0).all()
    assert (reached[..., 760:].sum(dim=(1, 2)) > 0).all()
    assert reached[..., 200 + LATE : 760 - LATE].max() == 0


def test_the_last_block_of_a_trunk_is_a_part_of_it_that_can_learn(network):
    if isinstance(network, RandomConvolutions):
        with pytest.raises(FHRError, match="RandomConvolutions has no weights to fine-tune"):
            network.last_block  # noqa: B018
        return
    last = list(network.last_block.parameters())
    assert max(p.dim() for p in last) > 1  # more than a normalisation
    assert sum(p.numel() for p in last) < sum(p.numel() for p in network.parameters()) - sum(
        p.numel() for p in network.head.parameters()
    )


def test_kernels_of_even_length_are_refused():
    with pytest.raises(FHRError, match=r"kernel_sizes=\[5, 4\]; every length must be odd"):
        InceptionNet(kernel_sizes=(5, 4))


def features(n: int, n_features: int = 5, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, n_features, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(params=WITH_FEATURES)
def beside(request) -> Network:
    """A network with features, in evaluation mode."""
    torch.manual_seed(0)
    made = getattr(fhr.models, request.param)(**WITH_FEATURES[request.param])
    with torch.no_grad():
        for seed in range(5):
            made.scores(windows(8, seed=seed), features(8, seed=seed))
    return made.eval()


@pytest.mark.training
@pytest.mark.parametrize("name", WITH_FEATURES)
def test_training_learns_from_the_features(name):
    torch.manual_seed(0)
    dropout = {"dropout": 0.0} if "dropout" in inspect.signature(getattr(fhr.models, name).__init__).parameters else {}
    made = getattr(fhr.models, name)(**WITH_FEATURES[name], **dropout).train()
    optimizer = torch.optim.AdamW(made.parameters(), lr=0.03)
    for step in range(60):
        x = features(32, seed=step)
        label = (x[:, 3] > 0).float()
        optimizer.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            made.scores(windows(32, n_times=120), x)[:, 0], label
        )
        loss.backward()
        optimizer.step()
    assert loss < 0.45  # log 2 is chance


def test_the_linear_network_does_not_look_at_the_signal():
    made = LinearFeatures(n_features=5)
    x = features(4)
    with torch.no_grad():
        expected = x @ made.line.weight.T + made.line.bias
        torch.testing.assert_close(made.scores(windows(4), x), expected)
        assert torch.equal(made.scores(windows(4), x), made.scores(windows(4, seed=1), x))


def test_without_features_the_network_is_what_it_was():
    """No weight more, and the convolutions of a seed are the same with features and without."""
    torch.manual_seed(4)
    bare = InceptionNet(**NETWORKS["InceptionNet"])
    state = torch.get_rng_state()
    torch.manual_seed(4)
    joined = InceptionNet(**WITH_FEATURES["InceptionNet"])
    assert not torch.equal(torch.get_rng_state(), state)
    mine, other = bare.state_dict(), joined.state_dict()
    assert {key.split(".")[0] for key in set(other) - set(mine)} == {"branch", "scaling_of_features"}
    assert all(torch.equal(value, other[key]) for key, value in mine.items() if not key.startswith("head."))
    assert bare.head[-1].in_features == joined.head[-1].in_features - 8


@pytest.mark.parametrize("given", [None, 0, 4, 6])
def test_features_that_are_missing_or_others_are_refused(beside, given):
    x = None if given is None else features(3, given)
    with pytest.raises(FHRError, match=rf"takes 5 features a window and the data give {given or 0}; name the features"):
        beside.scores(windows(3), x)


def test_features_for_a_network_that_takes_none_are_refused(network):
    assert network.n_features == 0
    with pytest.raises(FHRError, match=r"give 5 features a window and \w+ takes none; leave `data.features` out, or"):
        network.scores(windows(3), features(3))
    with torch.no_grad():
        expected = network(windows(3))
        assert torch.equal(network.scores(windows(3)), expected)
        assert torch.equal(network.scores(windows(3), features(3, 0)), expected)


def test_a_line_without_features_is_refused():
    with pytest.raises(FHRError, match=r"n_features=0; name the features in `data.features`"):
        LinearFeatures()
