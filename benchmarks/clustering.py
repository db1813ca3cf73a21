"""Whether `fhr.clustering` tells one kind from several, and how far its probabilities hold.

OMP_NUM_THREADS=1 python benchmarks/clustering.py one POOLS [--runs 200] [--methods kmeans] [--embeddings kernel ...]
OMP_NUM_THREADS=1 python benchmarks/clustering.py kinds [--runs 20] [--methods kmeans ...] [--shape spherical]
OMP_NUM_THREADS=1 python benchmarks/clustering.py labours POOLS [--runs 20]
OMP_NUM_THREADS=1 python benchmarks/clustering.py membership [--runs 20]
OMP_NUM_THREADS=1 python benchmarks/clustering.py truth FOLDER [--repetitions 200]
OMP_NUM_THREADS=1 python benchmarks/clustering.py retrained POOLS [--runs 20]
OMP_NUM_THREADS=1 python benchmarks/clustering.py speed FOLDER

POOLS is a folder of `clustering_data.py make`, FOLDER one of CTU-UHB. `one`: sets of one kind that are split all the
same, at a level of 5%, with the exact bound from above. `kinds`: simulated kinds at graded distances, as multiples of
`fhr.metrics.least_separation`: how often the number is found, the mean share of repetitions with it, and the adjusted
Rand index. `labours`: the same of simulated labours of several kinds. `membership`: whether a stated probability holds,
by the expected calibration error beside that of probabilities that hold exactly. `truth`: the kinds of the database, by
every embedding. `retrained`: a metric that is learnt anew in every repetition, on labours of one kind. `speed`: the
time of a search among the labours of the database, and among 10^5 windows.
"""

import argparse
import resource
import time
from collections.abc import Iterator
from functools import partial
from itertools import permutations
from math import inf

import numpy as np
from clustering_data import GRADES, Pools, kinds_of_labour, nulls, synthetic_kinds
from sklearn.metrics import adjusted_rand_score

from fhr.clustering import METHODS, Points, find_kinds, number_of_kinds
from fhr.metrics import ece_reference, exact_interval, expected_calibration_error, least_separation
from fhr.similarity import LearnedMetric, open_index

ALPHA = 0.05
FEW = 39  # reference sets of a simulated set: the level is the same with any
FACTORS = (1.0, 2.0, 2.5, 3.0)


def points_of(values: np.ndarray, pools: Pools | None = None) -> Points:
    blocks = pools.embedding.blocks if pools is not None else ()
    return Points.of(values, blocks=blocks if blocks and sum(blocks) == values.shape[1] else None)


def one(pools: str, runs: int, methods: list[str], embeddings: list[str]) -> Iterator[str]:
    yield "| embedding | sets of one kind | " + " | ".join(methods) + " |"
    yield "|---" * (2 + len(methods)) + "|"
    for name in embeddings:
        pool = Pools(pools, name)
        for law, draw in nulls(pool).items():
            rejected = dict.fromkeys(methods, 0)
            for seed in range(runs):
                points = points_of(draw(seed), pool)
                for method in methods:
                    found = number_of_kinds(points.values, METHODS[method], most=1, n_references=FEW, seed=seed)
                    rejected[method] += found.reached_most
            cells = (exact_interval(n, runs) for n in rejected.values())
            yield f"| {name} | {law} | " + " | ".join(f"{cell.value:.3f} (to {cell.high:.3f})" for cell in cells) + " |"


def kinds(
    runs: int, methods: list[str], shape: str, sizes: list[tuple[int, int]], factors: list[float], repetitions: int
) -> Iterator[str]:
    yield (
        "| n | axes | kinds | times the bound | distance, SD | "
        + " | ".join(f"{method}: found, P(K), ARI" for method in methods)
        + " |"
    )
    yield "|---" * (5 + len(methods)) + "|"
    for n, d in sizes:
        for k in (2, 3, 4, 5):
            bound = float(least_separation(n, d, k))
            for factor in factors:
                sets = [synthetic_kinds(seed, k, factor * bound, n=n, d=d, shape=shape) for seed in range(runs)]
                cells = [cell(sets, k, method, repetitions) for method in methods]
                yield f"| {n} | {d} | {k} | {factor:g} | {factor * bound:.2f} | " + " | ".join(cells) + " |"


