"""Principal axes of rows, as an embedding of few dimensions for indices that need many rows a column."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from fhr.errors import FHRError

from .real_units import checked_rows, filled

__all__ = ["PrincipalAxes"]


@dataclass(frozen=True, eq=False)
class PrincipalAxes:
    """Projection of rows on the axes along which the rows it was fitted to vary most.

    Fit it to records that are not compared, of another database for example, or to the held-out rows. Fitted to the
    training rows alone it would favour these in `against_real`.

    Attributes:
        usual: (d,) medians, for what is missing.
        mean: (d,) of the columns.
        unit: (d,) standard deviations of the columns; 1 of a constant one.
        axes: (d, k), each of norm 1, the first one first.
    """

    usual: np.ndarray
    mean: np.ndarray
    unit: np.ndarray
    axes: np.ndarray

    @classmethod
    def fit(cls, rows: ArrayLike, k: int) -> Self:
        """Fit to rows (n, d) of a third set.

        Args:
            rows: NaN takes the column's median.
            k: axes, from 1 to min(n - 1, d).

        Raises:
            FHRError: as `in_real_units`, or k out of range.
        """
        given = checked_rows(rows, "fitted", 2)
        x = filled(given, given, "fitted")
        if not 1 <= k <= min(len(x) - 1, x.shape[1]):
            raise FHRError(f"k={k} axes of {len(x)} rows and {x.shape[1]} columns; give 1 to min(n - 1, d)")
        mean, spread = x.mean(axis=0), x.std(axis=0)
        unit = np.where(spread > 0, spread, 1)
        _, _, axes = np.linalg.svd((x - mean) / unit, full_matrices=False)
        return cls(np.nanmedian(given, axis=0), mean, unit, axes[:k].T)

    def __call__(self, rows: ArrayLike) -> np.ndarray:
        """The projections (n, k) of rows (n, d).

        Raises:
            FHRError: another number of columns.
        """
        x = checked_rows(rows, "given")
        if x.shape[1] != len(self.mean):
            raise FHRError(f"{x.shape[1]} columns for axes of {len(self.mean)}; compute the same features")
        projected: np.ndarray = (np.where(np.isnan(x), self.usual, x) - self.mean) / self.unit @ self.axes
        return projected
