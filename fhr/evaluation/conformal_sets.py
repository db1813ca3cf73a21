"""Coverage and use of the conformal sets of a cross-validation."""

from typing import Any

import numpy as np
import pandas as pd

from fhr.calibration.conformal import SLACK
from fhr.errors import SplitError
from fhr.metrics import Interval, conformal_coverage, efficiency
from fhr.metrics.resampling import interval_of, resampled_by_counts

__all__ = ["conformal_table", "singleton_gain"]

_LEVELS = (0.80, 0.90, 0.95)


def conformal_table(predictions: pd.DataFrame, *, levels: tuple[float, ...] = _LEVELS) -> pd.DataFrame:
    """Coverage in each class and shares of sets by what they say, at each level.

    Args:
        predictions: columns name, repeat, label, p_negative, p_positive; every record once a repeat.
        levels: 1 - alpha.

    Returns:
        One row a level: coverage of the records without and with the label, each with its exact binomial band at the n
        of one repeat; shares of correct singletons, wrong singletons, empty sets and sets with both.

    Raises:
        SplitError: a record that is missing from a repeat, or there twice.
    """
    labels, p = _p_values(predictions)
    rows = []
    for level in levels:
        sets = p > 1 - level + SLACK
        row: dict[str, Any] = {"level": level}
        for name, found in zip(("negatives", "positives"), conformal_coverage(labels, sets), strict=True):
            row |= {f"coverage_{name}": found.value, f"{name}_low": found.low, f"{name}_high": found.high}
        rows.append(row | efficiency(labels, sets)._asdict())
    return pd.DataFrame(rows)


def singleton_gain(
    predictions: pd.DataFrame, other: pd.DataFrame, *, level: float = 0.90, n_resamples: int = 2000, seed: int = 0
) -> Interval:
    """Difference in the share of correct singletons, `predictions` minus `other`, with its paired interval.

    Arguments as in `conformal_table`; both of the same records, the repeats may differ in number.

    Raises:
        SplitError: as `conformal_table`, or other records.
    """
    means = []
    for table in (predictions, other):
        labels, p = _p_values(table)
        sets = p > 1 - level + SLACK
        right = np.where(labels == 1, sets[..., 1] & ~sets[..., 0], sets[..., 0] & ~sets[..., 1])
        names = sorted(table["name"].unique())
        means.append(pd.Series(right.mean(axis=0), names))
    if not means[0].index.equals(means[1].index):
        raise SplitError("the two models predicted other records; compare them on the same")
    gain = (means[0] - means[1]).to_numpy()
    draws = resampled_by_counts(_mean_by_counts, labels, gain, n_resamples=n_resamples, seed=seed)
    return interval_of(float(gain.mean()), draws)


def _p_values(predictions: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Labels (n,) and p-values (n_repeats, n, 2), records in the order of their names."""
    if predictions.duplicated(["name", "repeat"]).any():
        raise SplitError("a record is predicted twice in one repeat; pool disjoint folds")
    wide = predictions.pivot(index="name", columns="repeat", values=["p_negative", "p_positive", "label"]).sort_index()
    if wide.isna().any(axis=None):
        raise SplitError("a record is missing from a repeat; pool whole repeats")
    p = np.stack([wide[name].to_numpy(dtype=float).T for name in ("p_negative", "p_positive")], axis=-1)
    return wide["label"].to_numpy()[:, 0].astype(int), p


def _mean_by_counts(_: np.ndarray, values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return counts @ values / counts.sum(axis=1)
