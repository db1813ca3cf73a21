"""Error rates of p-values of similarity, on real labours.

python benchmarks/similarity_validity.py FOLDER special [--minutes 20 60] [--embeddings raw kernel ...]
python benchmarks/similarity_validity.py FOLDER surrogate [--embeddings raw ...] [--queries 100] [--maker iaaft]
python benchmarks/similarity_validity.py FOLDER fdr [--shares 0 .01 .1] [--draws 200]
python benchmarks/similarity_validity.py FOLDER tail [--queries 10] [--surrogates 10000]

`special`: every record asks about its last window of the first stage, among all first-stage windows of the others:
share of p_special of at most .01 and .05, beside the band that holds 95% of what exact p-values give, in all and in
thirds of signal loss; and with one half of the records asking among the other half, mean (standard deviation) over
splits. `surrogate`: a surrogate of each record asks, with surrogates of its own as the null hypothesis: p_surrogate, by
rank; its p by the distances as they are; and its p among surrogates of the record, which is exact and shows the luck of
the draw. With `--real` each fourth record asks itself as well: shares of p of at most .05. `fdr`: queries of which a
share repeats a labour of the database (noise of 2 bpm), the others being records left out of it: share of false ones
among those of q at most .1, mean over draws. `tail`: p of the tail of 99 surrogates where p by 10,000 of them is .01,
.003 and .001: median and 90% of a hundred such tails.
"""

import argparse
from dataclasses import replace

import numpy as np
from scipy.stats import binom

from fhr.datasets import CTUUHB, Database
from fhr.metrics import benjamini_hochberg, benjamini_yekutieli
from fhr.similarity import (
    EMBEDDINGS,
    LabourWindows,
    UnrelatedLabours,
    embedding_from,
    fit_tail,
    index_of_recordings,
    p_special,
    p_surrogate,
    similar,
    surrogates_of,
)
from fhr.synthesis import IAAFT, PhaseRandomization

MAKERS = {"iaaft": IAAFT(), "phases": PhaseRandomization()}
LEVELS = (0.01, 0.05)


def first_stage(recordings):
    """Recordings until the second stage begins."""
    cut = []
    for recording in recordings:
        noted = 60 * recording.clinical.second_stage
        begun = recording.stage2_start if recording.stage2_start > 0 else recording.duration - noted
        n = round(begun * recording.fs) if 0 < begun < recording.duration else len(recording)
        cut.append(replace(recording, fhr=recording.fhr[:n], uc=recording.uc[:n], stage2_start=np.nan))
    return cut


def shares(p: np.ndarray) -> str:
    """Shares of p at the levels, beside the bands of exact p-values."""
    p = p[np.isfinite(p)]
    cells = []
    for level in LEVELS:
        low, high = binom.interval(0.95, len(p), level) if len(p) else (np.nan, np.nan)
        cells.append(f"{np.mean(p <= level):.3f} ({low / max(len(p), 1):.3f} to {high / max(len(p), 1):.3f})")
    return f"{len(p)} | " + " | ".join(cells)


def leave_one_out(index) -> tuple[np.ndarray, np.ndarray]:
    """P-value of each labour's own window among the others, and its loss."""
    null = index.own_windows()
    loss = index.windows["loss"].to_numpy()[null.rows]
    found = []
    for i in range(len(loss)):
        others = np.arange(len(loss)) != i
        unrelated = UnrelatedLabours(null.nearest[others], loss[others], null.typical[others])
        given = {"typical": null.typical[i : i + 1]}
        found.append(p_special(null.nearest[i : i + 1, None], loss[i : i + 1], unrelated, **given).p[0, 0])
    return np.array(found), loss


def in_halves(recordings, embedding, distance, options, given) -> list[np.ndarray]:
    """P-values of one half of the records that ask among the other half, a list for each split."""
    cache = {}

    def remembered(windows):  # a record is embedded once, whatever half it is in
        keys = [(name, end) for name, end in zip(windows.names.tolist(), windows.end.tolist(), strict=True)]
        new = [k for k, key in enumerate(keys) if key not in cache]
        if new:
            cache.update(zip([keys[k] for k in new], embedding.function(windows[new]), strict=True))
        return np.stack([cache[key] for key in keys])

    known, found = replace(embedding, function=remembered), []
    for split in range(options.splits):
        order = np.random.default_rng(split).permutation(len(recordings))
        of_split = []
        for part in (order[::2], order[1::2]):
            others = [recordings[i] for i in sorted(set(order) - set(part))]
            index = index_of_recordings(others, known, distance, **given)
            matches = similar([recordings[i] for i in part], index, k=1)
            of_split.append(matches.table["p_special"].to_numpy(dtype=float))
        found.append(np.concatenate(of_split))
    return found


