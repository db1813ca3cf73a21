"""Power of indices of fidelity: how often real records with a planted defect are told from real ones."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike

from fhr.compute import stream
from fhr.errors import FHRError

from .against_real import Indices, against_real
from .multiplicity import holm
from .real_units import checked_rows

__all__ = ["ANY", "Defect", "rejection_rates"]

ANY = "any, after Holm"
"""Name of the rate at which at least one index rejects after Holm's adjustment."""

Defect = Callable[[np.ndarray, np.ndarray, np.random.Generator], np.ndarray]
"""Takes positions (n,) of new records, positions of the training records, and a generator; gives rows (n, d)."""


def rejection_rates(
    indices: Indices,
    real: ArrayLike,
    defects: Mapping[str, Defect],
    *,
    n: int,
    n_held_out: int,
    n_draws: int = 100,
    n_splits: int = 200,
    level: float = 0.05,
    seed: int = 0,
) -> dict[str, dict[str, float]]:
    """Rates at which `against_real` rejects sets of new real records with a planted defect.

    Every draw parts the real records anew into n new ones, n_held_out held-out ones and the rest, for training. Without
    a defect, rows of the new records as they are, the rate is that of false alarms: the parts are exchangeable, and the
    draws independent, so that the number of alarms is binomial with a chance of at most `level`.

    Args:
        indices: such as `fidelity_indices`.
        real: (N, d) rows of all real records.
        defects: by name.
        n: new records.
        n_held_out: held-out records; N - n - n_held_out of at least n are left for training.
        n_draws: how often.
        n_splits: of each comparison.
        level: at which an index rejects.
        seed: of the draws; all defects have the same.

    Returns:
        Rate by the name of the defect and of the index, and of `ANY`.

    Raises:
        FHRError: too few real records, fewer than one draw, a level outside (0, 1), and as `against_real`.
    """
    rows = checked_rows(real, "real")
    if n < 1 or n_held_out < 1 or len(rows) < 2 * n + n_held_out:
        raise FHRError(
            f"{len(rows)} real records for {n} new and {n_held_out} held-out ones and as many for training as new "
            "ones; ask for fewer"
        )
    if n_draws < 1 or not 0 < level < 1:
        raise FHRError(f"n_draws={n_draws}, level={level}; give at least 1 draw and a level in (0, 1)")
    rejected: dict[str, dict[str, int]] = {}
    for k in range(n_draws):
        for name, defect in defects.items():
            generator = stream(seed, "planted defects", k)
            order = generator.permutation(len(rows))
            new, held_out, training = order[:n], order[n : n + n_held_out], order[n + n_held_out :]
            synthetic = defect(new, training, generator)
            found = against_real(indices, rows[training], rows[held_out], synthetic, n_splits=n_splits, seed=k)
            p = {index: of.p for index, of in found.items()}
            p[ANY] = float(np.nanmin(holm(list(p.values()))))
            counts = rejected.setdefault(name, dict.fromkeys(p, 0))
            for index, value in p.items():
                counts[index] += value <= level
    return {name: {index: count / n_draws for index, count in counts.items()} for name, counts in rejected.items()}
