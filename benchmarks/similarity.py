"""How well similar windows are found: embeddings and distances beside DTW and matrix profiles, in one run.

python benchmarks/similarity.py FOLDER power [--parts other planted] [--embeddings raw kernel ...] [--queries 100]

`other`: the last 20 min of the first stage of a labour of CTU-UHB asks for the window of the same labour that ends
20 min before it begins, among such windows of all labours: recall among the first 1 and 10 and median rank, with
binomial intervals. Labours that lack more than half of the heart rate in either window are left out. Beside the named
embeddings: the cosine of normal scores, which is a metric before it learns; metrics that were fitted to the five
windows, 10 min apart, of the labours of the other four folds; the same with their labours permuted; DTW (dtaidistance)
and alignment within 30 s on means of 4 s; and of stumpy, at 0.25 Hz, the z-normalised distance of whole windows (MASS)
and the matrix profile of stretches of 5 min, from the database to the query (5% quantile, as in MPdist, doi
10.1109/ICDM.2018.00119, which takes both ways). The last one and the alignment answer --queries queries alone.

`planted`: a repeat of a window asks for the window itself, among one window of each labour, real and simulated. The
repeat has noise (half of its variance white at 4 Hz, half autoregressive with 10 s), the gaps of another window in
addition, UC times 0.5 to 2, FHR up to 5 bpm off, and begins up to 30 s earlier or later. What the window lacks the
repeat lacks too.
"""

import argparse
import time
import warnings
from collections.abc import Callable, Iterable, Iterator

import numpy as np
from dtaidistance import dtw, dtw_ndim
from scipy.signal import lfilter
from scipy.stats import binom
from similarity_validity import first_stage

from fhr.datasets import CTUUHB
from fhr.features import NormalScores
from fhr.metrics import exact_interval
from fhr.preprocessing import draw_gap_patterns
from fhr.recording import Recording
from fhr.similarity import (
    DISTANCES,
    EMBEDDINGS,
    Embedding,
    FittedMetric,
    LabourWindows,
    LearnedMetric,
    elastic_alignment,
    embedding_from,
)
from fhr.similarity.coarse_signals import coarse_signals
from fhr.simulation import simulate
from fhr.synthesis import fill_for_transform

MINUTES, STEP, APART = 20, 10, 40
MOST_LOSS = 0.5
BAND, EVERY, STRETCH = 30, 4, 300  # s
FOLDS = 5
NOISE = (1, 2, 4, 8)  # bpm
ROOM, MEMORY = 30, 10  # s

Distances = np.ndarray
"""Distances (q, n) of queries from the windows of a database, of which query i is to find window i."""


def ranks(distances: Distances, own: np.ndarray) -> np.ndarray:
    """Rank of the window that each query is to find; of equally near ones the middle. NaN is infinitely far."""
    distances = np.where(np.isnan(distances), np.inf, distances)
    found = np.take_along_axis(distances, own[:, None], axis=1)
    nearer, equal = (distances < found).sum(axis=1), (distances == found).sum(axis=1)
    return nearer + (equal + 1) / 2


def row(name: str, rank: np.ndarray) -> str:
    """A row of the table: recalls and the median with its distribution-free interval."""
    n = len(rank)
    shares = (exact_interval(int((rank <= most).sum()), n) for most in (1, 10))
    low, high = binom.ppf([0.025, 0.975], n, 0.5).astype(int)
    ordered = np.sort(rank)
    recall = " | ".join(f"{share:.3f} ({least:.3f} to {most:.3f})" for share, least, most in shares)
    return f"| {name} | {n} | {recall} | {np.median(rank):.0f} ({ordered[low - 1]:.0f} to {ordered[high]:.0f}) |"


def joined(recordings: Iterable[Recording], **given: float) -> LabourWindows:
    return LabourWindows.joined(LabourWindows.of(recording, **given) for recording in recordings)


def vectors_of(embedding: Embedding, windows: LabourWindows) -> np.ndarray:
    return np.concatenate([embedding(windows[i : i + 32]) for i in range(0, len(windows), 32)])


def by_name(embedding: Embedding, queries: np.ndarray, database: np.ndarray) -> Iterator[tuple[str, Distances]]:
    """Distances of every kind, fitted to the database."""
    for name, kind in DISTANCES.items():
        fitted = kind.fit(database, embedding)
        yield name, fitted.between(fitted.scale(queries), fitted.scale(database))


def signals(windows: LabourWindows) -> np.ndarray:
    """Means of both signals (n, channel, time) without gaps; a signal without a sample is 0."""
    coarse = coarse_signals(windows, 1 / EVERY)
    filled = np.zeros(coarse.shape)
    some = ~np.isnan(coarse).all(axis=-1)
    filled[some] = fill_for_transform(coarse[some], rule="linear", least=0)
    return filled


