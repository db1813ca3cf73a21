"""Wide quantiles of fetal heart rate: its level, trend and spread, out to the tails, in nested parts of a window."""

import numpy as np

from .column import Column
from .median_deviation import detrended, log_mad
from .nested_windows import ENOUGH, LAST, Part, filled, of_each_part, parts_of
from .sorted_samples import quantiles

__all__ = ["FRACTIONS", "wide_parts", "wide_quantiles", "wide_quantiles_columns"]

FRACTIONS = (0.01, 0.05, 0.1, 0.25, 0.75, 0.9, 0.95, 0.99)
"""Of the quantiles that are taken from the median."""
_STATISTICS = (
    Column("level", "bpm", "median"),
    Column("slope", "bpm/min", "slope of the least-squares line"),
    Column("spread", "log bpm", "log(0.5 + median absolute deviation) about the least-squares line"),
    *(Column(f"q{100 * q:g}", "bpm", f"{100 * q:g}th percentile minus the median") for q in FRACTIONS),
)


def wide_parts(minutes: float) -> tuple[Part, ...]:
    """Parts of a window of `minutes` that `wide_quantiles` looks at."""
    return parts_of(minutes, (*LAST, 10), first=True)


def wide_quantiles_columns(minutes: float) -> tuple[Column, ...]:
    """Name, unit and meaning of each column of `wide_quantiles` of windows of `minutes`."""
    return of_each_part(_STATISTICS, wide_parts(minutes))


def wide_quantiles(seconds: np.ndarray) -> np.ndarray:
    """Level, slope, spread and eight quantiles of the measured seconds, of each part of each window.

    The parts are the whole window, its last 60, 30, 20 and 10 min as far as they are shorter, and the first and the
    second 20 min. A part with less than 60 measured seconds takes the next wider one's, see `filled`.

    Args:
        seconds: (window, n) cleaned FHR, one value a second, bpm; NaN is missing.

    Returns:
        float64 (window, column), see `wide_quantiles_columns`; NaN with less than 60 measured seconds in all.
    """
    parts = wide_parts(seconds.shape[-1] / 60)
    values = np.full((len(seconds), len(parts), len(_STATISTICS)), np.nan)
    for i, part in enumerate(parts):
        x = seconds[:, round(part.start * 60) : round(part.end * 60)]
        enough = np.count_nonzero(~np.isnan(x), axis=-1) >= ENOUGH
        if enough.any():
            values[enough, i] = _statistics(x[enough])
    return filled(values, parts)


def _statistics(x: np.ndarray) -> np.ndarray:
    level, *rest = quantiles(np.sort(x, axis=-1), (0.5, *FRACTIONS))
    slope, residual = detrended(x, 1.0)
    return np.stack([level, slope, log_mad(residual), *(q - level for q in rest)], axis=-1)
