"""The number of kinds: one more is claimed only where a kind splits better than reference data of one kind do."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fhr.compute import stream
from fhr.errors import FHRError

from .methods import NOWHERE, Method, Partition
from .one_kind import REFERENCES, OneKind

__all__ = ["KindsTest", "NumberOfKinds", "among_alike", "number_of_kinds", "one_kind_each"]

_FEWEST = 5  # points of a part, on average
_SEEDS = 1 << 31


@dataclass(frozen=True, eq=False)
class KindsTest:
    """A test whether K kinds are enough: the best split of any kind, ranked among reference data of one kind each.

    Attributes:
        kinds: K.
        p: the largest over the references.
        by_reference: p of each.
        gain: of the best split, in standard deviations of the reference that gives the largest p.
        null: (n_references,) gains of the best splits of that reference.
    """

    kinds: int
    p: float
    by_reference: Mapping[str, float]
    gain: float
    null: np.ndarray


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
    normal ones of the same covariance, and copulas with its marginals made unimodal. The statistic is the largest gain
    over kinds and parts, each gain standardised over the observed and the reference sets, and p is its rank; of several
    references the largest p counts. If K kinds are all there are, more are claimed with probability alpha at most, as
    far as the references are like such kinds.

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
        return NumberOfKinds(min(found, most), (one,), own)
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
    parts = [_parts(len(kind), method) for kind in kinds]
    observed = np.concatenate([_gains(kind, method, some, seed) for kind, some in zip(kinds, parts, strict=True)])
    found: dict[str, float] = {}
    gain, null = 0.0, np.zeros(n_references)
    for name in references:
        if not len(observed):  # kinds of so few points cannot be split
            found[name] = 1.0
            break
        rng = stream(seed, "reference data of one kind", len(kinds), list(REFERENCES).index(name))
        fitted = [REFERENCES[name].fit(kind) for kind in kinds]
        drawn = np.array([_drawn(fitted, kinds, parts, method, rng) for _ in range(n_references)])
        best = _standardised(observed, drawn).max(axis=1)
        p = float((best >= best[0]).mean())
        if not found or p > max(found.values()):
            gain, null = float(best[0]), best[1:]
        found[name] = p
        if p > alpha:
            break
    return KindsTest(len(kinds), max(found.values()), found, gain, null)


def among_alike(
    values: np.ndarray, alike: np.ndarray, method: Method, *, n_sets: int = 199, seed: int = 0
) -> KindsTest:
    """Test whether points split better than sets of points that stand for them, one of each.

    Each set takes, of each point, one of what stands for it, drawn. The point itself is not among these: where it lies
    otherwise, sets of both would be of two kinds.

    Args:
        values: (n, d).
        alike: (s, n, d), such as embedded surrogates of each labour.
        method: that splits.
        n_sets: how many.
        seed: of what is drawn.

    Raises:
        FHRError: another shape, or values that are not finite.
    """
    if alike.ndim != 3 or alike.shape[1:] != values.shape or not np.isfinite(alike).all():
        raise FHRError(f"what stands for points {values.shape} has shape {alike.shape}; give finite (s, n, d)")
    rng = stream(seed, "reference data of one kind", 0, len(REFERENCES))
    rows, parts = np.arange(len(values)), _parts(len(values), method)
    sets = (alike[rng.integers(0, len(alike), len(rows)), rows] for _ in range(n_sets))
    drawn = np.array([_gains(one, method, parts, int(rng.integers(_SEEDS))) for one in sets])
    best = _standardised(_gains(values, method, parts, seed), drawn).max(axis=1)
    p = float((best >= best[0]).mean())
    return KindsTest(1, p, {"alike": p}, float(best[0]), best[1:])


def _drawn(
    fitted: Sequence[OneKind],
    kinds: Sequence[np.ndarray],
    parts: Sequence[tuple[int, ...]],
    method: Method,
    rng: np.random.Generator,
) -> np.ndarray:
    """Gains of the splits of one reference set, of each kind in turn."""
    return np.concatenate(
        [
            _gains(one.draw(len(kind), rng), method, some, int(rng.integers(_SEEDS)))
            for one, kind, some in zip(fitted, kinds, parts, strict=True)
        ]
    )


def _parts(n: int, method: Method) -> tuple[int, ...]:
    return tuple(one for one in method.parts if n >= _FEWEST * one)


def _gains(values: np.ndarray, method: Method, parts: tuple[int, ...], seed: int) -> np.ndarray:
    if not parts:
        return np.empty(0)
    whole = method(values, 1, seed).looseness
    return np.array([whole - method(values, one, seed).looseness for one in parts])


def _standardised(observed: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Gains (1 + n, k) over all of them, the observed ones first; so every row is treated alike, as a rank asks."""
    together = np.vstack([observed, drawn])
    spread = together.std(axis=0)
    standardised: np.ndarray = (together - together.mean(axis=0)) / np.where(spread > 0, spread, 1)
    return standardised
