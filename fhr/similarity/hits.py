"""Nearest labours of points: the best window of each labour, exactly."""

from typing import NamedTuple

import numpy as np

from fhr.errors import FHRError

from .distance import Distance

__all__ = ["Hits", "best_windows", "labours_of", "nearest_labours"]


class Hits(NamedTuple):
    """Nearest labours of some points, nearest first.

    Attributes:
        windows: (q, k) rows of the database, the best window of each labour; -1 beyond the labours there are.
        distances: (q, k); inf there.
    """

    windows: np.ndarray
    distances: np.ndarray


def nearest_labours(
    points: np.ndarray,
    database: np.ndarray,
    distance: Distance,
    first: np.ndarray,
    own: list[np.ndarray],
    k: int,
) -> Hits:
    """The k nearest labours of each point, by the nearest of their windows; equal ones in the order of the labours.

    Args:
        points: (q, d).
        database: (n, d), the windows of a labour one after another.
        distance: between them.
        first: (labours,) row at which each labour begins.
        own: (q) labours that are left out, of each point.
        k: how many.

    Raises:
        FHRError: k below 1.
    """
    if k < 1:
        raise FHRError(f"k={k}; ask for 1 labour or more")
    k = min(k, len(first))
    windows = np.full((len(points), k), -1)
    distances = np.full((len(points), k), np.inf, dtype=np.float32)
    for i, point in enumerate(points):  # one at a time: memory is that of the distances of one
        each = distance.between(point[None], database)[0]
        rows, values = best_windows(each, first)
        values[own[i]] = np.inf
        order = np.argsort(values, kind="stable")[:k]
        order = order[np.isfinite(values[order])]
        windows[i, : len(order)], distances[i, : len(order)] = rows[order], values[order]
    return Hits(windows, distances)


def best_windows(distances: np.ndarray, first: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Row and distance (labours,) of the nearest window of each labour, of distances (n,) of all windows."""
    values = np.minimum.reduceat(distances, first)
    lengths = np.diff([*first, len(distances)])
    at = np.flatnonzero(distances == np.repeat(values, lengths))
    labour = np.repeat(np.arange(len(first)), lengths)[at]
    rows = np.empty(len(first), dtype=int)
    rows[labour[::-1]] = at[::-1]  # the first of equal ones
    return rows, values


def labours_of(rows: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Positions, shaped as `rows`, of the labours that rows of the database are of, which begin at rows `first`."""
    positions: np.ndarray = np.searchsorted(first, rows, side="right") - 1
    return positions
