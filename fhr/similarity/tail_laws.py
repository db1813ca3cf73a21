"""Laws of an upper tail, of many samples at once: fitted, evaluated, and set beside what they were fitted to."""

from typing import ClassVar, Protocol

import numpy as np

__all__ = ["LAWS", "Gumbel", "Law", "Pareto", "anderson_darling"]

Parameters = tuple[np.ndarray, np.ndarray]
"""Scale and shape, or scale and location, each (b, 1)."""


class Law(Protocol):
    """A law of two parameters."""

    peaks: ClassVar[bool]
    """Whether it is of exceedances over a threshold, else of all values."""

    def fit(self, y: np.ndarray) -> Parameters:
        """Parameters of samples (b, n), each ascending."""

    def chance(self, y: np.ndarray, parameters: Parameters) -> np.ndarray:
        """Chance (b, n) of a value above y (b, n)."""

    def value(self, chance: np.ndarray, parameters: Parameters) -> np.ndarray:
        """Value (b, n) that is exceeded with a chance (b, n)."""


class Pareto:
    """Generalised Pareto law of exceedances, with a shape of 0 or above: 0 is the exponential law.

    A negative shape, which is a law with an end, becomes 0: an end that is estimated leaves no chance at all to what
    lies beyond it.

    Source:
        Zhang and Stephens 2009, Technometrics 51:316, doi:10.1198/tech.2009.08017: the mean of the profile likelihood
        over a grid, nearly as efficient as maximum likelihood, and it always exists.
    """

    peaks: ClassVar[bool] = True

    def fit(self, y: np.ndarray) -> Parameters:
        """Scale and shape."""
        n = y.shape[1]
        m = 20 + int(np.sqrt(n))
        quartile, largest = y[:, [max(int(n / 4 + 0.5) - 1, 0)]], y[:, [-1]]
        steps = 1 - np.sqrt(m / (np.arange(1, m + 1) - 0.5))
        grid = 1 / largest + steps / (3 * quartile)
        shapes = np.concatenate([_shape(grid[:, [j]], y) for j in range(m)], axis=1)
        profile = n * (np.log(-grid / shapes) - shapes - 1)
        weight = np.exp(profile - profile.max(axis=1, keepdims=True))
        slope = (weight * grid).sum(axis=1, keepdims=True) / weight.sum(axis=1, keepdims=True)
        shape = _shape(slope, y)
        heavy = shape > 0
        return np.where(heavy, -shape / slope, y.mean(axis=1, keepdims=True)), np.where(heavy, shape, 0.0)

    def chance(self, y: np.ndarray, parameters: Parameters) -> np.ndarray:
        """(1 + shape y / scale)^(-1 / shape)."""
        scale, shape = parameters
        some = np.maximum(shape, 1e-9)  # of 0 the limit, to nine digits
        return np.exp(-np.log1p(some * y / scale) / some)

    def value(self, chance: np.ndarray, parameters: Parameters) -> np.ndarray:
        """Inverse of `chance`."""
        scale, shape = parameters
        some = np.maximum(shape, 1e-9)
        return scale * np.expm1(-some * np.log(chance)) / some


class Gumbel:
    """Gumbel's law of the largest of many values, by L-moments.

    Source:
        Hosking 1990, J. R. Statist. Soc. B 52:105.
    """

    peaks: ClassVar[bool] = False

    def fit(self, y: np.ndarray) -> Parameters:
        """Scale and location."""
        n = y.shape[1]
        mean = y.mean(axis=1, keepdims=True)
        weights = 2 * np.arange(n) / max(n - 1, 1) - 1
        scale = (y * weights).mean(axis=1, keepdims=True) / np.log(2)
        return scale, mean - np.euler_gamma * scale

    def chance(self, y: np.ndarray, parameters: Parameters) -> np.ndarray:
        """1 - exp(-exp(-(y - location) / scale))."""
        scale, location = parameters
        return -np.expm1(-np.exp((location - y) / scale))

    def value(self, chance: np.ndarray, parameters: Parameters) -> np.ndarray:
        """Inverse of `chance`."""
        scale, location = parameters
        return location - scale * np.log(-np.log1p(-chance))


LAWS: dict[str, Law] = {"pareto": Pareto(), "gumbel": Gumbel()}
"""Laws by name."""


def anderson_darling(chances: np.ndarray) -> np.ndarray:
    """Anderson and Darling's statistic (b,) of samples (b, n) that should be uniform, each ascending or descending."""
    n = chances.shape[1]
    u = np.clip(np.sort(chances, axis=1), 1e-15, 1 - 1e-15)
    weights = (2 * np.arange(n) + 1) / n
    return np.asarray(-n - (weights * (np.log(u) + np.log1p(-u[:, ::-1]))).sum(axis=1))


def _shape(slope: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Shape (b, 1) of the greatest likelihood of exceedances (b, n), given minus shape over scale (b, 1)."""
    return np.log1p(-slope * y).mean(axis=1, keepdims=True)
