"""K-means of many sets of points at once: of a hundred points a fit of its own is mostly preparation."""

from collections.abc import Sequence

import numpy as np

from fhr.compute import stream

__all__ = ["kmeans_of_sets"]

_STARTS = 3
_ITERATIONS = 100
_AT_ONCE = 2_000_000  # distances, 16 MB
_EQUAL = 1 + 1e-9  # sums of squares of one partition, whose kinds have other numbers


def kmeans_of_sets(values: np.ndarray, kinds: int, seeds: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Labels of the tightest of three descents from drawn centres, and the sums of squares about the centres.

    A set gives the same alone and among others. Each descent goes on until no label changes, 100 steps at most. A kind
    that loses all points, as of fewer distinct points than kinds, keeps its centre.

    Args:
        values: (s, n, d), s sets of n points.
        kinds: number of kinds K, from 1 to n.
        seeds: (s,) of the starts of each set.

    Returns:
        Labels (s, n) from 0 to K - 1, and sums of squares (s,).

    Source:
        Lloyd 1982, doi:10.1109/TIT.1982.1056489; the starts are those of k-means++ (Arthur and Vassilvitskii 2007), of
        which each centre is the best of 2 + log K that are drawn.
    """
    block = max(1, _AT_ONCE // (values.shape[1] * _STARTS * kinds))
    found = [
        _at_once(values[first : first + block], kinds, seeds[first : first + block])
        for first in range(0, len(values), block)
    ]
    return np.concatenate([labels for labels, _ in found]), np.concatenate([squares for _, squares in found])


def _at_once(values: np.ndarray, kinds: int, seeds: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    values = values - values.mean(axis=1, keepdims=True)  # small numbers, so that squares can be subtracted
    labels, centres = _descended(values, _drawn_centres(values, kinds, seeds))
    apart = np.empty(labels.shape[:2])
    for start in range(_STARTS):
        apart[:, start] = _squares(values, labels[:, start], centres[:, start])
    best = (apart <= apart.min(axis=1, keepdims=True) * _EQUAL).argmax(axis=1)
    sets = np.arange(len(values))
    return labels[sets, best], apart[sets, best]


def _squares(values: np.ndarray, labels: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Sums of squares (s,) of values (s, n, d) about centres (s, K, d), by labels (s, n)."""
    squares: np.ndarray = np.square(values - np.take_along_axis(centres, labels[..., None], axis=1)).sum(axis=(1, 2))
    return squares


def _drawn_centres(values: np.ndarray, kinds: int, seeds: Sequence[int]) -> np.ndarray:
    """Centres (s, starts, K, d) among values (s, n, d), each likelier where those before it are far."""
    (s, n, _), tries = values.shape, 2 + int(np.log(kinds))
    drawn = np.array([stream(seed, "starts of k-means").random((_STARTS, 1 + (kinds - 1) * tries)) for seed in seeds])
    points, sets = values.transpose(0, 2, 1), np.arange(s)[:, None]
    squares = np.square(values).sum(axis=2)[:, None]

    def distances(chosen: np.ndarray) -> np.ndarray:
        """Squared distances (s, starts, m, n) of all points to some (s, starts, m)."""
        rows = chosen.reshape(s, -1)
        apart = squares + squares[sets, 0, rows][..., None] - 2 * values[sets, rows] @ points
        return np.maximum(apart, 0).reshape(*chosen.shape, n)

    centres = np.empty((s, _STARTS, kinds), dtype=int)
    centres[..., 0] = drawn[..., 0] * n
    nearest = distances(centres[..., :1])[:, :, 0]
    for kind in range(1, kinds):
        chance = nearest.cumsum(axis=2)
        picked = drawn[..., 1 + (kind - 1) * tries : 1 + kind * tries] * chance[..., -1:]
        tried = np.minimum((chance[:, :, None] <= picked[..., None]).sum(axis=3), n - 1)
        left = np.minimum(nearest[:, :, None], distances(tried))
        best = left.sum(axis=3).argmin(axis=2)[..., None]
        centres[..., kind] = np.take_along_axis(tried, best, axis=2)[..., 0]
        nearest = np.take_along_axis(left, best[..., None], axis=2)[:, :, 0]
    return values[sets[..., None, None], centres[..., None], np.arange(values.shape[2])]


def _descended(values: np.ndarray, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Labels (s, starts, n) and centres (s, starts, K, d) where the descent from centres ends."""
    (s, n, d), kinds = values.shape, centres.shape[2]
    labels, ended = np.full((s, _STARTS, n), -1), centres.copy()
    going = np.arange(s)
    for _ in range(_ITERATIONS):
        there = values[going]
        score = -2 * centres.reshape(len(going), -1, d) @ there.transpose(0, 2, 1)
        score = score.reshape(len(going), _STARTS, kinds, n) + np.square(centres).sum(axis=3)[..., None]
        nearest, least = np.zeros((len(going), _STARTS, n), dtype=int), score[:, :, 0]
        for kind in range(1, kinds):  # many times as fast as argmin over a short axis
            np.copyto(nearest, kind, where=score[:, :, kind] < least)
            least = np.minimum(least, score[:, :, kind])
        changed = (nearest != labels[going]).any(axis=(1, 2))
        if not changed.any():
            break
        labels[going], going = nearest, going[changed]
        members = nearest[changed][:, :, None] == np.arange(kinds)[:, None]
        counts = members.sum(axis=3)[..., None]
        sums = members.reshape(len(going), -1, n).astype(values.dtype) @ values[going]
        centres = np.where(counts > 0, sums.reshape(*counts.shape[:3], d) / np.maximum(counts, 1), centres[changed])
        ended[going] = centres
    return labels, ended
