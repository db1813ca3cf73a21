"""Normal scores: each feature put at the place of a normal deviate by its rank among the training records."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from fhr.errors import FHRError
from fhr.recording import floating

from .sorted_samples import median
from .sorted_samples import quantiles as ordered_quantiles

__all__ = ["NormalScores"]

_N_QUANTILES = 50
_FEW = 16  # rows that are looked up in all columns at once
_FARTHEST = 1e-7  # of a rank from 0 and 1, whose deviates are infinite


@dataclass(frozen=True, eq=False)
class NormalScores:
    """Quantiles of each feature over training records; z = clip((Phi^-1(rank) - centre) / spread, ±limit).

    The rank of a value is linear between 50 quantiles, the middle of its places where it stands at several, at the ends
    too: births without a deceleration share a place that is no farther out than they are many. So scaled, a feature has
    no units and no tails, and one extreme birth leads nothing. A missing feature takes the median. Values are compared
    as float32, as tables keep them.

    Attributes:
        quantiles: (50, k), ascending.
        median: (k,) that a missing feature takes.
        centre: (k,) mean of the deviates over the training records.
        spread: (k,) their standard deviation; inf of a feature that does not vary, which is always 0.
        limit: largest absolute value.

    Example:
        >>> NormalScores.fit([[1.0], [2.0], [3.0]])([[2.0], [float("nan")]]).round(6).tolist()
        [[-0.0], [-0.0]]
    """

    quantiles: np.ndarray
    median: np.ndarray
    centre: np.ndarray
    spread: np.ndarray
    limit: float = 3.0

    @classmethod
    def fit(cls, features: ArrayLike, *, limit: float = 3.0) -> "NormalScores":
        """Fit to records, which should be those of the training fold alone.

        Args:
            features: (n, k); NaN and infinite values are missing. A feature that all lack takes 0.
            limit: largest absolute value.

        Raises:
            FHRError: no record, or no table of records and features.
        """
        return cls.fit_to(features, limit=limit)[0]

    @classmethod
    def fit_to(cls, features: ArrayLike, *, limit: float = 3.0) -> "tuple[NormalScores, np.ndarray]":
        """Fit to records, see `fit`, and give their normal scores (n, k) too, in half the time of both in turn."""
        x = _comparable(features)
        if x.ndim != 2 or len(x) == 0:
            raise FHRError(f"features of shape {x.shape}; normal scores are fitted on (n, k) with one record or more")
        x = np.where(np.isfinite(x), x, np.nan).T
        middle = np.nan_to_num(median(x))
        x = np.where(np.isnan(x), middle[:, None], x)
        quantiles = ordered_quantiles(np.sort(x, axis=-1), tuple(np.linspace(0, 1, _N_QUANTILES).tolist()))
        deviates = _deviates(x.T, quantiles)
        varies = quantiles[0] < quantiles[-1]
        spread = np.where(varies, deviates.std(axis=0), np.inf)
        fitted = cls(quantiles, middle, deviates.mean(axis=0), spread, limit)
        return fitted, fitted._scaled(deviates)

    def arrays(self) -> dict[str, np.ndarray]:
        """Arrays by name that hold everything, for a file without pickles."""
        return {field.name: np.asarray(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "NormalScores":
        """Normal scores that gave these `arrays`; others may stand among them."""
        columns = {field.name: arrays[field.name] for field in fields(cls) if field.name != "limit"}
        return cls(**columns, limit=float(arrays["limit"]))

    def __call__(self, features: ArrayLike) -> np.ndarray:
        """Normal scores (n, k) of features (n, k).

        Raises:
            FHRError: another number of features than was fitted.
        """
        x = _comparable(features)
        if x.ndim != 2 or x.shape[1] != len(self.median):
            raise FHRError(
                f"features of shape {x.shape}; these normal scores were fitted on {len(self.median)} features"
            )
        return self._scaled(_deviates(np.where(np.isfinite(x), x, self.median), self.quantiles))

    def _scaled(self, deviates: np.ndarray) -> np.ndarray:
        return np.clip((deviates - self.centre) / self.spread, -self.limit, self.limit)


def _comparable(features: ArrayLike) -> np.ndarray:
    """Features to seven digits, so that those of one value stand at one place whatever their last bits."""
    with np.errstate(over="ignore"):  # it is infinite, and so missing
        return floating(features).astype(np.float32).astype(np.float64)


def _deviates(x: np.ndarray, quantiles: np.ndarray) -> np.ndarray:
    place = np.linspace(0, 1, len(quantiles))
    up = np.ascontiguousarray(quantiles.T)
    down, back = -up[:, ::-1], -place[::-1]
    is_tied = (up[:, 1:] == up[:, :-1]).any(axis=1)
    interpolated = _few_interpolated if len(x) <= _FEW else _interpolated
    rank = interpolated(x, up, place)
    if is_tied.any():  # from above as well: the middle of what stands at several places
        from_above = interpolated(-x[:, is_tied], down[is_tied], back)
        rank[:, is_tied] = (rank[:, is_tied] - from_above) / 2
    deviates: np.ndarray = ndtri(np.clip(rank, _FARTHEST, 1 - _FARTHEST))
    return deviates


def _interpolated(x: np.ndarray, up: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Places (n, k) of values (n, k) among the ascending points `up` (k, q), column by column."""
    return np.stack([np.interp(column, points, place) for column, points in zip(x.T, up, strict=True)], axis=1)


def _few_interpolated(x: np.ndarray, up: np.ndarray, place: np.ndarray) -> np.ndarray:
    """The same numbers for all columns at once, by the arithmetic of `numpy.interp`; quicker for a few rows."""
    last = (up <= x[:, :, None]).sum(axis=-1) - 1  # point at or below, -1 where there is none
    j = np.clip(last, 0, up.shape[1] - 2)
    column = np.arange(len(up))
    below, above = up[column, j], up[column, j + 1]
    with np.errstate(divide="ignore", invalid="ignore"):  # of points that stand at one place, and are not used
        between = (place[j + 1] - place[j]) / (above - below) * (x - below) + place[j]
    inner = np.where(x == below, place[j], between)
    return np.where(last < 0, place[0], np.where(last > up.shape[1] - 2, place[-1], inner))
