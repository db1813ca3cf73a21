"""Lipschitz bound of a network of the package: how far a score can move, from its weights and the mask alone."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from math import hypot, prod, sqrt
from typing import Any, Final

import torch
from torch import nn
from torch.nn import functional as F

from fhr.errors import FHRError
from fhr.models import (
    CTGNet,
    InceptionNet,
    InceptionTime,
    MaskedMeanStd,
    MultiResolutionNet,
    NestedPooling,
    Network,
    ResNet1d,
    Trunk,
    convolution_norm,
    ctg_net,
    multi_resolution,
    validity,
)
from fhr.models.inception_time import RESIDUAL
from fhr.models.nested_pooling import LEAST

from .layer_bound import SMOOTHING, kernels_of, layer_bound, layers_without_bound, scale_of

__all__ = ["lipschitz_bound"]

_ROUNDING = 1e-6  # relative, of sums of weights in float32


def lipschitz_bound(network: Network, mask: torch.Tensor, channels: Sequence[int] = (0,)) -> torch.Tensor:
    """Bounds of how far a change of the signal moves the scores, |s(x + d) - s(x)| <= bound |d|, at a fixed mask.

    |d| is the l2 norm of the change over the samples of the window, as the network reads them: scaled, in `channels`
    alone, 0 where nothing was measured. A change of `r` bpm RMS over `k` measured samples, scaled by 20 bpm, has
    |d| = sqrt(k) r / 20.

    The norms of layers one behind the other are multiplied, those of a sum added, those of channels side by side added
    in squares. Mean and standard deviation of a channel over time with weights w from 0 to 1,

        m = sum w x / sum w,    s = sqrt(sum w (x - m)^2 / sum w + 1e-5),

    have orthogonal gradients in the coordinates sqrt(w) x, neither longer than 1 / sqrt(sum w). So their joint norm is
    at most sqrt(max w / sum w). The bound holds for every signal. It is loose, since a product of norms does not know
    which directions a layer hands on to the next.

    Args:
        network: in evaluation mode, whichever it is in.
        mask: (batch, time), share of each sample that was measured, as the network gets it in its last channel; one of
            a single channel is measured throughout.
        channels: that may change; the heart rate by default.

    Returns:
        (batch, n_outputs) float64, of the network in exact arithmetic: rounding moves scores a little beyond it.

    Raises:
        FHRError: a network whose bound is not known, which the message gives the layers of; channels that the network
            does not have, or its mask; a mask of another shape, or one of a window without signal.
    """
    n_channels = int(network.specification["init_args"]["n_channels"])
    changeable = range(n_channels - 1 if n_channels > 1 else 1)
    if not channels or not set(channels) <= set(changeable):
        raise FHRError(f"channels={list(channels)}; give some of {list(changeable)}, since the mask stays")
    if mask.dim() != 2 or not bool((mask > 0).any(1).all()):
        raise FHRError(f"a mask of shape {tuple(mask.shape)}; give (batch, time), with some signal in each window")
    rule = _NETWORKS.get(type(network))
    if rule is None:
        unknown = layers_without_bound(network)
        of_these = f", and no bound is known of {', '.join(unknown)}" if unknown else ""
        raise FHRError(f"{type(network).__name__}: no rule says how it joins its layers{of_these}; {SMOOTHING}")
    return rule(network, mask, list(channels))


def _inception(network: Any, mask: torch.Tensor, channels: Sequence[int]) -> torch.Tensor:
    bound = layer_bound(network.stem, channels)
    for block in network.blocks:
        bound *= (1 + _module(block)) * _mean_of(2)
    return bound * _pooled(network, mask)


def _inception_time(network: Any, mask: torch.Tensor, channels: Sequence[int]) -> torch.Tensor:
    strided = not isinstance(network.stem, nn.Identity)
    bound = before = layer_bound(network.stem, channels) if strided else 1.0
    for i, block in enumerate(network.blocks, start=1):
        bound *= _module(block, None if strided or i > 1 else channels)
        if i % RESIDUAL == 0:
            shortcut = network.shortcuts[i // RESIDUAL - 1]
            bound += before * layer_bound(shortcut, None if strided or i > RESIDUAL else channels)
            before = bound
    return bound * _pooled(network, mask)


def _resnet(network: Any, mask: torch.Tensor, channels: Sequence[int]) -> torch.Tensor:
    bound = 1.0
    for i, block in enumerate(network.blocks):
        changed = None if i else channels
        behind_it = prod([layer_bound(layer) for layer in (*block.layers[1:], block.last)], start=1.0)
        bound *= layer_bound(block.layers[0], changed) * behind_it + layer_bound(block.shortcut, changed)
    return bound * _pooled(network, mask)


def _multi_resolution(network: Any, mask: torch.Tensor, channels: Sequence[int]) -> torch.Tensor:
    valid = validity(_windows(network, mask)).to("cpu", torch.float64)
    valid = F.pad(valid, (-valid.shape[-1] % (multi_resolution.POOL * network.steps[-1]), 0))
    squares = torch.zeros(len(mask), dtype=torch.float64)
    for step, first, second in zip(network.steps, network.first, network.second, strict=True):
        of_step, share = _means(valid, step)
        of_pool, share = _means(share, multi_resolution.POOL)
        of_rest, share = _means(share, network.steps[-1] // step)
        squares += (of_step * of_pool * of_rest * layer_bound(first, channels) * layer_bound(second)).square()
    return squares.sqrt()[:, None] * layer_bound(network.joined) * _pooled(network, mask)


def _ctg_net(network: Any, mask: torch.Tensor, channels: Sequence[int]) -> torch.Tensor:
    """All is linear but for ELUs, of slopes of at most 1; filters in time and across are one convolution each."""
    if mask.shape[1] != network.n_times:
        raise FHRError(f"a mask of {mask.shape[1]} samples; this CTGNet takes windows of {network.n_times}")
    in_time = _exact(network.temporal.weight).squeeze(2) * scale_of(network.temporal_norm)[:, None, None]
    across = _exact(network.across.weight).squeeze(3) * scale_of(network.across_norm)[:, None, None]
    filters = across.transpose(1, 2) * in_time.repeat_interleave(len(across) // len(in_time), dim=0)
    alone, mixed = (_exact(layer.weight).squeeze(2) for layer in network.separable)
    separable = mixed * alone.transpose(0, 1) * scale_of(network.separable_norm)[:, None, None]
    bound = convolution_norm(filters[:, channels]) * convolution_norm(separable) * _mean_of(ctg_net.POOL) ** 2
    return (bound * _exact(network.head.weight).norm(dim=1)).expand(len(mask), -1)


def _module(module: Any, channels: Sequence[int] | None = None) -> float:
    """Bound of an inception module: its branches with the bottleneck are one convolution, beside the maximum."""
    *scales, of_maximum = scale_of(module.norm).split(len(module.norm.weight) // (len(module.branches) + 1))
    longest = max(branch.kernel_size[0] for branch in module.branches)
    kernels = [
        F.pad(kernels_of(branch) * scale[:, None, None], ((longest - branch.kernel_size[0]) // 2,) * 2)
        for branch, scale in zip(module.branches, scales, strict=True)
    ]
    branches = torch.einsum("obk,bi->oik", torch.cat(kernels), kernels_of(module.bottleneck).squeeze(2))
    maximum, behind_it = module.pooled
    pooled = kernels_of(behind_it) * of_maximum[:, None, None]
    if channels is not None:
        branches, pooled = branches[:, channels], pooled[:, channels]
    return hypot(convolution_norm(branches), layer_bound(maximum) * convolution_norm(pooled))


def _pooled(network: Any, mask: torch.Tensor) -> torch.Tensor:
    """Bound (batch, n_outputs) of pooling and linear head, of each part of the window and added up."""
    pool, head = network.pool, network.head[-1]
    nested = type(pool) is NestedPooling and not pool.quantiles
    if not (nested or type(pool) is MaskedMeanStd) or type(head) is not nn.Linear:
        raise FHRError(f"no bound is known of {pool} with {network.head} behind it; {SMOOTHING}")
    parts = pool.parts if nested else (1.0,)
    heads = _exact(head.weight)[:, : 2 * network.width * len(parts)].chunk(len(parts), dim=1)
    weight = _weights(network, mask)
    steps, found = weight.shape[1], list[torch.Tensor]()
    for part in parts:
        w = weight[:, -max(1, round(part * steps)) :]
        length = (w.amax(1) / w.sum(1).clamp_min(1e-6)).sqrt()
        if found:  # a part with too little signal takes the numbers of the wider one
            little = w.sum(1) < LEAST * steps * (1 - _ROUNDING)
            length = torch.where(little, found[-1], torch.maximum(length, found[-1]))
        found.append(length)
    return sum(
        (length[:, None] * one.norm(dim=1) for length, one in zip(found, heads, strict=True)),
        start=torch.zeros(1, dtype=torch.float64),
    )


def _weights(network: Trunk, mask: torch.Tensor) -> torch.Tensor:
    """Weights (batch, steps) of the sequence of a trunk, which the mask alone decides."""
    with torch.no_grad():
        weight = deepcopy(network).eval().sequence(_windows(network, mask)).weight
    return weight.squeeze(1).to("cpu", torch.float64)


def _windows(network: Network, mask: torch.Tensor) -> torch.Tensor:
    """Windows of zeros (batch, channel, time) under a mask."""
    like = next(network.parameters())
    windows = like.new_zeros(len(mask), network.specification["init_args"]["n_channels"], mask.shape[1])
    windows[:, -1] = mask
    return windows.detach()


def _means(weight: torch.Tensor, n: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Norm (batch,) of means of `n` steps with weights (batch, 1, time), and the mean weights."""
    share = F.avg_pool1d(weight, n)
    lengths = (F.avg_pool1d(weight.square(), n) / n).sqrt()
    return (lengths / share.clamp_min(1e-6)).amax((1, 2)), share


def _mean_of(n: int) -> float:
    """Norm of means of `n` samples each."""
    return 1 / sqrt(n)


def _exact(weight: torch.Tensor) -> torch.Tensor:
    return weight.detach().to("cpu", torch.float64)


_NETWORKS: Final[dict[type, Callable[[Any, torch.Tensor, Sequence[int]], torch.Tensor]]] = {
    CTGNet: _ctg_net,
    InceptionNet: _inception,
    InceptionTime: _inception_time,
    MultiResolutionNet: _multi_resolution,
    ResNet1d: _resnet,
}
