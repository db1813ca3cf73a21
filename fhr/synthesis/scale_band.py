"""Band of the cumulants of log-leaders, scale by scale, that measured records span, and that one labour spans."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from fhr.errors import FHRError
from fhr.features import SCALES, scale_cumulants

__all__ = ["ScaleBand"]

_LEAST = 20  # records at a scale, for quantiles


@dataclass(frozen=True, eq=False)
class ScaleBand:
    r"""Reference for :math:`C_m(j)`, m = 1 to 3, of `fhr.features.scale_cumulants`: records among each other, and one.

    A synthetic record should lie where measured records do (`inside`), and one that was made from a record where the
    same labour would lie in another hour (`near`). There is no other hour. Its parts of 10 min, dealt out in turn, make
    two halves that go through the same labour; they differ by :math:`|C_m(j) - C_m'(j)|`, and two hours, with twice the
    leaders each, by :math:`1 / \sqrt 2` of that. Longer parts add what labour changes in an hour.

    Nine in ten of C_1(j) and C_2(j) are inside the band in 84% of held-out records of CTU-UHB. They are near to the
    other half's in 80% of halves, to another record's in 24% (51% with parts of 30 min), and to the original's in 5% of
    records with random phases, of which none is inside (`benchmarks/signal_statistics.py`).

    Attributes:
        low: (3, scale), of measured records.
        high: (3, scale).
        within: (3, scale) largest difference of one labour from itself.
        level: share of measured records between `low` and `high`, and of differences below `within`.
        n_records: (3, scale) number of records that `within` rests on.
        fitted_to: digests of the records, as `Database.digests` has them.

    Example:
        >>> from fhr.processes import fbm
        >>> walks = fbm(14400, 0.7, size=40, seed=1)
        >>> band = ScaleBand.fit(walks[:20])
        >>> bool(band.inside(scale_cumulants(walks[20:])).mean() > 0.8)
        True
    """

    low: np.ndarray
    high: np.ndarray
    within: np.ndarray
    level: float
    n_records: np.ndarray
    fitted_to: tuple[str, ...] = ()

    @classmethod
    def fit(
        cls, x: ArrayLike, *, fs: float = 4.0, level: float = 0.95, minutes: float = 10.0, fitted_to: Sequence[str] = ()
    ) -> Self:
        """Fit the band to measured training records.

        Args:
            x: (n, time) FHR or UC of one window each, cleaned; NaN is missing.
            fs: sampling rate, Hz; a multiple of 4.
            level: of the band, above 0 and below 1.
            minutes: length of the parts.
            fitted_to: digests of the records.

        Raises:
            SignalError: an infinite sample, or a rate that is no multiple of 4 Hz.
            FHRError: a level outside 0 to 1, parts that are not shorter than the window, or a scale that fewer
                than 20 records have leaders at in both halves.
        """
        signals = np.asarray(x, dtype=np.float64)
        if not 0 < level < 1:
            raise FHRError(f"level={level}; give a share above 0 and below 1, such as 0.95")
        if signals.ndim != 2:
            raise FHRError(f"signals of shape {signals.shape}; give (n, time)")
        part = round(minutes * 60 * fs) if 0 < minutes < np.inf else 0
        if not 0 < part < signals.shape[1]:
            raise FHRError(
                f"parts of {minutes} min of windows of {signals.shape[1] / fs / 60:g} min; give shorter ones"
            )
        curves = scale_cumulants(signals, fs=fs)
        first = np.arange(signals.shape[1]) // part % 2 == 0
        halves = [scale_cumulants(np.where(here, signals, np.nan), fs=fs) for here in (first, ~first)]
        differences = np.abs(halves[0] - halves[1]) / np.sqrt(2)
        n = np.count_nonzero(np.isfinite(differences), axis=0)
        if n.min() < _LEAST:
            _, scale = np.unravel_index(n.argmin(), n.shape)
            raise FHRError(
                f"{n.min()} of {len(signals)} records have leaders at scale {SCALES[scale]} in both halves; a band "
                f"rests on {_LEAST} or more: give more records, longer ones, or such with less loss"
            )
        low, high = np.nanquantile(curves, ((1 - level) / 2, (1 + level) / 2), axis=0)
        return cls(low, high, np.nanquantile(differences, level, axis=0), level, n, tuple(fitted_to))

    def inside(self, curves: ArrayLike) -> np.ndarray:
        """Flag the cumulants that lie where those of measured records do.

        Args:
            curves: (..., 3, scale) as `scale_cumulants` gives them; NaN is outside.

        Returns:
            bool (..., 3, scale); its mean over the last axis is the share of scales inside.

        Raises:
            FHRError: another shape.
        """
        given = self._curves(curves)
        return (given >= self.low) & (given <= self.high)

    def near(self, curves: ArrayLike, originals: ArrayLike) -> np.ndarray:
        """Flag the cumulants that lie as near to those of their original as another hour of one labour would.

        Args:
            curves: (..., 3, scale); NaN is not near.
            originals: (..., 3, scale) of the records that they were made from, in the same order.

        Returns:
            bool (..., 3, scale).

        Raises:
            FHRError: another shape.
        """
        return np.abs(self._curves(curves) - self._curves(originals)) <= self.within

    def _curves(self, curves: ArrayLike) -> np.ndarray:
        given = np.asarray(curves, dtype=np.float64)
        if given.shape[-2:] != self.low.shape:
            raise FHRError(
                f"cumulants of shape {given.shape}; give (..., {self.low.shape[0]}, {self.low.shape[1]}), as "
                "`fhr.features.scale_cumulants` has them"
            )
        return given
