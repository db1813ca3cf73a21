"""Clustering methods by name, each from points and a number of kinds to labels and how loose the kinds are."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from fhr.errors import FHRError

__all__ = ["METHODS", "NOWHERE", "Method", "Partition", "method_from"]

NOWHERE = -1
"""Label of what belongs to no kind."""

_STARTS = 3
_NEIGHBOURS = 10


class Partition(NamedTuple):
    """Labels of points, and how loose their kinds are.

    Attributes:
        labels: (n,) int, from 0; `NOWHERE` for none.
        looseness: on a logarithmic scale, comparable between partitions of one set of points by one method.
    """

    labels: np.ndarray
    looseness: float


@dataclass(frozen=True)
class Method:
    """A clustering method.

    Args:
        name: in tables.
        split: from values (n, d), a number of kinds and a seed to a partition; of one kind too, without a fit.
        parts: numbers of parts into which a kind is split to see whether it is one.
        largest: labours that it takes at once; of more, some are drawn.
        own_number: whether it finds the number of kinds itself, whatever is asked for.
        any_shape: whether a kind may have any shape, so that a point belongs where its neighbours do; else kinds lie
            about centres.
    """

    name: str
    split: Callable[[np.ndarray, int, int], Partition]
    parts: tuple[int, ...] = (2, 3, 4, 5)
    largest: int = 5_000
    own_number: bool = False
    any_shape: bool = False

    def __call__(self, values: np.ndarray, kinds: int, seed: int = 0) -> Partition:
        """Split values (n, d).

        Raises:
            FHRError: fewer points than kinds.
        """
        if not 1 <= kinds <= len(values):
            raise FHRError(f"{kinds} kinds of {len(values)} points; ask for 1 to {len(values)}")
        with warnings.catch_warnings():  # fewer distinct points than kinds, iterations: the looseness tells
            warnings.simplefilter("ignore")
            return self.split(values, kinds, seed % (1 << 32))


def method_from(given: "str | Method") -> Method:
    """A method by its name, or one's own.

    Raises:
        FHRError: an unknown name.
    """
    if isinstance(given, Method):
        return given
    if given not in METHODS:
        raise FHRError(f"method {given!r} is not known; choose from {', '.join(sorted(METHODS))}")
    return METHODS[given]


def within(values: np.ndarray, labels: np.ndarray) -> float:
    """Logarithm of the sum of squares about the centres of the kinds."""
    total = 0.0
    for kind in np.unique(labels):
        part = values[labels == kind]
        total += float(np.square(part - part.mean(axis=0)).sum())
    return float(np.log(max(total, 1e-300)))


def _kmeans(values: np.ndarray, kinds: int, seed: int) -> Partition:
    from sklearn.cluster import KMeans

    if kinds == 1:
        return _one(values)
    fitted = KMeans(kinds, n_init=_STARTS, max_iter=100, random_state=seed, algorithm="lloyd").fit(values)
    return Partition(fitted.labels_.astype(int), float(np.log(max(fitted.inertia_, 1e-300))))


def _gaussian_mixture(values: np.ndarray, kinds: int, seed: int) -> Partition:
    """Normal kinds of one covariance; looseness is the volume of what they share, whatever the scale of an axis.

    The likelihood itself would also rise where one kind has tails or a bend that no normal distribution has.
    """
    from sklearn.mixture import GaussianMixture

    if kinds == 1:
        labels = np.zeros(len(values), dtype=int)
    else:
        model = GaussianMixture(kinds, covariance_type="tied", random_state=seed)
        model.set_params(reg_covar=1e-6 * max(1e-300, float(values.var(axis=0).mean())))
        labels = model.fit_predict(values).astype(int)
    apart = np.concatenate([values[labels == kind] - values[labels == kind].mean(axis=0) for kind in np.unique(labels)])
    spread = np.linalg.svd(apart, compute_uv=False)
    return Partition(labels, 2 * float(np.log(np.maximum(spread, 1e-300)).sum()))


def _agglomerative(values: np.ndarray, kinds: int, seed: int) -> Partition:
    """Ward's hierarchy."""
    from sklearn.cluster import AgglomerativeClustering

    if kinds == 1:
        return _one(values)
    labels = AgglomerativeClustering(kinds).fit_predict(values)
    return Partition(labels.astype(int), within(values, labels))


def _spectral(values: np.ndarray, kinds: int, seed: int) -> Partition:
    """Normalised cut of the graph of nearest neighbours; looseness is the weight that is cut, of each kind's own."""
    from sklearn.cluster import SpectralClustering
    from sklearn.neighbors import kneighbors_graph

    graph = kneighbors_graph(values, min(_NEIGHBOURS, len(values) - 1), include_self=True)
    graph = ((graph + graph.T) / 2).tocsr()
    if kinds == 1:
        return Partition(np.zeros(len(values), dtype=int), 0.0)
    fitted = SpectralClustering(
        kinds, affinity="precomputed", random_state=seed, n_init=_STARTS, assign_labels="kmeans"
    )
    labels = fitted.fit_predict(graph).astype(int)
    degree = np.asarray(graph.sum(axis=1)).ravel()
    cut = 0.0
    for kind in np.unique(labels):
        inside = labels == kind
        cut += 1 - float(graph[inside][:, inside].sum()) / float(degree[inside].sum())
    return Partition(labels, float(np.log((cut + 0.01) / kinds)))  # an empty cut is no infinite gain


def _hdbscan(values: np.ndarray, kinds: int, seed: int, *, smallest: float = 0.05) -> Partition:
    """Density; looseness is less by the strength with which points belong to two kinds or more."""
    from sklearn.cluster import HDBSCAN

    size = max(5, round(smallest * len(values)))
    fitted = HDBSCAN(min_cluster_size=size, min_samples=5, copy=True).fit(values)
    found = np.unique(fitted.labels_[fitted.labels_ >= 0])
    if kinds == 1 or len(found) < 2:
        return Partition(np.zeros(len(values), dtype=int), 0.0)
    return Partition(fitted.labels_.astype(int), -float(fitted.probabilities_.mean()))


def _one(values: np.ndarray) -> Partition:
    labels = np.zeros(len(values), dtype=int)
    return Partition(labels, within(values, labels))


METHODS: Mapping[str, Method] = {
    one.name: one
    for one in (
        Method("kmeans", _kmeans),
        Method("gaussian_mixture", _gaussian_mixture, parts=(2, 3, 5)),
        Method("agglomerative", _agglomerative, largest=2_000),
        Method("spectral", _spectral, largest=2_000, any_shape=True),
        Method("hdbscan", _hdbscan, parts=(2,), own_number=True, any_shape=True),
    )
}
"""Methods by name: K-means, mixtures of normal kinds of one covariance, Ward's hierarchy, spectral clustering of the
graph of nearest neighbours, and HDBSCAN, which finds the number of kinds itself."""
