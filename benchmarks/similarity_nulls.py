"""What the null hypotheses of similarity rest on: matching on loss, power beside typical distances, laws of the tail.

OMP_NUM_THREADS=1 python benchmarks/similarity_nulls.py FOLDER {matching,halves,copies,tail} [--draws 99] [--copies N:K]

Windows of FOLDER (CTU-UHB) of which at most half is missing, means of 4 s of the heart rate in bpm, root mean square
differences over what both have. `matching`: every labour asks among all others, in windows of 10, 20 and 60 min at
several places; shares of p of at most .01, .05 and .1 in thirds of loss, by ways to take the loss into account, and
sqrt(n) times the distance of Kolmogorov and Smirnov, means over the places. `halves`: one half of the labours, drawn,
asks among the other half. `copies`: 60 queries, of which K copy a labour of the database, with noise of N bpm on the
means of 4 s and the gaps of another labour: share found, and of false ones among those found. `tail`: known laws, how
often p is at most 1/n, .1/n and .02/n, over these levels, and how often the fit is rejected; `free` is the generalised
Pareto law of the distances by maximum likelihood, with whatever shape it has.
"""

import argparse
from collections.abc import Callable
from functools import partial

import numpy as np
from scipy import stats

from fhr.datasets import CTUUHB
from fhr.errors import SignalError
from fhr.metrics import benjamini_hochberg
from fhr.preprocessing import block_mean
from fhr.similarity import Embedding, Euclidean, LabourWindows, UnrelatedLabours, fit_tail, p_special

LEVELS = (0.01, 0.05, 0.1)
RAW = Embedding(lambda windows: block_mean(windows.signal[:, 0], 16), "heart rate", "bpm", missing=True)


def windows(recordings, minutes: float, back: float = 0.0) -> LabourWindows:
    """Windows that end some minutes before the end, of the recordings that are long enough and at most half missing."""
    cut = []
    for recording in recordings:
        try:
            cut.append(LabourWindows.of(recording, minutes=minutes, end=recording.duration - 60 * back))
        except SignalError:
            continue
    joined = LabourWindows.joined(cut)
    return joined[np.flatnonzero(joined.loss <= 0.5)]


def between(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    return Euclidean("bpm", None, (some.shape[1],)).between(some, others).astype(float)


def comparable(apart: np.ndarray) -> np.ndarray:
    """Labours that can be compared with another one."""
    return np.flatnonzero(np.isfinite(np.where(np.eye(len(apart), dtype=bool), np.inf, apart)).any(axis=1))


def asking(away: np.ndarray, lost: np.ndarray, among: np.ndarray, loss: np.ndarray, *, relative=False, tail=True):
    """P-values (q,) of queries with distances (q, n) to labours that have distances (n, n)."""
    unrelated = UnrelatedLabours.among(among, loss, relative=relative)
    typical = np.array([np.median(row[np.isfinite(row)]) for row in away]) if relative else None
    nearest = away.min(axis=1)[:, None]
    return p_special(nearest, lost, unrelated, to_queries=away, typical=typical, tail=tail).p[:, 0]


def in_turn(apart: np.ndarray, loss: np.ndarray, **how: bool) -> np.ndarray:
    n, found = len(loss), []
    for i in range(n):
        others = np.arange(n) != i
        given = (apart[i, others][None], loss[[i]], apart[np.ix_(others, others)], loss[others])
        found.append(asking(*given, **how)[0])
    return np.array(found)


def by_median(apart: np.ndarray, loss: np.ndarray, combine: np.ufunc) -> np.ndarray:
    """P-values by differences from, or ratios to, medians of five parts by loss."""
    nearest = np.where(np.eye(len(loss), dtype=bool), np.inf, apart).min(axis=1)
    part = np.searchsorted(np.unique(np.quantile(loss, np.arange(1, 5) / 5)), loss)
    known = [(np.median(loss[part == k]), np.median(nearest[part == k])) for k in np.unique(part)]
    return stats.rankdata(combine(nearest, np.interp(loss, *np.transpose(known))), "max") / len(loss)


WAYS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "not matched": lambda apart, loss: in_turn(apart, 0 * loss, tail=False),
    "less the median": partial(by_median, combine=np.subtract),
    "over the median": partial(by_median, combine=np.divide),
    "over the decile": lambda apart, loss: in_turn(apart, loss, tail=False),
    "the same, with tail": in_turn,
    "beside typical distances": lambda apart, loss: in_turn(apart, loss, relative=True),
}


