"""The scaling in a network has the numbers of the scaling that was fitted, on any device and in any precision."""

import io
from copy import deepcopy
from math import inf, nan

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim.swa_utils import AveragedModel, get_ema_avg_fn, get_ema_multi_avg_fn, get_swa_avg_fn

from fhr.errors import FHRError
from fhr.features import FeatureScaling
from fhr.models import FeatureScale, InceptionNet, LinearFeatures, Network

SCALING = FeatureScaling((0.0, 140.0, -3.0), (1.0, inf, 1e-3), 4.0)


def scale_of(scaling: FeatureScaling = SCALING) -> FeatureScale:
    made = FeatureScale(len(scaling.centre))
    made.take(scaling)
    return made


numbers = st.floats(allow_nan=True, allow_infinity=True, width=64)


@given(
    st.lists(st.tuples(numbers, numbers, numbers), min_size=1, max_size=6),
    st.floats(-1e9, 1e9),
    st.floats(1e-9, 1e9) | st.just(inf),
    st.floats(0.1, 100) | st.just(inf),
)
def test_it_is_the_fitted_scaling_bit_for_bit(rows, centre, spread, limit):
    scaling = FeatureScaling((centre, 140.0, 0.0), (spread, 1.0, 3.0), limit)
    with np.errstate(all="ignore"):
        expected = scaling(rows)
    found = scale_of(scaling)(torch.tensor(rows, dtype=torch.float64)).float().numpy()
    assert np.array_equal(found, expected)


def test_the_scaling_comes_back_and_before_it_there_is_none_but_for_gaps():
    assert scale_of().scaling == SCALING
    fresh = FeatureScale(3)
    assert fresh.scaling == FeatureScaling((0.0,) * 3, (1.0,) * 3, inf)
    assert fresh(torch.tensor([[nan, -inf, 1e30]])).tolist() == [[0.0, 0.0, pytest.approx(1e30)]]


def test_a_scaling_of_other_features_is_refused():
    with pytest.raises(FHRError, match="a scaling of 3 features for a network that takes 2; fit it on"):
        FeatureScale(2).take(SCALING)
    with pytest.raises(FHRError, match="LinearFeatures takes 2 features a window and the data give 3"):
        LinearFeatures(2).take_scaling(SCALING)
    with pytest.raises(FHRError, match="the data give 3 features a window and InceptionNet takes none"):
        InceptionNet(n_filters=2, depth=1).take_scaling(SCALING)


@pytest.mark.parametrize("change", [torch.nn.Module.half, torch.nn.Module.bfloat16, torch.nn.Module.float, deepcopy])
def test_a_network_of_less_precision_scales_as_before(change):
    network = LinearFeatures(3)
    network.take_scaling(SCALING)
    assert change(network).scaling_of_features.scaling == SCALING


def test_it_follows_the_network_to_a_device():
    network = LinearFeatures(3).to("meta")
    assert {buffer.device.type for buffer in network.scaling_of_features.buffers()} == {"meta"}
    assert network.to_empty(device="cpu").scaling_of_features.centre.device.type == "cpu"


@pytest.mark.parametrize(
    "how", [{"avg_fn": get_ema_avg_fn(0.9)}, {"multi_avg_fn": get_ema_multi_avg_fn(0.9)}, {"avg_fn": get_swa_avg_fn()}]
)
def test_averaged_weights_keep_a_feature_that_does_not_vary(how):
    """An average with an infinite spread would be no number."""
    averaged = AveragedModel(scale_of(), use_buffers=True, **how)
    for _ in range(5):
        averaged.update_parameters(scale_of())
    found = averaged.module.scaling
    np.testing.assert_allclose(found.centre, SCALING.centre, rtol=1e-14)
    np.testing.assert_allclose(found.limit, 4.0, rtol=1e-14)
    assert found.spread[1] == inf
    assert averaged.module(torch.tensor([[0.0, 1e300, -3.0]], dtype=torch.float64)).float().tolist() == [
        [0.0, 0.0, 0.0]
    ]


class Own(Network):
    """As the README says; knows nothing of any scaling."""

    def __init__(self, n_channels: int = 3, n_outputs: int = 1, n_features: int = 0) -> None:
        super().__init__()
        self.head = torch.nn.Linear(n_channels + n_features, n_outputs)

    def forward(self, signal: torch.Tensor, features: torch.Tensor | None = None) -> torch.Tensor:
        self.given = features
        means = signal.mean(-1)
        return self.head(means if features is None else torch.cat([means, features], dim=1))


class Without(Network):
    """Takes no features."""

    def __init__(self, width: int = 3) -> None:
        super().__init__()
        self.head = torch.nn.Linear(width, 1)

    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        return self.head(signal.mean(-1))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_network_of_ones_own_gets_its_features_scaled(dtype):
    network = Own(n_features=3)
    network.take_scaling(SCALING)
    features = torch.tensor([[2.0, 1.0, nan], [9.0, 2.0, -3.001]], dtype=dtype)
    assert network.scores(torch.zeros(2, 3, 8), features).shape == (2, 1)
    assert network.given.dtype == torch.float32
    assert torch.equal(network.given, torch.from_numpy(SCALING(features.numpy())))
    again = Own(n_features=3)
    file = io.BytesIO()
    torch.save(network.state_dict(), file)
    file.seek(0)
    again.load_state_dict(torch.load(file, weights_only=True))
    assert again.scaling_of_features.scaling == SCALING


def test_a_network_without_features_has_no_scaling():
    for network in (Own(), Without()):
        assert network.scaling_of_features is None
        assert set(network.state_dict()) == {"head.weight", "head.bias"}
        assert network.scores(torch.zeros(2, 3, 8)).shape == (2, 1)
