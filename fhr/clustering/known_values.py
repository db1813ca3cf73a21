"""Means and bounds of what is known: NaN is not, and does not count."""

import warnings

import numpy as np

__all__ = ["mean_of_known", "middle_of_known"]


def mean_of_known(values: np.ndarray) -> np.ndarray:
    """Mean over the first axis of what is not NaN, float64; NaN where nothing is known."""
    known = np.isfinite(values)
    total, n = np.where(known, values, 0).sum(axis=0, dtype=np.float64), known.sum(axis=0)
    return np.divide(total, n, out=np.full(total.shape, np.nan), where=n > 0)


def middle_of_known(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Quantiles 2.5% and 97.5% over the first axis of what is not NaN; NaN where nothing is known."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of what is nowhere known
        low, high = np.nanquantile(values, [0.025, 0.975], axis=0)
    return low, high
