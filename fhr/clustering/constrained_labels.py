"""Labels of kinds by any method, with the labels of pairs."""

import warnings
from dataclasses import dataclass

import numpy as np

from fhr.errors import FHRError

from .constrained_kmeans import constrained_kmeans, moved_by_pairs
from .constrained_mixture import constrained_mixture, in_metric_of_pairs
from .methods import Method, Partition, method_from, within
from .pair_labels import PairLabels
from .signed_pairs import SignedPairs

__all__ = ["SplitWithPairs", "constrained_labels"]

_OWN = {"kmeans": constrained_kmeans, "gaussian_mixture": constrained_mixture}


def constrained_labels(
    method: str | Method, values: np.ndarray, k: int, pairs: SignedPairs, seed: int = 0, *, metric: bool = False
) -> np.ndarray:
    """Labels of k kinds that pairs have a say in; without pairs, or of one kind, those of the method itself.

    K-means and the mixture pay for pairs that they break. The other methods split values that pairs have moved.

    Args:
        method: name or method.
        values: (n, d).
        k: number of kinds.
        pairs: of rows.
        seed: of the starts.
        metric: whether values are brought to the metric that is learnt from pairs and values first; the mixture has it
            anyway.

    Returns:
        (n,) int from 0, `NOWHERE` for none.

    Raises:
        FHRError: an unknown method, fewer points than kinds, or pairs of rows that are not there.

    Example:
        >>> values = np.array([[0.0], [0.1], [0.4], [1.0], [1.1]])
        >>> pairs = SignedPairs(np.array([2]), np.array([3]), np.array([3.0]))
        >>> labels = constrained_labels("kmeans", values, 2, pairs)
        >>> bool(labels[2] == labels[3])
        True
    """
    method = method_from(method)
    rows = np.r_[pairs.first, pairs.second]
    if rows.min(initial=0) < 0 or rows.max(initial=-1) >= len(values):
        raise FHRError(f"pairs of rows that are not among {len(values)}; take `PairLabels.among` of these records")
    if not len(pairs) or not 1 < k <= len(values):
        return method(values, k, seed).labels
    own = _OWN.get(method.name)
    with warnings.catch_warnings():  # fewer distinct points than kinds: as `Method` does
        warnings.simplefilter("ignore")
        if metric and method.name != "gaussian_mixture":
            values = in_metric_of_pairs(values, k, pairs, seed)
        if own:
            return own(values, k, pairs, seed)
        return method(moved_by_pairs(values, k, pairs, seed), k, seed).labels


@dataclass(frozen=True, eq=False)
class SplitWithPairs:
    """Partitions of some rows of a table, by a method and the labels of pairs.

    Attributes:
        method: that splits.
        labels: of pairs of records.
        names: (n,) record of each row of the table.
    """

    method: Method
    labels: PairLabels
    names: np.ndarray

    def __call__(self, values: np.ndarray, rows: np.ndarray, kinds: int, seed: int) -> Partition:
        """Split values (m, d) of rows (m,), of which no two are of one record."""
        pairs = self.labels.among(self.names[rows])
        labels = constrained_labels(self.method, values, kinds, pairs, seed)
        return Partition(labels, within(values, labels))
