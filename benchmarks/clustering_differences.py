"""Error rates and power of what distinguishes kinds of labour, on simulated points.

python benchmarks/clustering_differences.py false [--runs 200] [--n 200] [--sets 19] [--kinds 2] [--clouds normal]
python benchmarks/clustering_differences.py power [--runs 100] [--n 200] [--sets 19] [--apart 3 4 5]
python benchmarks/clustering_differences.py real FOLDER [--embedding morphology] [--step 20] [--kinds 2]

`false`: one cloud, normal or skewed, of which so many kinds are asked for; features hang on it smoothly, outcomes do
not. Share of p of at most .05 of Kruskal and Wallis's test on the labours that made the kinds, of the same on the
held-out half, and of `what_distinguishes`, beside the band that holds 95% of exact p-values. `power`: two kinds, of 60%
and 40% of the labours, so many standard deviations apart along one axis. `real`: the table and its sentences of
recordings of a folder, and how long they take.
"""

import argparse
import time

import numpy as np
import pandas as pd
from scipy.stats import binom, kruskal

from fhr.clustering import METHODS, Kinds, NormalKinds, Points, clinical_table, differences_in_words, what_distinguishes
from fhr.similarity import open_index

LEVEL = 0.05


def asked_for(points: Points, kinds: int, seed: int) -> Kinds:
    """So many kinds, whether there are any or not."""
    labels = METHODS["kmeans"](points.values, kinds, seed).labels
    memberships = NormalKinds.fit(points.values, labels)(points.values)
    facts = {"method": "kmeans"}
    return Kinds(points, kinds, (), np.array([kinds]), memberships[None], (memberships,), np.zeros(len(points)), facts)


def one_cloud(rng: np.random.Generator, n: int, cloud: str) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Points of one kind, features that hang on them smoothly, and outcomes that do not."""
    x = rng.normal(size=(n, 4)) if cloud == "normal" else rng.gamma(3, size=(n, 4)) / np.sqrt(3)
    x = (x - x.mean(axis=0)) * [2, 1.5, 1, 1]
    e = rng.normal(size=(n, 5))
    features = {
        "the axis itself": x[:, 0],
        "strongly linear": x[:, 0] / 2 + 0.3 * e[:, 0],
        "weakly linear": x[:, 0] / 2 + 2 * e[:, 1],
        "of three axes": x[:, 0] / 2 - x[:, 1] + x[:, 2] + e[:, 2],
        "square": x[:, 0] ** 2 / 4 + 0.3 * e[:, 3],
        "exponential": np.exp(x[:, 0] / 2) + e[:, 4],
        "counts": np.maximum(0, np.round(x[:, 0] + e[:, 4])),
        "ph": rng.normal(7.2, 0.1, n),
        "apgar5": rng.integers(6, 11, n).astype(float),
        "caesarean": (rng.random(n) < 0.15).astype(float),
    }
    return x, features


def two_kinds(rng: np.random.Generator, n: int, apart: float) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Points of two kinds, and what hangs on the kinds, on the points, and on neither."""
    kind = rng.random(n) < 0.4
    x, e = rng.normal(size=(n, 4)), rng.normal(size=(n, 5))
    x[:, 0] += apart * kind
    features = {
        "kind, 1 SD": kind + e[:, 0],
        "kind, 2 SD": 2 * kind + e[:, 1],
        "the axis itself": x[:, 0],
        "another axis": x[:, 1] + 0.3 * e[:, 2],
        "noise": e[:, 3],
        "ph": 7.25 - 0.06 * kind + 0.1 * e[:, 4],
        "caesarean": (rng.random(n) < 0.1 + 0.2 * kind).astype(float),
        "apgar5": rng.integers(6, 11, n).astype(float),
    }
    return x, features


def p_values(x: np.ndarray, features: dict[str, np.ndarray], kinds: int, seed: int, sets: int) -> pd.DataFrame:
    """P-values by feature, on the same labours, on held-out ones, and of `what_distinguishes`."""
    points = Points.of(x)
    found = asked_for(points, kinds, seed)
    table = pd.DataFrame(features, index=points.names)
    given = {"seed": seed, "n_references": sets, "permutations": 999}
    split = what_distinguishes(found, table, apart=list(table), **given)
    same = [kruskal(*(table[name][found.labels == k] for k in range(kinds))).pvalue for name in table]
    return pd.DataFrame(
        {
            "same labours": same,
            "held out": split["p"],
            "what_distinguishes": what_distinguishes(found, table, **given)["p"],
        }
    )


def rates(several: list[pd.DataFrame], title: str) -> None:
    """Shares of p of at most the level, a row a feature."""
    low, high = binom.interval(0.95, len(several), LEVEL) / np.array(len(several))
    print(f"\n{title}; band of exact p-values {low:.3f} to {high:.3f}")
    first = several[0]
    print(f"| | {' | '.join(first.columns)} |\n" + "|---" * (1 + first.shape[1]) + "|")
    shares = np.mean([one.to_numpy() <= LEVEL for one in several], axis=0)
    for name, row in zip(first.index, shares, strict=True):
        print(f"| {name} | {' | '.join(f'{share:.3f}' for share in row)} |", flush=True)


def false(options) -> None:
    for cloud in options.clouds:
        for kinds in options.kinds:
            drawn = (one_cloud(np.random.default_rng(seed), options.n, cloud) for seed in range(options.runs))
            found = [p_values(*one, kinds, seed, options.sets) for seed, one in enumerate(drawn)]
            rates(found, f"one {cloud} cloud of {options.n}, {kinds} kinds asked for, {options.runs} runs")


def power(options) -> None:
    for apart in options.apart:
        drawn = (two_kinds(np.random.default_rng(seed), options.n, apart) for seed in range(options.runs))
        found = [p_values(*one, 2, seed, options.sets) for seed, one in enumerate(drawn)]
        rates(found, f"two kinds {apart:g} SD apart, {options.n} labours, {options.runs} runs")


def real(options) -> None:
    opened = open_index(options.folder, options.embedding, minutes=20, step=options.step)
    points = Points.of_index(opened.index)
    start = time.process_time()
    table = clinical_table(opened, points)
    print(f"clinical table of {len(table)} windows: {time.process_time() - start:.1f} CPU s")
    for kinds in options.kinds:
        start = time.process_time()
        found = what_distinguishes(asked_for(points, kinds, 0), table)
        print(f"{kinds} kinds asked for, {len(points.labours)} labours: {time.process_time() - start:.1f} CPU s")
        print(found.drop(columns=["unit", "words", "measure", "two_valued"]).to_string(float_format="{:.3g}".format))
        print("\n".join(differences_in_words(found)), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["false", "power", "real"])
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--n", type=int, default=200)
    parser.add_argument("--sets", type=int, default=19, help="of one kind, of each reference; 19 reach a p of .05")
    parser.add_argument("--kinds", type=int, nargs="+", default=[2, 3])
    parser.add_argument("--clouds", nargs="+", default=["normal", "skewed"])
    parser.add_argument("--apart", type=float, nargs="+", default=[3.0, 4.0, 5.0])
    parser.add_argument("--embedding", default="morphology")
    parser.add_argument("--step", type=float, default=20.0)
    options = parser.parse_args()
    {"false": false, "power": power, "real": real}[options.part](options)
