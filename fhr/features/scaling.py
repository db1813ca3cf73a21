"""Scaling of features by centre and spread over the records of a training fold."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fhr.errors import FHRError
from fhr.recording import floating, plain_number, plain_numbers, plain_table

__all__ = ["FeatureScaling"]

_IQR_OF_NORMAL = 1.3489795003921634  # of a normal deviate with standard deviation 1


@dataclass(frozen=True)
class FeatureScaling:
    """Centre and spread of each feature; a network sees clip((x - centre) / spread, ±limit) of a feature x.

    A missing feature takes the centre, which is 0 after scaling, so that nothing tells it from the median record. Mean
    and standard deviation would follow the heavy tails of a feature; median and interquartile range do not, and the
    clipping bounds what a single record can do to a score. A feature that does not vary in the training fold has
    spread inf and is always 0.

    Attributes:
        centre: median of each feature.
        spread: interquartile range / 1.349, the standard deviation of a normal feature; the standard deviation itself
            where half of the records share one value.
        limit: largest absolute value after scaling.

    Raises:
        FHRError: another number of spreads than of centres, or a limit that is not positive.

    Example:
        >>> scaling = FeatureScaling.fit([[1.0, 7.0], [2.0, 7.0], [3.0, 7.0]])
        >>> scaling([[2.0, 9.0], [float("nan"), 7.0], [100.0, 7.0]]).tolist()
        [[0.0, 0.0], [0.0, 0.0], [5.0, 0.0]]
    """

    centre: tuple[float, ...]
    spread: tuple[float, ...]
    limit: float = 5.0

    def __post_init__(self) -> None:
        if len(self.centre) != len(self.spread) or not self.limit > 0:
            raise FHRError(
                f"scaling with {len(self.centre)} centres, {len(self.spread)} spreads and limit={self.limit}; give one "
                "spread for each centre, and a positive limit"
            )

    @classmethod
    def fit(cls, features: ArrayLike, *, limit: float = 5.0) -> "FeatureScaling":
        """Fit the scaling to records, which should be those of the training fold alone.

        Args:
            features: (n, k); NaN and infinite values are missing.
            limit: largest absolute value after scaling.

        Raises:
            FHRError: no record, or no table of records and features.
        """
        x = floating(features).astype(np.float64, copy=False)
        if x.ndim != 2 or len(x) == 0:
            raise FHRError(f"features of shape {x.shape}; a scaling is fitted on (n, k) with one record or more")
        centre, spread = zip(*(_centre_and_spread(column[np.isfinite(column)]) for column in x.T), strict=True)
        return cls(centre, spread, limit)

    def __call__(self, features: ArrayLike) -> np.ndarray:
        """Scaled features, float32 as a network takes them.

        Args:
            features: (..., k); NaN and infinite values are missing.

        Raises:
            FHRError: another number of features than was fitted.
        """
        x = floating(features).astype(np.float64, copy=False)
        if x.shape[-1:] != (len(self.centre),):
            raise FHRError(f"features of shape {x.shape}; this scaling was fitted on {len(self.centre)} features")
        scaled = np.clip((x - self.centre) / self.spread, -self.limit, self.limit)
        return np.where(np.isfinite(x), scaled, 0.0).astype(np.float32)

    def to_dict(self) -> dict[str, Any]:
        """Convert to plain types, for a checkpoint."""
        return {"centre": list(self.centre), "spread": list(self.spread), "limit": self.limit}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "FeatureScaling":
        """Rebuild the scaling from what `to_dict` wrote.

        Raises:
            FHRError: anything else.
        """
        given = plain_table(plain, "scaling", "centre", "spread", "limit")
        spread = plain_numbers(given["spread"], "scaling spread", low=0, infinite=True)
        if not all(spread):
            raise FHRError("scaling with a spread of 0; it must be a positive number")
        limit = plain_number(given["limit"], "scaling limit", infinite=True)
        return cls(plain_numbers(given["centre"], "scaling centre"), spread, limit)


def _centre_and_spread(x: np.ndarray) -> tuple[float, float]:
    if len(x) == 0:
        return 0.0, inf
    low, centre, high = np.percentile(x, [25, 50, 75])
    if x.min() == x.max():  # the standard deviation of equal numbers need not be 0
        return float(centre), inf
    return float(centre), float((high - low) / _IQR_OF_NORMAL or x.std() or inf)
