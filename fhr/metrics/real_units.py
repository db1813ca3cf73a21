"""Rows of features in units of the real ones, as every index of fidelity takes them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from fhr.errors import FHRError

__all__ = ["FARTHEST", "TwoSets", "checked_rows", "filled", "in_real_units"]

FARTHEST = 8.0  # real standard deviations: a single wild value must not hide all other columns


class TwoSets(NamedTuple):
    """Real and synthetic rows, float64 (n, d) and (m, d), in units of the real ones and without NaN."""

    real: np.ndarray
    synthetic: np.ndarray


def in_real_units(real: ArrayLike, synthetic: ArrayLike, *, least: int = 2) -> TwoSets:
    """Rows with every column minus its real mean, over its real standard deviation.

    The real rows alone say what a column's unit is, and what a missing value is taken for: the column's real median,
    so that synthetic rows gain nothing by leaving values out. A column that is constant among the real rows keeps its
    own unit. Values farther than 8 standard deviations count as 8.

    Args:
        real: (n, d); NaN is missing.
        synthetic: (m, d), the same columns.
        least: rows that either set must have.

    Raises:
        FHRError: another shape, infinite values, fewer rows, or a column of which more than half is missing among the
            real rows.
    """
    x = checked_rows(real, "real", least)
    x, y = filled(x, x), filled(checked_rows(synthetic, "synthetic", least), x, "synthetic")
    mean, spread = x.mean(axis=0), x.std(axis=0)
    # what rounding leaves of a constant is no spread
    unit = np.where(spread > 1e-12 * np.maximum(np.abs(mean), 1), spread, 1)
    return TwoSets(*(np.clip((rows - mean) / unit, -FARTHEST, FARTHEST) for rows in (x, y)))


def filled(rows: np.ndarray, real: np.ndarray, name: str = "real") -> np.ndarray:
    """Rows with what is missing at the median of the real rows' column; both as `checked_rows` gives them.

    Raises:
        FHRError: another number of columns, or a column of which more than half is missing among the real rows.
    """
    if rows.shape[1] != real.shape[1]:
        raise FHRError(f"{real.shape[1]} real and {rows.shape[1]} {name} columns; compute the same features of both")
    lost = np.isnan(real).mean(axis=0)
    if lost.max() > 0.5:
        raise FHRError(
            f"column {int(lost.argmax())}: {lost.max():.0%} of the real rows are missing; leave out columns of which "
            "more than half is"
        )
    missing = np.isnan(rows)
    return np.where(missing, np.nanmedian(real, axis=0), rows) if missing.any() else rows


def checked_rows(rows: ArrayLike, name: str, least: int = 1) -> np.ndarray:
    """Check rows; returns float64 (n, d), NaN allowed.

    Raises:
        FHRError: no real numbers, another shape, fewer rows than `least`, or an infinite value.
    """
    array = np.asarray(rows)
    if array.dtype.kind not in "buif":
        raise FHRError(f"{name} rows have dtype {array.dtype}; give real numbers")
    if array.ndim != 2 or not array.shape[1]:
        raise FHRError(f"{name} rows have shape {array.shape}; give one row a record, shape (n, d) with d > 0")
    if len(array) < least:
        raise FHRError(f"{len(array)} {name} rows; at least {least} are needed")
    if np.isinf(array).any():
        raise FHRError(f"{name} rows hold infinite values; mend the feature, or mark it as missing (NaN)")
    return array.astype(np.float64)