def shares_of_splits(splits: list[np.ndarray]) -> str:
    """Mean shares of p at the levels over splits, and the standard deviation of a split."""
    each = np.array([[np.mean(p[np.isfinite(p)] <= level) for level in LEVELS] for p in splits])
    cells = [f"{mean:.3f} ({sd:.3f})" for mean, sd in zip(each.mean(axis=0), each.std(axis=0, ddof=1), strict=True)]
    return f"{len(splits)} x {len(splits[0])} | " + " | ".join(cells)


def special(options, recordings) -> None:
    head = ("min", "embedding", "distance", "queries", "p <= .01", "p <= .05", "p <= .05, thirds of loss")
    print("| " + " | ".join([*head, "halves: queries", "p <= .01", "p <= .05"]) + " |\n" + "|---" * 10 + "|")
    for minutes in options.minutes:
        for name in options.embeddings:
            for distance in options.distances:
                given = {"minutes": minutes, "step": options.step}
                index = index_of_recordings(recordings, embedding_from(name, minutes), distance, **given)
                p, loss = leave_one_out(index)
                thirds = np.digitize(loss, np.quantile(loss, (1 / 3, 2 / 3)), right=True)
                of_thirds = " ".join(f"{np.mean(p[thirds == k] <= 0.05):.3f}" for k in range(3))
                halves = in_halves(recordings, embedding_from(name, minutes), distance, options, given)
                cells = [f"{minutes:g}", name, distance, shares(p), of_thirds, shares_of_splits(halves)]
                print("| " + " | ".join(cells) + " |", flush=True)


def surrogate(options, recordings) -> None:
    head = ("min", "embedding", "n", "queries", "p <= .01", "p <= .05", "by distance: p <= .01", "p <= .05")
    print("| " + " | ".join([*head, "siblings: p <= .05", "mean p", "real: p <= .05, by distance"]) + " |")
    print("|---" * 11 + "|")
    maker = MAKERS[options.maker]
    for minutes in options.minutes:
        for name in options.embeddings:
            embedding = embedding_from(name, minutes)
            index = index_of_recordings(recordings, embedding, minutes=minutes, step=options.step)
            found, real = [], []
            for i in np.random.default_rng(0).permutation(len(recordings))[: options.queries]:
                window = LabourWindows.of(recordings[i], minutes=minutes)
                if window.loss[0] > 0.5:
                    continue
                own = index.own(recordings[i])

                def nearest(points, own=own, index=index):
                    return index.nearest(points, 1, [own] * len(points)).distances[:, 0]

                def null(asking, seed, nearest=nearest, index=index, embedding=embedding):
                    given = {"n": options.n, "seed": seed, "surrogate": maker}
                    return p_surrogate(asking, nearest, embedding, index.distance, **given)

                asking = surrogates_of(window, maker, n=1, seed=options.seed + i)
                siblings = nearest(index.embed(surrogates_of(window, maker, n=options.n, seed=i)))
                distance, own_null = nearest(index.embed(asking))[0], null(asking, i)
                found.append((own_null.by_rank, rank(distance, own_null.nearest), rank(distance, siblings)))
                if options.real and not len(found) % 4:
                    of_real = null(window, i)
                    real.append((of_real.by_rank, rank(nearest(index.embed(window))[0], of_real.nearest)))
            p, by_distance, among_siblings = np.transpose(found)
            of_real = f"{np.mean(np.array(real) <= 0.05, axis=0).round(2)} of {len(real)}" if real else ""
            cells = [f"{minutes:g}", name, str(options.n), shares(p), shares(by_distance).split(" | ", 1)[1]]
            cells += [f"{np.mean(among_siblings <= 0.05):.3f}", f"{p.mean():.3f}", of_real]
            print("| " + " | ".join(cells) + " |", flush=True)


def rank(distance: float, null: np.ndarray) -> float:
    """P-value of a distance among null ones."""
    return (1 + (null <= distance).sum()) / (len(null) + 1)


