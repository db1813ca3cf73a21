"""Strata of records: stratified folds, and strata too small for them joined with a neighbour."""

import logging
from collections.abc import Sequence

import numpy as np

from fhr.errors import SplitError

__all__ = ["merged", "stratified"]

_log = logging.getLogger(__name__)


def stratified(strata: np.ndarray, n_folds: int, seed: int) -> np.ndarray:
    """Draw the fold of each record, (n,), so that every fold has its share of each stratum.

    Raises:
        SplitError: fewer than two folds, or fewer records than folds.
    """
    if not 2 <= n_folds <= len(strata):
        raise SplitError(f"{len(strata)} records cannot make {n_folds} folds; give 2 to {len(strata)} folds")
    from sklearn.model_selection import StratifiedKFold  # slow to import

    folds = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    part = np.empty(len(strata), dtype=int)
    for k, (_, test) in enumerate(folds.split(np.zeros(len(strata)), merged(strata, n_folds))):
        part[test] = k
    return part


def merged(strata: Sequence[int] | np.ndarray, least: int) -> np.ndarray:
    """Join strata with fewer than `least` members with the next larger one (the last with the one before)."""
    strata = np.array(strata)
    while True:
        values, counts = np.unique(strata, return_counts=True)
        small = np.flatnonzero(counts < least)
        if len(small) == 0 or len(values) == 1:
            return strata
        i = small[0]
        neighbour = values[i + 1] if i + 1 < len(values) else values[i - 1]
        _log.info("stratum %d has %d records, fewer than %d: joined with %d", values[i], counts[i], least, neighbour)
        strata[strata == values[i]] = neighbour
