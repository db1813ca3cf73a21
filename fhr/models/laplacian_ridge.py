"""Kernel ridge regression with a sum of Laplacian kernels, solved in closed form, leave-one-out included."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

__all__ = ["DECAY", "PENALTY", "KernelTerm", "RidgeSolution", "kernel", "solve"]

PENALTY, DECAY = 0.2, 1.5
"""Of kernels on the embedding of a network, whose weights sum to 1; a kernel line has its own."""


@dataclass(frozen=True)
class KernelTerm:
    r"""A term of a sum of kernels, over some columns of the scaled features.

    Attributes:
        columns: places of the columns.
        weight: of the term.
        decay: of :math:`\exp(-\mathrm{decay} \cdot \mathrm{mean}_j |z_j - z'_j|)`; 0 for a linear term, the sum of
            :math:`z_j z'_j`.
    """

    columns: tuple[int, ...]
    weight: float = 1.0
    decay: float = 0.6

    def __call__(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """The weighted kernel (n, m), float64, of scaled features (n, k) and (m, k) of one precision."""
        x, y = (np.ascontiguousarray(z[:, self.columns]) for z in (a, b))
        if not self.decay:
            return self.weight * (x.astype(np.float64) @ y.T.astype(np.float64))
        distance, away = np.empty((len(x), len(y))), np.empty_like(y)
        for row, one in zip(distance, x, strict=True):  # all at once would leave the cache
            np.subtract(y, one, out=away)
            np.abs(away, out=away)
            row[:] = away.sum(axis=1)
        return self.weight * np.exp(-self.decay / len(self.columns) * distance)


class RidgeSolution(NamedTuple):
    """Solution of `solve`.

    Attributes:
        weights: (n, ...) of each training record; they sum to 0.
        offset: (...) so that a prediction is offset + kernel @ weights, the kernel as it is, not centred.
        leave_one_out: (n, ...) prediction for each training record by all others.
    """

    weights: np.ndarray
    offset: np.ndarray
    leave_one_out: np.ndarray


def kernel(terms: Sequence[KernelTerm], a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Sum of the terms' kernels, (n, m)."""
    return np.sum([term(a, b) for term in terms], axis=0)


def solve(
    gram: np.ndarray, target: np.ndarray, penalty: float, sample_weights: np.ndarray | None = None
) -> RidgeSolution:
    r"""Kernel ridge regression with a constant that is not penalised.

    With sample weights s, S their diagonal matrix, p = s / sum(s), the kernel centred about the weighted mean
    :math:`C = (I - 1 p^T) K (I - p 1^T)` and :math:`\bar t = p^T t`,

    .. math:: w = S^{1/2} (S^{1/2} C S^{1/2} + \lambda I)^{-1} S^{1/2} (t - \bar t),

    which minimises :math:`\sum_i s_i (t_i - \hat t_i)^2` plus lambda times the squared norm: a weight of 2 is the
    record given twice. Without weights all are 1. The prediction for a record by a fit on all others follows from the
    diagonal of the smoother H (Allen 1974, doi:10.1080/00401706.1974.10489157):
    :math:`t_i - (t_i - \hat t_i) / (1 - H_{ii})`, exactly, since leaving a record out, with all of its weight, changes
    neither the kernel nor the penalty.

    Args:
        gram: (n, n) kernel of the training records.
        target: (n,) or (n, m), several at once.
        penalty: lambda, above 0.
        sample_weights: (n,), none below 0 and some above; None for 1 each.
    """
    if sample_weights is None:
        share, root = np.asarray(1 / len(gram)), np.ones(len(gram))
    else:
        share, root = sample_weights / sample_weights.sum(), np.sqrt(sample_weights)
    rows = np.average(gram, axis=1, weights=sample_weights)[:, None]
    centred = gram - rows - rows.T + np.average(rows[:, 0], weights=sample_weights)
    values, vectors = np.linalg.eigh(root[:, None] * centred * root)
    values = np.maximum(values, 0)
    column = (slice(None), *[None] * (target.ndim - 1))
    mean = np.average(target, axis=0, weights=sample_weights)
    within = vectors.T @ (root[column] * (target - mean))
    weights = root[column] * (vectors @ (within / (values + penalty)[column]))
    weights -= weights.mean(axis=0)
    fitted = mean + centred @ weights
    leverage = share + np.square(vectors) @ (values / (values + penalty))
    leave_one_out = target - (target - fitted) / np.maximum(1 - leverage, 1e-12)[column]
    return RidgeSolution(weights, mean - rows[:, 0] @ weights, leave_one_out)
