"""What every network of the room promises, whatever is inside it."""

import inspect

import pytest
import torch

import fhr.models
from fhr.errors import FHRError
from fhr.losses import PHRegression
from fhr.models import InceptionNet, LinearFeatures, Network

# One small example of every public network of signals; `test_every_public_network_is_here` fails when one is missing.
NETWORKS = {"InceptionNet": {"n_filters": 3, "kernel_sizes": [5, 11], "depth": 3, "stride": 2}}
# And of those that take features beside the signal.
WITH_FEATURES = {"InceptionNet": {**NETWORKS["InceptionNet"], "n_features": 5}, "LinearFeatures": {"n_features": 5}}
N_TIMES = 960
LATE = 200  # samples: beyond the reach of a first layer


def networks_of_the_room() -> set[str]:
    public = ((name, getattr(fhr.models, name)) for name in fhr.models.__all__)
    return {name for name, one in public if inspect.isclass(one) and issubclass(one, Network) and one is not Network}


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


@pytest.fixture(params=NETWORKS)
def network(request) -> Network:
    """A network whose normalisation has seen some windows, in evaluation mode."""
    torch.manual_seed(0)
    made = getattr(fhr.models, request.param)(**NETWORKS[request.param])
    with torch.no_grad():
        for seed in range(5):
            made(windows(8, seed=seed))
    return made.eval()


def test_every_public_network_is_here():
    of_samples = "FalseSignalNet"  # a score for each sample, not for each window: see test_false_signal.py
    as_published = "CTGNet"  # windows of one length, and no look at the mask: see test_ctg_net.py
    assert networks_of_the_room() == {*NETWORKS, *WITH_FEATURES, of_samples, as_published}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("n_channels", [1, 2, 3])
@pytest.mark.parametrize("n_outputs", [1, 4])
def test_shape(name, n_channels, n_outputs):
    made = getattr(fhr.models, name)(**{**NETWORKS[name], "n_channels": n_channels, "n_outputs": n_outputs})
    for n_times in (N_TIMES, 1203):
        scores = made(windows(5, n_channels, n_times))
        assert scores.shape == (5, n_outputs)
        assert scores.dtype == torch.float32
        assert torch.isfinite(scores).all()


@pytest.mark.parametrize("name", NETWORKS)
def test_one_step_of_training_moves_every_weight(name):
    torch.manual_seed(0)
    made = getattr(fhr.models, name)(**{**NETWORKS[name], "dropout": 0.0}).train()
    optimizer = torch.optim.SGD(made.parameters(), lr=0.1)
    ph, weight = torch.linspace(6.9, 7.4, 16), torch.ones(16)
    before = {key: value.clone() for key, value in made.named_parameters()}
    PHRegression()(made(windows(16)), (ph < 7.15).float(), ph, weight).backward()
    gradients = {key: value.grad for key, value in made.named_parameters()}
    assert [key for key, gradient in gradients.items() if gradient is None or not gradient.isfinite().all()] == []
    optimizer.step()
    assert [key for key, value in made.named_parameters() if torch.equal(value, before[key])] == []


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


def test_evaluation_is_repeatable_and_a_window_knows_nothing_of_its_batch(network):
    signal = windows(8)
    with torch.no_grad():
        together = network(signal)
        assert torch.equal(together, network(signal))
        alone = torch.cat([network(one[None]) for one in signal])
        mixed = network(torch.cat([signal[:1], windows(7, seed=9)]))
    torch.testing.assert_close(alone, together, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(mixed[:1], together[:1], atol=1e-5, rtol=1e-4)


def test_what_stands_deep_in_a_missing_stretch_does_not_count(network):
    """The mask is believed, not the value: an interpolated or a corrupt sample far inside a gap changes nothing."""
    signal = windows(8)
    signal[..., 200:760] = 0.0
    changed = signal.clone()
    changed[:, :-1, 200 + LATE : 760 - LATE] = 5.0
    with torch.no_grad():
        torch.testing.assert_close(network(changed), network(signal), atol=1e-5, rtol=1e-4)


def test_what_is_measured_counts(network):
    signal = windows(8)
    changed = signal.clone()
    changed[:, :-1, 480:500] += 2.0 * changed[:, -1:, 480:500]
    measured = changed[:, -1, 480:500].any(dim=1)
    assert measured.sum() > 2
    with torch.no_grad():
        difference = (network(changed) - network(signal)).abs()
    assert (difference[measured] > 1e-5).all()


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


def test_a_window_without_a_valid_sample_gives_a_finite_score_and_gradient(network):
    nothing = torch.zeros(2, 3, N_TIMES, requires_grad=True)
    scores = network(nothing)
    scores.sum().backward()
    assert torch.isfinite(scores).all()
    assert all(p.grad is None or p.grad.isfinite().all() for p in network.parameters())
    assert scores[0] == scores[1]


def test_gradients_reach_the_measured_signal_and_stop_deep_inside_a_gap(network):
    signal = windows(4)
    signal[..., 200:760] = 0.0
    signal.requires_grad_()
    network(signal).sum().backward()
    reached = signal.grad[:, :-1].abs()
    assert (reached[..., :200].sum(dim=(1, 2)) > 0).all()
    assert (reached[..., 760:].sum(dim=(1, 2)) > 0).all()
    assert reached[..., 200 + LATE : 760 - LATE].max() == 0


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


@pytest.mark.parametrize("name", WITH_FEATURES)
@pytest.mark.parametrize(("n_features", "n_outputs"), [(1, 1), (27, 1), (5, 4)])
def test_shape_with_features(name, n_features, n_outputs):
    made = getattr(fhr.models, name)(**{**WITH_FEATURES[name], "n_features": n_features, "n_outputs": n_outputs})
    scores = made.scores(windows(6), features(6, n_features))
    assert scores.shape == (6, n_outputs)
    assert scores.dtype == torch.float32
    assert made.n_features == n_features


@pytest.mark.parametrize("name", WITH_FEATURES)
def test_one_step_of_training_moves_every_weight_and_learns_from_the_features(name):
    torch.manual_seed(0)
    dropout = {"dropout": 0.0} if "dropout" in inspect.signature(getattr(fhr.models, name).__init__).parameters else {}
    made = getattr(fhr.models, name)(**WITH_FEATURES[name], **dropout).train()
    optimizer = torch.optim.AdamW(made.parameters(), lr=0.03)
    before = {key: value.clone() for key, value in made.named_parameters()}
    for step in range(60):
        x = features(32, seed=step)
        label = (x[:, 3] > 0).float()
        optimizer.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(made.scores(windows(32), x)[:, 0], label)
        loss.backward()
        assert all(value.grad.isfinite().all() for value in made.parameters())
        optimizer.step()
        if step == 0:
            assert [key for key, value in made.named_parameters() if torch.equal(value, before[key])] == []
    assert loss < 0.45  # log 2 is chance


def test_every_feature_counts_for_its_own_record_alone(beside):
    signal, x = windows(8), features(8)
    with torch.no_grad():
        scores = beside.scores(signal, x)
        for k in range(5):
            changed = x.clone()
            changed[2, k] += 2.0
            difference = (beside.scores(signal, changed) - scores).abs()[:, 0]
            assert difference[2] > 1e-4
            assert difference[[0, 1, 3, 4, 5, 6, 7]].max() == 0


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
