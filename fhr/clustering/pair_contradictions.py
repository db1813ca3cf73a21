"""Words on labels of pairs: unsure ones, records that are not there, and labels that contradict each other."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse.csgraph import breadth_first_order

from .pair_labels import PairLabels
from .signed_pairs import SignedPairs

__all__ = ["contradictions", "pair_words"]


def pair_words(labels: PairLabels, names: ArrayLike) -> list[str]:
    """Sentences on labels of pairs that a reader of a clustering should see; none where all is plain.

    Args:
        labels: of pairs.
        names: (n,) records of the clustering.
    """
    words = []
    if unsure := int((labels.together == 0).sum()):
        words.append(f"{unsure} of {len(labels)} pairs are unsure; they weigh nothing")
    if unknown := labels.unknown(np.asarray(names).astype(str).tolist()):
        apart = np.isin(labels.first, unknown) | np.isin(labels.second, unknown)
        words.append(
            f"{int(apart.sum())} of {len(labels)} pairs name records that are not there and are not used: "
            f"{_listed(unknown)}"
        )
    return words + contradictions(labels)


def contradictions(labels: PairLabels) -> list[str]:
    """Sentences on labels that cannot all be right, one for each two records; every one of them keeps its weight.

    Records that must-links join, directly or through others, are one kind: a cannot-link between two of them
    contradicts. Must-links count where they outweigh the cannot-links of the same two records.
    """
    names = np.unique(np.r_[labels.first, labels.second])
    return [*_direct(labels, names), *_through_chains(labels.among(names), names)]


def _direct(labels: PairLabels, names: np.ndarray) -> Iterator[str]:
    weights = []
    for relation in (1, -1):
        one = labels.together == relation
        pairs = PairLabels(labels.first[one], labels.second[one], labels.together[one], labels.weight[one]).among(names)
        weights.append({(a, b): w for a, b, w in zip(pairs.first, pairs.second, np.abs(pairs.weight), strict=True)})
    must, cannot = weights
    for a, b in sorted(must.keys() & cannot.keys()):
        net = must[a, b] - cannot[a, b]
        left = "must-link" if net > 0 else "cannot-link"
        counts = "cancel out" if np.isclose(net, 0) else f"count as a {left} of weight {abs(net):g}"
        yield (
            f"{names[a]} and {names[b]}: a must-link of weight {must[a, b]:g} and a cannot-link of weight "
            f"{cannot[a, b]:g}; they {counts}"
        )


def _through_chains(pairs: SignedPairs, names: np.ndarray) -> Iterator[str]:
    chain = pairs.chains(len(names))
    against = np.flatnonzero((pairs.weight < 0) & (chain[pairs.first] == chain[pairs.second]))
    must = pairs.weight > 0
    links = SignedPairs(pairs.first[must], pairs.second[must], pairs.weight[must]).matrix(len(names))
    before: dict[int, np.ndarray] = {}  # by record, the one before each on the shortest way from it
    for start, end, weight in zip(*(one[against] for one in (pairs.first, pairs.second, pairs.weight)), strict=True):
        if start not in before:
            before[start] = breadth_first_order(links, start, directed=False)[1]
        way = [int(end)]
        while way[-1] != start:
            way.append(int(before[start][way[-1]]))
        yield (
            f"{names[start]} and {names[end]}: a cannot-link of weight {-weight:g}, and must-links join them by way of "
            f"{_listed(names[way[-2:0:-1]])}; all count, each by its weight"
        )


def _listed(names: Iterable[str]) -> str:
    shown = [str(name) for name in names]
    return ", ".join(shown[:8]) + (f" and {len(shown) - 8} more" if len(shown) > 8 else "")
