"""Simulated kinds with labels of pairs: adjusted Rand index of each method, beside no pairs and published methods.

python benchmarks/clustering_pairs.py [--parts round thin weights partial] [--ways kmeans ...] [--repeats 20]

`round`: kinds are normal, of variance 1, their means equally far apart. `thin`: they differ along axes of variance 1,
the others have variance 9 and tell nothing. `weights`: the index by what a pair weighs. `partial`: some records have a
label, and the index is that of the others.

Values are turned at random and brought to principal axes, as those of `fhr.clustering` are. Of the pairs, drawn among
all, none or 15% are wrong. A row has the mean over repeats, and `beside` the mean difference from the same method
without pairs with its 95% interval; `others` is the index among the records that are in no pair (100 right pairs),
without and with pairs. `nearest true centre` knows the truth: it is what distances alone can tell. `mixture of two
starts` is that of `constrained_mixture`, without a pair. Run it with OMP_NUM_THREADS=1.
"""

import argparse
import time
import warnings
from collections import Counter
from collections.abc import Callable
from functools import partial

import numpy as np
from pair_rivals import components, cop_kmeans, mpc_kmeans, pc_kmeans, propagated
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from fhr.clustering.constrained_kmeans import penalty
from fhr.clustering.constrained_labels import constrained_labels
from fhr.clustering.constrained_mixture import constrained_mixture
from fhr.clustering.methods import METHODS
from fhr.clustering.pair_labels import PairLabels
from fhr.clustering.signed_pairs import SignedPairs
from fhr.similarity import LearnedMetric, WindowPair

ROUND, THIN = ((3, 3.0), (5, 3.2), (3, 2.5)), ((3, 4.0),)
CONDITIONS = ((10, 0.0), (30, 0.0), (100, 0.0), (10, 0.15), (30, 0.15), (100, 0.15))
Way = Callable[[np.ndarray, int, SignedPairs, np.random.Generator], np.ndarray | None]


def ours(x, k, pairs, rng, method, metric=False):
    return constrained_labels(method, x, k, pairs, 0, metric=metric)


def learned(x, k, pairs, rng):
    """K-means in the metric of `fhr.similarity`, of the pairs alone."""
    names = np.arange(len(x)).astype(str)
    said = [
        WindowPair(names[i], 0, names[j], 0, "same" if w > 0 else "other")
        for i, j, w in zip(pairs.first, pairs.second, pairs.weight, strict=True)
    ]
    metric = LearnedMetric(n_outputs=x.shape[1]).fit(x, names, None, said, starts=np.zeros(len(x)))
    return KMeans(k, n_init=3, random_state=0).fit_predict(metric(x))


WAYS: dict[str, Way] = {
    **{name: partial(ours, method=name) for name in METHODS},
    **{f"{name}, metric": partial(ours, method=name, metric=True) for name in METHODS if name != "gaussian_mixture"},
    "COP-KMeans": cop_kmeans,
    "PCKMeans, unit weights": pc_kmeans,
    "MPCKMeans, unit weights": mpc_kmeans,
    "E2CP and spectral": propagated,
    "RCA and k-means": components,
    "LearnedMetric and k-means": learned,
}
BESIDE = ("nearest true centre", "mixture of two starts")
PLAIN = {"E2CP and spectral": "spectral"}  # the others without pairs are their own method, or k-means


def simulated(rng: np.random.Generator, k: int, apart: float, n: int, d: int, thin: bool):
    """Values (n, d) in principal axes, and the kind of each."""
    truth = rng.integers(k, size=n)
    corners = np.linalg.svd(np.eye(k) - 1 / k)[0][:, : k - 1] * apart / np.sqrt(2)
    x = rng.normal(size=(n, d))
    x[:, k - 1 :] *= 3 if thin else 1
    x[:, : k - 1] += corners[truth]
    x = (x - x.mean(axis=0)) @ np.linalg.qr(rng.normal(size=(d, d)))[0]
    return x @ np.linalg.svd(x, full_matrices=False)[2].T, truth


def drawn_pairs(rng: np.random.Generator, truth: np.ndarray, number: int, wrong: float) -> SignedPairs:
    first, second = np.triu_indices(len(truth), 1)
    chosen = rng.choice(len(first), number, replace=False)
    first, second = first[chosen], second[chosen]
    sign = np.where(truth[first] == truth[second], 1.0, -1.0)
    sign[: int(np.ceil(wrong * number))] *= -1
    return SignedPairs(first, second, sign)


