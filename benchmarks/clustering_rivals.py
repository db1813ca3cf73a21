"""How many kinds usual methods find, where there is one and where there are several.

OMP_NUM_THREADS=1 python benchmarks/clustering_rivals.py POOLS {one,synthetic,simulated} [--embeddings kernel ...]
    [--nulls Gaussian ...] [--runs 100] [--consensus 20] [--methods silhouette HDBSCAN ...]

POOLS is what `clustering_data.py make` has filled. `one`: the number that a method finds among the real labours; the
share of sets of one kind (`clustering_data.nulls`) that it splits, with the exact 95% interval's upper end (Clopper and
Pearson), and in parentheses the number that it finds most often. `synthetic`, `simulated`: the share of sets of two,
three and five kinds, Gaussian or like, or simulated labours, in which it finds their number, and in parentheses that
which it finds most often. `--consensus` is the number of sets for consensus clustering, which fits 500 times. All
methods get the principal axes that hold 90% of the variance, and choose among 1 or 2 to 6 kinds:

* consensus, PAC: Monti et al. 2003, doi:10.1023/A:1023949509487: K-means on 100 draws of 80% of the rows; the number is
  that of the least share of pairs that are together in 10 to 90% of the draws (Senbabaoglu et al. 2014,
  doi:10.1038/srep06207). It cannot say 1: no pair is apart then, and the share is 0 of any set.
* consensus, delta area: the same draws; the first number after which the area under the distribution of the pairs
  grows by less than a tenth. It cannot say 1 either.
* gap: Tibshirani et al. 2001, doi:10.1111/1467-9868.00293: K-means beside 20 sets that are uniform in the box of the
  principal axes; the first number whose gap is no more than a standard error below the next one's.
* silhouette: Rousseeuw 1987, doi:10.1016/0377-0427(87)90125-7: K-means; the number with the largest mean; it cannot say
  1. silhouette > .25: one kind where that mean is at most .25 ("no substantial structure", Kaufman and Rousseeuw 1990).
* BIC: Gaussian mixtures; the least criterion over full, tied, diagonal and spherical covariances. BIC, full: over full
  ones alone. A mixture that cannot be fitted is no choice.
* prediction strength: Tibshirani and Walther 2005, doi:10.1198/106186005X59243: K-means, two halves 5 times; the
  largest number whose mean strength is .8 or more.
* HDBSCAN: of scikit-learn, default settings. It says 0 or 2 and more; 0 counts as one kind.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import product
from typing import Any

import numpy as np
from clustering_data import EMBEDDINGS, GRADES, Pools, kinds_of_labour, nulls, scaled, synthetic_kinds
from sklearn.cluster import HDBSCAN, KMeans
from sklearn.metrics import silhouette_score
from sklearn.mixture import GaussianMixture

from fhr.metrics import exact_interval

MOST = 6
HELD = 0.9  # of the variance
DRAWS, OF_ROWS = 100, 0.8
REFERENCES = 20
HALVES = 5
STRONG, SUBSTANTIAL, LITTLE_MORE = 0.8, 0.25, 0.1


def principal_axes(points: np.ndarray) -> np.ndarray:
    """Points (n, d) in the axes that hold most of their variance, the widest first."""
    centred = points - points.mean(axis=0)
    _, spread, axes = np.linalg.svd(centred, full_matrices=False)
    kept = np.searchsorted(np.cumsum(spread**2) / np.sum(spread**2), HELD) + 1
    return centred @ axes[:kept].T


def k_means(points: np.ndarray, k: int, seed: int, starts: int = 5) -> KMeans:
    return KMeans(k, n_init=starts, random_state=seed).fit(points)


def consensus(points: np.ndarray, seed: int) -> dict[str, int]:
    rng, n = np.random.default_rng(seed), len(points)
    pairs = np.triu_indices(n, 1)
    ambiguous, area = {}, {}
    for k in range(2, MOST + 1):
        together, drawn = np.zeros((n, n), dtype=np.float32), np.zeros((n, n), dtype=np.float32)
        for draw in range(DRAWS):
            rows = rng.permutation(n)[: round(OF_ROWS * n)]
            member = np.zeros((n, k), dtype=np.float32)
            member[rows, k_means(points[rows], k, draw, starts=1).labels_] = 1
            together += member @ member.T
            drawn += np.outer(member.sum(axis=1), member.sum(axis=1))
        share = together[pairs] / np.maximum(drawn[pairs], 1)
        ambiguous[k] = ((share > 0.1) & (share < 0.9)).mean()
        area[k] = 1 - share.mean()  # under the distribution function of what lies between 0 and 1
    grows = [k for k in range(2, MOST) if area[k + 1] / area[k] - 1 < LITTLE_MORE]
    return {"consensus, PAC": min(ambiguous, key=ambiguous.__getitem__), "consensus, delta area": [*grows, MOST][0]}


def gap(points: np.ndarray, seed: int) -> dict[str, int]:
    rng, ks = np.random.default_rng(seed), range(1, MOST + 1)
    low, high = points.min(axis=0), points.max(axis=0)  # of principal axes
    boxes = [rng.uniform(low, high, size=points.shape) for _ in range(REFERENCES)]
    found = np.log([k_means(points, k, seed).inertia_ for k in ks])
    of_boxes = np.log([[k_means(box, k, seed, starts=2).inertia_ for k in ks] for box in boxes])
    gaps, error = of_boxes.mean(axis=0) - found, of_boxes.std(axis=0) * np.sqrt(1 + 1 / REFERENCES)
    enough = np.flatnonzero(gaps[:-1] >= gaps[1:] - error[1:])
    return {"gap": int(enough[0]) + 1 if len(enough) else MOST}


def silhouette(points: np.ndarray, seed: int) -> dict[str, int]:
    mean = {k: silhouette_score(points, k_means(points, k, seed).labels_) for k in range(2, MOST + 1)}
    best = max(mean, key=mean.__getitem__)
    return {"silhouette": best, "silhouette > .25": best if mean[best] > SUBSTANTIAL else 1}


def criterion(points: np.ndarray, seed: int) -> dict[str, int]:
    found = {}
    for k, shape in product(range(1, MOST + 1), ("full", "tied", "diag", "spherical")):
        mixture = GaussianMixture(k, covariance_type=shape, max_iter=500, random_state=seed)
        with suppress(ValueError):  # a component of so few points that it has no covariance: not a choice
            found[k, shape] = mixture.fit(points).bic(points)
    full = {k: value for (k, shape), value in found.items() if shape == "full"}
    return {"BIC": min(found, key=found.__getitem__)[0], "BIC, full": min(full, key=full.__getitem__)}


def prediction_strength(points: np.ndarray, seed: int) -> dict[str, int]:
    rng, strength = np.random.default_rng(seed), dict.fromkeys(range(1, MOST + 1), 1.0)
    for k in range(2, MOST + 1):
        each = []
        for _ in range(HALVES):
            one, other = np.array_split(points[rng.permutation(len(points))], 2)
            of_one, of_other = k_means(one, k, seed), k_means(other, k, seed)
            for model, tested in ((of_one, of_other), (of_other, of_one)):
                said = model.predict(other if model is of_one else one)
                each.append(min(_kept(said[tested.labels_ == kind]) for kind in range(k)))
        strength[k] = float(np.mean(each))
    return {"prediction strength": max(k for k, value in strength.items() if value >= STRONG)}


def _kept(said: np.ndarray) -> float:
    """Share of the pairs of a kind that are said to be together."""
    m = len(said)
    counts = np.unique(said, return_counts=True)[1]
    return float((counts * (counts - 1)).sum() / (m * (m - 1))) if m > 1 else 0.0


def by_density(points: np.ndarray, seed: int) -> dict[str, int]:
    return {"HDBSCAN": max(1, len(set(HDBSCAN(copy=True).fit(points).labels_.tolist()) - {-1}))}


METHODS: dict[str, Callable[[np.ndarray, int], dict[str, int]]] = {
    "consensus": consensus,
    "gap": gap,
    "silhouette": silhouette,
    "BIC": criterion,
    "prediction strength": prediction_strength,
    "HDBSCAN": by_density,
}


def numbers(sets: Iterable[np.ndarray], options: argparse.Namespace) -> dict[str, list[int]]:
    """Numbers of kinds that each method finds, a list over the sets."""
    found: dict[str, list[int]] = {}
    for seed, given in enumerate(sets):
        points = principal_axes(given)
        for name in options.methods:
            if name != "consensus" or seed < options.consensus:
                for said, number in METHODS[name](points, seed).items():
                    found.setdefault(said, []).append(number)
    return found


def table(first: str, rows: Iterable[tuple[str, dict[str, str]]]) -> None:
    """A row for each kind of data, printed when it is there; a column for each method."""
    for i, (name, cells) in enumerate(rows):
        if not i:
            print("| " + " | ".join([first, *cells]) + " |\n" + "|---" * (1 + len(cells)) + "|")
        print("| " + " | ".join([name, *cells.values()]) + " |", flush=True)


def one(options: argparse.Namespace) -> None:
    def rows(pools: Pools) -> Iterator[tuple[str, dict[str, str]]]:
        of_real = numbers([scaled(pools["real"], pools.embedding)], options)
        yield "real labours", {method: str(said[0]) for method, said in of_real.items()}
        drawn = nulls(pools)
        for what in options.nulls or drawn:
            found = numbers(map(drawn[what], range(options.runs)), options)
            yield what, {method: split(said) for method, said in found.items()}

    for name in options.embeddings:
        table(f"{name}: one kind is split", rows(Pools(options.pools, name)))


def split(said: list[int]) -> str:
    wrong = sum(number > 1 for number in said)
    return f"{wrong / len(said):.2f} of {len(said)}, <= {exact_interval(wrong, len(said)).high:.2f} ({usual(said)})"


def usual(said: list[int]) -> int:
    return Counter(said).most_common(1)[0][0]


SYNTHETIC: dict[str, dict[str, Any]] = {
    **{f"{k} at {far:g}": {"k": k, "separation": far} for far in (3.0, 4.0, 6.0) for k in (2, 3, 5)},
    "3 at 6, stretched": {"k": 3, "separation": 6.0, "shape": "stretched"},
    "3 at 6, heavy": {"k": 3, "separation": 6.0, "shape": "heavy"},
    "3 at 6, unequal": {"k": 3, "separation": 6.0, "equal": False},
}


def found_of(k: int, data: Callable[..., tuple[np.ndarray, np.ndarray]], options: argparse.Namespace) -> dict[str, str]:
    found = numbers((data(seed, k=k)[0] for seed in range(options.runs)), options)
    return {method: f"{np.mean(np.array(said) == k):.2f} ({usual(said)})" for method, said in found.items()}


def synthetic(options: argparse.Namespace) -> None:
    rows = ((name, found_of(how["k"], partial(synthetic_kinds, **how), options)) for name, how in SYNTHETIC.items())
    table("kinds at a separation", rows)


def simulated(options: argparse.Namespace) -> None:
    for name in options.embeddings:
        pools = Pools(options.pools, name)
        drawn = partial(kinds_of_labour, pool=pools["kinds"], embedding=pools.embedding)
        asked = ((k, grade) for grade in GRADES[:0:-1] for k in (2, 3, 5))
        rows = ((f"{k} at {grade:g}", found_of(k, partial(drawn, grade=grade), options)) for k, grade in asked)
        table(f"{name}: simulated labours, kinds at a grade", rows)


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pools")
    parser.add_argument("what", choices=("one", "synthetic", "simulated"))
    parser.add_argument("--embeddings", nargs="+", choices=EMBEDDINGS, default=["kernel", "morphology"])
    parser.add_argument("--nulls", nargs="+")
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--consensus", type=int, default=20)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    options = parser.parse_args(given)
    {"one": one, "synthetic": synthetic, "simulated": simulated}[options.what](options)


if __name__ == "__main__":
    main()
