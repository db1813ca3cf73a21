"""`find_kinds`: are there kinds of labour, how many, and which labour belongs to which?"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fhr.compute import Countdown, spread, stream, tell, whole_number
from fhr.errors import FHRError
from fhr.similarity import OpenIndex, SimilarityIndex

from .kept_repetitions import KeptRepetitions
from .kinds import Kinds
from .known_values import mean_of_known
from .membership import NormalKinds, aligned
from .methods import NOWHERE, Method, method_from
from .number import KindsTest, NumberOfKinds
from .one_kind import REFERENCES, GaussianKind
from .pair_contradictions import pair_words
from .pair_labels import PairLabels
from .points import Points
from .repetitions import Repetition, Retrain, Task, check_unseen, one_row_a_labour, repeat

__all__ = ["find_kinds"]

_IN_REPETITIONS = 39  # reference sets: the fewest that reach 5% with one of them above
_FARTHEST = 99  # reference sets that tell how far the farthest of a kind lies

Among = Points | SimilarityIndex | OpenIndex | ArrayLike


def find_kinds(
    among: Among,
    *,
    names: Sequence[str] | np.ndarray | None = None,
    method: str | Method = "kmeans",
    kinds: int | None = None,
    most: int = 8,
    alpha: float = 0.05,
    repetitions: int = 200,
    references: Sequence[str] = tuple(REFERENCES),
    n_references: int = 199,
    retrain: Retrain | None = None,
    pairs: PairLabels | None = None,
    axes: int = 10,
    seed: int = 0,
    workers: int = 1,
    kept: str | Path | None = None,
) -> Kinds:
    """Seek kinds of labour, with confidence in their number and in every membership.

    The number is the first K for which nothing speaks against each of K kinds being one, see `number_of_kinds`; "one
    kind" is an answer. Then labours are drawn again, with replacement, each counted once, and the whole is repeated:
    P(K) is the share of the repetitions with each number, and a membership the mean probability over them. An embedding
    that is learnt is learnt again in each, from the labours that were drawn, and kinds are sought among the others; p
    is then twice the median over the repetitions.

    Args:
        among: `Points`, an index of `fhr.similarity`, or vectors (n, d) in comparable units.
        names: labour of each vector; None where each is a labour of its own, or for an index.
        method: a name of `METHODS`.
        kinds: number to describe, whatever the tests say, which are told all the same; None for the one they find.
        most: largest number that is claimed; never more than a fifth of the labours.
        alpha: level of the tests.
        repetitions: how many.
        references: of one kind, names of `REFERENCES`.
        n_references: sets of each, for the test of all labours.
        retrain: learns the embedding anew; None for one that learns nothing.
        pairs: what is known of pairs of labours, by name: it has a say in every partition and membership, and what is
            found without it stands beside, in `Kinds.without`. The tests do not count it as evidence.
        axes: principal axes that are kept.
        seed: of everything.
        workers: processes.
        kept: folder in which the repetitions are kept as they are done, and taken from; None to keep none.

    Raises:
        FHRError: fewer than 20 labours, or than 20 that a learnt embedding has not seen in a repetition; fewer labours
            than kinds, a number of kinds for a method that finds it, vectors that are not numbers or all the same, an
            unknown method or reference, or a level that no rank reaches.

    Source:
        The median of p-values: Meinshausen, Meier and Bühlmann 2009, doi:10.1198/jasa.2009.tm08647.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> found = find_kinds(rng.normal(size=(60, 2)), repetitions=5, n_references=19)
        >>> found.number
        1
    """
    points, method = points_of(among, names, axes), method_from(method)
    whole_number(most, "most", 1)
    whole_number(repetitions, "repetitions", 1)
    n = len(points.labours)
    if kinds is not None and whole_number(kinds, "kinds", 1) > n // 5:
        raise FHRError(f"kinds={kinds} for {n} labours; ask for 1 to {n // 5} kinds, of 5 labours or more each")
    if kinds is not None and method.own_number:
        raise FHRError(f"kinds={kinds}: {method.name} finds the number itself; leave it out, or take another method")
    if retrain is not None:
        check_unseen(points, repetitions, seed)
    most = min(most, n // 5)
    level = (most, alpha, tuple(references))
    in_each = n_references if retrain is not None else min(n_references, max(_IN_REPETITIONS, _fewest(alpha)))
    task = Task(points, method, *level, in_each, seed, kinds, pairs, retrain, axes)
    source = _source(among)
    seek = partial(_found, source=source, n_references=n_references, repetitions=repetitions, workers=workers)
    found = seek(task, kept=kept)
    if pairs is None:
        return found
    alone = None if kept is None else Path(kept, "without pairs")
    without = seek(replace(task, pairs=None), kept=alone)
    said = [*found.facts["said"], *pair_words(pairs, points.labours)]
    if not points.one_row_each:
        said.append("labours have several windows: pairs have a say in the kinds, and none in single memberships")
    return replace(found, facts={**found.facts, "said": said, "n_pairs": len(pairs)}, without=without)


def _found(
    task: Task,
    *,
    source: OpenIndex | None,
    n_references: int,
    repetitions: int,
    workers: int,
    kept: str | Path | None,
) -> Kinds:
    asked = task.chosen
    if task.retrain is None:
        whole, rows, anchor = _of_all(task, n_references)
        task = replace(task, chosen=task.chosen or whole.number)
        done = _repeated(task, repetitions, workers, kept)
        found_number, number, tests = whole.number, task.chosen, whole.tests
        farthest = _farthest(task, task.points.values[rows], whole)
    else:
        done = _repeated(task, repetitions, workers, kept)
        tests = _median_tests(done)
        found_number = _number(tests, task.alpha, task.most)
        if task.method.own_number and found_number > 1:
            found_number = int(np.median([one.number for one in done if one.number > 1]))
        number = task.chosen or found_number
        anchor, farthest = None, np.inf
    assert number is not None
    found = _summary(task, done, number, tests, anchor, farthest, repetitions)
    known = {"asked": asked, "found": found_number, **({} if source is None else source.index.facts)}
    return replace(found, source=source, facts={**known, **found.facts})


def _source(among: Among) -> OpenIndex | None:
    if isinstance(among, SimilarityIndex):
        return OpenIndex(among, None)
    return among if isinstance(among, OpenIndex) else None


def points_of(among: Among, names: Sequence[str] | np.ndarray | None = None, axes: int = 10) -> Points:
    """The points of what `find_kinds` takes.

    Raises:
        FHRError: names beside an index, which has its own, or as `Points.of`.
    """
    if isinstance(among, Points | SimilarityIndex | OpenIndex):
        if names is not None:
            raise FHRError("names beside points or an index, which have their own; leave them out")
        if isinstance(among, Points):
            return among
        return Points.of_index(among.index if isinstance(among, OpenIndex) else among, axes=axes)
    return Points.of(among, names, axes=axes)


def _of_all(task: Task, n_references: int) -> tuple[NumberOfKinds, np.ndarray, np.ndarray]:
    """The number of kinds of all labours, the rows that it is of, and the memberships (n, K) of all rows."""
    points, rng = task.points, stream(task.seed, "windows that stand for labours")
    rows = one_row_a_labour(points.labour, np.arange(len(points.labours)), rng, most=task.method.largest)
    values = points.values[rows]
    whole = task.number(values, rows, task.seed, n_references)
    if task.chosen is not None and task.chosen != whole.number:
        whole = replace(whole, partition=task.partition(values, rows, task.chosen, task.seed))
    everywhere = np.ones(len(points), dtype=bool)
    return whole, rows, task.soft(values, whole.partition.labels, points.values, everywhere)[0]


def _repeated(task: Task, repetitions: int, workers: int, kept: str | Path | None) -> list[Repetition]:
    store = None if kept is None else KeptRepetitions.open(kept, task)
    done = {} if store is None else store.load(repetitions)
    left = [number for number in range(repetitions) if number not in done]
    if done:
        tell("%d of %d repetitions are kept in %s", len(done), repetitions, kept)
    with Countdown(len(left), what="repetition", workers=workers) as countdown:
        for number, found in spread(_numbered, left, shared=task, workers=workers):
            done[number] = found
            if store is not None:
                store.save(number, found)
            countdown.update()
    return [done[number] for number in range(repetitions)]


def _numbered(task: Task, number: int) -> tuple[int, Repetition]:
    return number, repeat(task, number)


def _fewest(alpha: float) -> int:
    return int(np.ceil(2 / alpha)) - 1 if 0 < alpha < 1 else 0


def _median_tests(done: Sequence[Repetition]) -> tuple[KindsTest, ...]:
    """Of each K, twice the median p over the repetitions; one that stopped before K says 1."""
    most = max(len(one.tests) for one in done)
    tests = []
    for k in range(most):
        each = [one.tests[k] if len(one.tests) > k else None for one in done]
        p = np.array([1.0 if test is None else test.p for test in each])
        middle = [test for test in each if test is not None]
        middle.sort(key=lambda test: test.p)
        typical = middle[len(middle) // 2]
        tests.append(replace(typical, p=float(min(1.0, 2 * np.median(p))), by_reference={}))
    return tuple(tests)


def _number(tests: Sequence[KindsTest], alpha: float, most: int) -> int:
    return next((k + 1 for k, test in enumerate(tests) if test.p > alpha), min(len(tests) + 1, most))


def _farthest(task: Task, values: np.ndarray, whole: NumberOfKinds) -> float:
    """Distance to the nearest centre that the farthest of as many points of normal kinds exceeds in 5% of sets.

    The kinds of a set are fitted as those of a repetition are, to the points that are drawn, and the others count.
    Kinds without centres have an inside, beyond which nothing is.
    """
    if task.method.any_shape:
        return 0.0
    rng, labels = stream(task.seed, "farthest of a kind"), whole.partition.labels
    parts = [values[labels == kind] for kind in np.unique(labels) if kind != NOWHERE]
    fitted = [GaussianKind.fit(part) for part in parts]
    of_kind = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    farthest = []
    for _ in range(_FARTHEST):
        drawn = np.concatenate([one.draw(len(part), rng) for one, part in zip(fitted, parts, strict=True)])
        some = np.unique(rng.integers(0, len(drawn), len(drawn)))
        others = np.delete(np.arange(len(drawn)), some)
        farthest.append(NormalKinds.fit(drawn[some], of_kind[some]).distance(drawn[others]).max(initial=0))
    return float(np.quantile(farthest, 0.95))


def _summary(
    task: Task,
    done: Sequence[Repetition],
    number: int,
    tests: tuple[KindsTest, ...],
    anchor: np.ndarray | None,
    farthest: float,
    repetitions: int,
) -> Kinds:
    memberships = []
    for one in done:
        found = one.memberships if one.number == number else one.of_chosen
        if found is None or found.shape[1] != number:
            continue
        memberships.append(found if anchor is None else aligned(found, anchor))
        if task.retrain is not None:  # no repetition knows of all labours
            anchor = mean_of_known(np.stack(memberships))
    n = len(task.points)
    if not memberships:
        raise FHRError(
            f"none of {repetitions} repetitions found {number} kinds, so no membership can be told; ask for more "
            "repetitions, or take another method"
        )
    together = np.stack(memberships)
    far = np.array([np.where(np.isnan(one.distance), np.nan, one.distance > farthest) for one in done])
    nowhere = np.nan_to_num(mean_of_known(far))
    said = list(task.points.said)
    if len(memberships) < repetitions:
        said.append(f"memberships are of {len(memberships)} of {repetitions} repetitions, which made so many kinds")
    if task.retrain is not None:
        said.append("of an embedding that is learnt anew, what belongs to no kind is not told")
    facts: dict[str, Any] = {
        "method": task.method.name,
        "most": task.most,
        "alpha": task.alpha,
        "references": list(task.references),
        "n_references": len(tests[0].null),
        "repetitions": repetitions,
        "retrained": task.retrain is not None,
        "seed": task.seed,
        "n_windows": n,
        "n_labours": len(task.points.labours),
        "axes": task.points.values.shape[1],
        "share": task.points.share,
        "said": said,
    }
    numbers = np.array([one.number for one in done])
    return Kinds(task.points, number, tests, numbers, together, tuple(one.memberships for one in done), nowhere, facts)
