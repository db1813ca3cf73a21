"""The number of kinds: one more is claimed only where a kind splits better than reference data of one kind do."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from fhr.compute import stream
from fhr.errors import FHRError

from .methods import NOWHERE, Method, Partition
from .one_kind import REFERENCES, widths_of_one_mode

__all__ = ["KindsTest", "NumberOfKinds", "among_alike", "number_of_kinds", "one_kind_each"]

_FEWEST = 5  # points of a part, on average
_LOOKED_AT = 4  # parts at most between which valleys are sought: of five there are ten lines
_NO_VALLEY = -6.0
_SEEDS = 1 << 31


@dataclass(frozen=True, eq=False)
class KindsTest:
    """A test whether K kinds are enough: the best split of any kind, ranked among reference data of one kind each.

    Attributes:
        kinds: K.
        p: the largest over the references and both statistics.
        by_reference: p of each.
        gain: the statistic of the best split that has the largest p, in standard deviations over that reference.
        null: (n_references,) the same of the best splits of that reference.
        statistic: `gain` or `valley`, see `number_of_kinds`.
    """

    kinds: int
    p: float
    by_reference: Mapping[str, float]
    gain: float
    null: np.ndarray
    statistic: str = "gain"


@dataclass(frozen=True, eq=False)
class NumberOfKinds:
    """The number of kinds, and the tests that led to it.

    Attributes:
        number: the least K that is not rejected, or the largest that was asked for.
        tests: of 1 kind, 2 kinds and so on up to it.
        partition: of the points into so many.
        reached_most: whether the largest number that was asked for was rejected too.
    """

    number: int
    tests: tuple[KindsTest, ...]
    partition: Partition
    reached_most: bool = False


def number_of_kinds(
    values: np.ndarray,
    method: Method,
    *,
    most: int = 8,
    alpha: float = 0.05,
    references: Sequence[str] = ("gaussian", "copula"),
    n_references: int = 199,
    seed: int = 0,
    split: Callable[[int], Partition] | None = None,
) -> NumberOfKinds:
    """Ask for K = 1, 2, ... whether each of K kinds is one kind; stop at the first K where nothing speaks against it.

    A kind is split into two to five parts by the same method, and so are reference sets of one kind of as many points:
    normal ones of the same covariance, and copulas with its marginals made unimodal. Two things are asked of the
    best split. It has to make kinds tighter than splits of the references do (`gain`), and there has to be a valley
    between two parts, deeper than theirs, along the line between their centres (`valley`): one kind that is bent, or
    has corners, splits well without any. Either is the largest over kinds and parts, standardised over the observed and
    the reference sets, and p is its rank; the largest p over statistics and references counts. If K kinds are all there
    are, more are claimed with probability alpha at most, as far as the references are like such kinds.

    Args:
        values: (n, d), one point a labour.
        method: that splits.
        most: largest number that is claimed.
        alpha: level of each test.
        references: names of `REFERENCES`.
        n_references: sets of each.
        seed: of what is drawn.
        split: partition into K kinds, where it is not that of the method alone; None for the method.

    Raises:
        FHRError: a level that no rank reaches, an unknown reference, or fewer points than kinds.
    """
    if not 0 < alpha < 1 or (n_references + 1) * alpha < 1:
        raise FHRError(
            f"level {alpha:g} with {n_references} reference sets; take a level between 0 and 1 and "
            f"{int(np.ceil(1 / alpha)) - 1 if 0 < alpha < 1 else 19} sets or more"
        )
    if not references or (unknown := sorted(set(references) - set(REFERENCES))):
        raise FHRError(
            f"references {', '.join(unknown) if references else '(none)'} are not known; choose from "
            f"{', '.join(REFERENCES)}"
        )
    whole = split or (lambda kinds: method(values, kinds, seed))
    if method.own_number:
        own = whole(2)
        found = len(np.unique(own.labels[own.labels != NOWHERE]))
        one = one_kind_each(values, method, np.zeros(len(values), dtype=int), alpha, references, n_references, seed)
        if found < 2 or one.p > alpha:
            return NumberOfKinds(1, (one,), whole(1))
        return NumberOfKinds(found, (one,), own, reached_most=found > most)
    tests: list[KindsTest] = []
    for kinds in range(1, most + 1):
        partition = whole(kinds)
        tests.append(one_kind_each(values, method, partition.labels, alpha, references, n_references, seed))
        if tests[-1].p > alpha:
            return NumberOfKinds(kinds, tuple(tests), partition)
    return NumberOfKinds(most, tuple(tests), partition, reached_most=True)


def one_kind_each(
    values: np.ndarray,
    method: Method,
    labels: np.ndarray,
    alpha: float,
    references: Sequence[str],
    n_references: int,
    seed: int,
) -> KindsTest:
    """Test whether each of the kinds that labels (n,) name is one kind; what belongs nowhere does not count.

    The references are gone through in turn, and no more once one of them says that nothing is there.
    """
    kinds = [values[labels == kind] for kind in np.unique(labels) if kind != NOWHERE]
    observed = _split(kinds, method, seed)
    tests: dict[str, KindsTest] = {}
    for name in references:
        if not observed:  # kinds of so few points cannot be split
            return KindsTest(len(kinds), 1.0, {name: 1.0}, 0.0, np.zeros(n_references), "gain")
        rng = stream(seed, "reference data of one kind", len(kinds), list(REFERENCES).index(name))
        fitted = [REFERENCES[name].fit(kind) for kind in kinds]
        sets = (
            [one.draw(len(kind), rng) for one, kind in zip(fitted, kinds, strict=True)] for _ in range(n_references)
        )
        tests[name] = _ranked(observed, sets, method, alpha, rng)
        if tests[name].p > alpha:
            break
    worst = max(tests.values(), key=lambda test: test.p)
    return replace(worst, kinds=len(kinds), by_reference={name: test.p for name, test in tests.items()})


def among_alike(
    values: np.ndarray, alike: np.ndarray, method: Method, *, n_sets: int = 199, alpha: float = 0.05, seed: int = 0
) -> KindsTest:
    """Test whether points split better than sets of points that stand for them, one of each.

    Each set takes, of each point, one of what stands for it, drawn. The point itself is not among these: where it lies
    otherwise, sets of both would be of two kinds.

    Args:
        values: (n, d).
        alike: (s, n, d), such as embedded surrogates of each labour.
        method: that splits.
        n_sets: how many.
        alpha: level; above it the second statistic is not asked.
        seed: of what is drawn.

    Raises:
        FHRError: another shape, or values that are not finite.
    """
    if alike.ndim != 3 or alike.shape[1:] != values.shape or not np.isfinite(alike).all():
        raise FHRError(f"what stands for points {values.shape} has shape {alike.shape}; give finite (s, n, d)")
    rng, rows = stream(seed, "sets of surrogates of labours"), np.arange(len(values))
    sets = ([alike[rng.integers(0, len(alike), len(rows)), rows]] for _ in range(n_sets))
    test = _ranked(_split([values], method, seed), sets, method, alpha, rng)
    return replace(test, by_reference={"alike": test.p})


def _ranked(
    observed: "Splits", sets: Iterable[list[np.ndarray]], method: Method, alpha: float, rng: np.random.Generator
) -> KindsTest:
    """Rank the splits of kinds among those of sets, by either statistic in turn; the larger p counts."""
    drawn = [(one, int(rng.integers(_SEEDS))) for one in sets]
    split = [observed, *_split_sets([one for one, _ in drawn], method, [seed for _, seed in drawn])]
    tests = []
    asked = ("gain",) if method.own_number else tuple(_STATISTICS)  # that one seeks valleys itself
    for name in asked:
        statistics = _STATISTICS[name]([one for splits in split for one in splits])
        best = _standardised(statistics.reshape(len(split), -1)).max(axis=1)
        p = float((best >= best[0]).mean())
        tests.append(KindsTest(1, p, {}, float(best[0]), best[1:], name))
        if p > alpha:
            break
    return max(tests, key=lambda test: test.p)


Splits = list[tuple[np.ndarray, Partition, Partition]]
"""Values of a kind, the kind as a whole, and its parts, for each kind and number of parts."""


def _split(kinds: Sequence[np.ndarray], method: Method, seed: int) -> Splits:
    """Split each kind in every way that its size allows."""
    return _split_sets([kinds], method, [seed])[0]


def _split_sets(sets: Sequence[Sequence[np.ndarray]], method: Method, seeds: Sequence[int]) -> list[Splits]:
    """The same of sets whose kinds are of the same sizes, with a seed each."""
    found: list[Splits] = [[] for _ in sets]
    for kind in map(np.stack, zip(*sets, strict=True)):
        parts = [one for one in method.parts if kind.shape[1] >= _FEWEST * one]
        wholes = method.of_sets(kind, 1, seeds) if parts else []
        for one in parts:
            for splits, split in zip(
                found, zip(kind, wholes, method.of_sets(kind, one, seeds), strict=True), strict=True
            ):
                splits.append(split)
    return found


def _gains(splits: Splits) -> np.ndarray:
    return np.array([whole.looseness - parts.looseness for _, whole, parts in splits])


def _valleys(splits: Splits) -> np.ndarray:
    """The width of `width_of_one_mode` of any two parts along the line between their centres, in SD: the largest, log.

    It is that of a point cloud without a valley where there are too many parts to look at, or none.
    """
    lines = [(number, one) for number, (values, _, parts) in enumerate(splits) for one in _between(values, parts)]
    widths = widths_of_one_mode([one for _, one in lines])
    deepest = np.full(len(splits), _NO_VALLEY)
    for (number, one), width in zip(lines, widths, strict=True):
        deepest[number] = max(deepest[number], np.log(width / one.std()))
    return deepest


def _between(values: np.ndarray, parts: Partition) -> Iterator[np.ndarray]:
    """Places of the points of each two parts along the line between their centres, where they differ."""
    labels = parts.labels
    sizes = {part: int((labels == part).sum()) for part in np.unique(labels) if part != NOWHERE}
    if len(sizes) <= _LOOKED_AT:
        for a, b in combinations([part for part, size in sizes.items() if size >= _FEWEST], 2):
            both = (labels == a) | (labels == b)
            along = values[both] @ (values[labels == a].mean(axis=0) - values[labels == b].mean(axis=0))
            if along.std() > 0:
                yield along


_STATISTICS = {"gain": _gains, "valley": _valleys}


def _standardised(rows: np.ndarray) -> np.ndarray:
    """Statistics (1 + n, k) over all rows, the observed one first; every row is treated alike, as a rank asks."""
    spread = rows.std(axis=0)
    standardised: np.ndarray = (rows - rows.mean(axis=0)) / np.where(spread > 0, spread, 1)
    return standardised
