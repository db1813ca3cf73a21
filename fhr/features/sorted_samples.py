"""Quantiles of signals whose samples stand in order already: one sort serves all of them."""

import numpy as np

__all__ = ["median", "quantiles"]


def quantiles(ordered: np.ndarray, fractions: tuple[float, ...]) -> np.ndarray:
    """Quantiles of the measured samples of each signal, on straight lines between them, as `numpy.quantile` has them.

    Args:
        ordered: (signal, n), ascending along time; NaN, which comes last, is missing.
        fractions: 0 to 1.

    Returns:
        float64 (fraction, signal); NaN for a signal without a sample.

    >>> quantiles(np.array([[1.0, 2.0, 4.0, np.nan]]), (0.25, 0.5)).tolist()
    [[1.5], [2.0]]
    """
    last = np.maximum(np.count_nonzero(~np.isnan(ordered), axis=-1) - 1, 0)
    if ordered.shape[1] == 0:
        return np.full((len(fractions), len(ordered)), np.nan)
    place = np.array(fractions)[:, None] * last
    below = place.astype(np.intp)
    signal = np.arange(len(ordered))
    low, high = ordered[signal, below], ordered[signal, np.minimum(below + 1, last)]
    found: np.ndarray = low + (place - below) * (high - low)
    return found


def median(x: np.ndarray) -> np.ndarray:
    """Median of the measured samples of each signal (signal, n); NaN without any.

    Of an even number of samples it is the mean of the two in the middle, to the bit that `numpy.median` gives.
    """
    if x.shape[1] == 0:
        return np.full(len(x), np.nan)
    ordered = np.sort(x, axis=-1)  # many times as fast as the partial sorts of numpy.median
    number = np.count_nonzero(~np.isnan(ordered), axis=-1)
    signal = np.arange(len(x))
    low, high = ordered[signal, np.maximum(number - 1, 0) // 2], ordered[signal, number // 2 % x.shape[1]]
    middle: np.ndarray = (low + high) / 2
    return middle
