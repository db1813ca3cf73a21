"""Checked arguments of every analysis of this room, and the conversion of arrays to tensors and back."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import inf, isnan
from operator import index
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike

from fhr.errors import FHRError, SignalError

from .cumulants import N_CUMULANTS
from .wavelet_transform import bridge, filters, largest_scale

__all__ = [
    "MIN_LEADERS",
    "Prepared",
    "Signals",
    "check_bootstrap",
    "check_cumulants",
    "check_precision",
    "check_scales",
    "nan_where",
    "read_signals",
]

MIN_LEADERS = 6
"""At each scale: two neighbourhoods of three that do not overlap."""


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
        if array.dtype.kind not in "fiu":
            raise SignalError(f"{name} holds {array.dtype}; give real numbers of shape (..., time)")
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


def check_bootstrap(n_bootstrap: int, confidence: float, seed: int) -> int:
    """Check the number of replicates; refuse a bootstrap that gives no interval.

    Raises:
        FHRError: a number of replicates, a confidence or a seed that is none.
    """
    count = _whole(n_bootstrap)
    if count is None or count < 0 or count == 1:
        raise FHRError(f"n_bootstrap={n_bootstrap}; give 0 for no intervals, or some hundred replicates")
    if not 0 < confidence < 1:
        raise FHRError(f"confidence={confidence}; give a fraction between 0 and 1, such as 0.95")
    number = _whole(seed)
    if number is None or number < 0:
        raise FHRError(f"seed={seed}; give a whole number of at least 0")
    return count


def check_cumulants(n_cumulants: int, dtype: torch.dtype) -> int:
    """Check the number of cumulants.

    Raises:
        FHRError: a number of cumulants or a dtype that there is not.
    """
    count = _whole(n_cumulants)
    if count is None or not 1 <= count <= N_CUMULANTS:
        raise FHRError(f"n_cumulants={n_cumulants}; give 1 to {N_CUMULANTS}")
    if dtype not in (torch.float64, torch.float32):
        raise FHRError(f"dtype={dtype}; give torch.float64 or torch.float32")
    return count


def check_precision(device: torch.device, dtype: torch.dtype) -> None:
    """Refuse a device that cannot compute in `dtype`, rather than compute in another one.

    Raises:
        FHRError: float64 on MPS.
    """
    if device.type == "mps" and dtype == torch.float64:
        raise FHRError("a tensor on mps, which has no 64-bit floats; move it to the CPU, or give dtype=torch.float32")


def _whole(value: object) -> int | None:
    """A whole number of any kind, numpy's too; None for anything else."""
    try:
        return None if isinstance(value, bool) else index(value)  # type: ignore[arg-type]
    except TypeError:
        return None


def check_scales(
    n: int, fs: float, wavelet: str, j1: int, j2: int, p: float, gamma: float, max_gap_fraction: float
) -> tuple[int, int]:
    """Check the scales j1 and j2; refuse those that no signal of n samples can be analysed with.

    Raises:
        FHRError: an unknown wavelet, scales that are no range, p <= 0, a rate, an order or a fraction that is none.
        SignalError: too few samples for j2.
    """
    taps = len(filters(wavelet)[0])
    first, last = _whole(j1), _whole(j2)
    if first is None or last is None or not 1 <= first < last:
        raise FHRError(f"j1={j1}, j2={j2}; give whole scales with 1 <= j1 < j2, such as 3 and 8")
    if not isinstance(p, int | float | np.number) or isnan(p) or p <= 0:
        raise FHRError(f"p={p}; give a positive number, or math.inf for wavelet leaders")
    if not 0 <= gamma < inf:
        raise FHRError(f"gamma={gamma}; give an order of integration of at least 0")
    if not 0 < fs < inf:
        raise FHRError(f"fs={fs} Hz; give a positive sampling rate")
    if not 0 <= max_gap_fraction < 1:
        raise FHRError(f"max_gap_fraction={max_gap_fraction}; give a fraction of at least 0 and below 1")
    largest = largest_scale(n, wavelet, MIN_LEADERS)
    if last > largest:
        least = (MIN_LEADERS + 2 + taps - 2) * 2**last - (taps - 2)
        remedy = f"at most j2={largest}" if largest > first else "a shorter wavelet, or finer scales"
        raise SignalError(
            f"{n} samples are too short for j2={j2} with {wavelet}: {MIN_LEADERS} leaders take {least}; give a "
            f"longer signal, or {remedy}"
        )
    return first, last
