r"""Sums over warped places: how far the sum of a known function can move when its samples are read from elsewhere.

With nodes :math:`y_i = i - \tau_i`, neighbours 1 - s to 1 + s apart and :math:`|\tau_i| \le Z`, and F between whole
samples the linear interpolation of its values,

.. math:: \sum_{i = a}^{b - 1} F(y_i) = \sum_{i = a}^{b - 2} \frac{F(y_i) + F(y_{i + 1})}2 + \frac{F(y_a) + F(y_{b -
    1})}2, \qquad \Bigl|\int_{y_a}^{y_{b - 1}} F - \sum_i (y_{i + 1} - y_i) \frac{F(y_i) + F(y_{i + 1})}2 \Bigr| \le
    \frac{(1 + s)^2}8 \sum_k |\Delta^2 F_k|,

the latter because a bend of F at t within a gap of length g costs the trapezoid t (g - t) / 2. Gaps differ from 1 by at
most s, and :math:`\sum_i |F(y_i)| \le (1 + 2 s) \sum_k |F_k|` (`commutator`), so that the sum is at most

.. math:: \int_{y_a}^{y_{b - 1}} F + \frac{F(y_a) + F(y_{b - 1})}2 + s (1 + 2 s) \sum_k |F_k| + \frac{(1 + s)^2}8
    \sum_k |\Delta^2 F_k|,

the first two at the worst ends within Z. Where Z is short, the largest value within Z of each sample is less.
"""

from math import ceil

import numpy as np
from scipy.ndimage import maximum_filter1d

__all__ = ["largest_sum"]


def largest_sum(values: np.ndarray, first: int, end: int, reach: float, slope: float) -> np.ndarray:
    """Bound (...,) of the sum over the samples from `first` to before `end` of a function read from warped places.

    Args:
        values: (..., n) at the samples of the window, whose ends no warp moves.
        first: sample.
        end: one past the last sample.
        reach: Z, samples.
        slope: s, below 1/2.
    """
    n, whole = values.shape[-1], ceil(reach)
    # A constant is the same wherever it is read.
    middle = np.median(values[..., first:end], axis=-1, keepdims=True)
    values = values - middle
    low, high = max(0, first - whole - 1), min(n, end + whole + 1)
    near = values[..., low:high]
    nearest = maximum_filter1d(near, 2 * whole + 1, axis=-1, mode="nearest")[..., first - low : end - low]
    if reach < 1:  # not as far as the next sample
        nearest = values[..., first:end] + reach * (nearest - values[..., first:end])
    bends = np.abs(np.diff(values[..., max(0, low - 1) : high + 1], n=2, axis=-1)).sum(-1)
    integral = np.zeros_like(values)
    np.cumsum((values[..., 1:] + values[..., :-1]) / 2, axis=-1, out=integral[..., 1:])
    inner = slope * (1 + 2 * slope) * np.abs(near).sum(-1) + (1 + slope) ** 2 / 8 * bends
    for at, sign in ((first, -1), (end - 1, 1)):
        span = slice(max(0, at - whole), min(n, at + whole + 1))
        if at in (0, n - 1):
            inner = inner + sign * integral[..., at] + values[..., at] / 2
        else:
            extreme = integral[..., span].min(-1) if sign < 0 else integral[..., span].max(-1)
            # Between two samples an integral is beyond both by a quarter of the larger value at most.
            inner = inner + sign * extreme + np.abs(values[..., span]).max(-1) / 4 + values[..., span].max(-1) / 2
    return np.minimum(nearest.sum(-1), inner) + middle[..., 0] * (end - first)
