"""Fourier transform and rank order of a batch, by NumPy on a CPU and by torch elsewhere.

NumPy transforms row by row, so that a signal has the same bits alone and in any batch, which torch's transforms do not
promise; and it sorts four times as fast.
"""

import numpy as np
import torch

__all__ = ["in_rank_order", "irfft", "rfft"]


def rfft(x: torch.Tensor) -> torch.Tensor:
    """Fourier transform (..., time // 2 + 1) of real signals (..., time)."""
    return torch.from_numpy(np.fft.rfft(x.numpy())) if _by_numpy(x) else torch.fft.rfft(x)


def irfft(transform: torch.Tensor, n: int) -> torch.Tensor:
    """Real signals (..., n) of a Fourier transform."""
    if _by_numpy(transform):
        return torch.from_numpy(np.fft.irfft(transform.numpy(), n))
    return torch.fft.irfft(transform, n)


def in_rank_order(values: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """Put `values` (..., time), sorted, into the order of the signals `like` (..., time).

    Ties among the values, of which a quantised signal is full, cost nothing: equal values may be exchanged. Only ties
    of `like` are broken by the sort, and a transform leaves none.
    """
    order = torch.from_numpy(np.argsort(like.numpy())) if _by_numpy(like) else like.argsort(-1)
    return torch.empty_like(like).scatter_(-1, order, values)


def _by_numpy(x: torch.Tensor) -> bool:
    return x.device.type == "cpu"
