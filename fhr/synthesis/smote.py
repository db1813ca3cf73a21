"""SMOTE: rows of features between neighbours of one class.

By hand: imbalanced-learn wants rows without a missing feature, and does not say which record a row was begun at, whose
outcome a regression on pH needs.
"""

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist

from fhr.errors import FHRError

__all__ = ["smote"]


def smote(
    rows: pd.DataFrame, like: pd.DataFrame, n: int, generator: np.random.Generator, *, neighbours: int = 5
) -> pd.DataFrame:
    """Draw rows x + u (x' - x): x a record of the class, x' one of its nearest in the class, u uniform in [0, 1].

    Neighbours are the nearest in standard deviations of each feature; a missing feature counts as its median there,
    and is missing in what is drawn where one of the two lacks it.

    Args:
        rows: of one class, one a record; a record that stands there several times counts once.
        like: of all training records, which give medians and standard deviations.
        n: how many to draw.
        generator: of the draws.
        neighbours: k.

    Returns:
        (n, feature), each row under the name of the record x that it was begun at.

    Raises:
        FHRError: fewer than k + 1 records.

    Source:
        Chawla et al. 2002, J. Artif. Intell. Res. 16:321-357, doi:10.1613/jair.953.
    """
    own = rows[~rows.index.duplicated()]
    if len(own) <= neighbours:
        raise FHRError(
            f"{len(own)} training records of a class; SMOTE with {neighbours} neighbours needs {neighbours + 1}: give "
            "fewer neighbours, a commoner label or more recordings"
        )
    scaled = ((own - like.median()) / like.std(ddof=0).replace(0.0, 1.0)).fillna(0.0).to_numpy()
    away = cdist(scaled, scaled)
    np.fill_diagonal(away, np.inf)
    nearest = np.argsort(away, axis=1, kind="stable")[:, :neighbours]
    begun = generator.integers(len(own), size=n)
    towards = nearest[begun, generator.integers(neighbours, size=n)]
    x = own.to_numpy(dtype=np.float64)
    made = x[begun] + generator.random((n, 1)) * (x[towards] - x[begun])
    return pd.DataFrame(made, own.index[begun], rows.columns)
