"""Quantiles of uterine activity: tone and height, in units of the belt."""

import numpy as np

from fhr.preprocessing import block_factor, block_mean

from .column import Column
from .nested_windows import ENOUGH
from .sorted_samples import quantiles

__all__ = ["ACTIVITY_QUANTILE_COLUMNS", "activity_quantiles"]

_FRACTIONS = (0.05, 0.25, 0.5, 0.75, 0.95, 0.99)

ACTIVITY_QUANTILE_COLUMNS = tuple(
    Column(f"uc_q{100 * q:g}", "unit", f"{100 * q:g}th percentile of UC") for q in _FRACTIONS
)
"""Name, unit and description of each column of `activity_quantiles`."""


def activity_quantiles(uc: np.ndarray, *, fs: float) -> np.ndarray:
    """Six quantiles of UC, second by second, of each window.

    A belt has no calibration: the numbers tell of belts and clinics as much as of wombs, and compare recordings of one
    database.

    Args:
        uc: (window, n) any unit; NaN is missing.
        fs: sampling rate, Hz; a multiple of 1.

    Returns:
        float64 (window, column), see `ACTIVITY_QUANTILE_COLUMNS`; NaN with less than 60 s.

    Raises:
        SignalError: a rate that is no multiple of 1 Hz.
    """
    seconds = block_mean(uc, block_factor(fs, 1.0))
    few = np.count_nonzero(~np.isnan(seconds), axis=-1) < ENOUGH
    found = quantiles(np.sort(seconds, axis=-1), _FRACTIONS).T
    found[few] = np.nan
    return found
