"""Texts and columns of results, alike for one signal and for two."""

from collections.abc import Mapping, Sequence
from enum import IntFlag
from typing import Any

import numpy as np
import torch

__all__ = ["estimate_columns", "texts", "to_array"]


def to_array(values: Any) -> np.ndarray:
    """Convert an array, or a tensor of any device, to an array."""
    return values.detach().cpu().numpy() if isinstance(values, torch.Tensor) else np.asarray(values)


def texts(flags: Any, kind: type[IntFlag], reasons: Mapping[Any, str]) -> np.ndarray:
    """Join the reasons of each signal's flags (...); empty where no flag is set."""
    values = to_array(flags)
    found = np.empty(values.shape, dtype=object)
    for index, value in np.ndenumerate(values):
        found[index] = "; ".join(reasons[flag] for flag in kind(int(value)))
    return found


def estimate_columns(result: Any, names: Mapping[str, Sequence[str]]) -> dict[str, np.ndarray]:
    """Columns of each attribute of a result, then those of its interval as NAME_low and NAME_high.

    Args:
        result: with `intervals`.
        names: of the columns that an attribute (..., n) is spread over, by attribute.
    """
    columns: dict[str, np.ndarray] = {}
    for attribute, titles in names.items():
        values = to_array(getattr(result, attribute)).reshape(-1, len(titles))
        columns |= dict(zip(titles, values.T, strict=True))
        if attribute in result.intervals:
            ends = to_array(result.intervals[attribute]).reshape(-1, len(titles), 2)
            for i, title in enumerate(titles):
                columns[f"{title}_low"], columns[f"{title}_high"] = ends[:, i].T
    columns["n_leaders"] = to_array(result.n_j).sum(-1).reshape(-1)
    return columns
