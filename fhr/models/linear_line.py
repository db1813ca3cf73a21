"""A fitted line on features: logistic regression on standard scores, or ridge regression on normal scores, as arrays.

What scikit-learn fitted gives the same scores from a handful of numbers, without a pickle.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.special import ndtri

from fhr.errors import CheckpointError, FHRError
from fhr.recording import plain_table

__all__ = ["FittedLinearLine"]

_LIMIT = 3.0  # of a normal score
_FARTHEST = 1e-7 - np.spacing(1)  # of a rank from 0 and 1, as the pipeline has it that is fitted
_ARRAYS = ("median", "quantiles", "centre", "spread", "coefficients", "offset")
_MOST = 1e12


@dataclass(frozen=True, eq=False)
class FittedLinearLine:
    """A line on scaled features; score = z · coefficients + offset.

    Without quantiles z = (x - centre) / spread. With them x is first put at the normal deviate of its rank among them,
    and z is kept within 3 of 0. A missing feature takes the median.

    Attributes:
        median: (k,) of the training records.
        quantiles: (q, k), ascending; (0, k) for standard scores.
        centre: (k,) of the features, or of their deviates.
        spread: (k,), above 0.
        coefficients: (k,).
        offset: of the score.
    """

    median: np.ndarray
    quantiles: np.ndarray
    centre: np.ndarray
    spread: np.ndarray
    coefficients: np.ndarray
    offset: float

    @property
    def n_features(self) -> int:
        """Features of a record."""
        return len(self.median)

    @property
    def specification(self) -> dict[str, Any]:
        """Class path and arguments in plain types, for a checkpoint."""
        return {"class_path": "fhr.models.FittedLinearLine", "init_args": {}}

    def scores(self, features: np.ndarray) -> np.ndarray:
        """Risk scores (n,) of features (n, k) as they were computed; NaN is missing.

        Raises:
            FHRError: another number of features.
        """
        x = np.asarray(features, dtype=np.float64)
        if x.ndim != 2 or x.shape[1] != self.n_features:
            raise FHRError(f"features of shape {x.shape}; this line was fitted on {self.n_features} features")
        x = np.where(np.isnan(x), self.median, x)
        if len(self.quantiles):
            x = ndtri(np.clip(self._ranks(x), _FARTHEST, 1 - _FARTHEST))
        z = (x - self.centre) / self.spread
        if len(self.quantiles):
            z = np.clip(z, -_LIMIT, _LIMIT)
        return np.asarray(z @ self.coefficients + self.offset)

    def _ranks(self, x: np.ndarray) -> np.ndarray:
        """Ranks from 0 to 1, the middle of those of a value that stands at several quantiles, but 0 or 1 at an end."""
        place = np.linspace(0, 1, len(self.quantiles))
        ranks = np.empty(x.shape)
        for j, points in enumerate(self.quantiles.T):
            from_above = np.interp(-x[:, j], -points[::-1], -place[::-1])
            ranks[:, j] = (np.interp(x[:, j], points, place) - from_above) / 2
            ranks[x[:, j] == points[-1], j] = 1.0
            ranks[x[:, j] == points[0], j] = 0.0
        return ranks

    def arrays(self) -> dict[str, np.ndarray]:
        """The numbers that a file keeps."""
        return {name: np.atleast_1d(getattr(self, name)) for name in _ARRAYS}

    @classmethod
    def from_arrays(cls, specification: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Self:
        """Rebuild a fitted line from `specification` and `arrays`.

        Raises:
            CheckpointError: what no fit makes.
        """
        try:
            given = plain_table(specification, "specification", "class_path", "init_args")
            if plain_table(given["init_args"], "init_args"):
                raise FHRError("arguments, of which a line has none")
            plain_table(arrays, "arrays", *_ARRAYS)
            k = arrays["median"].shape[0]
            shapes = {"quantiles": (len(arrays["quantiles"]), k), "offset": (1,)}
            for name, array in arrays.items():
                small = array.dtype == np.float64 and (np.abs(array) < _MOST).all()  # False of NaN
                if array.shape != shapes.get(name, (k,)) or not small:
                    raise FHRError(f"{name} of {array.dtype} {array.shape} for {k} features, or not finite")
            rows = arrays["quantiles"]
            if not k or len(rows) == 1 or (np.diff(rows, axis=0) < 0).any() or not (arrays["spread"] > 0).all():
                raise FHRError("no features, quantiles that do not ascend, or a spread that is not positive")
        except FHRError as error:
            raise CheckpointError(f"a line that no fit makes: {error}; train anew") from None
        return cls(**{name: arrays[name] for name in _ARRAYS[:-1]}, offset=float(arrays["offset"][0]))
