"""Bounds of layers beside the norms of their derivatives."""

import pytest
import torch
from torch import nn

from fhr.errors import FHRError
from fhr.models import AOLConv, AOLLinear, MaxMin, SLLConv, SLLLinear
from fhr.models.convolution import TimeConv, normed
from fhr.robustness import layer_bound
from fhr.robustness.layer_bound import _RULES, layers_without_bound

SIGNAL, ROW, VECTOR = (4, 48), (4, 1, 48), (4,)
# What a layer of a known type is given, and the share of its bound that some direction has to reach.
LAYERS = {
    "Conv1d": (lambda: nn.Conv1d(4, 6, 5, padding=2), SIGNAL, 0.95),
    "Conv1d, strided, dilated, in groups": (
        lambda: nn.Conv1d(4, 6, 3, stride=2, dilation=3, padding=3, groups=2),
        SIGNAL,
        0.95,
    ),
    "TimeConv": (lambda: TimeConv(4, 3, 5, stride=3), ROW, 0.95),
    "Linear": (lambda: nn.Linear(4, 3), VECTOR, 0.99),
    "AOLConv": (lambda: AOLConv(4, 6, 5), SIGNAL, 0.95),
    "AOLLinear": (lambda: AOLLinear(4, 3), VECTOR, 0.99),
    "SLLConv": (lambda: SLLConv(4, 3), SIGNAL, 0.9),
    "SLLLinear": (lambda: SLLLinear(4, 3), VECTOR, 0.9),
    "MaxMin": (MaxMin, SIGNAL, 0.99),
    "BatchNorm1d": (lambda: nn.BatchNorm1d(4), SIGNAL, 0.99),
    "BatchNorm2d": (lambda: nn.BatchNorm2d(4), ROW, 0.99),
    "BatchNorm1d, plain": (lambda: nn.BatchNorm1d(4, affine=False), SIGNAL, 0.99),
    "MaxPool1d": (lambda: nn.MaxPool1d(3, 1, 1), SIGNAL, 0.9),
    "MaxPool2d": (lambda: nn.MaxPool2d((1, 3), (1, 2), (0, 1)), ROW, 0.9),
    "MaxPool1d, dilated": (lambda: nn.MaxPool1d(3, 2, 1, dilation=2), SIGNAL, 0.9),
    "AvgPool1d": (lambda: nn.AvgPool1d(4, 2), SIGNAL, 0.9),
    "AvgPool2d": (lambda: nn.AvgPool2d((1, 3)), ROW, 0.99),
    "Dropout": (nn.Dropout, SIGNAL, 1.0),
    "Dropout1d": (nn.Dropout1d, SIGNAL, 1.0),
    "Dropout2d": (nn.Dropout2d, ROW, 1.0),
    "Identity": (nn.Identity, SIGNAL, 1.0),
    "Flatten": (nn.Flatten, SIGNAL, 1.0),
    "ReLU": (nn.ReLU, SIGNAL, 1.0),
    "Tanh": (nn.Tanh, SIGNAL, 0.9),
    "Softplus": (nn.Softplus, SIGNAL, 0.9),
    "Sigmoid": (nn.Sigmoid, SIGNAL, 0.9),
    "LeakyReLU": (lambda: nn.LeakyReLU(1.5), SIGNAL, 1.0),
    "ELU": (lambda: nn.ELU(1.5), SIGNAL, 0.9),
    "GELU": (nn.GELU, SIGNAL, 0.98),
    "SiLU": (nn.SiLU, SIGNAL, 0.98),
    "Sequential": (lambda: normed(4, 6, 5, 2), ROW, 0.5),
}


def led_elsewhere(layer: nn.Module) -> nn.Module:
    """A layer in evaluation mode, in float64, with weights and running statistics that no start gives."""
    torch.manual_seed(0)
    with torch.no_grad():
        for name, value in (*layer.named_parameters(), *layer.named_buffers()):
            if value.is_floating_point():
                value.uniform_(0.3, 2.0) if name.endswith("running_var") else value.add_(torch.randn_like(value))
    return layer.double().eval()


