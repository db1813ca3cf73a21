"""Complete signals of several channels: arrays or tensors made ready for a transform, and given back in their kind."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from numpy.typing import ArrayLike

from fhr.errors import SignalError
from fhr.multiscale.batch import read_signals

__all__ = ["Complete", "chunks", "is_constant", "read_complete", "relative"]

_LEAST = 4  # samples: fewer have no phase to draw
_ON_CPU, _ON_GPU = 2**18, 2**25  # numbers of a chunk: what a cache holds, and what a device has room for


@dataclass(frozen=True)
class Complete:
    """A batch of complete signals.

    Attributes:
        values: (batch, channel, time); float64 on a CPU, where single precision is no faster, else as given.
        dtype: of what goes back.
        numpy: whether arrays go back.
    """

    values: torch.Tensor
    dtype: torch.dtype
    numpy: bool

    def back(self, result: torch.Tensor) -> Any:
        """Convert a result to the kind of array and the dtype that were given."""
        if self.numpy:
            return result.numpy()
        return result.to(self.dtype) if result.is_floating_point() else result


def read_complete(x: "ArrayLike | torch.Tensor") -> Complete:
    """Read signals that miss nothing.

    Raises:
        SignalError: no real numbers, another shape than (batch, channel, time), too few samples, a missing or an
            infinite one.
    """
    signals = read_signals(x)
    shape = (*signals.shape, signals.values.shape[-1])
    if len(shape) != 3:
        raise SignalError(
            f"x has shape {tuple(shape)}; give (batch, channel, time): x[:, None] where each row is a signal of one "
            "channel, x[None] where the rows are channels of one signal"
        )
    if shape[-1] < _LEAST:
        raise SignalError(f"x has {shape[-1]} samples of time; give at least {_LEAST}")
    values = signals.values.detach().reshape(shape)
    values = values.double() if values.device.type == "cpu" or not values.is_floating_point() else values
    values = values.float() if values.dtype in (torch.float16, torch.bfloat16) else values
    if not bool(values.isfinite().all()):
        bad = ~values.isfinite()
        rows = bad.flatten(1).any(1).nonzero()[:5, 0].tolist()
        raise SignalError(
            f"x holds {int(bad.sum())} missing or infinite samples (first signals concerned: {rows}); fill what is "
            "missing with fhr.synthesis.fill_for_transform, or leave these signals out"
        )
    return Complete(values, signals.dtype, signals.numpy)


def chunks(values: torch.Tensor) -> Iterator[slice]:
    """Parts of a batch (batch, channel, time) that are worked on at once."""
    at_once = _ON_CPU if values.device.type == "cpu" else _ON_GPU
    size = max(1, at_once // values[0].numel())
    yield from (slice(start, min(start + size, len(values))) for start in range(0, len(values), size))


def is_constant(values: torch.Tensor) -> torch.Tensor:
    """True (batch, channel) where a channel holds one value alone."""
    return values.amin(-1) == values.amax(-1)


def relative(error: torch.Tensor, size: torch.Tensor) -> torch.Tensor:
    """Length of `error` (..., k) beside that of `size`; 0 where that has none."""
    length = torch.linalg.vector_norm(size, dim=-1)
    return torch.where(length > 0, torch.linalg.vector_norm(error, dim=-1) / length, 0.0)