def cell(sets: list[tuple[np.ndarray, np.ndarray]], k: int, method: str, repetitions: int = 0) -> str:
    numbers, shares, agree = [], [], []
    for seed, (values, truth) in enumerate(sets):
        points = Points.of(values)
        if repetitions:
            found = find_kinds(points, method=method, repetitions=repetitions, n_references=FEW, seed=seed)
            numbers.append(found.number)
            shares.append(np.mean(found.numbers == k))
            labels = found.labels
        else:
            one = number_of_kinds(points.values, METHODS[method], n_references=FEW, seed=seed)
            numbers.append(one.number)
            labels = one.partition.labels
        agree.append(adjusted_rand_score(truth, labels))
    share = f", {np.mean(shares):.2f}" if shares else ""
    return f"{np.mean(np.array(numbers) == k):.2f}{share}, {np.mean(agree):.2f}"


def labours(pools: str, runs: int, methods: list[str], embeddings: list[str]) -> Iterator[str]:
    yield "| embedding | kinds | grade | " + " | ".join(f"{method}: found, ARI" for method in methods) + " |"
    yield "|---" * (3 + len(methods)) + "|"
    for name in embeddings:
        pool = Pools(pools, name)
        for k in (2, 3, 5):
            for grade in GRADES:
                sets = [kinds_of_labour(seed, k, grade, pool["kinds"], pool.embedding) for seed in range(runs)]
                cells = [cell(sets, k, method) for method in methods]
                yield f"| {name} | {k} | {grade} | " + " | ".join(cells) + " |"


def membership(runs: int, methods: list[str], repetitions: int) -> Iterator[str]:
    """Of sets whose number of kinds is found; kinds are named as the truth with which they share most."""
    yield "| kinds | distance, SD | method | sets | stated .5-.7 | .7-.9 | .9-1 | ECE | ECE of exact ones (to 95%) |"
    yield "|---" * 9 + "|"
    for k, apart in ((2, 3.5), (2, 4.5), (3, 4.5), (3, 5.5)):
        for method in methods:
            stated, right = [], []
            used = 0
            for seed in range(runs):
                values, truth = synthetic_kinds(seed, k, apart, n=442, d=10)
                found = find_kinds(values, method=method, kinds=k, repetitions=repetitions, n_references=FEW, seed=seed)
                if sum(test.p <= ALPHA for test in found.tests) + 1 != k:
                    continue
                used += 1
                of_kind = found.membership
                guess = of_kind.argmax(axis=1)
                order = max(permutations(range(k)), key=partial(agreement, guess, truth))
                stated.append(of_kind.max(axis=1))
                right.append(np.take(order, guess) == truth)
            if not used:
                yield f"| {k} | {apart} | {method} | 0 | | | | | |"
                continue
            p, y = np.concatenate(stated), np.concatenate(right).astype(float)
            reference = ece_reference(p)
            bands = ((0.5, 0.7), (0.7, 0.9), (0.9, 1.01))
            parts = [(p >= low) & (p < high) for low, high in bands]
            shown = " | ".join(f"{p[part].mean():.2f}: {y[part].mean():.2f} ({part.sum()})" for part in parts)
            ece = expected_calibration_error(y, p)
            yield (
                f"| {k} | {apart} | {method} | {used} | {shown} | {ece:.4f} | {reference.mean:.4f} "
                f"({reference.p95:.4f}) |"
            )


def agreement(guess: np.ndarray, truth: np.ndarray, order: tuple[int, ...]) -> float:
    return float(np.mean(np.take(order, guess) == truth))


def learnt(values: np.ndarray, names: np.ndarray, ph: np.ndarray, drawn: np.ndarray, seed: int) -> np.ndarray:
    """The projection that is learnt from the pH of drawn labours; the metric's own points lie on a sphere."""
    use = np.isin(names, drawn)
    metric = LearnedMetric(seed=seed).fit(values[use], names[use], ph[use])
    return metric.scores(values) @ metric.projection


def truth(folder: str, repetitions: int, methods: list[str], embeddings: list[str], minutes: float) -> Iterator[str]:
    yield "| embedding | labours | axes | method | number | p of one kind | P(1) | P(2) | P(3) | more | nowhere | s |"
    yield "|---" * 12 + "|"
    for name in embeddings:
        index = open_index(folder, name, minutes=minutes, step=inf).index
        points = Points.of_index(index)
        for method in methods:
            began = time.perf_counter()
            found = find_kinds(points, method=method, repetitions=repetitions)
            numbers = found.numbers
            shares = " | ".join(f"{np.mean(numbers == k):.2f}" for k in (1, 2, 3))
            axes = f"{points.values.shape[1]}, {points.share:.0%}"
            yield (
                f"| {name} | {len(points)} | {axes} | {method} | {found.number} | "
                f"{found.tests[0].p:.3f} | {shares} | {np.mean(numbers > 3):.2f} | {(found.nowhere > 0.5).sum()} | "
                f"{time.perf_counter() - began:.0f} |"
            )


