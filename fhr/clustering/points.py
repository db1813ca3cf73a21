"""`Points`: labours as points of few coordinates, in which kinds are sought."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from fhr.compute import whole_number
from fhr.errors import FHRError
from fhr.similarity import SimilarityIndex

from .known_values import mean_of_known

__all__ = ["FEWEST", "Points"]

FEWEST = 20
"""Labours below which nothing can be said of kinds."""


@dataclass(frozen=True, eq=False)
class Points:
    """Windows of labours in the axes along which they vary most.

    Attributes:
        values: float64 (n, d), centred, the axis of largest variance first; in the unit of what was given.
        names: (n,) labour of each row; a labour counts once, whatever the number of its windows.
        share: of the variance that these axes hold.
        left_out: reason for each labour that has no row here, by name.
        said: what a reader has to know besides, a sentence each.
        rows: (n,) of what was given that are left.
        centre: (D,) of the vectors, which stands for what is missing.
        to_axes: (D, d) that turns a vector less its centre to these axes.
    """

    values: np.ndarray
    names: np.ndarray
    share: float = 1.0
    left_out: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    said: tuple[str, ...] = ()
    rows: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=int))
    centre: np.ndarray = field(default_factory=lambda: np.empty(0))
    to_axes: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))

    @classmethod
    def of(
        cls,
        vectors: ArrayLike,
        names: Sequence[str] | np.ndarray | None = None,
        *,
        axes: int = 10,
        blocks: Sequence[int] | None = None,
    ) -> Self:
        """Centre vectors and take their principal axes.

        Args:
            vectors: (n, d) in comparable units, as normal scores where they are skewed; a coordinate that is NaN takes
                the mean, which is told, and a row of NaN alone is left out.
            names: labour of each row; None where each row is a labour of its own.
            axes: that are kept, at most.
            blocks: numbers of coordinates of groups that count alike; None for one group.

        Raises:
            FHRError: no table of numbers, infinite values, coordinates that never vary, names or blocks of another
                length, or fewer than 20 labours.
        """
        whole_number(axes, "axes", 1)
        try:
            x = np.asarray(vectors, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise FHRError(f"vectors make no table of numbers ({error}); give (n, d)") from None
        if x.ndim != 2 or not x.size:
            raise FHRError(f"vectors of shape {x.shape}; give a row a window and a column a coordinate, (n, d)")
        if np.isinf(x).any():
            raise FHRError(
                f"{np.isinf(x).any(axis=1).sum()} of {len(x)} vectors hold infinite values; mend or drop them"
            )
        given = np.array([f"row {i}" for i in range(len(x))]) if names is None else np.asarray(names).astype(str)
        if given.shape != (len(x),):
            raise FHRError(f"{len(x)} vectors and names of shape {given.shape}; give one name a vector")
        sizes = (x.shape[1],) if blocks is None else tuple(blocks)
        if sum(sizes) != x.shape[1]:
            raise FHRError(f"blocks of {sum(sizes)} coordinates for vectors of {x.shape[1]}")
        known = ~np.isnan(x).all(axis=1)
        left_out = {str(name): "no coordinate of it is known" for name in np.setdiff1d(given, given[known])}
        rows = np.flatnonzero(known)
        x, given = x[rows], given[rows]
        n = len(np.unique(given))
        if n < FEWEST:
            raise FHRError(f"{n} labours with a vector; kinds are sought among {FEWEST} or more")
        said = []
        missing = np.isnan(x)
        if missing.any():
            said.append(
                f"{missing.any(axis=1).sum()} of {len(x)} rows lack some coordinates ({missing.mean():.1%} of all), "
                "which take the mean"
            )
            x = np.where(missing, np.nan_to_num(mean_of_known(x)), x)
        centre, weight = x.mean(axis=0), 1 / np.sqrt(np.repeat(sizes, sizes))
        x = (x - centre) * weight
        varies = np.ptp(x, axis=0) > 1e-12 * max(1.0, float(np.abs(x).max()))
        if not varies.any():
            raise FHRError(f"all {len(x)} vectors are the same; nothing distinguishes one labour from another")
        if not varies.all():
            said.append(f"{(~varies).sum()} of {len(varies)} coordinates never vary and do not count")
        # Of the covariance, which is small however many rows there are.
        variance, directions = np.linalg.eigh(np.cov(x[:, varies], rowvar=False).reshape(varies.sum(), -1))
        order = np.argsort(variance)[::-1]
        order = order[variance[order] > 1e-12 * variance.max()][:axes]
        share = float(variance[order].sum() / variance.sum())
        to_axes = np.zeros((x.shape[1], len(order)))
        to_axes[varies] = weight[varies, None] * directions[:, order]
        return cls(x[:, varies] @ directions[:, order], given, share, left_out, tuple(said), rows, centre, to_axes)

    @classmethod
    def of_index(cls, index: SimilarityIndex, *, axes: int = 10) -> Self:
        """The points of an index of `fhr.similarity`, scaled by its distance; its groups count alike.

        Raises:
            FHRError: as `of`.
        """
        blocks = index.distance.blocks if sum(index.distance.blocks) == index.points.shape[1] else None
        points = cls.of(index.points, index.windows["record"].to_numpy(), axes=axes, blocks=blocks)
        said = [*points.said, *index.embedding.notes, *index.made]
        if seen := index.n_learnt_from:
            said.append(
                f"the embedding learnt from {seen} of the {len(index.labours)} labours: kinds of these may be kinds of "
                "what it was to learn, such as pH"
            )
        return replace(points, said=tuple(said), left_out={**index.quarantined, **points.left_out})

    def __len__(self) -> int:
        return len(self.values)

    def project(self, vectors: np.ndarray) -> np.ndarray:
        """Other vectors (m, D) in the same axes, (m, d); a coordinate that is NaN takes the mean, a row of NaN stays.

        Raises:
            FHRError: vectors of another length.
        """
        if vectors.shape[1:] != self.centre.shape:
            raise FHRError(f"vectors of shape {vectors.shape} for axes of {len(self.centre)} coordinates")
        away = vectors - self.centre
        projected: np.ndarray = np.nan_to_num(away) @ self.to_axes
        projected[np.isnan(away).all(axis=1)] = np.nan
        return projected

    @cached_property
    def one_row_each(self) -> bool:
        """True where no labour has two rows."""
        return len(self.labours) == len(self)

    @cached_property
    def labour(self) -> np.ndarray:
        """Number (n,) of the labour of each row, from 0 in the order of `labours`."""
        return np.unique(self.names, return_inverse=True)[1]

    @cached_property
    def labours(self) -> np.ndarray:
        """Names of the labours, sorted, each once."""
        return np.unique(self.names)
