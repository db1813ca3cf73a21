"""Power of a passport: how often its indices find real records with a planted defect."""

from collections.abc import Callable

import numpy as np

from fhr.compute import stream
from fhr.errors import FHRError
from fhr.metrics import rejection_rates
from fhr.metrics.fidelity_power import ANY, Defect
from fhr.metrics.planted_defects import (
    flipped,
    gaps_bridged,
    lost_twice,
    other_uc,
    repeated,
    reversed_blocks,
    shrunk,
)
from fhr.synthesis import TrainingWindows, window_statistics

from .passport import NO_DEFECT, passport_indices

__all__ = ["passport_power"]

_BLOCK = 120  # s that are reversed
_LEAST_SPLITS = 320  # sixteen indices at most: 16 / (1 + splits) must be below 0.05

Windows = tuple[np.ndarray, np.ndarray]


def passport_power(
    windows: TrainingWindows,
    n: int,
    *,
    target: int | None = None,
    n_draws: int = 100,
    n_splits: int = 400,
    seed: int = 0,
) -> dict[str, float]:
    """Power at which at least one index of a passport rejects, after Holm, by the name of the defect.

    The real records are parted anew in each draw into n with the defect, n held-out and the rest. Without a defect the
    rate is that of false alarms, `NO_DEFECT`.

    Args:
        windows: of real records, of 60 min at 4 Hz: all that may be looked at, such as a database's training folds.
        n: held-out records, and records of each made set.
        target: class; None for all records.
        n_draws: how often.
        n_splits: of each comparison.
        seed: of the draws.

    Returns:
        Rates by name; none where there are fewer than 3 n records of the class, which cannot be parted so.

    Raises:
        FHRError: splits that no index could reject with.
    """
    if n_splits <= _LEAST_SPLITS:
        raise FHRError(f"n_splits={n_splits}; after Holm no index could reject, give more than {_LEAST_SPLITS}")
    own = windows.only(windows.rows(target))
    if len(own) < 3 * n:
        return {}
    fhr, uc = own.signals[:, 0].astype(np.float64), own.signals[:, 1].astype(np.float64)
    rows = window_statistics(fhr, uc)
    samples = round(_BLOCK * own.fs)
    spoilt: dict[str, Callable[[np.random.Generator], Windows]] = {
        "no lag": lambda draw: other_uc(fhr, uc, draw),
        "falls that rise": lambda draw: flipped(fhr, uc),
        "time reversed": lambda draw: reversed_blocks(fhr, uc, samples),
        "no loss": lambda draw: gaps_bridged(fhr, uc),
        "loss twice": lambda draw: lost_twice(fhr, uc, draw),
    }
    defects: dict[str, Defect] = {
        NO_DEFECT: lambda new, training, draw: rows[new],
        **{name: _of_rows(window_statistics(*spoil(stream(seed, "spoilt windows")))) for name, spoil in spoilt.items()},
        "shrunk variance": lambda new, training, draw: shrunk(rows[new]),
        "half of the births": lambda new, training, draw: repeated(rows[new]),
    }
    found = rejection_rates(
        passport_indices, rows, defects, n=n, n_held_out=n, n_draws=n_draws, n_splits=n_splits, seed=seed
    )
    return {name: rates[ANY] for name, rates in found.items()}


def _of_rows(rows: np.ndarray) -> Defect:
    return lambda new, training, draw: rows[new]
