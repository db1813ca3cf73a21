"""Permutation of a table of features: every record has those of another one, so that there is nothing to learn."""

import pandas as pd

from fhr.datasets import giver_positions

__all__ = ["permuted"]


def permuted(features: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """The same records, each with the whole row of features of another one drawn at random (or its own).

    Rows change hands, not labels: permuted labels would leave folds that are not stratified, where a training part
    with many positives meets a test fold with few, so that the pooled AUROC falls below 0.5 by itself.

    Args:
        features: one row a record.
        seed: the same seed gives the same permutation, that of `fhr.datasets.givers`.

    Example:
        >>> table = pd.DataFrame({"x": [1, 2, 3], "y": [10, 20, 30]}, index=["a", "b", "c"])
        >>> permuted(table, seed=0)
           x   y
        a  3  30
        b  1  10
        c  2  20
    """
    names = [str(name) for name in features.index]
    return features.iloc[giver_positions(names, seed)].set_axis(features.index)
