"""Embedding of a table of statistics in few dimensions, fitted to measured training records."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from fhr.errors import FHRError
from fhr.features import FeatureScaling

__all__ = ["Embedding"]

_RECORDS_PER_DIMENSION = 10


@dataclass(frozen=True, eq=False)
class Embedding:
    """Principal components of robustly scaled statistics, for distances that need few dimensions.

    A Frechet distance estimates a covariance matrix: with as many dimensions as records it measures noise. There is at
    most one component for every ten records that it was fitted to. Statistics are scaled by `FeatureScaling` (median,
    interquartile range, missing at the median, bounded at 5), and those of one family together weigh as much as those
    of another, so that a family of fifty columns does not hide one of fifteen: among 100 records of CTU-UHB in 10
    dimensions a Frechet distance tells such with the UC of another record at an AUROC of 0.97, and of 0.65 where every
    statistic weighs alike (`benchmarks/signal_statistics.py`).

    Attributes:
        scaling: of each statistic.
        weights: (k,) of each statistic, 1 / sqrt(size of its family).
        centre: (k,) mean of the scaled and weighted training records.
        components: (d, k), orthonormal rows, the largest variance first.
        explained: (d,) share of the variance of the training records that each component has.
        fitted_to: digests of the training records, as `Database.digests` has them.
    """

    scaling: FeatureScaling
    weights: np.ndarray
    centre: np.ndarray
    components: np.ndarray
    explained: np.ndarray
    fitted_to: tuple[str, ...] = ()

    @classmethod
    def fit(
        cls,
        rows: ArrayLike,
        families: Sequence[str] | None = None,
        *,
        dimension: int | None = None,
        fitted_to: Sequence[str] = (),
    ) -> Self:
        """Fit the embedding to measured training records, and to no other.

        Args:
            rows: (n, k) statistics; NaN is missing.
            families: (k,) family of each statistic, such as the values of `STATISTIC_FAMILIES`; None lets every
                statistic weigh alike.
            dimension: number of components, n / 10 at most; None for that, or for as many as there are.
            fitted_to: digests of the records.

        Raises:
            FHRError: fewer than ten records, no statistic that varies, a dimension below 1 or above n / 10, or another
                number of families than of statistics.
        """
        x = np.asarray(rows, dtype=np.float64)
        if x.ndim != 2 or len(x) < _RECORDS_PER_DIMENSION:
            raise FHRError(
                f"statistics of shape {x.shape}; an embedding is fitted to (n, k) with {_RECORDS_PER_DIMENSION} "
                "records or more"
            )
        named = [""] * x.shape[1] if families is None else list(families)
        if len(named) != x.shape[1]:
            raise FHRError(f"{len(named)} families for {x.shape[1]} statistics; give one for each")
        most = len(x) // _RECORDS_PER_DIMENSION
        if dimension is not None and not 1 <= dimension <= most:
            raise FHRError(
                f"dimension={dimension} with {len(x)} records; give 1 to {most}, a tenth of their number at most"
            )
        scaling = FeatureScaling.fit(x)
        scaled = scaling(x).astype(np.float64)
        varies = np.ptp(scaled, axis=0) > 0
        if not varies.any():
            raise FHRError(f"none of {x.shape[1]} statistics varies over {len(x)} records; there is nothing to embed")
        size = {family: sum(v for v, name in zip(varies, named, strict=True) if name == family) for family in named}
        weights = np.array([1 / np.sqrt(max(size[family], 1)) for family in named])
        weighted = scaled * weights
        centre = weighted.mean(axis=0)
        _, spread, components = np.linalg.svd(weighted - centre, full_matrices=False)
        rank = int((spread > spread[0] * 1e-6).sum())  # scaled statistics are float32
        if dimension is not None and dimension > rank:
            raise FHRError(f"dimension={dimension}, but the records vary in {rank} only; give at most that")
        d = min(most, rank) if dimension is None else dimension
        components = components[:d] * np.sign(components[:d, np.abs(components[:d]).argmax(axis=1)].diagonal())[:, None]
        explained = spread[:d] ** 2 / (spread**2).sum()
        return cls(scaling, weights, centre, components, explained, tuple(fitted_to))

    @property
    def dimension(self) -> int:
        """Number of components."""
        return len(self.components)

    def __call__(self, rows: ArrayLike) -> np.ndarray:
        """Embed statistics (n, k) of any recordings: float64 (n, dimension).

        Raises:
            FHRError: another number of statistics than was fitted.
        """
        scaled = self.scaling(rows).astype(np.float64)
        embedded: np.ndarray = (scaled * self.weights - self.centre) @ self.components.T
        return embedded
