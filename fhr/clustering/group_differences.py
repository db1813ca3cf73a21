"""Differences of numbers between kinds: their size, and the chance of one as large."""

import numpy as np
from scipy.special import gammaln
from scipy.stats import rankdata

from .methods import NOWHERE

__all__ = ["epsilon_squared", "fisher_freeman_halton", "kept_by_kinds", "kruskal_wallis", "rank_biserial"]

_SAME = 1e-9  # relative: statistics nearer than that are equal
_AT_ONCE = 1_000  # permutations


def kept_by_kinds(values: np.ndarray, labels: np.ndarray, features: np.ndarray) -> np.ndarray:
    """Share that kinds keep of what the points tell of features.

    What kinds tell is the variance between them; it is divided by that of the least-squares fit of kinds and points
    together, which is linear in the points. Of the features themselves: in ranks a gap between two kinds would be gone.

    Args:
        values: (n, d) in which the kinds were sought.
        labels: (n,) kind of each; -1 does not count.
        features: (n, c); NaN is unknown.

    Returns:
        (c,), from 0 to 1; NaN where a feature does not vary with the points.
    """
    kept = np.full(features.shape[1], np.nan)
    known = np.isfinite(features) & (labels != NOWHERE)[:, None]
    patterns, pattern = np.unique(known, axis=1, return_inverse=True)
    for i, there in enumerate(patterns.T):
        columns = np.flatnonzero(pattern.ravel() == i)
        if there.sum() < 2:
            continue
        some, within = features[np.ix_(there, columns)], labels[there]
        some = some - some.mean(axis=0)
        groups = (within[:, None] == np.unique(within)).astype(float)
        told = _told(groups, some)
        both = _told(np.hstack([groups, values[there] - values[there].mean(axis=0)]), some)
        varies = both > _SAME * np.square(some).sum(axis=0)
        kept[columns] = np.divide(told, both, out=np.full(len(columns), np.nan), where=varies)
    return kept


def epsilon_squared(labels: np.ndarray, numbers: np.ndarray) -> float:
    """Epsilon squared of Kruskal and Wallis: the share of the variance of ranks of numbers (n,) between labels (n,).

    NaN where nothing varies.

    Source:
        Tomczak and Tomczak 2014, Trends Sport Sci. 1:19.

    >>> epsilon_squared(np.array([0, 0, 1, 1]), np.array([1.0, 2.0, 3.0, 4.0]))
    0.8
    """
    there = np.isfinite(numbers) & (labels != NOWHERE)
    if there.sum() < 2 or not np.ptp(numbers[there]):
        return float("nan")
    ranks = rankdata(numbers[there])
    ranks -= ranks.mean()
    groups = (labels[there][:, None] == np.unique(labels[there])).astype(float)
    return float(_told(groups, ranks[:, None])[0] / np.square(ranks).sum())


def rank_biserial(labels: np.ndarray, numbers: np.ndarray) -> float:
    """Rank-biserial correlation of numbers (n,) with labels 0 and 1: P(greater in 1) - P(greater in 0).

    Twice the area under the ROC curve less one; of numbers that are 0 or 1, the difference of their shares. NaN where
    one of both has no number.

    >>> rank_biserial(np.array([0, 0, 1, 1]), np.array([1.0, 3.0, 2.0, 4.0]))
    0.5
    """
    there = np.isfinite(numbers) & (labels != NOWHERE)
    one = labels[there] == 1
    if not 0 < one.sum() < len(one):
        return float("nan")
    ranks = rankdata(numbers[there])
    return float(2 * (ranks[one].mean() - ranks[~one].mean()) / len(one))


def kruskal_wallis(labels: np.ndarray, numbers: np.ndarray, permutations: int, rng: np.random.Generator) -> float:
    """P-value of Kruskal and Wallis's test by permutation, exact with ties whatever the numbers of labours.

    Args:
        labels: (n,) kind of each number.
        numbers: (n,), all known.
        permutations: of the labels.
        rng: draws them.
    """
    ranks = rankdata(numbers)
    ranks -= ranks.mean()
    kinds, counts = np.unique(labels, return_counts=True)
    groups = labels[:, None] == kinds

    def between(permuted: np.ndarray) -> np.ndarray:
        sums = np.stack([permuted @ group for group in groups.T], axis=1)
        statistic: np.ndarray = (np.square(sums) / counts).sum(axis=1)
        return statistic

    observed = between(ranks[None])[0] * (1 - _SAME)
    above = 0
    for start in range(0, permutations, _AT_ONCE):
        some = np.tile(ranks, (min(_AT_ONCE, permutations - start), 1))
        above += int((between(rng.permuted(some, axis=1)) >= observed).sum())
    return (1 + above) / (permutations + 1)


def fisher_freeman_halton(labels: np.ndarray, yes: np.ndarray, permutations: int, rng: np.random.Generator) -> float:
    """P-value of the exact test of Fisher, Freeman and Halton of shares in kinds, by tables drawn with its margins.

    Args:
        labels: (n,) kind of each labour.
        yes: (n,), 0 or 1.
        permutations: tables.
        rng: draws them.

    Source:
        Freeman and Halton 1951, Biometrika 38:141, doi:10.1093/biomet/38.1-2.141.
    """
    kinds, counts = np.unique(labels, return_counts=True)
    observed = np.array([yes[labels == kind].sum() for kind in kinds])
    drawn = rng.multivariate_hypergeometric(counts, int(yes.sum()), size=permutations)

    def log_chance(table: np.ndarray) -> np.ndarray:
        ways: np.ndarray = -(gammaln(table + 1) + gammaln(counts - table + 1)).sum(axis=-1)
        return ways

    return (1 + int((log_chance(drawn) <= log_chance(observed) + _SAME).sum())) / (permutations + 1)


def _told(by: np.ndarray, centred: np.ndarray) -> np.ndarray:
    """Sum of squares (c,) of centred numbers (n, c) along columns (n, k)."""
    length = np.linalg.norm(by, axis=0)
    axes, spread, _ = np.linalg.svd(by / np.where(length > 0, length, 1), full_matrices=False)
    told: np.ndarray = np.square(axes[:, spread > _SAME * spread.max()].T @ centred).sum(axis=0)
    return told