def matching(recordings, options) -> None:
    rows = {name: [] for name in WAYS}
    for minutes, back in ((20, 0), (20, 20), (20, 40), (10, 0), (10, 10), (10, 20), (10, 30), (60, 0)):
        some = windows(recordings, minutes, back)
        apart = between(RAW(some), RAW(some))
        loss = some.loss
        apart, loss = apart[np.ix_(known := comparable(apart), known)], loss[known]
        third = np.searchsorted(np.quantile(loss, (1 / 3, 2 / 3)), loss)
        for name, way in WAYS.items():
            p = way(apart, loss)
            for k in range(3):
                if (n := (third == k).sum()) >= 20:
                    away = stats.kstest(p[third == k], "uniform").statistic * np.sqrt(n)
                    rows[name].append((k, n, away, *((p[third == k] <= level).mean() for level in LEVELS)))
    print("| way | third of loss | windows | p <= .01 | p <= .05 | p <= .1 | sqrt(n) D, mean |\n" + "|---" * 7 + "|")
    for name, found in rows.items():
        table = np.array(found)
        for k in range(3):
            part = table[table[:, 0] == k]
            mean = np.average(part[:, 2:], axis=0, weights=part[:, 1])
            shares = " | ".join(f"{one:.3f}" for one in mean[1:])
            print(f"| {name} | {k + 1} | {part[:, 1].sum():.0f} | {shares} | {mean[0]:.2f} |", flush=True)


def halves(recordings, options) -> None:
    some = windows(recordings, 20)
    apart, loss, rng = between(RAW(some), RAW(some)), some.loss, np.random.default_rng(0)
    apart, loss = apart[np.ix_(known := comparable(apart), known)], loss[known]
    print("| way | p <= .005 | p <= .01 | p <= .05 | p <= .1 | p <= .05, thirds of loss |\n" + "|---" * 6 + "|")
    third = np.searchsorted(np.quantile(loss, (1 / 3, 2 / 3)), loss)
    ways = {"rank": {"tail": False}, "tail": {}, "typical, rank": {"relative": True, "tail": False}}
    ways["typical, tail"] = {"relative": True}
    found = {name: [] for name in ways}
    for _ in range(options.draws):
        inside, outside = np.array_split(rng.permutation(len(loss)), 2)
        among, away = apart[np.ix_(inside, inside)], apart[np.ix_(outside, inside)]
        for name, how in ways.items():
            p = asking(away, loss[outside], among, loss[inside], **how)
            parts = [(p[third[outside] == k] <= 0.05).mean() for k in range(3)]
            found[name].append([*((p <= level).mean() for level in (0.005, *LEVELS)), *parts])
    for name, shares in found.items():
        mean = [f"{one:.4f}" for one in np.mean(shares, axis=0)]
        print(f"| {name} | " + " | ".join(mean[:4]) + " | " + ", ".join(mean[4:]) + " |")


