"""Integrated gradients: the difference of two scores as a sum over the samples in which their windows differ."""

from collections.abc import Callable

import numpy as np

from fhr.errors import FHRError

__all__ = ["integrated_gradients"]


def integrated_gradients(
    gradient: Callable[[np.ndarray], np.ndarray], signal: np.ndarray, reference: np.ndarray, *, steps: int
) -> np.ndarray:
    """Contribution of each sample: its difference from the reference, times the mean gradient on the way there.

    The integral over the straight line is a sum over the midpoints of `steps` equal parts. Contributions add up to the
    difference of the scores of the two windows, but for what the sum misses of the integral.

    Args:
        gradient: of the score in each of some windows (k, channel, time), of the same shape.
        signal: the window (channel, time).
        reference: (channel, time).
        steps: parts of the line.

    Returns:
        float64 (channel, time)

    Raises:
        FHRError: no step.

    Source:
        Sundararajan, Taly and Yan 2017, ICML, arXiv:1703.01365.
    """
    if steps < 1:
        raise FHRError(f"steps={steps}; give 1 or more, such as 32")
    share = ((np.arange(steps) + 0.5) / steps)[:, None, None]
    between = (reference + share * (signal - reference)).astype(signal.dtype)
    contribution: np.ndarray = (signal - reference).astype(np.float64) * gradient(between).mean(axis=0)
    return contribution
