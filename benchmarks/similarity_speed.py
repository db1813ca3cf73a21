"""Time and memory of searching, aligning and embedding windows for similarity, and the recall of approximate search.

python benchmarks/similarity_speed.py [--parts exact lists kinds align embed] [--windows 1000000] [--rounds 7]

`exact`: one query against 10^5 windows of 300 numbers in a file. `lists`: one query against simulated windows of 64
numbers in a file, by `ApproximateSearch` and exactly. `kinds`: other indices of faiss on the same windows (HNSW takes
minutes to build). `align`: 200 candidates of 20 minutes at 4 Hz. `embed`: sliced Wasserstein of such windows. Simulated
windows are 25 a labour, of a state of 8 dimensions that has a level of each labour and an autoregressive course, seen
through a bend in 64 coordinates with noise; queries are windows of 400 labours beside the database. Run it with
OMP_NUM_THREADS=1 or 2.
"""

import argparse
import os
import tempfile
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from fhr.similarity import (
    ApproximateSearch,
    Distance,
    Euclidean,
    LabourWindows,
    Laplacian,
    elastic_alignment,
    rigid_alignment,
    sliced_wasserstein,
)
from fhr.similarity.hits import Hits, nearest_labours

PER, WIDTH, STATE = 25, 64, 8
PARTS = ("exact", "lists", "kinds", "align", "embed")
NOBODY = np.empty(0, dtype=int)


def simulated_points(labours: int, seed: int) -> Iterator[np.ndarray]:
    """Windows of labours, some thousand labours at a time, float32 (n, 64)."""
    rng = np.random.default_rng(seed)
    axes = np.random.default_rng(99).standard_normal((STATE, WIDTH)) / np.sqrt(STATE)
    for done in range(0, labours, 2000):
        n = min(2000, labours - done)
        level, state = rng.standard_normal((2, n, STATE))
        part = np.empty((n, PER, WIDTH), dtype=np.float32)
        for k in range(PER):
            state = 0.9 * state + np.sqrt(1 - 0.81) * rng.standard_normal((n, STATE))
            part[:, k] = np.tanh((level + state) / np.sqrt(2) @ axes)
        part += 0.15 * rng.standard_normal(part.shape, dtype=np.float32)
        yield part.reshape(-1, WIDTH)


def noise_points(n: int, width: int, missing: float) -> Iterator[np.ndarray]:
    rng = np.random.default_rng(0)
    for _ in range(0, n, 5000):
        part = 20 * rng.standard_normal((5000, width), dtype=np.float32)
        part[rng.random(part.shape, dtype=np.float32) < missing] = np.nan
        yield part