def copies(recordings, options) -> None:
    some = windows(recordings, 20)
    vectors, rng = RAW(some).astype(float), np.random.default_rng(0)
    print(
        "| noise, bpm | copies | way | p <= .05 | p <= .01 | found, q <= .1 | false among found |\n" + "|---" * 7 + "|"
    )
    for noise, planted in (map(int, one.split(":")) for one in options.copies):
        rows = {(relative, tail): [] for relative in (False, True) for tail in (False, True)}
        for _ in range(options.draws):
            order = rng.permutation(len(vectors))
            queries, inside = order[:60], order[60:]
            asked = vectors[queries].copy()
            copied = rng.choice(inside, planted, replace=False)
            gaps = np.isnan(asked[:planted])
            asked[:planted] = np.where(gaps, np.nan, vectors[copied] + noise * rng.normal(size=gaps.shape))
            enough = (~np.isnan(asked)).mean(axis=1) >= 0.5
            asked, lost = asked[enough], np.isnan(asked[enough]).mean(axis=1)
            is_copy = np.flatnonzero(enough) < planted
            database = vectors[inside]
            among, away = between(database, database), between(asked, database)
            for (relative, tail), kept in rows.items():
                p = asking(away, lost, among, some.loss[inside], relative=relative, tail=tail)
                found = benjamini_hochberg(p) <= 0.1
                false = (found & ~is_copy).sum() / max(found.sum(), 1)
                one = [(p[is_copy] <= a).mean() for a in (0.05, 0.01)] if is_copy.any() else [np.nan] * 2
                kept.append([*one, found[is_copy].mean() if is_copy.any() else np.nan, false])
        for (relative, tail), kept in rows.items():
            name = ("beside typical" if relative else "as they are") + (", tail" if tail else ", rank")
            cells = " | ".join(f"{cell:.3f}" for cell in np.nanmean(kept, axis=0))
            print(f"| {noise} | {planted} | {name} | {cells} |", flush=True)


LAWS = {
    "Weibull 6": stats.weibull_min(6),
    "Weibull 20": stats.weibull_min(20),
    "normal 10, 2": stats.norm(10, 2),
    "gamma 12": stats.gamma(12),
    "log-normal 0.3": stats.lognorm(0.3),
    "uniform 1 to 2": stats.uniform(1, 1),
}


def tail(recordings, options) -> None:
    print("| law | n | fit | rejected | p <= 1/n | p <= .1/n | p <= .02/n |\n" + "|---" * 7 + "|")
    grid = np.exp(np.linspace(np.log(1e-7), np.log(0.3), 4000))
    for name, law in LAWS.items():
        for n in (99, 400):
            rng, rows = np.random.default_rng(0), {"pareto": [], "gumbel": [], "free": []}
            levels, x = np.array([1, 0.1, 0.02]) / n, np.maximum(law.ppf(grid), 1e-9)
            for _ in range(options.draws):
                null = np.abs(law.rvs(n, random_state=rng))
                for family, kept in rows.items():
                    p = free(null, x) if family == "free" else p_of_fit(null, x, family)
                    kept.append([np.nan] * 3 if p is None else [grid[p <= a].max(initial=0) for a in levels])
            for family, kept in rows.items():
                table = np.array(kept)
                accepted = table[np.isfinite(table[:, 0])]
                over = accepted.mean(axis=0) / levels if len(accepted) else np.full(3, np.nan)
                rejected = 1 - len(accepted) / len(table)
                print(f"| {name} | {n} | {family} | {rejected:.2f} | " + " | ".join(f"{o:.2f}" for o in over) + " |")


def p_of_fit(null: np.ndarray, x: np.ndarray, family) -> np.ndarray | None:
    fit = fit_tail(null, family=family)
    return fit.p(x) if fit.accepted else None


def free(null: np.ndarray, x: np.ndarray) -> np.ndarray:
    """P-values of the generalised Pareto law of the lowest quarter of the values themselves."""
    ordered, k = np.sort(null), len(null) // 4
    threshold = (ordered[k - 1] + ordered[k]) / 2
    shape, _, scale = stats.genpareto.fit(threshold - ordered[:k], floc=0)
    return (k + 1) / (len(null) + 1) * stats.genpareto(shape, scale=scale).sf(np.maximum(threshold - x, 0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("what", choices=("matching", "halves", "copies", "tail"))
    parser.add_argument("--draws", type=int, default=100)
    parser.add_argument("--copies", nargs="+", default=["3:60", "5:60", "8:60", "10:60", "5:6", "5:1", "0:0"])
    options = parser.parse_args()
    recordings = None if options.what == "tail" else list(CTUUHB(options.folder))
    {"matching": matching, "halves": halves, "copies": copies, "tail": tail}[options.what](recordings, options)


if __name__ == "__main__":
    main()
