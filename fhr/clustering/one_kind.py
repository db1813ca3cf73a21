"""Reference data of one kind: what clusters are found in data that have none."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from scipy.special import ndtri

__all__ = ["REFERENCES", "GaussianKind", "OneKind", "UnimodalCopula", "width_of_one_mode"]

_BINS = 256
_HALVINGS = 16  # of the logarithm of the width


class OneKind(Protocol):
    """A distribution of one kind, fitted to points."""

    @classmethod
    def fit(cls, values: np.ndarray) -> Self:
        """Fit to values (n, d)."""

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Values (n, d)."""


@dataclass(frozen=True, eq=False)
class GaussianKind:
    """A normal distribution; what is drawn has the very mean and covariance of the points.

    Normal points of one kind are distributed so, given their mean and covariance, which makes a rank among such sets
    exact; sets whose covariance differs by chance would hide what is to be seen.

    Attributes:
        mean: (d,).
        root: (k, d); its square, `root.T @ root`, is the covariance.
    """

    mean: np.ndarray
    root: np.ndarray

    @classmethod
    def fit(cls, values: np.ndarray) -> Self:
        """Fit to values (n, d), of any n from 2 on."""
        mean = values.mean(axis=0)
        _, spread, axes = np.linalg.svd(values - mean, full_matrices=False)
        return cls(mean, spread[:, None] * axes / np.sqrt(max(1, len(values) - 1)))

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Values (n, d)."""
        drawn: np.ndarray = self.mean + _white(rng.standard_normal((n, len(self.root)))) @ self.root
        return drawn


@dataclass(frozen=True, eq=False)
class UnimodalCopula:
    """A Gaussian copula in the principal axes, whose marginals are those of the points made to have one mode each.

    A marginal is smoothed by the least width that leaves one mode, and keeps its mean and variance: skewness, tails and
    bounds stay, a valley between two kinds does not. With the marginals as they are, two kinds that lie apart along an
    axis would be in the reference too.

    Source:
        Silverman 1981, J. R. Statist. Soc. B 43:97, for the least width.

    Attributes:
        mean: (d,).
        axes: (k, d), of norm 1.
        ordered: (n, k), each marginal in ascending order about its mean.
        width: (k,) of its smoothing.
        root: (k, k) of the correlation of the normal scores.
    """

    mean: np.ndarray
    axes: np.ndarray
    ordered: np.ndarray
    width: np.ndarray
    root: np.ndarray

    @classmethod
    def fit(cls, values: np.ndarray) -> Self:
        """Fit to values (n, d), of any n from 2 on."""
        mean = values.mean(axis=0)
        _, spread, axes = np.linalg.svd(values - mean, full_matrices=False)
        axes = axes[spread > 1e-9 * max(spread.max(initial=0), 1e-300)]
        along = (values - mean) @ axes.T
        ranks = along.argsort(axis=0).argsort(axis=0)
        scores = GaussianKind.fit(ndtri((ranks + 0.5) / len(values)))
        ordered = np.sort(along, axis=0)
        width = np.array([width_of_one_mode(one) for one in ordered.T])
        length = np.linalg.norm(scores.root, axis=0)
        return cls(mean, axes, ordered, width, scores.root / np.where(length > 0, length, 1))

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Values (n, d)."""
        scores = rng.standard_normal((n, len(self.root))) @ self.root
        picked = rng.integers(0, len(self.ordered), scores.shape)
        smooth = np.take_along_axis(self.ordered, picked, axis=0) + self.width * rng.standard_normal(scores.shape)
        spread = self.ordered.std(axis=0, ddof=1)
        smooth *= spread / np.sqrt(spread**2 + self.width**2)
        along = np.empty_like(scores)
        np.put_along_axis(along, scores.argsort(axis=0), np.sort(smooth, axis=0), axis=0)
        drawn: np.ndarray = self.mean + (_white(along) * spread) @ self.axes
        return drawn


REFERENCES: Mapping[str, type[OneKind]] = {"gaussian": GaussianKind, "copula": UnimodalCopula}
"""Distributions of one kind by name."""


def _white(values: np.ndarray) -> np.ndarray:
    """Values (n, d) of mean 0 and, as far as n allows, covariance 1, changed as little as that takes."""
    centred = values - values.mean(axis=0)
    left, spread, right = np.linalg.svd(centred, full_matrices=False)
    kept = spread > 1e-9 * max(spread.max(initial=0), 1e-300)
    white: np.ndarray = np.sqrt(max(1, len(values) - 1)) * left[:, kept] @ right[kept]
    return white


def width_of_one_mode(values: np.ndarray) -> float:
    """Least standard deviation of a Gaussian that smooths values to a density of one mode.

    Args:
        values: (n,), of which some differ.

    Returns:
        In the unit of the values, to 1% of their standard deviation or better.

    Source:
        Silverman 1981, J. R. Statist. Soc. B 43:97.
    """
    spread = values.std()
    if not spread > 0:
        return 0.0
    low, high = values.min() - 3 * spread, values.max() + 3 * spread  # room, since the transform is periodic
    counts, _ = np.histogram(values, bins=_BINS, range=(low, high))
    transform = np.fft.rfft(counts)
    decay = -0.5 * (2 * np.pi * np.fft.rfftfreq(_BINS, (high - low) / _BINS)) ** 2
    narrow, wide = (high - low) / _BINS, 2 * spread
    for _ in range(_HALVINGS):
        width = np.sqrt(narrow * wide)
        density = np.fft.irfft(transform * np.exp(decay * width**2), _BINS)
        slope = np.diff(density)
        slope = slope[np.abs(slope) > 1e-9 * density.max()]
        if ((slope[:-1] > 0) & (slope[1:] < 0)).sum() > 1:
            narrow = width
        else:
            wide = width
    return float(wide)
