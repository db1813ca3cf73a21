"""Typicality of a recording: its distance from the records that a model learnt from, and the rank among theirs.

A calibrated probability holds for births like those that it was calibrated on. Six order statistics of the fetal heart
rate tell a recording that is plainly another kind of signal (a halved or doubled rate, noise, a constant, almost no
signal) before any network is asked. They do not see time, so that a wrong sampling rate goes unnoticed, and see a rate
that is 30 bpm too low only now and then: `benchmarks/typicality.py`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from math import inf
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from fhr.errors import FHRError
from fhr.features import FeatureScaling, order_statistic_names, order_statistics
from fhr.recording import Recording, plain_numbers, plain_table

__all__ = ["TYPICAL_STATISTICS", "UC_STATISTICS", "Typicality", "typical_statistics"]

MIN_RECORDS = 20
_MINUTES = (60.0,)
# Name, what it is called, unit, and how to show it; `end` is left out: it says what `start` and `median` say.
_SHOWN: Mapping[str, tuple[str, str, Callable[[float], float]]] = {
    "mad_60": ("median absolute deviation of the FHR", " bpm", lambda x: np.exp(x) - 0.5),
    "start_60": ("FHR baseline at the start of the last hour", " bpm", float),
    "loss_60": ("signal loss in the last hour", "%", lambda x: 100 * x),
    "p5_60": ("5th percentile of FHR minus its median", " bpm", float),
    "p95_60": ("95th percentile of FHR minus its median", " bpm", float),
    "median_60": ("median FHR", " bpm", float),
}
TYPICAL_STATISTICS = tuple(_SHOWN)
"""mad_60, start_60, loss_60, p5_60, p95_60, median_60: see `fhr.features.order_statistics`."""

_UC_SHOWN: Mapping[str, tuple[str, str, Callable[[float], float]]] = {
    "uc_median_60": ("median uterine activity", "", np.expm1),
    "uc_iqr_60": ("interquartile range of the uterine activity", "", np.expm1),
    "uc_p95_60": ("95th percentile of the uterine activity", "", np.expm1),
    "uc_nothing_60": ("share of the last hour with uterine activity zero or missing", "%", lambda x: 100 * x),
}
_SHOWN_OF_ALL = {**_SHOWN, **_UC_SHOWN}
UC_STATISTICS = tuple(_UC_SHOWN)
"""uc_median_60, uc_iqr_60, uc_p95_60: ln(1 + x) of uterine activity that is not zero; uc_nothing_60: share of the
rest."""


def typical_statistics(recordings: Iterable[Recording]) -> pd.DataFrame:
    """Statistics of the last 60 min of each recording as it was read, whole where it is shorter.

    Returns:
        One row a recording, by name, with the columns `TYPICAL_STATISTICS` and `UC_STATISTICS`; NaN but for the loss
        where there is less than 50 s of signal, and for the share of nothing where there is less of activity.
    """
    given = list(recordings)
    uc = np.reshape([_uc_statistics(recording) for recording in given], (-1, len(UC_STATISTICS)))
    rows = [order_statistics(recording.fhr, fs=recording.fs, minutes=_MINUTES) for recording in given]
    names = order_statistic_names(_MINUTES)
    index = pd.Index([recording.name for recording in given], name="record", dtype=object)
    table = pd.DataFrame(np.reshape(rows, (-1, len(names))), index, list(names))
    return table[list(TYPICAL_STATISTICS)].assign(**dict(zip(UC_STATISTICS, uc.T, strict=True)))


def _uc_statistics(recording: Recording) -> list[float]:
    """`UC_STATISTICS`; NaN but for the last where less than 50 s of activity are known."""
    last = recording.uc[-round(60 * _MINUTES[0] * recording.fs) :]
    known = last[np.isfinite(last) & (last != 0)].astype(np.float64)
    nothing = 1 - len(known) / max(len(last), 1)
    if len(known) < 50 * recording.fs:
        return [np.nan, np.nan, np.nan, nothing]
    low, median, high, top = np.percentile(known, [25, 50, 75, 95])
    return [*np.log1p(np.maximum([median, high - low, top], 0)).tolist(), nothing]


@dataclass(frozen=True)
class Typicality:
    """Mahalanobis distance from training records, ranked among the distances of these records.

    Statistics are scaled by median and interquartile range, a missing one takes the median. With mean m and Ledoit-Wolf
    shrunk covariance S of the scaled training records, d(x)^2 = (x - m)^T S^-1 (x - m), and

        p(x) = (1 + #{training records with d_i >= d(x)}) / (n + 1).

    d_i of a training record is taken from the mean and covariance of the others alone, so that it is as far from them
    as a new record of their kind is: at most a fraction alpha of such records has p <= alpha, up to the small
    difference that one record makes to m and S (the jackknife; the exact form, full conformal prediction, would have to
    keep every record).
    A small p says that a record is unlike the others; a large one does not say that the model is right about it.

    Attributes:
        scaling: of the statistics, never clipped.
        mean: of the scaled training records.
        precision: inverse of their shrunk covariance.
        distances: d_i of the training records, ascending.
        low: 1st percentile of each statistic over the training records.
        high: 99th percentile.
        uc: of the uterine activity, by itself, since its outliers would hide those of the heart rate; None where the
            version that fitted it had none. With it, p(x) is the smaller of the two: of records of the training's kind
            up to twice a fraction alpha has p <= alpha.
        names: of the statistics.

    Source:
        Ledoit and Wolf 2004, J. Multivar. Anal. 88:365, doi:10.1016/S0047-259X(03)00096-4; p-values by rank: Vovk,
        Gammerman and Shafer 2005, Algorithmic Learning in a Random World, doi:10.1007/b106715.

    Example:
        >>> x = np.random.default_rng(0).normal(140, 10, (100, 6))
        >>> typicality = Typicality.fit(pd.DataFrame(x, columns=TYPICAL_STATISTICS))
        >>> typicality.p_values([[140] * 6, [140] * 5 + [62]]).round(2).tolist()
        [1.0, 0.01]
    """

    scaling: FeatureScaling
    mean: tuple[float, ...]
    precision: tuple[tuple[float, ...], ...]
    distances: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    uc: "Typicality | None" = None
    names: tuple[str, ...] = TYPICAL_STATISTICS

    @property
    def channels(self) -> tuple[str, ...]:
        """Channels that it compares, in words."""
        return ("heart rate",) if self.uc is None else ("heart rate", "uterine activity")

    @property
    def least(self) -> float:
        """Least p-value that so many training records allow, 1 / (n + 1): of what is further away than all of them."""
        return 1 / (len(self.distances) + 1)

    @classmethod
    def fit(cls, statistics: pd.DataFrame) -> "Typicality":
        """Fit to records, which should be those that a model learnt from.

        Args:
            statistics: one row a record, with the columns `TYPICAL_STATISTICS`, and `UC_STATISTICS` where uterine
                activity is compared too; NaN is missing.

        Raises:
            FHRError: a column that is not there, fewer than 20 records, or records that do not differ at all.
        """
        if lacking := [name for name in TYPICAL_STATISTICS if name not in statistics]:
            raise FHRError(f"statistics without the columns {lacking}; make them with `typical_statistics`")
        own = cls._fit(statistics, TYPICAL_STATISTICS)
        if not set(UC_STATISTICS) <= set(statistics) or not (statistics[list(UC_STATISTICS)].nunique() > 1).any():
            return own
        return replace(own, uc=cls._fit(statistics, UC_STATISTICS))

    @classmethod
    def _fit(cls, statistics: pd.DataFrame, names: tuple[str, ...]) -> "Typicality":
        from sklearn.covariance import ledoit_wolf_shrinkage  # slow to import, and a prediction does without

        x = statistics[list(names)].to_numpy(dtype=np.float64)
        if len(x) < MIN_RECORDS:
            raise FHRError(f"{len(x)} training records say too little of what is usual; give {MIN_RECORDS} or more")
        scaling = FeatureScaling.fit(x, limit=inf)
        scaled = scaling(x).astype(np.float64)
        if not np.ptp(scaled, axis=0).any():
            raise FHRError(f"the {len(x)} training records all have the same statistics; give records that differ")
        mean, n = scaled.mean(axis=0), len(scaled)
        away = scaled - mean
        covariance = away.T @ away / n
        shrinkage = ledoit_wolf_shrinkage(away, assume_centered=True)
        precision = _inverse(covariance, shrinkage)
        # Mean and covariance of the others, without computing each anew: the record's own part is taken out.
        others = (covariance - np.einsum("ni,nj->nij", away, away) / (n - 1)) * n / (n - 1)
        distances = _distances(away * n / (n - 1), _inverse(others, shrinkage))
        filled = np.where(np.isfinite(x), x, scaling.centre)
        low, high = np.percentile(filled, [1, 99], axis=0)
        return cls(
            scaling,
            tuple(mean.tolist()),
            tuple(map(tuple, precision.tolist())),
            tuple(np.sort(distances).tolist()),
            tuple(low.tolist()),
            tuple(high.tolist()),
            names=names,
        )

    def p_values(self, statistics: ArrayLike) -> np.ndarray:
        """P-values of typicality p(x), float64 (n,), from 1 / (n + 1) to 1: small for unusual records.

        Args:
            statistics: (n, k), in the order of `TYPICAL_STATISTICS` and `UC_STATISTICS`; the latter are looked at where
                they were learnt. NaN is missing.

        Raises:
            FHRError: another number of statistics.
        """
        own, uc = self._parts(statistics)
        if self.uc is not None:
            alone = replace(self, uc=None)
            return np.minimum(alone.p_values(own), self.uc.p_values(uc))
        scaled = self.scaling(own).astype(np.float64)
        found = _distances(scaled - np.array(self.mean), np.array(self.precision))
        n = len(self.distances)
        return np.asarray((1 + n - np.searchsorted(self.distances, found, side="left")) / (n + 1))

    def deviation(self, statistics: ArrayLike) -> str:
        """Describe in words the most deviant of the statistics (k,) of one record, with the usual range.

        The range is that of 98% of the training records. Deviant is what is outside of it, and of several what is
        furthest from the median, in interquartile ranges. Signal loss, which a prediction tells after cleaning, has no
        number here.
        """
        given, uc = self._parts(statistics)
        if self.uc is not None and self.uc.p_values(uc[None])[0] < replace(self, uc=None).p_values(given[None])[0]:
            return self.uc.deviation(uc)
        scaled = np.abs(self.scaling(given))
        outside = np.isfinite(given) & ((given < self.low) | (given > self.high))
        if not outside.any():
            return "each statistic of its signal is within their range, together they are not"
        k = int(np.argmax(np.where(outside, scaled, -1)))
        if self.names[k] == "loss_60":
            return f"{'more' if given[k] > self.high[k] else 'less'} signal loss in the last hour than 99% of them have"
        called, unit, show = _SHOWN_OF_ALL[self.names[k]]
        value, low, high = (f"{show(x):.3g}" for x in (given[k], self.low[k], self.high[k]))
        return f"{called} {value}{unit}, where 98% of them have {low} to {high}{unit}"

    def _parts(self, statistics: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """The statistics of the heart rate, and those of the uterine activity."""
        x = np.asarray(statistics, dtype=np.float64)
        return x[..., : len(self.names)], x[..., len(self.names) :]

    def to_dict(self) -> dict[str, Any]:
        """Convert to plain types, for a checkpoint; no record can be told from it."""
        further = {} if self.uc is None else {"uc": self.uc.to_dict()}
        return further | {
            "scaling": self.scaling.to_dict(),
            "mean": list(self.mean),
            "precision": [list(row) for row in self.precision],
            "distances": list(self.distances),
            "low": list(self.low),
            "high": list(self.high),
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "Typicality":
        """Rebuild the typicality from what `to_dict` wrote.

        Raises:
            FHRError: anything else.
        """
        if not isinstance(plain, Mapping) or "uc" not in plain:
            return cls._from_dict(plain, TYPICAL_STATISTICS)
        own = cls._from_dict({key: value for key, value in plain.items() if key != "uc"}, TYPICAL_STATISTICS)
        return replace(own, uc=cls._from_dict(plain["uc"], UC_STATISTICS))

    @classmethod
    def _from_dict(cls, plain: Mapping[str, Any], names: tuple[str, ...]) -> "Typicality":
        k = len(names)
        given = plain_table(plain, "typicality", "scaling", "mean", "precision", "distances", "low", "high")
        mean, low, high = (plain_numbers(given[key], f"typicality {key}", n=k) for key in ("mean", "low", "high"))
        distances = plain_numbers(given["distances"], "typicality distances")
        if list(distances) != sorted(distances):
            raise FHRError("typicality distances are not in order")
        rows, scaling = given["precision"], FeatureScaling.from_dict(given["scaling"])
        if not isinstance(rows, list | tuple) or len(rows) != k or len(scaling.centre) != k:
            raise FHRError(f"typicality of other than {k} statistics")
        precision = tuple(plain_numbers(row, "a row of the typicality precision", n=k) for row in rows)
        return cls(scaling, mean, precision, distances, low, high, names=names)


def _inverse(covariance: np.ndarray, shrinkage: float) -> np.ndarray:
    """Of covariances (..., k, k) that are shrunk towards their mean variance."""
    k = covariance.shape[-1]
    variance = np.trace(covariance, axis1=-2, axis2=-1)[..., None, None] / k
    return np.linalg.pinv((1 - shrinkage) * covariance + shrinkage * variance * np.eye(k), hermitian=True)


def _distances(away: np.ndarray, precision: np.ndarray) -> np.ndarray:
    """Squared distances (n,) of records (n, k) from a mean, by one precision (k, k) or each by its own."""
    return np.asarray(
        np.einsum("ni,nij,nj->n", away, np.broadcast_to(precision, (len(away), *precision.shape[-2:])), away)
    )
