"""Lipschitz bounds of layers, one rule a type: l2 norm over all channels and all time, in evaluation mode."""

from collections.abc import Callable, Sequence
from math import ceil, gcd, sqrt
from typing import Any, Final, TypeGuard

import torch
from torch import nn

from fhr.errors import FHRError
from fhr.models import AOLConv, AOLLinear, MaxMin, SLLConv, SLLLinear, convolution_norm
from fhr.models.convolution import TimeConv

__all__ = ["SMOOTHING", "kernels_of", "layer_bound", "layers_without_bound", "scale_of"]

SMOOTHING = "randomized smoothing certifies it from its scores alone"


def layer_bound(layer: nn.Module, channels: Sequence[int] | None = None) -> float:
    """Lipschitz bound of a layer, |f(x) - f(y)| <= bound |x - y|, or of a `Sequential` of layers.

    A convolution has the norm of `fhr.models.convolution_norm`, with the factors of a batch normalisation right behind
    it in its kernels; an activation its largest slope; a mean or a maximum over windows that of the convolution it is
    or chooses from; a 1-Lipschitz layer what its weights of the moment give, which is 1 or less.

    Args:
        layer: of a signal (batch, channel, time), or (batch, channel, 1, time).
        channels: that may change, where it begins with a convolution; None for all.

    Raises:
        FHRError: a layer of a type without a rule, or one whose bound is not known as it is set.
    """
    if isinstance(layer, nn.Sequential):
        return _sequential(list(layer), channels)
    if type(layer) not in _RULES:
        raise FHRError(f"no bound is known of the layer {type(layer).__name__}; {SMOOTHING}")
    if channels is None:
        return _RULES[type(layer)](layer)
    if isinstance(layer, AOLConv):
        return convolution_norm(layer.rescaled()[:, channels], stride=layer.stride)
    if not _is_convolution(layer):
        raise FHRError(f"channels={list(channels)} of {type(layer).__name__}, which is no convolution; give None")
    return _convolution(layer, None, channels)


def layers_without_bound(network: nn.Module) -> list[str]:
    """Layers of a network that no rule is for, by type and first name, as `LayerNorm (layers.0.norm)`."""
    found: dict[str, str] = {}
    for name, layer in network.named_modules():
        if not any(True for _ in layer.children()) and type(layer) not in _RULES:
            found.setdefault(type(layer).__name__, name)
    return [f"{kind} ({name})" for kind, name in found.items()]


def kernels_of(layer: nn.Conv1d, norm: nn.Module | None = None) -> torch.Tensor:
    """Kernels (n_out, n_in, span) of a convolution, float64, with dilation and groups written out.

    Args:
        layer: padded with zeros.
        norm: batch normalisation right behind it, whose factors are taken in.

    Raises:
        FHRError: a convolution that is padded otherwise.
    """
    if layer.padding_mode != "zeros":
        raise FHRError(f"no bound is known of a convolution with padding_mode={layer.padding_mode!r}; {SMOOTHING}")
    weight = layer.weight.detach().to("cpu", torch.float64)
    n_out, n_in, length = weight.shape
    kernels = weight.new_zeros(n_out, n_in * layer.groups, (length - 1) * layer.dilation[0] + 1)
    for i, rows in enumerate(weight.chunk(layer.groups)):
        at = slice(i * len(rows), (i + 1) * len(rows)), slice(i * n_in, (i + 1) * n_in)
        kernels[*at, :: layer.dilation[0]] = rows
    return kernels if norm is None else kernels * scale_of(norm)[:, None, None]


def scale_of(norm: nn.Module) -> torch.Tensor:
    """Factors (channel,) of batch normalisation in evaluation mode, float64.

    Raises:
        FHRError: a layer that takes the statistics of what it is given.
    """
    if not isinstance(norm, _NORMS) or norm.running_var is None:
        raise FHRError(f"no bound is known of {norm}, which takes the statistics of what it is given; {SMOOTHING}")
    scale = (norm.running_var.detach().to("cpu", torch.float64) + norm.eps).rsqrt()
    return scale if norm.weight is None else scale * norm.weight.detach().to("cpu", torch.float64)


