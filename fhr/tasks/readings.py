"""Readings of labours beside their truth: a number a labour and target, and its mean over labours."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd

from fhr.compute import stream
from fhr.losses import TruthLoss
from fhr.metrics import Interval, auroc
from fhr.metrics.resampling import drawn_counts, interval_of

__all__ = ["Reading", "mean_readings", "reading_table"]

_LEAST = 10  # known steps of a labour that a number is made of
_RESAMPLES = 2000


class Reading(NamedTuple):
    """Reading of a labour by a network and by a rule, and the truth.

    Attributes:
        name: of the labour.
        read: (6, steps) by a network, rows of `fhr.losses.TruthLoss.targets`; of shares any score that rises with them.
        trivial: (6, steps) by a rule.
        truth: (6, steps), NaN where it is not known.
    """

    name: str
    read: np.ndarray
    trivial: np.ndarray
    truth: np.ndarray


def reading_table(readings: Iterable[Reading]) -> pd.DataFrame:
    """Correlation of levels and AUROC of shares over the time of each labour.

    Returns:
        One row a labour and target: `name`, `target`, `n` (known steps), `read` and `trivial`, NaN where there are few
        steps or nothing to tell apart.
    """
    rows = []
    for one in readings:
        for k, target in enumerate(TruthLoss.targets):
            measure = _area if target in TruthLoss.shares else _correlation
            known = ~np.isnan(one.truth[k])
            numbers = (measure(one.truth[k][known], by[k][known]) for by in (one.read, one.trivial))
            rows.append((one.name, target, int(known.sum()), *numbers))
    return pd.DataFrame(rows, columns=["name", "target", "n", "read", "trivial"])


def mean_readings(table: pd.DataFrame) -> dict[str, Interval]:
    """Means over labours, of a target under its name and of the rule under `NAME_trivial`; intervals draw labours."""
    found: dict[str, Interval] = {}
    for target, rows in table.groupby("target", sort=False):
        found[str(target)] = _mean(rows["read"].to_numpy())
        found[f"{target}_trivial"] = _mean(rows["trivial"].to_numpy())
    return found


def _correlation(truth: np.ndarray, read: np.ndarray) -> float:
    if len(truth) < _LEAST or np.ptp(truth) == 0 or np.ptp(read) == 0:
        return np.nan
    return float(np.corrcoef(truth, read)[0, 1])


def _area(truth: np.ndarray, read: np.ndarray) -> float:
    return auroc((truth >= 0.5).astype(int), read) if len(truth) >= _LEAST else np.nan


def _mean(values: np.ndarray) -> Interval:
    values = values[np.isfinite(values)]
    if not len(values):
        return Interval(np.nan, np.nan, np.nan)
    counts = drawn_counts(stream(0, "labours of a pretraining"), _RESAMPLES, len(values))
    return interval_of(float(values.mean()), counts @ values / len(values))
