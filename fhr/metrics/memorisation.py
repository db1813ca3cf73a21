"""Memorisation: whether synthetic records are nearer to the training records than new births are.

All take distances, of features or of signals (`shifted_differences`), and compare with held-out records that the
generator has not seen: near is only what is nearer than another birth would be.
"""

from math import comb
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from fhr.errors import FHRError

__all__ = ["Authenticity", "Nearness", "authenticity", "data_copying", "membership"]


class Nearness(NamedTuple):
    """Comparison of the distances of suspects and of others.

    Attributes:
        auroc: chance that a suspect is nearer than another, ties counted half; 1/2 if nothing is copied.
        z: standard deviations by which the suspects are farther, of the Mann-Whitney statistic; negative is nearer.
        first: suspects that are nearer than the nearest other.
        p: of both, one-sided: twice the smaller of the p-value of z and that of so many first (at most 1).
    """

    auroc: float
    z: float
    first: int
    p: float


class Authenticity(NamedTuple):
    """Result of `authenticity`.

    Attributes:
        synthetic: fraction of the synthetic records that are authentic.
        held_out: the same of the held-out records.
        p: one-sided, of so few among the synthetic ones.
    """

    synthetic: float
    held_out: float
    p: float


def data_copying(synthetic: ArrayLike, held_out: ArrayLike) -> Nearness:
    """Test of data copying: whether synthetic records are nearer to the training records than held-out ones are.

    `z` is the statistic C_T with one cell, by ranks; it misses a generator that copies a few records and is far off
    elsewhere. These show as `first`, records nearer than any held-out one, whose chance among exchangeable records is
    that of drawing so many of one kind in a row. A generator that is bad everywhere has a positive z, and has copied
    nothing.

    Power at p <= 0.05 by `nearest_windows` of CTU-UHB (`benchmarks/fidelity.py`), ten sets of 30 records and two of
    100: copies with noise of 1 bpm, copies 20 s later, and stretches of 7 or 10 min put together are always found, by
    stretch and by whole window; copies with noise of 3 bpm always by whole window; 10 of 60 min copied always by
    stretch, hardly by whole window; a tenth of the records copied by both among 100, hardly among 30.

    Args:
        synthetic: (m,) distance of each synthetic record to its nearest training record.
        held_out: (n,) distance of each held-out record to its nearest training record.

    Raises:
        FHRError: another shape, no distance, or distances that are negative or NaN.

    Source:
        Meehan, Chaudhuri and Dasgupta 2020, arXiv:2004.05675; first: the precedence test of Nelson 1963,
        Technometrics 5:491.

    Example:
        >>> result = data_copying([0.1, 0.2, 0.1, 0.3, 0.2, 0.1], [1, 2, 3, 2.5, 1.5, 2])
        >>> round(result.z, 2), result.first
        (-2.91, 6)
    """
    return _nearness(_distances(synthetic, "synthetic"), _distances(held_out, "held-out"))


def membership(training: ArrayLike, held_out: ArrayLike) -> Nearness:
    """Membership inference: whether the nearest synthetic record tells training records from held-out ones.

    An attacker who holds a record, and sees the synthetic ones only, takes it for a training record if one of these is
    near. `auroc` is that attacker's. It is weaker than `data_copying`, with 30 synthetic records for many training ones
    above all: copies of whole records were found in half of the draws, windows of which 10 min are copied in none.

    Args:
        training: (N,) distance of each training record to its nearest synthetic record.
        held_out: (n,) distance of each held-out record to its nearest synthetic record.

    Raises:
        FHRError: as `data_copying`.

    Source:
        Chen et al. 2020, ACM CCS, doi:10.1145/3372297.3417238.
    """
    return _nearness(_distances(training, "training"), _distances(held_out, "held-out"))


def authenticity(synthetic: ArrayLike, held_out: ArrayLike, training: ArrayLike) -> Authenticity:
    """Authenticity: the fraction of records that are farther from their nearest training record than its neighbours.

    A record is authentic if its distance to the nearest training record i exceeds the distance of i to the nearest
    other training record. Many new births are not, so that the synthetic ones are set beside held-out ones; p is
    Fisher's, exact. It finds what `data_copying` finds by stretch, but not that a tenth of the records is copied.

    Args:
        synthetic: (m, N) distances of the synthetic to the training records.
        held_out: (n, N) of the held-out records.
        training: (N, N) of the training records among themselves; the diagonal is not read.

    Raises:
        FHRError: shapes that do not go together, fewer than two training records, negative distances or NaN.

    Source:
        Alaa et al. 2022, arXiv:2102.08921.
    """
    from scipy.stats import hypergeom  # slow to import, and a prediction does without

    among = _distances(training, "training", ndim=2).copy()
    if among.shape[0] != among.shape[1] or len(among) < 2:
        raise FHRError(f"training distances of shape {among.shape}; give (N, N) of at least two records")
    np.fill_diagonal(among, np.inf)
    spacing, counts = among.min(axis=1), []
    for name, given in (("synthetic", synthetic), ("held-out", held_out)):
        away = _distances(given, name, ndim=2)
        if away.shape[1] != len(among):
            raise FHRError(f"{name} distances of shape {away.shape} beside {len(among)} training records; give (n, N)")
        counts.append((int((away.min(axis=1) > spacing[away.argmin(axis=1)]).sum()), len(away)))
    (a, m), (b, n) = counts
    return Authenticity(a / m, b / n, float(hypergeom.cdf(a, m + n, a + b, m)))


def _nearness(suspects: np.ndarray, others: np.ndarray) -> Nearness:
    from scipy.special import ndtr
    from scipy.stats import rankdata  # slow to import, and a prediction does without

    m, n = len(suspects), len(others)
    ranks = rankdata(np.concatenate([suspects, others]))
    farther = ranks[:m].sum() - m * (m + 1) / 2  # pairs in which the suspect is farther, ties counted half
    _, ties = np.unique(ranks, return_counts=True)
    variance = m * n / 12 * (m + n + 1 - (ties**3 - ties).sum() / max((m + n) * (m + n - 1), 1))
    z = float((farther - m * n / 2) / np.sqrt(variance)) if variance > 0 else 0.0
    first = int((suspects < others.min()).sum())
    of_first = comb(m, first) / comb(m + n, first)
    return Nearness(1 - float(farther) / (m * n), z, first, min(1.0, 2 * min(float(ndtr(z)), of_first)))


def _distances(given: ArrayLike, name: str, ndim: int = 1) -> np.ndarray:
    array = np.asarray(given)
    if array.dtype.kind not in "buif" or array.ndim != ndim or not array.size:
        wanted = "(n,)" if ndim == 1 else "(n, N)"
        raise FHRError(f"{name} distances of shape {array.shape} and dtype {array.dtype}; give numbers {wanted}")
    array = array.astype(np.float64)
    if bad := int((~(array >= 0)).sum()):
        raise FHRError(f"{bad} of {array.size} {name} distances are negative or NaN; leave out what has no distance")
    return array
