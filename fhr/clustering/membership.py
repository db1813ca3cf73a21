"""Membership of kinds: the probability of each kind that a partition gives a point, and how far it lies from all."""

import warnings
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.optimize import linear_sum_assignment

from .methods import NOWHERE, Method

__all__ = ["Neighbours", "NormalKinds", "aligned", "kinds_of"]

_NEIGHBOURS = 15
_REGULAR = 1e-6  # of the variance, in a covariance


@dataclass(frozen=True, eq=False)
class NormalKinds:
    """Kinds as normal distributions of one covariance, as likely as they are large.

    The fit begins with the kinds of a partition and lets each point belong to several: hard labels alone would cut the
    tails of each kind off, and so be too sure.

    Attributes:
        weights: (K,).
        means: (K, d).
        root: (d, d); a difference times it has unit variance within a kind.
    """

    weights: np.ndarray
    means: np.ndarray
    root: np.ndarray

    @classmethod
    def fit(cls, values: np.ndarray, labels: np.ndarray) -> Self:
        """Fit to values (n, d), from labels (n,) on, in the order of their numbers; `NOWHERE` does not count."""
        from sklearn.mixture import GaussianMixture

        values, labels = values[labels != NOWHERE], labels[labels != NOWHERE]
        kinds, labels, counts = np.unique(labels, return_inverse=True, return_counts=True)
        means = np.array([values[labels == k].mean(axis=0) for k in range(len(kinds))])
        apart = values - means[labels]
        least = _REGULAR * max(1e-300, float(values.var(axis=0).mean()))
        covariance = apart.T @ apart / len(values) + least * np.eye(values.shape[1])
        if len(kinds) == 1:
            return cls(np.ones(1), means, _root(covariance))
        model = GaussianMixture(
            len(kinds),
            covariance_type="tied",
            reg_covar=least,
            max_iter=50,
            weights_init=counts / counts.sum(),
            means_init=means,
            precisions_init=np.linalg.inv(covariance),
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # 50 steps are enough for a start that is near
            model.fit(values)
        return cls(model.weights_, model.means_, _root(model.covariances_))

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Probability (n, K) of each kind, for values (n, d)."""
        score = np.log(np.maximum(self.weights, 1e-300)) - 0.5 * self._squares(values)
        score = np.exp(score - score.max(axis=1, keepdims=True))
        probability: np.ndarray = score / score.sum(axis=1, keepdims=True)
        return probability

    def distance(self, values: np.ndarray) -> np.ndarray:
        """Distance (n,) to the nearest centre, in standard deviations within a kind over all axes."""
        nearest: np.ndarray = np.sqrt(self._squares(values).min(axis=1))
        return nearest

    def _squares(self, values: np.ndarray) -> np.ndarray:
        white, centres = values @ self.root, self.means @ self.root
        return np.stack([np.square(white - centre).sum(axis=1) for centre in centres], axis=1)


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Kinds of any shape: the share of each among the 15 nearest points of a partition, fewer beside smaller kinds.

    Attributes:
        values: (m, d) of the partition.
        labels: (m,) from 0; what belongs nowhere lends its share to no kind.
    """

    values: np.ndarray
    labels: np.ndarray

    @classmethod
    def fit(cls, values: np.ndarray, labels: np.ndarray) -> Self:
        """Keep the partition."""
        return cls(values, labels)

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Share (n, K) of each kind, for values (n, d); rows sum to 1 but for what belongs nowhere."""
        from sklearn.neighbors import NearestNeighbors

        kinds, sizes = np.unique(self.labels[self.labels != NOWHERE], return_counts=True)
        near = NearestNeighbors(n_neighbors=min(_NEIGHBOURS, int(sizes.min()))).fit(self.values)
        found = self.labels[near.kneighbors(values, return_distance=False)]
        return np.stack([(found == kind).mean(axis=1) for kind in kinds], axis=1)


def kinds_of(method: Method, values: np.ndarray, labels: np.ndarray) -> NormalKinds | Neighbours:
    """The kinds of a partition of values (n, d) by a method: about centres, or of any shape."""
    return (Neighbours if method.any_shape else NormalKinds).fit(values, labels)


def aligned(memberships: np.ndarray, anchor: np.ndarray) -> np.ndarray:
    """Memberships (n, K) with their kinds in the order of those of an anchor (n, K); rows of NaN do not count.

    The order is the one that shares most with the anchor (assignment problem).
    """
    both = np.isfinite(memberships).all(axis=1) & np.isfinite(anchor).all(axis=1)
    common = anchor[both].T @ memberships[both]
    _, order = linear_sum_assignment(common, maximize=True)
    return memberships[:, order]


def _root(covariance: np.ndarray) -> np.ndarray:
    variance, axes = np.linalg.eigh(covariance)
    root: np.ndarray = axes / np.sqrt(np.maximum(variance, 1e-300))
    return root
