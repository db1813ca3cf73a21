"""Batch of signals: arrays or tensors made ready for the wavelet transform, and results given back in their kind."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import inf
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike

from fhr.errors import SignalError
from fhr.recording import floating

from .wavelet_transform import bridge

__all__ = ["Prepared", "Signals", "nan_where", "read_signals"]


@dataclass(frozen=True)
class Signals:
    """A batch of signals as it was given.

    Attributes:
        values: (batch, time).
        mask: (batch, time), bool, or None.
        shape: of the batch.
        dtype: of what goes back.
        numpy: whether arrays go back.
    """

    values: torch.Tensor
    mask: torch.Tensor | None
    shape: torch.Size
    dtype: torch.dtype
    numpy: bool

    def split(self, size: int) -> "Iterator[Signals]":
        """Split the batch into parts of `size` signals."""
        for start in range(0, len(self.values), size):
            rows = slice(start, start + size)
            values, mask = self.values[rows], None if self.mask is None else self.mask[rows]
            yield replace(self, values=values, mask=mask, shape=values.shape[:1])

    def prepared(self, dtype: torch.dtype) -> "Prepared":
        """Prepare the signals for the wavelet transform."""
        values = self.values.to(dtype)
        present = values == values  # all but NaN
        if self.mask is not None:
            present = present & self.mask
        x = bridge(values, present)
        floor = torch.maximum(x.amax(-1), -x.amin(-1)).detach() * torch.finfo(dtype).eps ** 0.75
        if not bool((floor < inf).all()):
            raise SignalError("an infinite sample; mark what is missing as NaN, or with the mask")
        return Prepared(x - x.mean(-1, keepdim=True), present, floor, present.view(torch.uint8).amax(-1) == 0)

    def back(self, result: torch.Tensor) -> Any:
        """Convert a result (batch, ...) to the batch shape, dtype and kind of array that were given."""
        shaped = result.reshape((*self.shape, *result.shape[1:]))
        if self.numpy:
            return shaped.detach().numpy()
        return shaped.to(self.dtype) if shaped.is_floating_point() else shaped


class Prepared(NamedTuple):
    """Signals ready for the wavelet transform.

    Attributes:
        x: (batch, time), centred, gaps bridged.
        present: (batch, time), bool.
        floor: (batch,), below which a coefficient is a rounding error of 0.
        empty: (batch,), no sample at all.
    """

    x: torch.Tensor
    present: torch.Tensor
    floor: torch.Tensor
    empty: torch.Tensor


def read_signals(
    x: "ArrayLike | torch.Tensor", mask: "ArrayLike | torch.Tensor | None" = None, name: str = "x"
) -> Signals:
    """Read signals, and where they are measured, from an array or a tensor.

    Raises:
        SignalError: no real numbers, no time axis, or a mask of another shape.
    """
    numpy = not isinstance(x, torch.Tensor)
    if isinstance(x, torch.Tensor):
        signal = x
        if signal.is_complex() or signal.dtype == torch.bool:
            raise SignalError(f"{name} is a tensor of {signal.dtype}; give real numbers of shape (..., time)")
    else:
        try:
            array = np.asarray(x)
        except ValueError as error:
            raise SignalError(f"{name} is no array ({error}); give real numbers of shape (..., time)") from None
        if array.dtype.kind not in "fiuO":
            raise SignalError(f"{name} holds {array.dtype}; give real numbers of shape (..., time)")
        array = floating(x, name)
        # A copy where the array is read-only, which a tensor cannot be.
        signal = torch.from_numpy(np.require(array, dtype=np.float64, requirements=["C", "W"]))
    if signal.ndim == 0 or signal.numel() == 0:
        raise SignalError(f"{name} has shape {tuple(signal.shape)}; give at least one signal, (..., time)")
    back = signal.dtype if signal.is_floating_point() else torch.float64
    given = None
    if mask is not None:
        try:
            given = torch.as_tensor(mask if isinstance(mask, torch.Tensor) else np.array(mask), device=signal.device)
        except (TypeError, ValueError) as error:
            raise SignalError(f"mask is no array of flags ({error}); give one flag a sample") from None
        try:
            given = (
                (given.nan_to_num(0) if given.is_floating_point() else given)
                .bool()
                .broadcast_to(signal.shape)
                .reshape(-1, signal.shape[-1])
            )
        except RuntimeError:
            raise SignalError(
                f"mask has shape {tuple(given.shape)}, {name} {tuple(signal.shape)}; give one flag a sample, "
                "true where it was measured"
            ) from None
    return Signals(signal.reshape(-1, signal.shape[-1]), given, signal.shape[:-1], back, numpy)


def nan_where(hidden: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """`values` (batch, ...) with NaN for each signal, or each leading axis, that is `hidden`."""
    return torch.where(hidden.reshape(*hidden.shape, *[1] * (values.ndim - hidden.ndim)), torch.nan, values)
