"""`SmoothDependence`: features that hang on points as they really do, for points that have no kinds."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

__all__ = ["SmoothDependence"]

_A_TERM = 10  # labours


@dataclass(frozen=True, eq=False)
class SmoothDependence:
    """Regression of features on points, whatever else the points are like.

    A feature, or its normal scores where these fit better, is a polynomial of second order in the axes, as many of its
    terms as there are tens of labours but all of first order, plus what is left, drawn among the labours; the known
    values are then taken in this order. So a drawn feature has the distribution, the ties and the missing values of the
    real one, and hangs on the points as strongly, whether they have kinds or not. Least squares, unlike a shrunken or a
    local fit, take too much for dependence rather than too little.

    Attributes:
        spread: (d,) of the axes.
        products: (2, q) axes of each term of second order.
        weights: (1 + d + q, c).
        rest: (n, c) what the points do not tell; NaN where a feature is unknown.
        known: sorted known values of each feature.
    """

    spread: np.ndarray
    products: np.ndarray
    weights: np.ndarray
    rest: np.ndarray
    known: tuple[np.ndarray, ...]

    @classmethod
    def fit(cls, values: np.ndarray, features: np.ndarray) -> Self:
        """Fit to values (n, d), centred, and features (n, c) of the same labours, each known of some."""
        n, d = values.shape
        spread = np.maximum(values.std(axis=0), 1e-300)
        first, second = np.triu_indices(d)
        order = np.argsort(first + second, kind="stable")[: max(0, n // _A_TERM - d - 1)]  # axes of much variance first
        products = np.stack([first[order], second[order]])
        terms = _terms(values / spread, products)
        rest, weights = np.full(features.shape, np.nan), np.zeros((terms.shape[1], features.shape[1]))
        for j, column in enumerate(features.T):
            there = np.isfinite(column)
            both = np.stack([ndtri((rankdata(column[there]) - 0.5) / max(1, there.sum())), column[there]], axis=1)
            fitted = np.linalg.lstsq(terms[there], both)[0]
            left = both - terms[there] @ fitted
            better = int(np.argmin(left.var(axis=0) / np.maximum(both.var(axis=0), 1e-300)))
            rest[there, j], weights[:, j] = left[:, better], fitted[:, better]
        known = tuple(np.sort(column[np.isfinite(column)]) for column in features.T)
        return cls(spread, products, weights, rest, known)

    def draw(self, values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Features (m, c) of other values (m, d)."""
        rest = self.rest[rng.integers(0, len(self.rest), len(values))]
        order = _terms(values / self.spread, self.products) @ self.weights + rest
        drawn = np.full(order.shape, np.nan)
        for j, (known, column) in enumerate(zip(self.known, order.T, strict=True)):
            there = np.flatnonzero(np.isfinite(column))
            place = (np.arange(len(there)) + 0.5) * len(known) / max(1, len(there))
            drawn[there[column[there].argsort()], j] = known[place.astype(int)]
        return drawn


def _terms(values: np.ndarray, products: np.ndarray) -> np.ndarray:
    return np.hstack([np.ones((len(values), 1)), values, values[:, products[0]] * values[:, products[1]]])
