"""Norm of a convolution over time, certified: never below the truth, whatever lies between sampled frequencies."""

from math import cos, inf, pi

import torch

from fhr.errors import FHRError

__all__ = ["convolution_norm"]

_ROUNDING = (
    1e-9  # relative, added to the norm: what float64 loses in the sums and eigenvalues is a ten-thousandth of it
)
_AT_ONCE = 2**22  # numbers of transfer matrices in memory
_FINEST = 1e-8  # a smaller tolerance asks for frequencies that rounding does not tell apart


def convolution_norm(
    weight: torch.Tensor, *, stride: int = 1, dilation: int = 1, groups: int = 1, tolerance: float = 1e-3
) -> float:
    """Upper bound of the l2 operator norm of a 1-D convolution, `tolerance` above the norm at most.

    The norm of a convolution of signals without ends is the supremum over frequencies w of the largest singular value
    s(w) of its transfer matrix,

        W(w) = sum over k of W_k exp(-i k w),

    and bounds that of every finite signal with zeros beyond its ends, of any length. A stride makes each of its phases
    a channel, since a strided convolution is one without a stride of the phases side by side.

    Between frequencies: where s^2 takes its supremum S^2, u* W(w)* W(w) u with the singular vector u is a trigonometric
    polynomial of degree d, one less than the length of the kernels. It lies between 0 and S^2, so that at a distance h
    from there it is S^2 cos^2(d h / 2) or more (M. Riesz 1914). Hence the supremum lies within h of a frequency where
    s >= S cos(d h / 2). Frequencies where s is smaller are left, the others are halved, until 1 / cos(d h / 2) is at
    most 1 + `tolerance`. In float64, with a slack for rounding on the safe side.

    A transposed convolution has the norm of the convolution that it is the transpose of.

    Args:
        weight: (n_out, n_in / groups, kernel), as of `torch.nn.Conv1d`.
        stride: samples.
        dilation: samples between those that a kernel sees.
        groups: of channels that do not mix.
        tolerance: relative, 1e-8 or more.

    Returns:
        The bound; 0 where all weights are 0.

    Raises:
        FHRError: weights of another shape or not finite, numbers below 1, channels that are no multiple of `groups`, or
            a tolerance out of range.

    Source:
        Sedghi, Gupta and Long 2019, arXiv:1805.10408, have the transfer matrices of circular convolutions; the lemma
        is in M. Riesz 1914, Jahresber. DMV 23:354-368.

    Example:
        >>> round(convolution_norm(torch.tensor([[[1.0, -1.0]]])), 3)  # differences: 2 at the highest frequency
        2.0
    """
    _check(weight, stride, dilation, groups, tolerance)
    kernels = weight.detach().to("cpu", torch.float64)
    largest = float(kernels.abs().max())
    if largest == 0:
        return 0.0
    phases = _phases(kernels / largest, stride, dilation if stride > 1 else 1).unflatten(0, (groups, -1))
    return largest * _supremum(phases, tolerance) * (1 + _ROUNDING)


def _phases(kernels: torch.Tensor, stride: int, dilation: int) -> torch.Tensor:
    """Kernels (n_out, n_in * stride, steps) of the phases; dilation alone only stretches the frequencies."""
    n_out, n_in, length = kernels.shape
    span = (length - 1) * dilation + 1
    spread = kernels.new_zeros(n_out, n_in, span + -span % stride)
    spread[..., :span:dilation] = kernels
    return spread.unflatten(2, (-1, stride)).transpose(2, 3).flatten(1, 2)


def _supremum(kernels: torch.Tensor, tolerance: float) -> float:
    """Bound of the largest singular value over all frequencies, of kernels (group, n_out, n_in, length)."""
    degree = kernels.shape[-1] - 1
    n = max(1, 2 * degree)
    reach = pi / (2 * n)  # of each frequency, both ways; real kernels have the same norms at w and -w
    at = reach * (2 * torch.arange(n, dtype=torch.float64) + 1)
    known = 0.0
    while True:
        found = _norms(kernels, at)
        known = max(known, float(found.max()))
        near = cos(degree * reach / 2)
        if 1 / near <= 1 + tolerance:
            return float(found.max()) / near
        kept = found >= known * near * (1 - _ROUNDING)
        reach /= 2
        at = torch.cat([at[kept] - reach, at[kept] + reach])


def _norms(kernels: torch.Tensor, at: torch.Tensor) -> torch.Tensor:
    """Largest singular value over the groups at each frequency `at` (n,), in radians a step."""
    group, n_out, n_in, length = kernels.shape
    flat = kernels.reshape(-1, length).to(torch.complex128)
    steps = torch.arange(length, dtype=torch.float64)
    found = []
    for some in at.split(max(1, _AT_ONCE // (group * n_out * n_in))):
        waves = torch.polar(torch.ones(len(some), length, dtype=torch.float64), -some[:, None] * steps)
        transfer = (waves @ flat.T).reshape(-1, group, n_out, n_in)
        product = transfer @ transfer.mH if n_out < n_in else transfer.mH @ transfer
        found.append(torch.linalg.eigvalsh(product)[..., -1].amax(1).clamp_min(0).sqrt())
    return torch.cat(found)


def _check(weight: torch.Tensor, stride: int, dilation: int, groups: int, tolerance: float) -> None:
    if weight.dim() != 3 or not weight.is_floating_point() or weight.numel() == 0:
        raise FHRError(
            f"weights of shape {tuple(weight.shape)} and {weight.dtype}; give real kernels (n_out, n_in / groups, "
            "length)"
        )
    if not bool(torch.isfinite(weight).all()):
        raise FHRError("weights that are not finite have no norm; train the network anew, with a lower learning rate")
    if min(stride, dilation, groups) < 1 or weight.shape[0] % groups:
        raise FHRError(
            f"stride={stride}, dilation={dilation}, groups={groups} of {weight.shape[0]} output channels; give whole "
            "numbers of 1 or more, and groups that share the channels evenly"
        )
    if not _FINEST <= tolerance < inf:
        raise FHRError(f"tolerance={tolerance}; give a relative one of {_FINEST:g} or more, such as 1e-3")