@contextmanager
def in_file(parts: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """Points as an index on disk has them."""
    with tempfile.TemporaryDirectory() as folder:
        path, n = Path(folder, "points.f32"), 0
        with path.open("wb") as file:
            for part in parts:
                file.write(part.tobytes())
                n += len(part)
        yield np.memmap(path, np.float32, "r", shape=(n, part.shape[1]))


def milliseconds(work: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Median and largest of some calls after a first one."""
    work()
    found = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        found.append(1e3 * (time.perf_counter() - start))
    return float(np.median(found)), max(found)


@contextmanager
def resident() -> Iterator[list[float]]:
    """Largest memory of the process while it lasts beside what it had, MB, files that are mapped left out (Linux).

    What faiss takes is not NumPy's, and `tracemalloc` does not see it.
    """

    def now() -> float:
        line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("RssAnon"))
        return int(line.split()[1]) * 1024 / 1e6

    before, most, done = now(), [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            most[0] = max(most[0], now() - before)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield most
    finally:
        done.set()
        watcher.join()


def megabytes(work: Callable[[], object]) -> float:
    """Largest memory that a call takes beside what is there, MB; files that are mapped do not count."""
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def exact(rounds: int) -> None:
    n, width = 100_000, 300
    print(f"\nOne query among {n:,} windows of {width} numbers in a file, 10 nearest labours:")
    print("| distance | ms, median (largest) | MB beside the file |\n|---|---|---|")
    euclidean, laplacian = Euclidean("bpm", None, (width,)), Laplacian("", None, (100, 100, 100))
    for name, distance, missing in (
        ("Euclidean", euclidean, 0.0),
        ("Euclidean, a tenth missing", euclidean, 0.1),
        ("Laplacian, three groups", laplacian, 0.0),
    ):
        with in_file(noise_points(n, width, missing)) as points:
            query, first = points[:1] + 1, np.arange(0, n, PER)

            def work(query=query, points=points, distance=distance, first=first) -> Hits:
                return nearest_labours(query, points, distance, first, [NOBODY], 10)

            median, largest = milliseconds(work, rounds)
            print(f"| {name} | {median:.0f} ({largest:.0f}) | {megabytes(work):.0f} |")


def share_found(found: np.ndarray, wanted: np.ndarray) -> float:
    return float(np.mean([np.isin(a // PER, b // PER).mean() for a, b in zip(wanted, found, strict=True)]))


def lists(points: np.ndarray, queries: np.ndarray, truth: dict[str, np.ndarray]) -> None:
    first = np.arange(0, len(points), PER)
    print("\n| approximate search | build, s (of CPU) | MB to build | file, MB | lists, probed, candidates |", end="")
    print(" recall (own windows) | ms, median (largest) |")
    print("|---|---|---|---|---|---|---|")
    for name, distance in distances().items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "lists.npz")
            start, cpu = time.perf_counter(), time.process_time()
            with resident() as most:
                search = ApproximateSearch.kept(path, "", points, distance, first)
            built, cpu = time.perf_counter() - start, time.process_time() - cpu
            size = path.stat().st_size / 1e6
        found = search.nearest(queries, 10).windows
        each = []
        for one in queries:
            start = time.perf_counter()
            search.nearest(one[None], 10)
            each.append(1e3 * (time.perf_counter() - start))
        taken = f"{search.lists.nlist}, {search.probes}, {search.candidates}"
        share = share_found(found, truth[name])
        print(f"| {name} | {built:.0f} ({cpu:.0f}) | {most[0]:.0f} | {size:.0f} | {taken} |", end="")
        print(f" {share:.4f} ({search.recall:.4f}) | {np.median(each):.2f} ({max(each):.1f}) |")


def distances() -> dict[str, Distance]:
    return {"Euclidean": Euclidean("SD", None, (WIDTH,)), "Laplacian": Laplacian("", None, (20, 20, 24))}


def kinds(points: np.ndarray, queries: np.ndarray, truth: np.ndarray) -> None:
    """Indices of faiss alone: recall of the 10 nearest labours among their 256 nearest windows, compared exactly."""
    import faiss

    print("\n| index | build, s | size, MB | probes or ef | recall | ms, median |\n|---|---|---|---|---|---|")
    distance, all_points = distances()["Euclidean"], np.array(points)
    count = 1 << round(np.log2(4 * np.sqrt(len(points))))
    for kind in (f"IVF{count},SQ8", f"IVF{count},Flat", "HNSW32"):
        index = faiss.index_factory(WIDTH, kind)
        start = time.perf_counter()
        if kind == "HNSW32":
            index.hnsw.efConstruction = 80
        else:
            index.train(all_points[np.random.default_rng(0).permutation(len(points))[: 64 * count]])
        index.add(all_points)
        built = time.perf_counter() - start
        size = faiss.serialize_index(index).nbytes / 1e6
        for effort in (256, 512) if kind == "HNSW32" else (8, 16, 32, 64):
            name = "efSearch" if kind == "HNSW32" else "nprobe"
            faiss.ParameterSpace().set_index_parameter(index, name, effort)
            found, times = [], []
            for one in queries:
                start = time.perf_counter()
                rows = np.sort(index.search(one[None], 256)[1][0])
                starts = np.flatnonzero(np.r_[True, np.diff(rows // PER) > 0])
                hits = nearest_labours(one[None], points[rows], distance, starts, [NOBODY], 10)
                times.append(1e3 * (time.perf_counter() - start))
                found.append(rows[hits.windows[0]])
            share = share_found(np.array(found), truth)
            print(f"| {kind} | {built:.0f} | {size:.0f} | {effort} | {share:.4f} | {np.median(times):.2f} |")


def signals(n: int) -> LabourWindows:
    """Windows of 20 min at 4 Hz with four gaps each: rates and contractions that wander."""
    rng = np.random.default_rng(0)
    signal = (140 + 0.3 * np.cumsum(rng.standard_normal((n, 2, 4800)), axis=-1)).astype(np.float32)
    for one in signal.reshape(-1, 4800):
        for start, length in zip(rng.integers(0, 4800, 4), rng.integers(4, 400, 4), strict=True):
            one[start : start + length] = np.nan
    names = np.array([f"w{i}" for i in range(n)])
    return LabourWindows(signal, ("fhr", "uc"), 4.0, names, np.zeros(n), np.full(n, 1200.0))


def align(rounds: int) -> None:
    print("\n200 candidates of 20 min at 4 Hz, shifts of up to 30 s:")
    print("| alignment | means at, Hz | ms, median (largest) | MB beside the signals |\n|---|---|---|---|")
    windows = signals(201)
    for name, function in (("elastic", elastic_alignment), ("rigid", rigid_alignment)):
        for fs in (0.25, 1.0):

            def work(function=function, fs=fs) -> object:
                return function(windows[0], windows[1:], fs=fs)

            median, largest = milliseconds(work, rounds)
            print(f"| {name} | {fs:g} | {median:.0f} ({largest:.0f}) | {megabytes(work):.0f} |")


def embed(rounds: int) -> None:
    windows, embedding = signals(100), sliced_wasserstein(20)
    median, _ = milliseconds(lambda: embedding(windows), rounds)
    width = embedding(windows).shape[1]
    print(f"\nsliced Wasserstein: {median / len(windows):.2f} ms a window of 20 min, {width} numbers")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=["exact", "lists", "align", "embed"])
    parser.add_argument("--windows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    parts = options.parts
    print(f"OMP_NUM_THREADS={os.environ.get('OMP_NUM_THREADS', '')}")
    if "exact" in parts:
        exact(options.rounds)
    if {"lists", "kinds"} & {*parts}:
        queries = np.concatenate(list(simulated_points(400, seed=1)))[::PER]
        with in_file(simulated_points(options.windows // PER, seed=0)) as points:
            first, truth = np.arange(0, len(points), PER), {}
            print(f"\n{len(points):,} windows of {WIDTH} numbers in a file; compared one by one:")
            for name, distance in distances().items():
                truth[name] = nearest_labours(queries, points, distance, first, [NOBODY] * len(queries), 10).windows

                def work(distance=distance, points=points, first=first, query=queries[:1]) -> Hits:
                    return nearest_labours(query, points, distance, first, [NOBODY], 10)

                median, largest = milliseconds(work, options.rounds)
                print(f"{name}: {median:.0f} ms a query ({largest:.0f}), {megabytes(work):.0f} MB beside the file")
            if "lists" in parts:
                lists(points, queries, truth)
            if "kinds" in parts:
                kinds(points, queries, truth["Euclidean"])
    if "align" in parts:
        align(options.rounds)
    if "embed" in parts:
        embed(options.rounds)


if __name__ == "__main__":
    main()