def _sequential(layers: list[nn.Module], channels: Sequence[int] | None) -> float:
    if not layers:
        return 1.0
    first, *rest = layers
    if not _is_convolution(first) or not rest or type(rest[0]) not in _NORMS:
        return layer_bound(first, channels) * _sequential(rest, None)
    return _convolution(first, rest[0], channels) * _sequential(rest[1:], None)


def _is_convolution(layer: nn.Module) -> TypeGuard[nn.Conv1d]:
    return type(layer) in (nn.Conv1d, TimeConv)


def _convolution(layer: nn.Conv1d, norm: nn.Module | None = None, channels: Sequence[int] | None = None) -> float:
    kernels = kernels_of(layer, norm)
    return convolution_norm(kernels if channels is None else kernels[:, channels], stride=layer.stride[0])


def _maximum(layer: Any) -> float:
    """Of each window one sample is chosen, and a sample lies in so many windows."""
    stride, dilation = _of_time(layer.stride), _of_time(layer.dilation)
    return sqrt(ceil(_of_time(layer.kernel_size) * gcd(stride, dilation) / stride))


def _mean(layer: Any) -> float:
    fewer = layer.ceil_mode or (_of_time(layer.padding) and not layer.count_include_pad)
    if fewer or getattr(layer, "divisor_override", None):
        raise FHRError(f"no bound is known of {layer}, which divides by another number than its length; {SMOOTHING}")
    length = _of_time(layer.kernel_size)
    return convolution_norm(torch.full((1, 1, length), 1 / length), stride=_of_time(layer.stride))


def _of_time(number: int | tuple[int, ...]) -> int:
    """The number of the last axis, of a pooling of one or two axes."""
    return number if isinstance(number, int) else number[-1]


def _residual(layer: Any) -> float:
    """Derivatives are 1 - 2 W T^-1 D W^T with 0 <= D <= 1: between 1 - 2 r^2 and 1, with the norm r of T^-1/2 W^T."""
    inverse = layer.inverse().detach().double()
    r = _matrix(torch.einsum("h,h...->h...", inverse.sqrt(), layer.weight.detach().double()))
    return max(1.0, 2 * r**2 - 1)


def _matrix(weight: torch.Tensor) -> float:
    return convolution_norm(weight if weight.dim() == 3 else weight.unsqueeze(2))


_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
_RULES: Final[dict[type, Callable[[Any], float]]] = {
    nn.Conv1d: _convolution,
    TimeConv: _convolution,
    nn.Linear: lambda layer: _matrix(layer.weight),
    AOLConv: lambda layer: convolution_norm(layer.rescaled(), stride=layer.stride),
    AOLLinear: lambda layer: _matrix(layer.rescaled()),
    SLLConv: _residual,
    SLLLinear: _residual,
    MaxMin: lambda _: 1.0,
    nn.BatchNorm1d: lambda layer: float(scale_of(layer).abs().max()),
    nn.BatchNorm2d: lambda layer: float(scale_of(layer).abs().max()),
    nn.MaxPool1d: _maximum,
    nn.MaxPool2d: _maximum,
    nn.AvgPool1d: _mean,
    nn.AvgPool2d: _mean,
    nn.Dropout: lambda _: 1.0,
    nn.Dropout1d: lambda _: 1.0,
    nn.Dropout2d: lambda _: 1.0,
    nn.Identity: lambda _: 1.0,
    nn.Flatten: lambda _: 1.0,
    nn.ReLU: lambda _: 1.0,
    nn.Tanh: lambda _: 1.0,
    nn.Softplus: lambda _: 1.0,
    nn.Sigmoid: lambda _: 0.25,
    nn.LeakyReLU: lambda layer: max(1.0, abs(layer.negative_slope)),
    nn.ELU: lambda layer: max(1.0, layer.alpha),
    nn.GELU: lambda _: 1.13,  # 1.1290 at sqrt(2)
    nn.SiLU: lambda _: 1.1,  # 1.0998 at 2.40
}
