"""Held stretches: a sample rests on one value as much as its record does."""

import torch
from torch import Tensor
from torch.nn.functional import max_pool1d, pad

__all__ = ["held_as"]


def held_as(record: Tensor, sample: Tensor, window: int) -> Tensor:
    """Hold the calmest windows of a sample at one value, as many as hold one value in the record.

    The calmest are those of the least range. Windows that overlap are held together, at the mean of their stretch.

    Args:
        record: (batch, channel, time).
        sample: (batch, channel, time).
        window: samples, 2 or more.

    Returns:
        The sample; where no window of a channel of the record rests, nothing is changed there.
    """
    n = (_ranges(record, window) == 0).sum(-1, keepdim=True)
    ranges = _ranges(sample, window)
    largest = ranges.sort(-1).values.gather(-1, (n - 1).clamp_min(0))
    chosen = ((ranges <= largest) & (n > 0)).to(sample.dtype)
    # Whether a sample and the next one lie in a window that is held.
    joined = max_pool1d(pad(chosen, (window - 2, window - 2)), window - 1, stride=1) > 0
    stretch = pad((~joined).cumsum(-1), (1, 0))
    total = torch.zeros_like(sample).scatter_add(-1, stretch, sample)
    length = torch.zeros_like(sample).scatter_add(-1, stretch, torch.ones_like(sample))
    return (total / length.clamp_min(1)).gather(-1, stretch)


def _ranges(x: Tensor, window: int) -> Tensor:
    """Largest less least value of each window, (batch, channel, time - window + 1)."""
    return max_pool1d(x, window, stride=1) + max_pool1d(-x, window, stride=1)
