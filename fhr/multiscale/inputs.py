"""Checked arguments of every analysis of this room."""

from math import inf, isnan
from operator import index

import numpy as np
import torch

from fhr.errors import FHRError, SignalError

from .cumulants import N_CUMULANTS
from .wavelet_transform import filters, largest_scale

__all__ = [
    "MIN_LEADERS",
    "check_bootstrap",
    "check_cumulants",
    "check_precision",
    "check_scales",
]

MIN_LEADERS = 6
"""At each scale: two neighbourhoods of three that do not overlap."""


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
