"""Functions of one line on a table, which `cross_validate` replaces; they go with the next minor version."""

import warnings

import numpy as np
import pandas as pd

from fhr.datasets import Place, Splits, permutation_of
from fhr.errors import FHRError
from fhr.metrics import auroc

from .baselines import Baseline
from .controls import permuted
from .fold_predictions import out_of_fold
from .study import fitted_folds

__all__ = ["baseline_predictions", "baseline_scores", "permutation_control"]

_COLUMNS = ["name", "repeat", "fold", "label", "score", "probability"]


def baseline_scores(
    baseline: Baseline, features: pd.DataFrame, labels: pd.Series, ph: pd.Series, splits: Splits, *, repeat: int
) -> pd.DataFrame:
    """Raw risk scores of one repeat; use `cross_validate(baseline.maker(features), database, target=...).raw`."""
    _warn("baseline_scores")
    return _raw(baseline, features, labels, ph, splits, repeat)


def baseline_predictions(
    baseline: Baseline, features: pd.DataFrame, labels: pd.Series, ph: pd.Series, splits: Splits, *, repeat: int
) -> pd.DataFrame:
    """Predict one repeat out of fold; use `cross_validate(...).predictions`."""
    _warn("baseline_predictions")
    return _predictions(baseline, features, labels, ph, splits, repeat)


def permutation_control(
    baseline: Baseline,
    features: pd.DataFrame,
    labels: pd.Series,
    ph: pd.Series,
    splits: Splits,
    *,
    n_permutations: int = 20,
    seed: int = 0,
) -> np.ndarray:
    """AUROC of runs on features of other records; use `cross_validate(..., permutations=20)`.

    Raises:
        FHRError: no permutation.
    """
    _warn("permutation_control")
    if n_permutations < 1:
        raise FHRError(f"n_permutations={n_permutations}; give at least 1, 20 by default")
    values = []
    for k in range(n_permutations):
        shuffled = permuted(features, seed=permutation_of(seed, k))
        table = _predictions(baseline, shuffled, labels, ph, splits, k % len(splits.folds))
        values.append(auroc(table["label"], table["score"]))
    return np.array(values)


def _raw(
    baseline: Baseline, features: pd.DataFrame, labels: pd.Series, ph: pd.Series, splits: Splits, repeat: int
) -> pd.DataFrame:
    splits.partition(repeat, 0, 0)  # a place takes repeats beyond the last for those of a control
    first = Place("", labels.dropna(), ph, splits)
    places = [(repeat, fold) for fold in range(len(splits.folds[0]))]
    return pd.concat([fold.raw for fold in fitted_folds(baseline.maker(features), first, places)], ignore_index=True)


def _predictions(
    baseline: Baseline, features: pd.DataFrame, labels: pd.Series, ph: pd.Series, splits: Splits, repeat: int
) -> pd.DataFrame:
    raw = _raw(baseline, features, labels, ph, splits, repeat)
    tables = [out_of_fold(rows, labels.dropna()) for _, rows in raw.groupby("fold")]
    return pd.concat(tables, ignore_index=True)[_COLUMNS]


def _warn(name: str) -> None:
    warnings.warn(
        f"fhr.evaluation.{name} is fhr.evaluation.cross_validate now; the old name goes with the next minor version",
        FutureWarning,
        stacklevel=3,
    )
