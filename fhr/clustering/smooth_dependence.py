"""`SmoothDependence`: features that hang on points as they really do, for points that have no kinds."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

from .one_kind import width_of_one_mode

__all__ = ["SmoothDependence"]

_A_TERM = 10  # labours


@dataclass(frozen=True, eq=False)
class SmoothDependence:
    """Regression of features on points, whatever else the points are like.

    A feature, or its normal scores where these fit better, is a polynomial of second order in the axes, as many of its
    terms as there are tens of labours but all of first order, plus what is left, drawn among the labours. In this order
    it takes the known values, smoothed by the least width that leaves no valley between two modes (`width_of_one_mode`)
    unless there are two values only. So a drawn feature has the distribution and the missing values of the real one,
    but no kinds of its own, and hangs on the points as strongly, whether they have kinds or not. Least squares, unlike
    a shrunken or a local fit, take too much for dependence rather than too little.

    Attributes:
        spread: (d,) of the axes.
        products: (2, q) axes of each term of second order.
        weights: (1 + d + q, c).
        rest: (n, c) what the points do not tell; NaN where a feature is unknown.
        known: values of each feature that are known.
        width: (c,) of their smoothing.
    """

    spread: np.ndarray
    products: np.ndarray
    weights: np.ndarray
    rest: np.ndarray
    known: tuple[np.ndarray, ...]
    width: tuple[float, ...]

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
        known = tuple(column[np.isfinite(column)] for column in features.T)
        width = tuple(width_of_one_mode(some) if len(np.unique(some)) > 2 else 0.0 for some in known)
        return cls(spread, products, weights, rest, known, width)

    def draw(self, values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Features (m, c) of other values (m, d)."""
        rest = self.rest[rng.integers(0, len(self.rest), len(values))]
        order = _terms(values / self.spread, self.products) @ self.weights + rest
        drawn = np.full(order.shape, np.nan)
        for j, (known, width, column) in enumerate(zip(self.known, self.width, order.T, strict=True)):
            there = np.flatnonzero(np.isfinite(column))
            some = rng.choice(known, len(there)) + width * rng.standard_normal(len(there))
            spread, middle = known.std(), known.mean()
            some = middle + (some - middle) * spread / max(1e-300, np.hypot(spread, width))
            drawn[there[column[there].argsort()], j] = np.sort(some)
        return drawn


def _terms(values: np.ndarray, products: np.ndarray) -> np.ndarray:
    return np.hstack([np.ones((len(values), 1)), values, values[:, products[0]] * values[:, products[1]]])