def retrained(pools: str, runs: int, repetitions: int) -> Iterator[str]:
    """Metrics learnt from a pH that has nothing to do with labours of one kind."""
    pool = Pools(pools, "kernel")
    rejected = 0
    yield "| set | p of one kind | P(1) |"
    yield "|---|---|---|"
    for seed in range(runs):
        values = nulls(pool)["simulated"](seed)
        rng = np.random.default_rng(seed)
        names = np.array([f"labour {i}" for i in range(len(values))])
        ph = rng.normal(7.23, 0.1, len(values))

        learn = partial(learnt, values, names, ph)
        found = find_kinds(values, names=names, retrain=learn, repetitions=repetitions, n_references=99, seed=seed)
        rejected += found.number > 1
        yield f"| {seed} | {found.tests[0].p:.3f} | {np.mean(found.numbers == 1):.2f} |"
    share = exact_interval(rejected, runs)
    yield f"split: {share.value:.2f} (to {share.high:.2f})"


def speed(folder: str) -> Iterator[str]:
    def told(what: str, began: float) -> str:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return f"| {what} | {time.perf_counter() - began:.1f} | {most:.0f} |"

    yield "| what | s | MiB at most |"
    yield "|---|---|---|"
    began = time.perf_counter()
    index = open_index(folder, "kernel", minutes=60, step=inf).index
    yield told("442 recordings read and embedded", began)
    points = Points.of_index(index)
    for method in ("kmeans", "gaussian_mixture"):
        for workers in (1, 2):
            began = time.perf_counter()
            find_kinds(points, method=method, repetitions=200, workers=workers)
            yield told(f"{len(points)} labours, 200 repetitions, {method}, {workers} processes", began)
    rng = np.random.default_rng(0)
    for k in (1, 3):
        values, _ = synthetic_kinds(0, k, 5.0, n=2_000, d=10) if k > 1 else (rng.normal(size=(2_000, 10)), None)
        windows = np.repeat(values, 50, axis=0) + 0.3 * rng.normal(size=(100_000, 10))
        names = np.repeat([f"labour {i}" for i in range(2_000)], 50)
        began = time.perf_counter()
        found = find_kinds(windows, names=names, repetitions=50, n_references=99, workers=2)
        yield told(f"10^5 windows of 2,000 labours, {k} kinds: found {found.number}, 50 repetitions", began)
    values = rng.normal(size=(100_000, 10))
    began = time.perf_counter()
    found = find_kinds(values, repetitions=50, n_references=99, workers=2)
    yield told(f"10^5 labours of one kind: found {found.number}, 50 repetitions", began)


def main() -> None:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["one", "kinds", "labours", "membership", "truth", "retrained", "speed"])
    parser.add_argument("folders", nargs="*")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--repetitions", type=int, default=200)
    parser.add_argument("--methods", nargs="+", default=["kmeans"])
    parser.add_argument("--embeddings", nargs="+", default=["kernel", "order_statistics", "log_leaders", "morphology"])
    parser.add_argument("--shape", default="spherical")
    parser.add_argument("--sizes", nargs="+", default=["442,10", "442,2", "442,50"], help="n,d")
    parser.add_argument("--factors", nargs="+", type=float, default=FACTORS, help="multiples of the bound")
    parser.add_argument("--share", type=int, default=0, help="repetitions of which P(K) is told, of `kinds`")
    parser.add_argument("--minutes", type=float, default=60)
    given = parser.parse_args()
    match given.what:
        case "one":
            lines = one(given.folders[0], given.runs, given.methods, given.embeddings)
        case "kinds":
            sizes = [tuple(map(int, size.split(","))) for size in given.sizes]
            lines = kinds(given.runs, given.methods, given.shape, sizes, given.factors, given.share)
        case "labours":
            lines = labours(given.folders[0], given.runs, given.methods, given.embeddings)
        case "membership":
            lines = membership(given.runs, given.methods, given.repetitions)
        case "truth":
            lines = truth(given.folders[0], given.repetitions, given.methods, given.embeddings, given.minutes)
        case "retrained":
            lines = retrained(given.folders[0], given.runs, given.repetitions)
        case "speed":
            lines = speed(given.folders[0])
    for line in lines:
        print(line, flush=True)


if __name__ == "__main__":
    main()
