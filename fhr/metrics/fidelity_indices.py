"""Indices of fidelity of one set of rows together, for a comparison with real rows."""

import numpy as np

from .against_real import Chosen
from .fidelity import prepared_frechet, prepared_marginal_distance, prepared_mmd2
from .manifolds import prepared_manifolds
from .real_units import in_real_units

__all__ = ["fidelity_indices"]


def fidelity_indices(real: np.ndarray, pool: np.ndarray) -> Chosen:
    """Every index of features or embeddings that their number of columns allows, for `against_real`.

    `mmd2`, `marginal_distance`, `imprecision` (1 - precision), `lost_recall` (1 - recall), `density` (its distance from
    1, on either side), and `frechet` where there are at least n / 10 columns.

    Args:
        real: (n, d), n > 3.
        pool: (N, d).

    Raises:
        FHRError: as `mmd2` and `manifolds`.
    """
    x, y = in_real_units(real, pool, least=4)
    mmd2, marginals, manifolds = prepared_mmd2(x, y), prepared_marginal_distance(x, y), prepared_manifolds(x, y)
    least = x.shape[1] * 10
    frechet = prepared_frechet(x, y) if least <= len(x) else None

    def of(chosen: np.ndarray) -> dict[str, float]:
        precision, recall, density = manifolds(chosen)
        found = {
            "mmd2": mmd2(chosen),
            "marginal_distance": marginals(chosen),
            "imprecision": 1 - precision,
            "lost_recall": 1 - recall,
            "density": abs(density - 1),
        }
        return found if frechet is None or len(chosen) < least else {**found, "frechet": frechet(chosen)}

    return of
