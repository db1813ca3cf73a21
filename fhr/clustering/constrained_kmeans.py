"""K-means that pays for pairs of records which it parts or joins against their labels."""

import numpy as np
from scipy import sparse
from scipy.spatial.distance import cdist

from fhr.compute import stream

from .methods import METHODS
from .pair_evidence import EVIDENCE
from .signed_pairs import SignedPairs

__all__ = ["Groups", "constrained_kmeans", "means", "moved_by_pairs"]

_STARTS = 5
_ITERATIONS = 100

Groups = list[tuple[np.ndarray, sparse.csr_array]]
"""Rows that change at once, and their weights, as `SignedPairs.groups` gives them."""


def constrained_kmeans(values: np.ndarray, k: int, pairs: SignedPairs, seed: int) -> np.ndarray:
    r"""Labels of the k-means whose cost has a penalty for each pair that they break.

    .. math:: \sum_i |x_i - \mu_{l_i}|^2 - u \sum_{(i,j)} w_{ij} [l_i = l_j], \qquad u = 2 \sigma^2 \log 9

    with w > 0 for must-links and w < 0 for cannot-links. Twice the variance turns nats into squared distances, so that
    a pair of weight 1 outweighs values that are nine times likelier in other kinds (`EVIDENCE`). The variance is that
    within the kinds of plain k-means, along the directions in which their centres differ: axes that tell no kinds apart
    do not count. Half the mean squared distance of records, the total variance, is larger by the number of coordinates,
    which makes pairs commands: with 15% of them wrong it was worse than no pairs (`benchmarks/clustering_pairs.py`).

    The first start is plain k-means, others are drawn as in k-means++ among the means of chains of must-links, each as
    heavy as its records; there the records of a chain begin in one kind. Then records of pairs choose in turn, the
    others at once, until none changes.

    Args:
        values: (n, d).
        k: number of kinds, 2 or more.
        pairs: of rows.
        seed: of the starts.

    Returns:
        (n,) int from 0 to k - 1.

    Source:
        PCKMeans: Basu, Banerjee and Mooney 2004, doi:10.1137/1.9781611972740.31. Its farthest-first seeds are left out:
        a wrong must-link makes the farthest ones.
    """
    plain = METHODS["kmeans"](values, k, seed).labels
    unit = penalty(values, plain, k)
    groups = [(rows, unit * weights) for rows, weights in pairs.groups(len(values))]
    chain = pairs.chains(len(values))
    best, least = plain, np.inf
    for start in range(_STARTS):
        begun = plain if start == 0 else _begun(values, chain, k, stream(seed, "starts of kinds with pairs", start))
        labels, cost = _descended(values, begun, k, groups)
        cost -= unit * float(pairs.weight @ (labels[pairs.first] == labels[pairs.second]))
        if cost < least:
            best, least = labels, cost
    return best


def moved_by_pairs(values: np.ndarray, k: int, pairs: SignedPairs, seed: int) -> np.ndarray:
    """Values (n, d) in which a record lies about the centre that its pairs choose as it lay about the nearest one.

    Methods that know no cost of pairs take them so: most records stay, and those whose pairs outweigh their values go
    to the kind of `constrained_kmeans` with their offset. An affinity that pairs are propagated through (Lu and Ip
    2010, doi:10.1007/978-3-642-15567-3_1) gained no more in `benchmarks/clustering_pairs.py`, lost
    where pairs were wrong, and asks for n x n numbers.

    Args:
        values: (n, d).
        k: number of kinds, 2 or more.
        pairs: of rows.
        seed: of the starts.
    """
    labels = constrained_kmeans(values, k, pairs, seed)
    centres = means(values, labels, k)
    return values + centres[labels] - centres[cdist(values, centres, "sqeuclidean").argmin(axis=1)]


def penalty(values: np.ndarray, labels: np.ndarray, k: int) -> float:
    """Squared distance that a broken pair of weight 1 costs among k kinds with these labels (n,) of values (n, d)."""
    centres = means(values, labels, k)
    between = np.cov(centres[labels].T, bias=True).reshape(values.shape[1], -1)
    within = np.cov((values - centres[labels]).T, bias=True).reshape(between.shape)
    apart = np.trace(between)
    return 2 * EVIDENCE * float(np.sum(between * within) / apart) if apart > 0 else 1.0


def _begun(values: np.ndarray, chain: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """Labels (n,) by the nearest of k drawn centres, those of a chain of must-links alike."""
    size = np.bincount(chain)
    middle = means(values, chain, len(size))
    centres = middle[[rng.choice(len(size), p=size / size.sum())]]
    while len(centres) < k:
        chance = size * (cdist(middle, centres, "sqeuclidean").min(axis=1) + np.finfo(float).tiny)
        centres = np.vstack([centres, middle[rng.choice(len(size), p=chance / chance.sum())]])
    apart = cdist(centres, values, "sqeuclidean")
    labels: np.ndarray = np.stack([np.bincount(chain, one) for one in apart]).argmin(axis=0)[chain]
    return labels


def _descended(values: np.ndarray, labels: np.ndarray, k: int, groups: Groups) -> tuple[np.ndarray, float]:
    """Labels after the descent from those that are given, and the sum of squared distances to their means."""
    for _ in range(_ITERATIONS):
        before = labels
        centres = means(values, labels, k)
        apart = cdist(values, centres, "sqeuclidean")
        labels = _chosen(apart, labels, groups)
        for empty in set(range(k)) - set(labels.tolist()):
            labels[np.argmax(apart[np.arange(len(labels)), labels])] = empty
        if (labels == before).all():
            break
    centres = means(values, labels, k)
    return labels, float(np.square(values - centres[labels]).sum())


def _chosen(apart: np.ndarray, labels: np.ndarray, groups: Groups) -> np.ndarray:
    """Cheapest kind of each row: by distance alone, or in turn until no row of a pair changes."""
    chosen, kinds = apart.argmin(axis=1), np.eye(apart.shape[1])
    for rows, _ in groups:
        chosen[rows] = labels[rows]
    for _ in range(_ITERATIONS):
        before = chosen.copy()
        for rows, weights in groups:
            chosen[rows] = (apart[rows] - weights @ kinds[chosen]).argmin(axis=1)
        if (chosen == before).all():
            break
    return chosen


def means(values: np.ndarray, labels: np.ndarray, k: int) -> np.ndarray:
    """Means (k, d) of the rows of each label; 0 of a label without any."""
    sums = np.stack([np.bincount(labels, column, minlength=k) for column in values.T], axis=1)
    return sums / np.maximum(np.bincount(labels, minlength=k), 1)[:, None]
