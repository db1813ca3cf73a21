"""1-Lipschitz layers: their norms by certified bounds, their slopes between inputs, gradients, shapes."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from fhr.errors import FHRError
from fhr.models import AOLConv, AOLLinear, MaxMin, SLLConv, SLLLinear, convolution_norm

N = 60
LAYERS = {
    "AOLConv": lambda: AOLConv(3, 5, 7),
    "AOLConv, strided": lambda: AOLConv(3, 4, 7, stride=3),
    "AOLConv, wider": lambda: AOLConv(2, 9, 5, stride=2),
    "AOLConv, stride above kernel": lambda: AOLConv(2, 2, 3, stride=4, bias=False),
    "AOLLinear": lambda: AOLLinear(5, 3),
    "AOLLinear, wider": lambda: AOLLinear(3, 5),
    "SLLConv": lambda: SLLConv(4, 5),
    "SLLConv, hidden": lambda: SLLConv(3, 3, hidden=6),
    "SLLLinear": lambda: SLLLinear(6, hidden=4),
    "MaxMin": MaxMin,
}


def shape_of(layer: nn.Module) -> tuple[int, ...]:
    if isinstance(layer, MaxMin):
        return (4, N)
    if isinstance(layer, AOLLinear | SLLLinear):
        return (layer.weight.shape[1],)
    return (layer.weight.shape[1], N)


@pytest.fixture(params=LAYERS)
def layer(request) -> nn.Module:
    """A layer that training has led elsewhere."""
    torch.manual_seed(0)
    made = LAYERS[request.param]().double()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter += torch.randn_like(parameter)
    return made


def steepest(layer: nn.Module, inputs: int) -> float:
    """Largest stretch of any direction at `inputs` random inputs: of the derivative itself, not of pairs."""
    x = torch.randn(inputs, *shape_of(layer), dtype=torch.float64)
    derivative = torch.func.vmap(torch.func.jacrev(lambda one: layer(one[None]).flatten()))(x)
    return float(torch.linalg.matrix_norm(derivative.detach().reshape(inputs, derivative.shape[1], -1), 2).max())


def test_no_layer_is_steeper_than_one_nor_idle(layer):
    assert 0.5 < steepest(layer, 4) <= 1 + 1e-12


def test_a_layer_without_its_rescaling_is_caught(monkeypatch):
    torch.manual_seed(0)
    wrong = AOLConv(3, 5, 7).double()
    monkeypatch.setattr(wrong, "rescaled", lambda: 1.01 * wrong.weight)
    assert steepest(wrong, 1) > 1.005


@pytest.mark.parametrize("name", [name for name in LAYERS if name.startswith("AOL")])
@pytest.mark.parametrize("scale", [1e-2, 1.0, 1e2])
def test_the_certified_norm_of_rescaled_weights_is_at_most_one(name, scale):
    torch.manual_seed(1)
    layer = LAYERS[name]()
    with torch.no_grad():
        layer.weight.normal_(std=scale)
    weight = layer.rescaled()
    norm = convolution_norm(weight if weight.dim() == 3 else weight[..., None], stride=getattr(layer, "stride", 1))
    assert 0.3 < norm <= 1.001 + 1e-6


def test_the_rescaling_of_a_convolution_is_that_of_its_matrix():
    """The published layer, written out on a long circle: columns by absolute products of columns."""
    torch.manual_seed(0)
    layer = AOLConv(2, 3, 5, bias=False).double()
    with torch.no_grad():
        layer.weight.normal_()
    each = torch.eye(2 * N, dtype=torch.float64).reshape(-1, 2, N)
    matrix = F.conv1d(F.pad(each, (2, 2), mode="circular"), layer.weight).flatten(1).T
    expected = matrix * (matrix.T @ matrix).abs().sum(1).rsqrt()
    rescaled = F.conv1d(F.pad(each, (2, 2), mode="circular"), layer.rescaled()).flatten(1).T
    torch.testing.assert_close(rescaled, expected, rtol=1e-6, atol=0)


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_a_convolution_begins_as_an_isometry_of_what_it_has_room_for(stride):
    torch.manual_seed(0)
    layer = AOLConv(2, 2 * stride, 2 * stride + 1, stride, bias=False)
    x = F.pad(torch.randn(4, 2, 12 * stride), (2 * stride, 2 * stride))
    torch.testing.assert_close(layer(x).square().sum((1, 2)), x.square().sum((1, 2)), rtol=1e-4, atol=0)


@pytest.mark.parametrize("stride", [1, 3])
def test_signals_with_a_row_are_the_same_signals(stride):
    torch.manual_seed(0)
    for layer in (AOLConv(3, 4, 5, stride), SLLConv(3, 5)):
        x = torch.randn(2, 3, 50)
        torch.testing.assert_close(layer(x.unsqueeze(2)).squeeze(2), layer(x))
    assert AOLConv(3, 4, 5, stride)(x).shape == (2, 4, -(-50 // stride))


def test_residual_layers_take_off_what_the_formula_says():
    torch.manual_seed(0)
    layer = SLLLinear(5, 3).double()
    with torch.no_grad():
        layer.log_q.normal_()
    x, q = torch.randn(7, 5, dtype=torch.float64), layer.log_q.exp()
    inverse = torch.stack(
        [1 / sum((layer.weight[i] @ layer.weight[j]).abs() * q[j] / q[i] for j in range(3)) for i in range(3)]
    )
    expected = x - 2 * (torch.relu(x @ layer.weight.T + layer.bias) * inverse) @ layer.weight
    torch.testing.assert_close(layer(x), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["AOLConv, strided", "AOLConv, wider", "AOLLinear", "SLLConv, hidden", "SLLLinear"])
def test_gradients_are_right_and_finite_at_weights_of_zero(name):
    torch.manual_seed(0)
    layer = LAYERS[name]().double()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter += 0.3 * torch.randn_like(parameter)
    x = torch.randn(1, *shape_of(layer)[:1], *(9,) * (len(shape_of(layer)) - 1), dtype=torch.float64)
    names = [key for key, _ in layer.named_parameters()]

    def scored(*values: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = torch.func.functional_call(layer, dict(zip(names, values, strict=True)), (x,))
        return y.sin().sum()

    assert torch.autograd.gradcheck(scored, tuple(layer.parameters()))
    with torch.no_grad():
        layer.weight.zero_()
    layer(x).square().sum().backward()
    assert all(bool(torch.isfinite(parameter.grad).all()) for parameter in layer.parameters())


def test_maximum_and_minimum_keep_lengths():
    x = torch.randn(3, 6, 10)
    y = MaxMin()(x)
    assert (y[:, :3] >= y[:, 3:]).all()
    torch.testing.assert_close(y.square().sum(1), x.square().sum(1))
    with pytest.raises(FHRError, match="pairs of channels and was given 3"):
        MaxMin()(x[:, :3])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: AOLConv(2, 2, 4), r"kernel_sizes=\[4\]; every length must be odd"),
        (lambda: SLLConv(2, 4), r"kernel_sizes=\[4\]; every length must be odd"),
        (lambda: AOLConv(0, 2, 3, stride=0), "n_in=0, stride=0; give whole numbers of 1 or more"),
        (lambda: AOLLinear(2, 0), "n_out=0; give whole"),
        (lambda: SLLLinear(2, 0), "hidden=0; give whole"),
    ],
)
def test_layers_that_cannot_be_are_refused(make, message):
    with pytest.raises(FHRError, match=message):
        make()
