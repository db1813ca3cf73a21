"""Controls: what cross-validation reports where there is nothing to learn."""

import numpy as np
import pandas as pd

from fhr.datasets import Splits
from fhr.errors import FHRError
from fhr.metrics import auroc

from .baselines import Baseline, baseline_predictions

__all__ = ["permutation_control", "permuted"]


def permuted(features: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """The same records, each with the whole row of features of another one drawn at random (or its own).

    Rows change hands, not labels: permuted labels would leave folds that are not stratified, where a training part
    with many positives meets a test fold with few, so that the pooled AUROC falls below 0.5 by itself.

    Args:
        features: one row a record.
        seed: the same seed gives the same permutation.

    Example:
        >>> table = pd.DataFrame({"x": [1, 2, 3], "y": [10, 20, 30]}, index=["a", "b", "c"])
        >>> permuted(table, seed=0)
           x   y
        a  3  30
        b  1  10
        c  2  20
    """
    order = np.random.default_rng(seed).permutation(len(features))
    return features.iloc[order].set_axis(features.index)


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
    """AUROC of whole nested runs on features that belong to other records; the mean lies at 0.5 unless something leaks.

    Each permutation is a run of its own over the outer folds of one repeat, permutation k over those of repeat k (and
    from the first again where there are more): models, calibrators and scaling are all fitted anew. A mean outside
    0.50 +- 0.04 over 20 permutations asks for an explanation before any result is believed.

    Args:
        baseline: what to fit.
        features: `baseline_table`.
        labels: 0 or 1 by record name; records without a label are left out.
        ph: by record name; it stays with its record, as the label does.
        splits: outer folds.
        n_permutations: how many.
        seed: of the first permutation; the others count on from it.

    Returns:
        float64 (n_permutations,).

    Raises:
        FHRError: no permutation, or as `baseline_predictions`.
    """
    if n_permutations < 1:
        raise FHRError(f"n_permutations={n_permutations}; give at least 1, 20 by default")
    values = np.empty(n_permutations)
    for k in range(n_permutations):
        shuffled, repeat = permuted(features, seed=seed + k), k % len(splits.folds)
        table = baseline_predictions(baseline, shuffled, labels, ph, splits, repeat=repeat)
        values[k] = auroc(table["label"], table["score"])
    return values
