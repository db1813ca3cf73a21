"""Layers over time, and of vectors, that never move two inputs apart: |f(x) - f(y)| <= |x - y| in the l2 norm.

Signals are (batch, channel, time), or (batch, channel, 1, time) as inside trunks; beyond the ends, samples count as 0,
which makes the norm of a convolution no larger than it is on a signal without ends. The bound is built into the
weights: training may move them freely and it holds at every step. A forward costs one convolution of the kernels with
themselves more. A chain of such layers is 1-Lipschitz.
"""

import torch
from torch import nn
from torch.nn import functional as F

from fhr.errors import FHRError

from .convolution import refuse_even

__all__ = ["AOLConv", "AOLLinear", "MaxMin", "SLLConv", "SLLLinear"]

_LEAST = 1e-6  # added to what is divided by: a bound is only tightened by it, and gradients at weights of 0 are finite


class AOLConv(nn.Module):
    """Almost orthogonal convolution: each channel is rescaled until the convolution is 1-Lipschitz.

    With the kernels P and the channels c of the input,

        W_c = P_c / sqrt(sum over channels c' and lags of |P_c * P_c'|),

    where * is the cross-correlation of the kernels, summed over the output. A stride makes each of its phases an input
    channel of its own, since a strided convolution is one without a stride of the phases side by side. Where output
    channels are fewer than these, they are rescaled in the same way, as those of the transpose.

    The kernels begin as an orthogonal map of the middle samples, which is rescaled by 1: it keeps the length of what it
    has room for.

    Args:
        n_in: channels.
        n_out: channels.
        kernel_size: odd, samples.
        stride: samples; step i of the output stands at sample `i * stride` of the input.
        bias: whether a constant is added to each channel.

    Shape:
        (batch, n_in, time) to (batch, n_out, ceil(time / stride)); the same with an axis of 1 before the time.

    Raises:
        FHRError: a kernel of even length, or a number below 1.

    Source:
        Prach and Lampert 2022, arXiv:2208.03160. Phases and outputs are not in it.
    """

    def __init__(self, n_in: int, n_out: int, kernel_size: int, stride: int = 1, bias: bool = True) -> None:
        super().__init__()
        _refuse_below_one(n_in=n_in, n_out=n_out, kernel_size=kernel_size, stride=stride)
        refuse_even([kernel_size])
        self.stride, self.padding = stride, kernel_size // 2
        self.weight = nn.Parameter(torch.zeros(n_out, n_in, kernel_size))
        self.bias = nn.Parameter(torch.zeros(n_out)) if bias else None
        middle = min(stride, kernel_size)
        first = (kernel_size - middle) // 2
        kept = nn.init.orthogonal_(torch.empty(n_out, n_in * middle)).reshape(n_out, n_in, middle)
        self.weight.data[..., first : first + middle] = kept

    def rescaled(self) -> torch.Tensor:
        """The kernels (n_out, n_in, kernel_size) that the layer convolves with."""
        n_out, n_in, length = self.weight.shape
        whole = F.pad(self.weight, (0, -length % self.stride)).unflatten(2, (-1, self.stride))
        phases = whole.transpose(2, 3).flatten(1, 2)  # (n_out, n_in * stride, steps)
        if n_out < phases.shape[1]:
            return self.weight * _to_one(_correlations(phases))[:, None, None]
        scale = _to_one(_correlations(phases.transpose(0, 1))).reshape(n_in, self.stride)
        return self.weight * scale.repeat(1, whole.shape[2])[:, :length]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Convolve `x` with the rescaled kernels."""
        kernel = self.rescaled().unsqueeze(2)
        y = F.conv2d(_with_row(x), kernel, self.bias, (1, self.stride), (0, self.padding))
        return y if x.dim() == 4 else y.squeeze(2)

    def bounds(self, low: torch.Tensor, high: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Least and largest output of inputs (batch, n_in, time) between `low` and `high`, in their precision."""
        kernel, bias = self.rescaled().to(low.dtype), None if self.bias is None else self.bias.to(low.dtype)
        middle = F.conv1d((low + high) / 2, kernel, bias, self.stride, self.padding)
        reach = F.conv1d((high - low) / 2, kernel.abs(), None, self.stride, self.padding)
        return middle - reach, middle + reach


