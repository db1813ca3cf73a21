"""Reference data of one kind: what clusters are found in data that have none."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from scipy.special import ndtri

__all__ = ["REFERENCES", "GaussianKind", "OneKind", "UnimodalCopula", "width_of_one_mode", "widths_of_one_mode"]

_BINS = 256
_MIDDLE = (0.05, 0.95)
_A_COMPONENT = 5  # points at least
_STEPS = 100
_HALVINGS = 11  # of the logarithm of the width


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
        mean, _, root = _principal(values)
        return cls(mean, root)

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Values (n, d)."""
        drawn: np.ndarray = self.mean + _white(rng.standard_normal((n, len(self.root)))) @ self.root
        return drawn


@dataclass(frozen=True, eq=False)
class UnimodalCopula:
    """A Gaussian copula whose marginals are those of the points made to have one mode each, of their covariance.

    The marginals are of independent components, the axes along which the points are least normal: of skewed quantities
    that were mixed, these are the quantities. A marginal is smoothed by the least width that leaves no valley
    (`width_of_one_mode`) and keeps its variance: skewness, tails and bounds stay, a valley between two kinds does not.
    With the marginals as they are, two kinds that lie apart along an axis would be in the reference too.

    Source:
        Hyvärinen and Oja 2000, doi:10.1016/S0893-6080(00)00026-5, for the components.

    Attributes:
        mean: (d,).
        axes: (k, d); a point is the mean and a sum of these, times its components.
        ordered: (n, k), each component in ascending order, of mean 0 and variance 1.
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
        mean, white, axes = _principal(values)
        turn = _components(white)
        along, axes = white @ turn, turn.T @ axes
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
        along = np.empty_like(scores)
        np.put_along_axis(along, scores.argsort(axis=0), np.sort(smooth, axis=0), axis=0)
        drawn: np.ndarray = self.mean + _white(along) @ self.axes
        return drawn


REFERENCES: Mapping[str, type[OneKind]] = {"gaussian": GaussianKind, "copula": UnimodalCopula}
"""Distributions of one kind by name."""


def _principal(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean (d,), white values (n, k) and axes (k, d) of values (n, d): mean + white @ axes gives them back."""
    mean = values.mean(axis=0)
    left, spread, axes = np.linalg.svd(values - mean, full_matrices=False)
    kept = spread > 1e-9 * max(spread.max(initial=0), 1e-300)
    unit = np.sqrt(max(1, len(values) - 1))
    return mean, left[:, kept] * unit, spread[kept, None] * axes[kept] / unit


def _components(white: np.ndarray) -> np.ndarray:
    """The rotation (k, k) of white values (n, k) to independent components; none where there are too few of them."""
    from sklearn.decomposition import FastICA

    n, k = white.shape
    if k < 2 or n < _A_COMPONENT * k:
        return np.eye(k)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # components of normal points are none: any rotation is as good
        fitted = FastICA(whiten=False, fun="logcosh", max_iter=_STEPS, tol=1e-3, w_init=np.eye(k)).fit(white)
    turn: np.ndarray = fitted.components_.T
    left, _, right = np.linalg.svd(turn)  # a rotation to the last digit
    rotation: np.ndarray = left @ right
    return rotation


def _white(values: np.ndarray) -> np.ndarray:
    """Values (n, d) of mean 0 and, as far as n allows, covariance 1, changed as little as that takes."""
    centred = values - values.mean(axis=0)
    left, spread, right = np.linalg.svd(centred, full_matrices=False)
    kept = spread > 1e-9 * max(spread.max(initial=0), 1e-300)
    white: np.ndarray = np.sqrt(max(1, len(values) - 1)) * left[:, kept] @ right[kept]
    return white


def width_of_one_mode(values: np.ndarray) -> float:
    """Least standard deviation of a Gaussian that leaves the density of values without a valley in its middle 90%.

    Bumps farther out are of a few values each, as every sample of long tails has them.

    Args:
        values: (n,), of which some differ.

    Returns:
        In the unit of the values, to 1% or better.

    Source:
        Silverman 1981, J. R. Statist. Soc. B 43:97; Hall and York 2001, Statist. Sinica 11:515, for the interval.
    """
    return float(widths_of_one_mode([values])[0])


def widths_of_one_mode(samples: Sequence[np.ndarray]) -> np.ndarray:
    """`width_of_one_mode` (m,) of m samples at once."""
    widths = np.array([values.std() for values in samples])
    spread_out = np.flatnonzero(widths > 0).tolist()
    if not spread_out:
        return widths
    spread = widths[spread_out]
    counts, ends, bin_widths = zip(
        *(_counted(samples[one], float(width)) for one, width in zip(spread_out, spread, strict=True)), strict=True
    )
    bin_width, bins = np.array(bin_widths), np.arange(_BINS - 1)
    first, last = np.array(ends).T[..., None]
    looked_at = (bins >= first - 1) & (bins <= last)
    transform = np.fft.rfft(counts)
    decay = -0.5 * (2 * np.pi * np.fft.rfftfreq(_BINS) / bin_width[:, None]) ** 2
    narrow, wide = bin_width, 2 * spread
    for _ in range(_HALVINGS):
        width = np.sqrt(narrow * wide)
        density = np.fft.irfft(transform * np.exp(decay * width[:, None] ** 2), _BINS)
        slope, least = np.diff(density), 1e-9 * density.max(axis=1, keepdims=True)
        fell = np.logical_or.accumulate((slope < -least) & looked_at, axis=1)
        valley = (fell & (slope > least) & looked_at).any(axis=1)
        narrow, wide = np.where(valley, width, narrow), np.where(valley, wide, width)
    widths[spread_out] = wide
    return widths


def _counted(values: np.ndarray, spread: float) -> tuple[np.ndarray, np.ndarray, float]:
    """Values in each bin, the first and last bin of their middle, and the width of a bin."""
    low, high = values.min() - 3 * spread, values.max() + 3 * spread  # room, since the transform is periodic
    bin_width = (high - low) / _BINS
    counts, _ = np.histogram(values, bins=_BINS, range=(low, high))
    return counts, ((np.quantile(values, _MIDDLE) - low) / bin_width).astype(int), float(bin_width)