def steepest(layer: nn.Module, shape: tuple[int, ...]) -> float:
    """Largest norm of the derivative at some inputs, of which a few are spikes and ramps."""
    x = torch.randn(6, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    x = torch.cat([x, 4 * x, torch.zeros_like(x[:1]), torch.linspace(-4, 4, x[0].numel()).view(1, *shape)])
    x[0, ..., ::4] += 9.0
    derivative = torch.func.vmap(torch.func.jacrev(lambda one: layer(one[None]).flatten()))(x).detach()
    return float(torch.linalg.matrix_norm(derivative.reshape(len(x), derivative.shape[1], -1), 2).max())


@pytest.mark.parametrize("name", LAYERS)
def test_the_bound_of_a_layer_is_above_its_derivative_and_not_far(name):
    make, shape, reached = LAYERS[name]
    layer = led_elsewhere(make())
    bound = layer_bound(layer)
    assert reached * bound <= steepest(layer, shape) <= bound * (1 + 1e-12)


def test_every_rule_is_tried():
    assert {rule.__name__ for rule in _RULES} <= {name.split(",")[0] for name in LAYERS}


def test_a_wrong_rule_is_caught(monkeypatch):
    monkeypatch.setitem(_RULES, nn.MaxPool1d, lambda _: 1.0)  # as if the windows did not overlap
    with pytest.raises(AssertionError):
        test_the_bound_of_a_layer_is_above_its_derivative_and_not_far("MaxPool1d")


def test_only_the_channels_that_change_count():
    layers = nn.Sequential(TimeConv(3, 4, 5), nn.BatchNorm2d(4), nn.ReLU())
    with torch.no_grad():
        layers[0].weight[:, 1:] *= 100
    alone = nn.Sequential(TimeConv(1, 4, 5), *layers[1:])
    alone[0].weight = nn.Parameter(layers[0].weight[:, :1].detach())
    assert layer_bound(layers.eval(), [0]) == pytest.approx(layer_bound(alone.eval()))
    assert layer_bound(layers) > 10 * layer_bound(layers, [0])


def test_normalisation_is_taken_into_the_kernels_before_it():
    """A bound of the two one by one is larger where the loudest channel is the one turned down."""
    conv, norm = nn.Conv1d(1, 2, 1, bias=False), nn.BatchNorm1d(2, eps=0.0).eval()
    with torch.no_grad():
        conv.weight[:, 0, 0] = torch.tensor([10.0, 1.0])
        norm.weight[:] = torch.tensor([0.1, 1.0])
    assert layer_bound(nn.Sequential(conv, norm)) == pytest.approx(2**0.5)
    assert layer_bound(conv) * layer_bound(norm) > 10


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (nn.LayerNorm(4), "no bound is known of the layer LayerNorm; randomized smoothing"),
        (nn.Sequential(nn.ReLU(), nn.Softmax(1)), "the layer Softmax"),
        (nn.Conv1d(2, 2, 3, padding=1, padding_mode="reflect"), "padding_mode='reflect'; randomized smoothing"),
        (nn.BatchNorm1d(2, track_running_stats=False), "takes the statistics of what it is given"),
        (nn.AvgPool1d(3, 1, 1, count_include_pad=False), "divides by another number than its length"),
        (type("Mine", (nn.Conv1d,), {})(2, 2, 3), "the layer Mine"),  # its forward may be another
    ],
    ids=str,
)
def test_layers_without_a_known_bound_are_refused(layer, message):
    with pytest.raises(FHRError, match=message):
        layer_bound(layer)


def test_channels_of_a_layer_that_is_no_convolution_are_refused():
    with pytest.raises(FHRError, match=r"channels=\[0\] of ReLU, which is no convolution"):
        layer_bound(nn.ReLU(), [0])


def test_layers_without_a_rule_are_named_once_by_type():
    found = layers_without_bound(
        nn.Sequential(nn.ReLU(), nn.LayerNorm(3), nn.Sequential(nn.LayerNorm(3), nn.Softmax(1)))
    )
    assert found == ["LayerNorm (1)", "Softmax (2.1)"]