class AOLLinear(nn.Module):
    """Almost orthogonal linear layer, W_i = P_i / sqrt(sum over j of |P^T P|_ij).

    Where there are fewer numbers out than in, rows are rescaled in place of columns; one row is given length 1.

    Args:
        n_in: numbers in.
        n_out: numbers out.
        bias: whether a constant is added to each.

    Shape:
        (..., n_in) to (..., n_out).

    Raises:
        FHRError: a number below 1.

    Source:
        Prach and Lampert 2022, arXiv:2208.03160.
    """

    def __init__(self, n_in: int, n_out: int, bias: bool = True) -> None:
        super().__init__()
        _refuse_below_one(n_in=n_in, n_out=n_out)
        self.weight = nn.Parameter(nn.init.orthogonal_(torch.empty(n_out, n_in)))
        self.bias = nn.Parameter(torch.zeros(n_out)) if bias else None

    def rescaled(self) -> torch.Tensor:
        """The matrix (n_out, n_in) that the layer multiplies by."""
        n_out, n_in = self.weight.shape
        if n_out < n_in:
            return self.weight * _to_one((self.weight @ self.weight.T).abs())[:, None]
        return self.weight * _to_one((self.weight.T @ self.weight).abs())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Multiply `x` (..., n_in) by the rescaled matrix."""
        return F.linear(x, self.rescaled(), self.bias)


class SLLConv(nn.Module):
    """1-Lipschitz residual convolution, h = x - 2 W T^-1 relu(W^T x + b).

    W^T convolves to the hidden channels and W is its transpose; T is diagonal, and with free numbers q > 0

        T_i = sum over hidden channels j and lags of |W_i * W_j| q_j / q_i,

    which bounds W^T W. So W T^-1 D W^T, with the slopes D of the ReLU, lies between 0 and 1, and the derivative
    1 - 2 W T^-1 D W^T between -1 and 1.

    Args:
        width: channels in and out.
        kernel_size: odd, samples, of each of the two convolutions.
        hidden: channels between them; None for `width`.

    Shape:
        (batch, width, time) to the same; the same with an axis of 1 before the time.

    Raises:
        FHRError: a kernel of even length, or a number below 1.

    Source:
        Araujo et al. 2023, arXiv:2303.03169.
    """

    def __init__(self, width: int, kernel_size: int, hidden: int | None = None) -> None:
        super().__init__()
        hidden = width if hidden is None else hidden
        _refuse_below_one(width=width, kernel_size=kernel_size, hidden=hidden)
        refuse_even([kernel_size])
        self.padding = kernel_size // 2
        self.weight = nn.Parameter(nn.init.xavier_normal_(torch.empty(hidden, width, kernel_size)))
        self.bias = nn.Parameter(torch.zeros(hidden))
        self.log_q = nn.Parameter(torch.zeros(hidden))

    def inverse(self) -> torch.Tensor:
        """The diagonal (hidden,) of T^-1."""
        return _inverse(_correlations(self.weight), self.log_q)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Signal `x` and what the block takes off it."""
        kernel, row, around = self.weight.unsqueeze(2), _with_row(x), (0, self.padding)
        seen = F.relu(F.conv2d(row, kernel, self.bias, padding=around))
        back = F.conv_transpose2d(seen, kernel * self.inverse()[:, None, None, None], padding=around)
        return x - 2 * (back if x.dim() == 4 else back.squeeze(2))

    def bounds(self, low: torch.Tensor, high: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Least and largest output of inputs (batch, width, time) between `low` and `high`, in their precision."""
        weight, bias, around = self.weight.to(low.dtype), self.bias.to(low.dtype), self.padding
        middle = F.conv1d((low + high) / 2, weight, bias, padding=around)
        reach = F.conv1d((high - low) / 2, weight.abs(), None, padding=around)
        least, most = F.relu(middle - reach), F.relu(middle + reach)
        back = 2 * weight * self.inverse().to(low.dtype)[:, None, None]
        taken = F.conv_transpose1d((least + most) / 2, back, padding=around)
        spread = F.conv_transpose1d((most - least) / 2, back.abs(), padding=around)
        return low - taken - spread, high - taken + spread


class SLLLinear(nn.Module):
    """1-Lipschitz residual layer of vectors, h = x - 2 W T^-1 relu(W^T x + b), as `SLLConv` is of signals.

    Args:
        width: numbers in and out.
        hidden: numbers between; None for `width`.

    Shape:
        (..., width) to the same.

    Raises:
        FHRError: a number below 1.

    Source:
        Araujo et al. 2023, arXiv:2303.03169.
    """

    def __init__(self, width: int, hidden: int | None = None) -> None:
        super().__init__()
        hidden = width if hidden is None else hidden
        _refuse_below_one(width=width, hidden=hidden)
        self.weight = nn.Parameter(nn.init.xavier_normal_(torch.empty(hidden, width)))
        self.bias = nn.Parameter(torch.zeros(hidden))
        self.log_q = nn.Parameter(torch.zeros(hidden))

    def inverse(self) -> torch.Tensor:
        """The diagonal (hidden,) of T^-1."""
        return _inverse((self.weight @ self.weight.T).abs(), self.log_q)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Vectors `x` (..., width) and what the layer takes off them."""
        return x - 2 * (F.relu(F.linear(x, self.weight, self.bias)) * self.inverse()) @ self.weight


class MaxMin(nn.Module):
    """Larger and smaller of neighbouring channels, larger ones first: 1-Lipschitz, and it keeps the length of vectors.

    Shape:
        (batch, channel, ...) with an even number of channels to the same.

    Raises:
        FHRError: an odd number of channels.

    Source:
        Anil, Lucas and Grosse 2019, arXiv:1811.05381 (GroupSort of groups of two).
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Sort each pair of channels of `x`."""
        if x.shape[1] % 2:
            raise FHRError(
                f"MaxMin takes pairs of channels and was given {x.shape[1]}; give the layer before an even width"
            )
        one, other = x[:, ::2], x[:, 1::2]
        return torch.cat([torch.maximum(one, other), torch.minimum(one, other)], dim=1)

    def bounds(self, low: torch.Tensor, high: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Least and largest output of inputs between `low` and `high`."""
        return self(low), self(high)


def _correlations(kernels: torch.Tensor) -> torch.Tensor:
    """Sums over lags of the absolute cross-correlations (n, n) of kernels (n, depth, length)."""
    return F.conv1d(kernels, kernels, padding=kernels.shape[2] - 1).abs().sum(2)


def _to_one(products: torch.Tensor) -> torch.Tensor:
    """Factors (n,) of channels whose absolute products are (n, n), which bring the norm of all of them to 1 at most."""
    return (products.sum(1) + _LEAST).rsqrt()


def _inverse(products: torch.Tensor, log_q: torch.Tensor) -> torch.Tensor:
    """T^-1 (n,) of absolute products (n, n) of the weights of hidden channels."""
    q = log_q.exp()
    return 1 / (products @ q / q + _LEAST)


def _with_row(x: torch.Tensor) -> torch.Tensor:
    return x if x.dim() == 4 else x.unsqueeze(2)


def _refuse_below_one(**numbers: int) -> None:
    wrong = {name: n for name, n in numbers.items() if n < 1}
    if wrong:
        given = ", ".join(f"{name}={n}" for name, n in wrong.items())
        raise FHRError(f"{given}; give whole numbers of 1 or more")
