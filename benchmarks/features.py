"""Milliseconds a window that each scalar feature takes on one thread, beside antropy where it has the same one.

OMP_NUM_THREADS=1 python benchmarks/features.py [FOLDER]

The windows are the last 30 min of recordings of FOLDER (CTU-UHB), cleaned, 7,200 samples at 4 Hz; without a folder, of
simulated labours. antropy takes no gaps: it is given the same windows with their gaps closed by straight lines, and the
column `filled` is this package on those very signals. Both are timed in turns; the numbers are medians over rounds.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable

import antropy
import numpy as np

from fhr.datasets import CTUUHB
from fhr.features import (
    band_power,
    coarse_grain,
    dfa,
    higuchi,
    lempel_ziv,
    mad,
    multiscale_entropy,
    poincare,
    prsa,
    sample_entropy,
    scalar_features,
)
from fhr.preprocessing import DEFAULT_STEPS, clean
from fhr.simulation import write_database

SIZES = np.unique(np.floor(4 * 1.2 ** np.arange(29)).astype(int))  # what antropy takes for 7,200 samples: 4 to 659
OURS: dict[str, Callable] = {
    "sample_entropy": sample_entropy,
    "lempel_ziv": lempel_ziv,
    "higuchi": higuchi,
    "dfa, antropy's 28 scales": lambda x: dfa(x, scales=SIZES),
    "multiscale_entropy, 5 scales at 2 Hz": lambda x: multiscale_entropy(coarse_grain(x, 2)),
    "band_power": band_power,
    "prsa": lambda x: prsa(x, T=10, s=10),
    "poincare": poincare,
    "mad": mad,
    "scalar_features, all columns": scalar_features,
}
THEIRS: dict[str, Callable] = {
    "sample_entropy": antropy.sample_entropy,
    "lempel_ziv": lambda x: antropy.lziv_complexity((x >= np.median(x)).astype(int), normalize=True),
    "higuchi": antropy.higuchi_fd,
    "dfa, antropy's 28 scales": antropy.detrended_fluctuation,
}


def windows(folder: str, n: int) -> np.ndarray:
    recordings = list(CTUUHB(folder))
    last = [clean(recording, DEFAULT_STEPS).fhr[-7200:] for recording in recordings[:: max(len(recordings) // n, 1)]]
    return np.stack([x for x in last if np.isnan(x).mean() < 0.5][:n]).astype(float)


def main(folder: str | None, *, n: int = 20, rounds: int = 7) -> None:
    with tempfile.TemporaryDirectory() as simulated:
        x = windows(folder or str(write_database(simulated, 2 * n, seed=0)), n)
    filled = np.stack([np.interp(np.arange(len(w)), np.flatnonzero(w == w), w[w == w]) for w in x])
    print(f"{len(x)} windows, {np.isnan(x).mean():.0%} missing; ms a window, median of {rounds} rounds")
    print(f"{'':38}{'gaps':>8}{'filled':>8}{'antropy':>9}{'times':>7}{'difference':>13}")
    for name, ours in OURS.items():
        theirs = THEIRS.get(name)
        runs: dict[str, Callable] = {"gaps": lambda f=ours: f(x), "filled": lambda f=ours: f(filled)}
        if theirs:
            runs["antropy"] = lambda f=theirs: [f(w) for w in filled]
            theirs(filled[0])  # compiled before it is timed
        seconds: dict[str, list[float]] = {run: [] for run in runs}
        values = {}
        for _ in range(rounds):
            for run, call in runs.items():
                start = time.perf_counter()
                values[run] = call()
                seconds[run].append(time.perf_counter() - start)
        ms = {run: 1e3 * statistics.median(s) / len(x) for run, s in seconds.items()}
        line = f"{name:38}{ms['gaps']:8.2f}{ms['filled']:8.2f}"
        if theirs:
            difference = np.max(np.abs(np.asarray(values["filled"]) - values["antropy"]))
            line += f"{ms['antropy']:9.2f}{ms['antropy'] / ms['filled']:7.1f}{difference:13.0e}"
        print(line)


if __name__ == "__main__":
    main(*sys.argv[1:2] or [None])
