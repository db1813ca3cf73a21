"""Kernel ridge regression with a sum of Laplacian kernels, solved in closed form, leave-one-out included."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

__all__ = ["KernelTerm", "RidgeSolution", "kernel", "solve"]


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
        """The weighted kernel (n, m) of scaled features (n, k) and (m, k)."""
        x, y = (np.ascontiguousarray(z[:, self.columns], dtype=np.float64) for z in (a, b))
        if not self.decay:
            return self.weight * (x @ y.T)
        distance = np.empty((len(x), len(y)))
        for row, one in zip(distance, x, strict=True):  # all at once would leave the cache
            np.abs(y - one).mean(axis=1, out=row)
        return self.weight * np.exp(-self.decay * distance)


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


def solve(gram: np.ndarray, target: np.ndarray, penalty: float) -> RidgeSolution:
    r"""Kernel ridge regression with a constant that is not penalised.

    With H the centring matrix and K the kernel, :math:`w = (HKH + \lambda I)^{-1} (t - \bar t)`. The prediction for a
    record by a fit on all others follows from the diagonal of the smoother S (Allen 1974,
    doi:10.1080/00401706.1974.10489157): :math:`t_i - (t_i - \hat t_i) / (1 - S_{ii})`, exactly, since leaving a record
    out changes neither the kernel nor the penalty.

    Args:
        gram: (n, n) kernel of the training records.
        target: (n,) or (n, m), several at once.
        penalty: lambda, above 0.
    """
    n = len(gram)
    rows = gram.mean(axis=1, keepdims=True)
    centred = gram - rows - rows.T + rows.mean()
    values, vectors = np.linalg.eigh(centred)
    values = np.maximum(values, 0)
    mean = target.mean(axis=0)
    within = vectors.T @ (target - mean)
    column = (slice(None), *[None] * (target.ndim - 1))
    weights = vectors @ (within / (values + penalty)[column])
    weights -= weights.mean(axis=0)
    fitted = mean + centred @ weights
    leverage = 1 / n + np.square(vectors) @ (values / (values + penalty))
    leave_one_out = target - (target - fitted) / np.maximum(1 - leverage, 1e-12)[column]
    return RidgeSolution(weights, mean - rows[:, 0] @ weights, leave_one_out)