def table(options, cases, thin: bool) -> None:
    for k, apart in cases:
        scores: dict[tuple[str, tuple[int, float]], list[float]] = {}
        others: dict[str, list[tuple[float, float]]] = {}
        failed, seconds = Counter(), Counter()
        for repeat in range(options.repeats):
            rng = np.random.default_rng([repeat, k, thin])
            x, truth = simulated(rng, k, apart, options.n, options.d, thin)
            alone = {name: METHODS[name](x, k, 0).labels for name in METHODS}
            centres = np.array([x[truth == kind].mean(axis=0) for kind in range(k)])
            nearest = cdist(x, centres).argmin(axis=1)
            two_starts = constrained_mixture(x, k, drawn_pairs(rng.spawn(1)[0], truth, 0, 0), 0)
            for name, labels in (("nearest true centre", nearest), ("mixture of two starts", two_starts)):
                scores.setdefault((name, (0, 0)), []).append(adjusted_rand_score(truth, labels))
            for condition in CONDITIONS:
                pairs = drawn_pairs(rng, truth, *condition)
                out = ~np.isin(np.arange(len(x)), np.r_[pairs.first, pairs.second])
                for name in options.ways:
                    plain = alone[PLAIN.get(name, name.split(",")[0] if name.split(",")[0] in METHODS else "kmeans")]
                    begun = time.process_time()
                    labels = WAYS[name](x, k, pairs, np.random.default_rng(repeat))
                    seconds[name] += time.process_time() - begun
                    if labels is None:
                        failed[name, condition] += 1
                        labels = plain
                    scores.setdefault((name, (0, 0)), []).append(adjusted_rand_score(truth, plain))
                    scores.setdefault((name, condition), []).append(adjusted_rand_score(truth, labels))
                    if condition == (100, 0):
                        both = (adjusted_rand_score(truth[out], one[out]) for one in (plain, labels))
                        others.setdefault(name, []).append(tuple(both))
        told = ", ".join(f"{name} {np.mean(scores[name, (0, 0)]):.3f}" for name in BESIDE)
        print(f"\n{k} kinds {apart} apart, {'thin' if thin else 'round'}, n = {options.n}, d = {options.d}")
        print(f"{options.repeats} repeats; {told}\n")
        heads = [f"{number}{', 15% wrong' if wrong else ''}" for number, wrong in CONDITIONS]
        print(f"| way | no pairs | {' | '.join(heads)} | beside, 100 | beside, 100, 15% wrong | others | ms |")
        print("|---" * (len(CONDITIONS) + 6) + "|")
        for name in options.ways:
            cells = [f"{np.mean(scores[name, (0, 0)]):.3f}"]
            for condition in CONDITIONS:
                lost = f" ({failed[name, condition]} failed)" if failed[name, condition] else ""
                cells.append(f"{np.mean(scores[name, condition]):.3f}{lost}")
            plain = np.array(scores[name, (0, 0)]).reshape(options.repeats, -1)[:, 0]
            for condition in ((100, 0.0), (100, 0.15)):
                gain = np.array(scores[name, condition]) - plain
                cells.append(f"{gain.mean():+.3f} ± {1.96 * gain.std(ddof=1) / np.sqrt(len(gain)):.3f}")
            cells.append("{:.3f}, {:.3f}".format(*np.mean(others[name], axis=0)))
            cells.append(f"{1e3 * seconds[name] / options.repeats / len(CONDITIONS):.0f}")
            print(f"| {name} | {' | '.join(cells)} |", flush=True)


def weights(options) -> None:
    """Index by what a pair weighs, in evidence of a reader right nine times in ten, and as the total variance."""
    factors = (0.5, 1, 2, 100)
    print("\n| way, kinds | pairs |" + "".join(f" {factor} |" for factor in factors) + " total variance |")
    print("|---" * (len(factors) + 3) + "|")
    for k, apart in ROUND[:1]:
        for condition in ((30, 0.0), (100, 0.0), (100, 0.15)):
            found: dict[tuple[str, float], list[float]] = {}
            for repeat in range(options.repeats):
                rng = np.random.default_rng([repeat, k, False])
                x, truth = simulated(rng, k, apart, options.n, options.d, False)
                pairs = drawn_pairs(rng, truth, *condition)
                plain = METHODS["kmeans"](x, k, 0).labels
                unit = penalty(x, plain, k)
                for factor in (*factors, x.var(axis=0).sum() / unit):
                    some = SignedPairs(pairs.first, pairs.second, factor * pairs.weight)
                    for method in ("kmeans", "gaussian_mixture"):
                        key = (method, factor if factor in factors else 0)
                        found.setdefault(key, []).append(
                            adjusted_rand_score(truth, constrained_labels(method, x, k, some, 0))
                        )
            for method in ("kmeans", "gaussian_mixture"):
                cells = " | ".join(f"{np.mean(found[method, factor]):.3f}" for factor in (*factors, 0))
                wrong = ", 15% wrong" if condition[1] else ""
                print(f"| {method}, {k} kinds {apart} apart | {condition[0]}{wrong} | {cells} |", flush=True)


def partial_labels(options) -> None:
    """Index among the records whose label is not known."""
    shares = (0.1, 0.3, 0.5)
    print("\n| way, kinds | no labels |" + "".join(f" {share:.0%} known | 15% wrong |" for share in shares))
    print("|---" * (2 + 2 * len(shares)) + "|")
    for thin, (k, apart) in ((False, ROUND[0]), (True, THIN[0])):
        for method in ("kmeans", "gaussian_mixture"):
            cells: dict[tuple[float, float], list[float]] = {}
            for repeat in range(options.repeats):
                rng = np.random.default_rng([repeat, k, thin])
                x, truth = simulated(rng, k, apart, options.n, options.d, thin)
                names = np.arange(options.n).astype(str)
                plain = METHODS[method](x, k, 0).labels
                cells.setdefault((0, 0), []).append(adjusted_rand_score(truth, plain))
                for share in shares:
                    known = rng.random(options.n) < share
                    for wrong in (0, 0.15):
                        told = np.where(rng.random(options.n) < wrong, rng.integers(k, size=options.n), truth)
                        pairs = PairLabels.of_partial_labels(names, np.where(known, told, np.nan)).among(names)
                        labels = constrained_labels(method, x, k, pairs, 0)
                        cells.setdefault((share, wrong), []).append(adjusted_rand_score(truth[~known], labels[~known]))
            row = " | ".join(f"{np.mean(one):.3f}" for one in cells.values())
            print(f"| {method}, {k} {'thin' if thin else 'round'} kinds | {row} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = ("round", "thin", "weights", "partial")
    parser.add_argument("--parts", nargs="+", choices=names, default=names)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--n", type=int, default=442)
    parser.add_argument("--d", type=int, default=10)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if "round" in options.parts:
        table(options, ROUND, False)
    if "thin" in options.parts:
        table(options, THIN, True)
    if "weights" in options.parts:
        weights(options)
    if "partial" in options.parts:
        partial_labels(options)


if __name__ == "__main__":
    main()
