"""Pairs of rows with a signed weight: the form of pair labels that methods use."""

from dataclasses import dataclass
from itertools import count

import numpy as np
from scipy import sparse

from fhr.similarity.window_pairs import chains

__all__ = ["SignedPairs"]


@dataclass(frozen=True, eq=False)
class SignedPairs:
    """Pairs of rows that belong together, with a weight above 0, or apart, with one below 0.

    Attributes:
        first: (p,) int, one row of each pair.
        second: (p,) int, the other; no two pairs are of the same two rows.
        weight: (p,) float, not 0; 1 is the evidence of one reader, see `fhr.clustering.EVIDENCE`.
    """

    first: np.ndarray
    second: np.ndarray
    weight: np.ndarray

    def __len__(self) -> int:
        return len(self.weight)

    def matrix(self, n: int) -> sparse.csr_array:
        """Weights as a symmetric sparse matrix (n, n)."""
        rows, columns = np.r_[self.first, self.second], np.r_[self.second, self.first]
        return sparse.coo_array((np.r_[self.weight, self.weight], (rows, columns)), shape=(n, n)).tocsr()

    def chains(self, n: int) -> np.ndarray:
        """Number (n,) of the chain of must-links that each row is in; a row without any is a chain of its own."""
        must = self.weight > 0
        return chains(np.stack([self.first[must], self.second[must]], axis=1), n)

    def groups(self, n: int) -> list[tuple[np.ndarray, sparse.csr_array]]:
        """Rows of pairs in groups, within which none is paired with another, each with its weights (rows, n).

        The rows of a group can change at once: a change of the one is no news to the other, so that no two flip to and
        fro. A greedy colouring, rows of many pairs first.
        """
        beside: dict[int, list[int]] = {}
        for a, b in zip(self.first.tolist(), self.second.tolist(), strict=True):
            beside.setdefault(a, []).append(b)
            beside.setdefault(b, []).append(a)
        group: dict[int, int] = {}
        for row in sorted(beside, key=lambda row: (-len(beside[row]), row)):
            taken = {group[other] for other in beside[row] if other in group}
            group[row] = next(number for number in count() if number not in taken)
        rows, number = np.array(list(group), dtype=int), np.array(list(group.values()), dtype=int)
        weights = self.matrix(n)
        return [(rows[number == k], weights[rows[number == k]]) for k in range(number.max(initial=-1) + 1)]
