"""`what_distinguishes`: features, covariates and outcomes in which kinds differ, on labours that made no kinds."""

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple, get_args

import numpy as np
import pandas as pd

from fhr.compute import progress, stream, whole_number
from fhr.errors import FHRError
from fhr.metrics import FDRMethod, exact_interval, false_discovery_rate_at

from .clinical_columns import described, is_apart
from .clinical_table import clinical_table
from .group_differences import epsilon_squared, fisher_freeman_halton, kept_by_kinds, kruskal_wallis, rank_biserial
from .halves import Halves, most_probable
from .kinds import Kinds
from .membership import aligned
from .methods import NOWHERE, Method, method_from
from .one_kind import REFERENCES
from .points import Points
from .repetitions import one_row_a_labour
from .smooth_dependence import SmoothDependence

__all__ = ["what_distinguishes"]

_SEEDS = 1 << 31
_FEWEST = 10  # labours of which a number is known, or nothing is tested


class _Tested(NamedTuple):
    """Values (n, d) and features (n, c) of one row a labour, their halves, and the kinds (t,) of the tested half."""

    values: np.ndarray
    features: np.ndarray
    halves: Halves
    labels: np.ndarray
    kinds: int


def what_distinguishes(
    found: Kinds,
    table: pd.DataFrame | None = None,
    *,
    kinds: int | None = None,
    method: str | Method | None = None,
    apart: Sequence[str] | None = None,
    fdr: FDRMethod = "hochberg",
    references: Sequence[str] = tuple(REFERENCES),
    n_references: int = 199,
    permutations: int = 9_999,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare kinds of labour, a row a column of a table, on labours that made no kinds.

    The kinds are made anew of a random half of the labours, and each labour of the other half belongs to the most
    probable one. Everything that is told is of this other half.

    That is a test of what the points do not read, such as outcomes and covariates: Kruskal and Wallis's, or Fisher,
    Freeman and Halton's of what has two values. It is none of features of the same signal: kinds that are made of them
    differ in them, in new labours too, where there are no kinds at all (Gao, Bien and Witten). For those the hypothesis
    is one kind: the same is done with reference sets of one kind whose features, of one mode, hang on the points as the
    real ones do, see `SmoothDependence`. P is the rank of `kept`, the share that kinds keep of what the points tell of
    a feature: two parts of one normal kind keep about two thirds, two kinds that lie apart nearly all. Of several
    references the largest p counts. So a large p says that parts of one kind would differ as much, not that the kinds
    are alike: medians and effect tell by how much they differ. Of skewed points and a feature that bends strongly with
    them, such as their square, p errs to the small side (`benchmarks/clustering_differences.py`).

    Args:
        found: of `find_kinds`.
        table: of numbers, by name of the labour; or a row a point, indexed by `found.points.names` in their order, of
            the very windows. NaN is unknown. None for `clinical_table` of the index that the kinds are of.
        kinds: how many; None for the number that was found. If that is one, there is nothing to compare.
        method: that makes them; None for that of `found`, by its name.
        apart: columns that the points do not read, which are tested for any difference; None for the outcomes and
            covariates of `fhr.recording`. Leave out what the embedding learnt from; pairs and labels have no say here.
        fdr: of `q` over all that was tested, see `fhr.metrics.false_discovery_rate_at`.
        references: of one kind, names of `REFERENCES`.
        n_references: sets of each.
        permutations: of a test.
        seed: of everything.

    Returns:
        By column of the table: `words`, `unit`, `read` (whether the points read it or may), `two_valued`, `n` known, of
        each kind k `n_k`, `kind_k` (median, or share of what has two values), `low_k` and `high_k` (quartiles, or exact
        95% interval); `effect`, by `measure` (rank-biserial of kind 2 against kind 1, epsilon squared of more kinds),
        of what is read `kept` and `kept_by_one_kind` (median of the references), `test`, `p` and `q`. NaN where nothing
        can be said. Empty where one kind was found. `attrs` holds `kinds`, `shares` of the tested labours, `n_made`,
        `n_tested`, the settings, and `said`, sentences.

    Raises:
        FHRError: a table that has no numbers of the labours, names that are not of it, too few labours, a method that
            finds another number in half of them, or unknown settings.

    Source:
        Gao, Bien and Witten 2024, J. Am. Statist. Assoc. 119:332, doi:10.1080/01621459.2022.2116331, for why a split
        alone does not do.
    """
    if fdr not in get_args(FDRMethod):
        raise FHRError(f"fdr={fdr!r}; choose from {', '.join(map(repr, get_args(FDRMethod)))}")
    if not references or (unknown := sorted(set(references) - set(REFERENCES))):
        raise FHRError(f"references {unknown if references else '(none)'}; choose from {', '.join(REFERENCES)}")
    whole_number(n_references, "n_references", 1)
    whole_number(permutations, "permutations", 1)
    if table is None:
        if found.source is None:
            raise FHRError("the kinds are of vectors, of which no recordings are known; give a table")
        table = clinical_table(found.source, found.points)
    numbers = _numbers(table, found.points)
    read = ~np.isin(numbers.columns, _apart(numbers, apart))
    number = found.number if kinds is None else whole_number(kinds, "kinds", 2)
    about: dict[Hashable | None, Any] = {"kinds": number, "fdr": fdr, "seed": seed}
    about |= {"references": list(references), "n_references": n_references, "permutations": permutations}
    about["said"] = [*_said(found, number), *table.attrs.get("said", ())]
    if number == 1:
        nothing = pd.DataFrame(columns=["words", "unit", "read", "n", "effect", "measure", "test", "p", "q"])
        nothing.attrs = about | {"shares": [1.0], "n_made": 0, "n_tested": 0}
        return nothing
    by = method_from(found.facts["method"] if method is None else method)
    tested = _split(found, numbers.to_numpy(), number, by, seed)
    kept = _kept(tested)
    p_of_read, usual = _against_one_kind(tested, kept, read, by, references, n_references, seed)
    rows = {}
    for j, name in enumerate(numbers.columns):
        column = described(name)
        row: dict[str, Any] = {"words": column.description, "unit": column.unit, "read": bool(read[j])}
        row |= _described(tested, j)
        row |= {"kept": kept[j] if read[j] else np.nan, "kept_by_one_kind": usual[j]}
        test, p = ("rank among one kind", p_of_read[j]) if read[j] else _any_difference(tested, j, permutations, seed)
        rows[name] = row | {"test": test, "p": p}
    compared = pd.DataFrame.from_dict(rows, orient="index")
    family = compared["p"].to_numpy(dtype=float)
    compared["q"] = false_discovery_rate_at(family, family, method=fdr)
    counts = np.array([(tested.labels == kind).sum() for kind in range(number)])
    about |= {"shares": (counts / len(tested.labels)).tolist(), "method": by.name}
    compared.attrs = about | {"n_made": len(tested.halves.made), "n_tested": len(tested.labels)}
    return compared


def _numbers(table: pd.DataFrame, points: Points) -> pd.DataFrame:
    """The table as numbers, a row a point."""
    if not isinstance(table, pd.DataFrame) or not table.shape[1] or not table.columns.is_unique:
        raise FHRError("what is compared is a table with columns of different names, by name of the labour; give one")
    names = table.index.astype(str)
    if not np.array_equal(names, points.names):
        if not names.is_unique:
            raise FHRError(
                f"a table of {len(table)} rows, in which {names[names.duplicated()][0]} stands several times, for "
                f"{len(points)} points; give a row a labour, or a row a point in their order"
            )
        table = table.set_axis(names).reindex(points.names)
    wrong = [str(name) for name, kind in table.dtypes.items() if not pd.api.types.is_numeric_dtype(kind)]
    if wrong:
        raise FHRError(
            f"columns {', '.join(wrong)} hold no numbers; make a column of 0 and 1 of each value, or drop them"
        )
    numbers = table.astype(np.float64)
    if np.isinf(numbers.to_numpy()).any():
        raise FHRError("the table holds infinite values; mend or drop them")
    if numbers.isna().all(axis=None):
        raise FHRError(f"nothing in the table is of the labours, such as {points.names[0]}; index it by their names")
    return numbers


def _apart(numbers: pd.DataFrame, apart: Sequence[str] | None) -> Sequence[str]:
    if apart is None:
        return [name for name in map(str, numbers) if is_apart(name)]
    if unknown := [name for name in apart if name not in numbers]:
        raise FHRError(
            f"apart={unknown[0]!r} is no column of the table; its columns are {', '.join(map(str, numbers))}"
        )
    return apart


def _said(found: Kinds, kinds: int) -> list[str]:
    said, there = [], found.facts.get("found", found.number)
    if kinds == 1:
        said.append("one kind: there is nothing to compare")
    elif there == 1:
        said.append(f"one kind was found, and {kinds} were asked for: these are parts of one kind")
    elif there != kinds:
        said.append(f"{there} kinds were found, and {kinds} were asked for")
    if kinds > 1 and found.without is not None:
        said.append("the kinds that are compared are made without pairs and labels")
    if kinds > 1 and found.facts.get("retrained"):
        said.append("the embedding learns: an outcome that it learnt from is not apart")
    return said


def _split(found: Kinds, features: np.ndarray, kinds: int, method: Method, seed: int) -> _Tested:
    points = found.points
    rng = stream(seed, "halves of labours for what distinguishes kinds")
    rows = one_row_a_labour(points.labour, np.arange(len(points.labours)), rng)
    halves = Halves.drawn(np.arange(len(rows)), kinds, method, rng)
    values = points.values[rows] - points.values[rows].mean(axis=0)
    memberships = halves.memberships(values, kinds, method, seed)
    if memberships.shape[1] != kinds:
        raise FHRError(
            f"{method.name} finds {memberships.shape[1]} kinds in half of the labours, not {kinds}; ask for another "
            "number, or take a method that heeds it, such as kmeans"
        )
    if kinds == found.number:
        memberships = aligned(memberships, found.membership[rows[halves.tested]])
    else:
        memberships = memberships[:, np.argsort(-memberships.sum(axis=0), kind="stable")]
    return _Tested(values, features[rows], halves, most_probable(memberships), kinds)


def _kept(tested: _Tested) -> np.ndarray:
    rows = tested.halves.tested
    return kept_by_kinds(tested.values[rows], tested.labels, tested.features[rows])


def _against_one_kind(
    tested: _Tested,
    observed: np.ndarray,
    read: np.ndarray,
    method: Method,
    references: Sequence[str],
    n_references: int,
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """P-value (c,) of what the kinds keep among sets of one kind, and the median (c,) that these keep."""
    known = np.isfinite(tested.features).sum(axis=0) >= _FEWEST
    columns = np.flatnonzero(read & known & np.isfinite(observed))
    p, usual = np.full(len(read), np.nan), np.full(len(read), np.nan)
    if not len(columns):
        return p, usual
    dependence = SmoothDependence.fit(tested.values, tested.features[:, columns])
    largest, median = np.zeros(len(columns)), np.zeros(len(columns))
    for i, name in enumerate(references):
        one = REFERENCES[name].fit(tested.values)
        drawn = np.empty((n_references, len(columns)))
        for k in progress(range(n_references), description=f"sets of one kind ({name})", total=n_references):
            rng = stream(seed, "features of one kind", i, k)
            values = one.draw(len(tested.values), rng)
            memberships = tested.halves.memberships(values, tested.kinds, method, int(rng.integers(_SEEDS)))
            features = dependence.draw(values, rng)
            drawn[k] = _kept(_Tested(values, features, tested.halves, most_probable(memberships), tested.kinds))
        drawn = np.where(np.isnan(drawn), np.inf, drawn)  # what does not vary says nothing against one kind
        rank = (1 + (drawn >= observed[columns]).sum(axis=0)) / (n_references + 1)
        median = np.where(rank >= largest, np.median(drawn, axis=0), median)
        largest = np.maximum(rank, largest)
    p[columns], usual[columns] = largest, median
    return p, usual


def _any_difference(tested: _Tested, column: int, permutations: int, seed: int) -> tuple[str, float]:
    """Test of any difference of a column between kinds, and its p-value."""
    numbers = tested.features[tested.halves.tested, column]
    there = np.isfinite(numbers) & (tested.labels != NOWHERE)
    two = _two_values(tested.features[:, column])
    test = "Fisher-Freeman-Halton" if two else "Kruskal-Wallis"
    labels, numbers = tested.labels[there], numbers[there]
    if len(numbers) < _FEWEST or len(np.unique(labels)) < 2 or not np.ptp(numbers):
        return test, np.nan
    rng = stream(seed, "permuted labours of kinds", column)
    if two:
        return test, fisher_freeman_halton(labels, numbers, permutations, rng)
    return test, kruskal_wallis(labels, numbers, permutations, rng)


def _described(tested: _Tested, column: int) -> dict[str, Any]:
    """Numbers, medians or shares in each kind, and the effect size of a column."""
    numbers = tested.features[tested.halves.tested, column]
    two = _two_values(tested.features[:, column])
    row: dict[str, Any] = {"two_valued": two, "n": int((np.isfinite(numbers) & (tested.labels != NOWHERE)).sum())}
    for kind in range(tested.kinds):
        some = numbers[np.isfinite(numbers) & (tested.labels == kind)]
        if two:
            middle, low, high = exact_interval(int(some.sum()), len(some))
        else:
            low, middle, high = np.quantile(some, (0.25, 0.5, 0.75)) if len(some) else (np.nan,) * 3
        row |= {f"n_{kind + 1}": len(some), f"kind_{kind + 1}": middle}
        row |= {f"low_{kind + 1}": low, f"high_{kind + 1}": high}
    if tested.kinds == 2:
        return row | {"effect": rank_biserial(tested.labels, numbers), "measure": "rank-biserial"}
    return row | {"effect": epsilon_squared(tested.labels, numbers), "measure": "epsilon squared"}


def _two_values(numbers: np.ndarray) -> bool:
    return set(np.unique(numbers[np.isfinite(numbers)])) <= {0.0, 1.0}