def fdr(options, recordings) -> None:
    """Queries of which some repeat a labour of the database; the others are records that it does not hold."""
    print("| share | method | rate of false discoveries | planted ones found | draws |\n" + "|---" * 5 + "|")
    minutes = options.minutes[0]
    embedding = embedding_from(options.embeddings[0], minutes)
    usable = [one for one in recordings if LabourWindows.of(one, minutes=minutes).loss[0] <= 0.5]
    for share in options.shares:
        rates = {"bh": [], "by": []}
        power = {"bh": [], "by": []}
        for draw in range(options.draws):
            rng = np.random.default_rng([draw, round(1000 * share)])
            order = rng.permutation(len(usable))
            inside, outside = order[:250], order[250:]
            n_planted = round(share * len(outside))
            queries = [usable[i] for i in outside[n_planted:]]
            for i in rng.choice(inside, n_planted, replace=False):
                noise = rng.normal(scale=2, size=len(usable[i])).astype(np.float32)
                queries.append(replace(usable[i], name=f"again {i}", fhr=usable[i].fhr + noise, source=None))
            index = index_of_recordings(
                [usable[i] for i in sorted(inside)], embedding, minutes=minutes, step=options.step
            )
            table = similar(queries, index, k=1).table
            p = table["p_special"].to_numpy(dtype=float)
            planted = table["query"].str.startswith("again").to_numpy()
            for name, adjust in (("bh", benjamini_hochberg), ("by", benjamini_yekutieli)):
                found = adjust(p) <= 0.1
                rates[name].append((found & ~planted).sum() / max(found.sum(), 1))
                power[name].append(found[planted].mean() if n_planted else np.nan)
        for name in rates:
            mean, error = np.mean(rates[name]), np.std(rates[name]) / np.sqrt(options.draws)
            print(
                f"| {share:g} | {name} | {mean:.3f} +- {error:.3f} | {np.mean(power[name]):.2f} | {options.draws} |",
                flush=True,
            )


def tail(options, recordings) -> None:
    """P of the tail of 99 surrogates beside all of them, of the query and of the lowest quantiles of all."""
    levels = (0.01, 0.003, 0.001)
    print("| query | p of all | p of 99 | " + " | ".join(f"tail at {level:g}" for level in levels) + " | fit |")
    print("|---" * (4 + len(levels)) + "|")
    minutes = options.minutes[0]
    embedding = embedding_from(options.embeddings[0], minutes)
    index = index_of_recordings(recordings, embedding, minutes=minutes, step=options.step)
    rng, done = np.random.default_rng(1), 0
    for i in rng.permutation(len(recordings)):
        window = LabourWindows.of(recordings[i], minutes=minutes)
        if window.loss[0] > 0.3:
            continue
        own = index.own(recordings[i])
        made = surrogates_of(window, IAAFT(iterations=options.iterations), n=options.surrogates, seed=i)
        nearest = index.nearest(index.embed(made), 1, [own] * options.surrogates).distances[:, 0]
        query = index.nearest(index.embed(window), 1, [own]).distances[0, 0]
        brute, few = ((1 + (some <= query).sum()) / (len(some) + 1) for some in (nearest, nearest[:99]))
        fits = [fit_tail(part) for part in nearest[: len(nearest) // 99 * 99].reshape(-1, 99)]
        taken = [fit for fit in fits if fit.accepted]
        cells = []
        for level in levels:
            p = [float(fit.p(np.quantile(nearest, level))) for fit in taken]
            low, middle, high = np.quantile(p, (0.05, 0.5, 0.95))
            cells.append(f"{middle:.4f} ({low:.4f} to {high:.4f})")
        said = f"{len(taken)} of {len(fits)} accepted"
        print(f"| {recordings[i].name} | {brute:.4f} | {few:.2f} | " + " | ".join(cells) + f" | {said} |", flush=True)
        done += 1
        if done == options.queries:
            return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("what", choices=("special", "surrogate", "fdr", "tail"))
    parser.add_argument("--minutes", type=float, nargs="+", default=[20])
    parser.add_argument("--embeddings", nargs="+", default=sorted(EMBEDDINGS))
    parser.add_argument("--distances", nargs="+", default=["euclidean"])
    parser.add_argument("--step", type=float, default=10)
    parser.add_argument("--queries", type=int, default=10)
    parser.add_argument("--splits", type=int, default=6)
    parser.add_argument("--n", type=int, default=99)
    parser.add_argument("--maker", choices=sorted(MAKERS), default="iaaft", help="of the surrogates of `surrogate`")
    parser.add_argument("--real", action="store_true", help="real records ask as well, in `surrogate`")
    parser.add_argument("--seed", type=int, default=777_000, help="of the surrogates that ask")
    parser.add_argument("--shares", type=float, nargs="+", default=[0, 0.01, 0.1])
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--surrogates", type=int, default=10_000)
    parser.add_argument("--iterations", type=int, default=200, help="of the surrogates of `tail`")
    options = parser.parse_args()
    recordings = first_stage(Database.__iter__(CTUUHB(options.folder)))
    {"special": special, "surrogate": surrogate, "fdr": fdr, "tail": tail}[options.what](options, recordings)


if __name__ == "__main__":
    main()