def warped(queries: np.ndarray, database: np.ndarray) -> Iterator[tuple[str, Distances]]:
    """DTW of the heart rate, and of both signals together."""
    n, m = len(queries), len(database)
    given = {"window": BAND // EVERY + 1, "block": ((0, n), (n, n + m)), "compact": False, "parallel": False}
    both = np.ascontiguousarray(np.concatenate([queries, database]))
    yield "DTW, FHR", dtw.distance_matrix_fast(np.ascontiguousarray(both[:, 0]), **given)[:n, n:]
    turned = np.ascontiguousarray(both.transpose(0, 2, 1))
    yield "DTW, FHR and UC", dtw_ndim.distance_matrix_fast(turned, turned.shape[2], **given)[:n, n:]


def z_normalised(queries: np.ndarray, database: np.ndarray) -> Distances:
    """MASS of whole windows of the heart rate."""
    import stumpy  # slow to import

    m = queries.shape[-1]
    return np.array([stumpy.mass(one[0], database[:, 0].ravel())[::m] for one in queries])


def profiles(queries: np.ndarray, database: np.ndarray) -> Distances:
    """Matrix profile of the heart rate of each window, joined to a query; as in MPdist its quantile of 5% counts."""
    import stumpy

    m, length = STRETCH // EVERY, database.shape[-1]
    found = []
    for one in queries:
        profile = stumpy.stump(database[:, 0].ravel(), m, one[0], ignore_trivial=False)[:, 0].astype(float)
        each = np.append(profile, np.full(m - 1, np.inf)).reshape(-1, length)[:, : length - m + 1]
        found.append(np.quantile(each, 0.05, axis=1))
    return np.array(found)


def timed(found: Callable[[], Distances], own: np.ndarray, name: str) -> None:
    start = time.process_time()
    rank = ranks(found(), own)
    print(row(name, rank) + f" {time.process_time() - start:.0f} s", flush=True)


def learned(
    vectors: np.ndarray, windows: LabourWindows, query: np.ndarray, target: np.ndarray, *, permuted: bool = False
) -> np.ndarray:
    """Ranks by metrics that are learnt of the labours of the other folds; `query` and `target` are rows of windows."""
    rng = np.random.default_rng(0)
    fold = rng.permutation(len(query)) % FOLDS
    fold_of = dict(zip(windows.names[query], fold, strict=True))
    usable = (windows.loss <= MOST_LOSS) & ~np.isnan(vectors).all(axis=1)
    rank = np.empty(len(query))
    for k in range(FOLDS):
        train = usable & np.array([fold_of.get(name, k) != k for name in windows.names])
        names = windows.names[train]
        metric = LearnedMetric().fit(vectors[train], rng.permutation(names) if permuted else names)
        asked = fold == k
        a, b = metric(vectors[query[asked]]), metric(vectors[target])
        away = np.square(a[:, None] - b).mean(axis=-1)
        rank[asked] = ranks(away, np.flatnonzero(asked))
    return rank


def other_window(folder: str, names: list[str], n_some: int) -> None:
    windows = LabourWindows.joined(
        LabourWindows.of(recording, minutes=MINUTES, step=STEP)[: APART // STEP + 1]
        for recording in first_stage(CTUUHB(folder))
    )
    each = APART // STEP + 1
    query, target = np.arange(0, len(windows), each), np.arange(each - 1, len(windows), each)
    assert (windows.start[query] - windows.start[target] == APART * 60).all()
    usable = (windows.loss[query] <= MOST_LOSS) & (windows.loss[target] <= MOST_LOSS)
    query, target = query[usable], target[usable]
    own = np.arange(len(query))
    print(f"\n{len(query)} of {len(usable)} labours\n")
    print("| of 20 min | queries | recall@1 | recall@10 | median rank |\n|---|---|---|---|---|")
    print(f"| chance | | {1 / len(own):.3f} | {10 / len(own):.3f} | {(len(own) + 1) / 2:.0f} |")
    for name in names:
        embedding = embedding_from(name, MINUTES)
        vectors = vectors_of(embedding, windows)
        for distance, found in by_name(embedding, vectors[query], vectors[target]):
            print(row(f"{name}, {distance}", ranks(found, own)))
        around = FittedMetric(NormalScores.fit(vectors[target]), np.eye(vectors.shape[1]), ())
        a, b = around(vectors[query]), around(vectors[target])
        print(row(f"{name}, cosine", ranks(-a @ b.T, own)))
        print(row(f"{name}, learned, 5 folds", learned(vectors, windows, query, target)))
        permuted = learned(vectors, windows, query, target, permuted=True)
        print(row(f"{name}, learned of permuted labours", permuted), flush=True)
    a, b = signals(windows[query]), signals(windows[target])
    for name, found in warped(a, b):
        print(row(f"{name}, 30 s", ranks(found, own)), flush=True)
    timed(lambda: z_normalised(a, b), own, "MASS of whole windows, FHR")
    some = np.unique(np.linspace(0, len(own) - 1, n_some).astype(int))
    timed(lambda: profiles(a[some], b), some, "matrix profile of 5 min, FHR")

    def aligned() -> Distances:
        return np.array([elastic_alignment(windows[query[i : i + 1]], windows[target]).rms_bpm for i in some.tolist()])

    timed(aligned, some, "`elastic_alignment`, 30 s")


def noise(shape: tuple[int, ...], sd: float, fs: float, rng: np.random.Generator) -> np.ndarray:
    """Noise of which half of the variance is white, half autoregressive."""
    white, driven = rng.standard_normal((2, *shape))
    kept = np.exp(-1 / (MEMORY * fs))
    slow = lfilter([np.sqrt(1 - kept**2)], [1, -kept], driven, axis=-1)
    return sd * np.sqrt(0.5) * (white + slow)


def repeats(longer: LabourWindows, margin: int, sd: float) -> LabourWindows:
    """Repeats of the middles of windows that are longer by `margin` samples at both ends."""
    rng = np.random.default_rng([1, sd])
    n, _, length = longer.signal.shape
    shift = rng.integers(-margin, margin + 1, n)
    signal = np.array([one[:, margin + s : length - margin + s] for one, s in zip(longer.signal, shift, strict=True)])
    signal[:, 0] += noise(signal[:, 0].shape, sd, longer.fs, rng) + rng.uniform(-5, 5, (n, 1))
    signal[:, 1] *= np.exp2(rng.uniform(-1, 1, (n, 1)))
    patterns = np.isnan(longer.signal[..., margin : length - margin])
    signal[draw_gap_patterns(patterns, n, seed=sd)] = np.nan
    return LabourWindows(signal, longer.channels, longer.fs, longer.names, longer.start, longer.end)


def planted(kind: str, recordings: Iterable[Recording], names: list[str]) -> None:
    longer = joined(recordings, minutes=MINUTES + 2 * ROOM / 60)
    margin = round(ROOM * longer.fs)
    inner = longer.signal[..., margin:-margin]
    longer = longer[np.isnan(inner[:, 0]).mean(axis=1) <= MOST_LOSS]
    database = LabourWindows(
        longer.signal[..., margin:-margin], longer.channels, longer.fs, longer.names, longer.start, longer.end
    )
    own = np.arange(len(database))
    asked = {sd: repeats(longer, margin, sd) for sd in NOISE}
    found: dict[str, list[float]] = {}
    for name in names:
        embedding = embedding_from(name, MINUTES)
        points = vectors_of(embedding, database)
        for queries in asked.values():
            for distance, away in by_name(embedding, vectors_of(embedding, queries), points):
                found.setdefault(f"{name}, {distance}", []).append((ranks(away, own) <= 10).mean())
    plain = signals(database)
    for queries in asked.values():
        for name, away in warped(signals(queries), plain):
            found.setdefault(f"{name}, 30 s", []).append((ranks(away, own) <= 10).mean())
    print(f"\n{kind}: {len(own)} windows of {MINUTES} min, chance {10 / len(own):.3f}\n")
    print(f"| recall@10, {kind} | " + " | ".join(f"{sd} bpm" for sd in NOISE) + " |")
    print("|---" * (len(NOISE) + 1) + "|")
    for name, shares in found.items():
        print(f"| {name} | " + " | ".join(f"{share:.3f}" for share in shares) + " |", flush=True)


def power(options: argparse.Namespace) -> None:
    warnings.filterwarnings("ignore", module="stumpy")
    if "other" in options.parts:
        other_window(options.folder, options.embeddings, options.queries)
    if "planted" in options.parts:
        real = first_stage(CTUUHB(options.folder))
        planted("real", real, options.embeddings)
        planted("simulated", simulate(len(real), seed=0), options.embeddings)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parts = parser.add_subparsers(required=True)
    one = parts.add_parser("power")
    one.add_argument("--parts", nargs="+", default=["other", "planted"], choices=["other", "planted"])
    one.add_argument("--embeddings", nargs="+", default=sorted(EMBEDDINGS), choices=sorted(EMBEDDINGS))
    one.add_argument("--queries", type=int, default=100)
    one.set_defaults(run=power)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
