"""Distances between vectors, each fitted to the windows of a database: in bpm, standard deviations, or of a kernel."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from fhr.errors import FHRError
from fhr.features import NormalScores

from .embedding import Embedding

__all__ = ["DISTANCES", "Distance", "Euclidean", "Laplacian", "Mahalanobis"]

_ENOUGH = 0.5  # of the coordinates of the one with fewer that both of a pair must have
_AT_ONCE = 1 << 18  # numbers of one comparison: what the cache of a core holds
_DECAY = 0.6  # of the kernel line


@dataclass(frozen=True, eq=False)
class Distance(ABC):
    """A distance that was fitted to the vectors of a database.

    Points are vectors as the distance compares them; a coordinate may be NaN, then pairs are compared by what both
    have. A pair is infinitely far apart whose common part is less than half of what the one with less has. In normal
    scores what is NaN takes the median, unless all of a vector is: such a one is infinitely far from all.

    Attributes:
        unit: of the distance: that of the vectors, or `SD` of the database's windows.
        scores: normal scores over the windows; None where vectors have a unit.
        blocks: numbers of coordinates of the groups.
    """

    unit: str
    scores: NormalScores | None
    blocks: tuple[int, ...]

    name: ClassVar[str]

    @classmethod
    @abstractmethod
    def fit(cls, vectors: np.ndarray, embedding: Embedding) -> Self:
        """Fit to vectors (n, d) of windows of the database."""

    def scale(self, vectors: np.ndarray) -> np.ndarray:
        """Points, float32 (n, d), of vectors (n, d).

        Raises:
            FHRError: another number of coordinates than was fitted.
        """
        if vectors.shape[1:] != (sum(self.blocks),):
            raise FHRError(
                f"vectors of {vectors.shape[1:]} values in a database of {sum(self.blocks)}; take the same embedding "
                "and windows of one length"
            )
        points = vectors if self.scores is None else self.scores(vectors)
        if self.scores is not None and (nothing := np.isnan(vectors).all(axis=1)).any():
            points[nothing] = np.nan  # not the median labour
        return np.ascontiguousarray(points, dtype=np.float32)

    def between(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Distances, float32 (n, m), of points (n, d) and (m, d)."""
        found = np.empty((len(a), len(b)), dtype=np.float32)
        rows = max(1, _AT_ONCE // max(1, b.shape[1]))
        whole = ~np.isnan(a).any(axis=1)
        for i in range(0, len(b), rows):
            part = np.asarray(b[i : i + rows])
            complete = not np.isnan(part).any()
            for k, one in enumerate(a):
                found[k, i : i + rows] = self._to(one, part, complete and whole[k])
        found[np.isnan(found)] = np.inf
        return found

    @abstractmethod
    def _to(self, one: np.ndarray, points: np.ndarray, complete: bool) -> np.ndarray:
        """Distances (m,) of one point."""

    def arrays(self) -> dict[str, np.ndarray]:
        """Arrays by name that hold everything, for a file without pickles."""
        plain = {"unit": np.array(self.unit), "blocks": np.array(self.blocks)}
        if self.scores is not None:
            plain |= self.scores.arrays()
        return plain

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """The distance that gave these `arrays`."""
        return cls(**cls._fields(arrays))

    @classmethod
    def _fields(cls, arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
        scores = NormalScores.of_arrays(arrays) if "quantiles" in arrays else None
        return {"unit": str(arrays["unit"]), "scores": scores, "blocks": tuple(arrays["blocks"].tolist())}


def _scores(vectors: np.ndarray, embedding: Embedding) -> tuple[str, NormalScores | None, tuple[int, ...]]:
    blocks = embedding.blocks or (vectors.shape[1],)
    if embedding.unit:
        return embedding.unit, None, blocks
    return "SD", NormalScores.fit(vectors), blocks


class Euclidean(Distance):
    """Root mean square of the differences, in the unit of the vectors or in standard deviations of normal scores."""

    name = "euclidean"

    @classmethod
    def fit(cls, vectors: np.ndarray, embedding: Embedding) -> Self:
        """Fit the normal scores, of vectors without a unit."""
        return cls(*_scores(vectors, embedding))

    def _to(self, one: np.ndarray, points: np.ndarray, complete: bool) -> np.ndarray:
        away = points - one
        if complete:
            return np.sqrt(np.einsum("ij,ij->i", away, away) / max(1, len(one)))
        known = ~np.isnan(away)
        n = known.sum(axis=1)
        least = _ENOUGH * np.minimum((~np.isnan(points)).sum(axis=1), (~np.isnan(one)).sum())
        total = np.where(known, np.square(away), 0).sum(axis=1)
        return np.sqrt(np.where((n > 0) & (n >= least), total / np.maximum(n, 1), np.inf))


class Laplacian(Distance):
    r"""Distance in the space of a kernel as the kernel line has it, 0 to 1.41.

    It is :math:`\sqrt{2 - 2k}`, with k the mean over the groups of
    :math:`\exp(-0.6 \cdot \mathrm{mean}_j |z_j - z'_j|)` and z normal scores, also of vectors with a unit.
    """

    name = "laplacian"

    @classmethod
    def fit(cls, vectors: np.ndarray, embedding: Embedding) -> Self:
        """Fit the normal scores."""
        return cls("", NormalScores.fit(vectors), embedding.blocks or (vectors.shape[1],))

    def _to(self, one: np.ndarray, points: np.ndarray, complete: bool) -> np.ndarray:
        away = np.abs(points - one)
        starts = np.cumsum([0, *self.blocks[:-1]])
        kernels = np.exp(-_DECAY * np.add.reduceat(away, starts, axis=1) / np.asarray(self.blocks, dtype=np.float32))
        return np.sqrt(np.maximum(2 - 2 * kernels.mean(axis=1), 0))


@dataclass(frozen=True, eq=False)
class Mahalanobis(Distance):
    """Root mean square of normal scores that were freed of their correlation, in standard deviations.

    The covariance is shrunk (Ledoit and Wolf 2004, doi:10.1016/S0047-259X(03)00096-4). What is missing takes the
    median, as in normal scores.
    """

    whitening: np.ndarray

    name = "mahalanobis"

    @classmethod
    def fit(cls, vectors: np.ndarray, embedding: Embedding) -> Self:
        """Fit normal scores and their covariance.

        Raises:
            FHRError: vectors that are all the same.
        """
        from sklearn.covariance import ledoit_wolf

        scores, z = NormalScores.fit_to(vectors)
        varies = np.ptp(z, axis=0) > 0  # shrinkage would make an axis of a column that never does
        if not varies.any():
            raise FHRError(f"embedding {embedding.name}: every window has one vector; a covariance needs several")
        covariance, _ = ledoit_wolf(z[:, varies])
        values, axes = np.linalg.eigh(covariance)
        whitening = np.zeros((z.shape[1], len(values)))
        whitening[varies] = axes / np.sqrt(values)
        return cls("SD", scores, embedding.blocks or (vectors.shape[1],), whitening.astype(np.float32))

    def scale(self, vectors: np.ndarray) -> np.ndarray:
        """Whitened points, float32 (n, axes), of vectors (n, d)."""
        return super().scale(vectors) @ self.whitening

    def _to(self, one: np.ndarray, points: np.ndarray, complete: bool) -> np.ndarray:
        away = points - one
        return np.sqrt(np.einsum("ij,ij->i", away, away) / max(1, len(one)))

    def arrays(self) -> dict[str, np.ndarray]:
        """Arrays of every distance, and the whitening."""
        return super().arrays() | {"whitening": self.whitening}

    @classmethod
    def _fields(cls, arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
        return super()._fields(arrays) | {"whitening": arrays["whitening"]}


DISTANCES: Mapping[str, type[Distance]] = {one.name: one for one in (Euclidean, Laplacian, Mahalanobis)}
"""Distances by name."""
