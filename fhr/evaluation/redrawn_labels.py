"""Labels drawn anew from probabilities, spread over the folds of a cross-validation as the data's own are.

Folds that were stratified by outcome hold the same share of positives each. Labels that were drawn without regard to
that would spread them unevenly, and tie probabilities and labels of a fold more tightly than stratified folds do.
"""

import numpy as np

from fhr.metrics.cox import log_odds

__all__ = ["redrawn_labels"]

_STEPS = 3000  # of every chain: each positive is offered dozens of exchanges
_STRENGTH = 1.0  # of the balance at the end: one record too many costs exp(-1)


def redrawn_labels(
    truth: np.ndarray, labels: np.ndarray, folds: np.ndarray, n_redraws: int, generator: np.random.Generator
) -> np.ndarray:
    """Draw labels from probabilities; where folds are stratified, as balanced over them as the labels of the data.

    A repeat counts as stratified where every fold holds the number of positives that is its share, to within one
    record. With c_f positives in fold f and o_f in the data, the labels then have the probability

        product of truth_i^(y_i) (1 - truth_i)^(1 - y_i)  *  exp(-sum over f of (c_f - o_f)^2),

    at the number of positives of the data. They are drawn by exchanges of a positive and a negative record
    (Metropolis), in all redraws at once.

    Args:
        truth: (n,), probability of each record, or (n_redraws, n) with those of each redraw.
        labels: (n,), of the data, 0 or 1.
        folds: (repeat, n), the outer fold of each record, from 0.
        n_redraws: number of rows.
        generator: of the draws.

    Returns:
        (n_redraws, n), 0 or 1.

    Source:
        Metropolis et al. 1953, J. Chem. Phys. 21:1087, doi:10.1063/1.1699114.
    """
    n, k = len(labels), int(labels.sum())
    balanced = folds[[_is_stratified(row, labels) for row in folds]]
    if not len(balanced) or k in (0, n):
        return (generator.random((n_redraws, n)) < truth).astype(np.int64)
    odds = np.broadcast_to(log_odds(truth, 1e-9), (n_redraws, n))
    order = np.argsort(-(odds + generator.gumbel(size=(n_redraws, n))), axis=1)
    positive, negative, chain = order[:, :k].copy(), order[:, k:].copy(), np.arange(n_redraws)
    repeat = np.arange(len(balanced))[None]
    excess = np.stack([_counts(balanced, row) for row in positive]) - _counts(balanced, np.flatnonzero(labels))
    for step in range(_STEPS):
        strength = _STRENGTH * min(1.0, 2 * step / _STEPS)
        a, b = generator.integers(k, size=n_redraws), generator.integers(n - k, size=n_redraws)
        i, j = positive[chain, a], negative[chain, b]
        left, entered = balanced[:, i].T, balanced[:, j].T
        moved = left != entered
        cost = (2 * (excess[chain[:, None], repeat, entered] - excess[chain[:, None], repeat, left]) + 2) * moved
        taken = np.log(generator.random(n_redraws)) < odds[chain, j] - odds[chain, i] - strength * cost.sum(axis=1)
        positive[chain[taken], a[taken]], negative[chain[taken], b[taken]] = j[taken], i[taken]
        changed = chain[taken][:, None], repeat
        excess[(*changed, left[taken])] -= 1
        excess[(*changed, entered[taken])] += 1
    drawn = np.zeros((n_redraws, n), dtype=np.int64)
    drawn[chain[:, None], positive] = 1
    return drawn


def _counts(folds: np.ndarray, records: np.ndarray) -> np.ndarray:
    """Records of each repeat and fold, (repeat, fold)."""
    n_folds = int(folds.max()) + 1
    return np.stack([np.bincount(row[records], minlength=n_folds) for row in folds])


def _is_stratified(fold: np.ndarray, labels: np.ndarray) -> bool:
    share = np.bincount(fold) * labels.mean()
    return bool((np.abs(np.bincount(fold, weights=labels) - share) <= 1).all())
