"""Weak labels: pairs of records that a reader calls one kind, or not, and outcomes that are known for some."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from fhr.compute import stream
from fhr.errors import FHRError

from .signed_pairs import SignedPairs

__all__ = ["PairLabels"]

_COMPARED_WITH = 20  # other labels that one is compared with, at most: pairs grow with the records, not their square
_MISSING = ("", "nan", "NaN", "NaT", "None", "<NA>")


@dataclass(frozen=True, eq=False)
class PairLabels:
    """Pairs of records that belong together or not.

    Nothing is dropped: labels of the same two records add up, each by its weight; labels that contradict each other
    stay, and `pair_words` tells of them. An unsure pair has no part in the cost of a clustering, since it says neither:
    a pull toward one half would be a claim, and records between two kinds have a chance near one half anyway.

    Attributes:
        first: (n,) names of records.
        second: (n,) names of the records they were compared with.
        together: (n,) 1 for a must-link, -1 for a cannot-link, 0 for unsure.
        weight: (n,) above 0, of a label beside the others; 1 is the evidence of one reader, `fhr.clustering.EVIDENCE`.

    Raises:
        FHRError: arrays of different lengths; a record without a name or paired with itself; another relation; a weight
            that is not above 0.

    Example:
        >>> labels = PairLabels(["a", "a"], ["b", "c"], [1, -1])
        >>> labels.among(["c", "b", "a"]).weight
        array([-1.,  1.])
    """

    first: np.ndarray
    second: np.ndarray
    together: np.ndarray
    weight: np.ndarray

    def __init__(
        self, first: ArrayLike, second: ArrayLike, together: ArrayLike, weight: ArrayLike | None = None
    ) -> None:
        names = [np.asarray(one).astype(str) for one in (first, second)]
        try:
            relation = np.asarray(together, dtype=float)
            weights = np.ones(relation.shape) if weight is None else np.asarray(weight, dtype=float)
        except (TypeError, ValueError) as error:
            raise FHRError(f"together and weight are no numbers ({error}); give 1 for a must-link") from None
        shapes = [one.shape for one in (*names, relation, weights)]
        if len(set(shapes)) > 1 or len(shapes[0]) != 1:
            said = ", ".join(map(str, shapes))
            raise FHRError(f"first, second, together and weight of shapes {said}; give (n,) of one length")
        faults = (
            ((names[0] == "") | (names[1] == ""), "a record has no name; name both"),
            (names[0] == names[1], "a record is paired with itself; leave that pair out"),
            (~np.isin(relation, (-1, 0, 1)), "together is none of 1, -1 and 0; give 1 for a must-link"),
            (~(np.isfinite(weights) & (weights > 0)), "the weight is not above 0; give another, or leave the pair out"),
        )
        for wrong, fault in faults:
            if wrong.any():
                i = int(np.flatnonzero(wrong)[0])
                said = f"{str(names[0][i])!r} and {str(names[1][i])!r}, {relation[i]:g}, weight {weights[i]:g}"
                raise FHRError(f"pair {i} ({said}): {fault}")
        for name, value in zip(("first", "second", "together", "weight"), (*names, relation, weights), strict=True):
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return len(self.together)

    @classmethod
    def of_partial_labels(cls, records: ArrayLike, labels: Sequence[object], *, seed: int = 0) -> Self:
        """Pairs of the records whose label is known: one label is a must-link, two are a cannot-link.

        A label is one statement, not n - 1: it is compared with 20 others at most, drawn so that each has as many, and
        its pairs share a weight of 1. 10,000 labels give 100,000 pairs.

        Args:
            records: (n,) names, each once.
            labels: (n,) classes; NaN, None and empty text are unknown.
            seed: of the draw.

        Raises:
            FHRError: names and labels that do not fit; a name twice; fewer than two known labels; more classes than
                half the known labels, which is a measure and no class.
        """
        names, kinds = np.asarray(records).astype(str), np.array([str(one) for one in labels], dtype=str)
        if names.shape != kinds.shape:
            raise FHRError(f"{len(kinds)} labels for records of shape {names.shape}; give one for each of (n,)")
        known = ~np.isin(kinds, _MISSING)
        names, kinds = _each_once(names[known]), np.unique(kinds[known], return_inverse=True)[1]
        n = len(names)
        if n < 2:
            raise FHRError(f"{n} of {len(known)} labels are known; a pair takes two")
        if kinds.max() + 1 > max(2, n / 2):
            raise FHRError(f"{kinds.max() + 1} different labels of {n} records; give classes, such as low pH or not")
        # Neighbours on a ring in drawn order: every record is in equally many pairs, and no pair comes twice.
        order = stream(seed, "pairs of partial labels").permutation(n)
        steps = range(1, min(_COMPARED_WITH // 2, (n - 1) // 2) + 1)
        ring = [np.stack([order, np.roll(order, -step)]) for step in steps]
        if n % 2 == 0 and n <= _COMPARED_WITH:
            ring.append(np.stack([order[: n // 2], order[n // 2 :]]))  # opposite ones: then all pairs are there
        i, j = np.concatenate(ring, axis=1)
        weight = np.full(len(i), n / (2 * len(i)))
        return cls(names[i], names[j], np.where(kinds[i] == kinds[j], 1, -1), weight)

    def unknown(self, names: Iterable[str]) -> tuple[str, ...]:
        """Records of pairs that are not among `names`, sorted."""
        return tuple(sorted({*self.first.tolist(), *self.second.tolist()} - {str(name) for name in names}))

    def among(self, names: ArrayLike) -> SignedPairs:
        """Pairs of which both records are among `names`, as rows of it.

        Labels of the same two records become one pair of their net weight; what cancels out, and what is unsure, is no
        pair. A repetition of a clustering has a part of the records, so that records that are not there pass in
        silence: ask `unknown` or `pair_words` once, for all of them.

        Args:
            names: (n,) records of the rows, each once.

        Raises:
            FHRError: a name that stands twice.
        """
        names = _each_once(np.asarray(names).astype(str))
        order = np.argsort(names)
        rows = []
        for records in (self.first, self.second):
            place = np.minimum(np.searchsorted(names, records, sorter=order), len(names) - 1)
            rows.append(np.where(names[order[place]] == records, order[place], -1))
        there = (np.min(rows, axis=0) >= 0) & (self.together != 0)
        low, high = np.sort(np.stack(rows)[:, there], axis=0)
        pair, which = np.unique(np.stack([low, high]), axis=1, return_inverse=True)
        net = np.bincount(which.ravel(), (self.together * self.weight)[there], minlength=pair.shape[1])
        kept = ~np.isclose(net, 0)
        return SignedPairs(pair[0][kept], pair[1][kept], net[kept])


def _each_once(names: np.ndarray) -> np.ndarray:
    found, counts = np.unique(names, return_counts=True)
    if (counts > 1).any():
        raise FHRError(
            f"record {str(found[counts > 1][0])!r} stands {counts.max()} times (of {(counts > 1).sum()} such records); "
            "give one row a record"
        )
    return names
