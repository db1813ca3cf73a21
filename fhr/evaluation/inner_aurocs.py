"""AUROC of each held-out inner fold: what a choice inside an outer fold goes by."""

import pandas as pd

from fhr.metrics import auroc

__all__ = ["inner_aurocs"]


def inner_aurocs(held_out: pd.DataFrame, labels: pd.Series) -> list[float]:
    """AUROC of each held-out inner fold by itself: its model has a scale of its own.

    Args:
        held_out: rows of held-out records, with `RAW_COLUMNS`; several members of one inner fold are averaged.
        labels: 0 or 1 by record name.

    Returns:
        In the order of repeat, outer fold and inner fold; those of one class, which rank nobody, are left out.
    """
    values = []
    for _, fold in held_out.groupby(["repeat", "fold", "inner"]):
        means = fold.groupby("name")["score"].mean()
        y = labels.loc[means.index].to_numpy()
        if 0 < y.sum() < len(y):
            values.append(auroc(y, means.to_numpy()) if means.nunique() > 1 else 0.5)
    return values
