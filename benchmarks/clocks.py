"""Time stamps of many clocks, placed on a grid: read as they truly were, refused, or wrong.

Each clock has a rate, jitter, drift, rounding and missing rows; it is read with and without the rate. Right is a grid
in which every row has its true sample. Clocks that go back or contradict the rate that is given have to be refused.

python benchmarks/clocks.py [--minutes 30] [--seeds 2] [--wrong]
"""

import argparse
import itertools
import logging
from collections import Counter

import numpy as np

from fhr.errors import FormatError
from fhr.formats.times.grid import place

RATES = (1.0, 2.0, 3.2, 4.0, 5.0, 10.0)
JITTERS = {"none": (0.0, 0.0), "±0.1": (0.1, 0.0), "±0.4": (0.4, 0.0), "sd 0.05": (0.0, 0.05), "sd 0.15": (0.0, 0.15)}
DRIFTS = (0.0, 5e-5, -2e-4, 3e-3)  # of the clock of the stamps
ROUNDINGS = ("none", "0.001", "0.01", "0.1", "0.25", "1", "1 down")  # s
GAPS = ("none", "long", "short", "single rows")
FAULTS = ("row twice", "rows swapped", "set back", "starts again", "falling", "half the rate", "row added")


def stamps_of(rate: float, jitter: str, drift: float, rounding: str, gaps: str, n: int, rng: np.random.Generator):
    """True samples of the rows, and their stamps."""
    sample = np.arange(n)
    missing = np.zeros(n, bool)
    if gaps == "long":
        begin = int(rng.integers(n // 4, n // 2))
        missing[begin : begin + n // 5] = True
    elif gaps == "short":
        for begin in rng.integers(5, n - 45, 4):
            missing[begin : begin + int(rng.integers(2, 40))] = True
    elif gaps == "single rows":
        missing[rng.integers(1, n - 1, max(2, n // 700))] = True
    sample = sample[~missing]
    within, spread = JITTERS[jitter]
    late = rng.uniform(-within, within, len(sample)) if within else spread * rng.standard_normal(len(sample))
    time = rng.uniform(0, 1000) * (rng.random() < 0.5) + (sample + late) * (1 + drift) / rate
    if rounding == "1 down":
        time = np.floor(time)
    elif rounding != "none":
        time = np.round(time / float(rounding)) * float(rounding)
    return sample, time


def step_of(rounding: str) -> float:
    """Step of a rounding, s; 0 for none."""
    return 0.0 if rounding == "none" else float(rounding.split()[0])


def undecidable(rate: float, drift: float, rounding: str) -> bool:
    """Whether a clock drifts and is written in whole or half samples: gaps may be a sample longer or shorter."""
    halves = 2 * step_of(rounding) * rate
    return bool(drift and round(halves) and abs(halves - round(halves)) < 1e-6)


def verdict(sample: np.ndarray, time: np.ndarray, fs: float | None) -> str:
    """What became of the stamps: "right", "wrong" and how, or the refusal."""
    try:
        grid = place(time, unit="s", fs=fs, tolerance=None, where="")
    except FormatError as error:
        return f"refused: {error}"
    true = np.full(sample[-1] - sample[0] + 1, -1)
    true[sample - sample[0]] = np.arange(len(sample))
    if np.array_equal(grid.rows, true):
        return "right"
    taken = np.flatnonzero(grid.rows >= 0)
    if not np.array_equal(grid.rows[taken], np.arange(len(sample))):
        return "wrong: rows lost or out of order"
    return f"wrong: {np.ptp(taken - sample)} samples in the length of gaps"


def faulty(fault: str, sample: np.ndarray, time: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Stamps with a fault, and the number of the true row of each."""
    row, n = int(rng.integers(len(time) // 4, len(time) // 2)), len(time)
    rows = np.arange(n)
    if fault in ("row twice", "row added"):
        rows = np.insert(rows, row, row - 1)
        time = time[rows]
        if fault == "row added":
            time[row] += 0.3 * (time[row + 1] - time[row])
    elif fault == "rows swapped":
        rows[[row, row + 1]] = rows[[row + 1, row]]
        time = time[rows]
    elif fault == "set back":
        time = time - np.where(rows >= row, 0.5 * (time[row] - time[0]), 0)
    elif fault == "starts again":
        time = np.concatenate([time[:row], time[: n - row]])
    elif fault == "falling":
        time = time[::-1]
    return rows, time


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--wrong", action="store_true", help="name the clocks that are read wrongly")
    options = parser.parse_args()
    logging.disable()
    found: dict[str, Counter] = {}
    every = itertools.product(RATES, JITTERS, DRIFTS, ROUNDINGS, GAPS, range(options.seeds))
    for number, (rate, jitter, drift, rounding, gaps, _) in enumerate(every):
        if drift > 1e-3 and rounding not in ("none", "0.001", "0.01"):
            continue  # a sample that slips from a coarse clock and one that is missing look the same
        rng = np.random.default_rng(number)
        n = int(rng.choice([0.1, 0.5, 1]) * options.minutes * 60 * rate)
        sample, time = stamps_of(rate, jitter, drift, rounding, gaps, n, rng)
        step = step_of(rounding)
        coarse = "rows a stamp" if step * rate > 1 else "rounded coarsely" if step * rate > 0.3 else ""
        shaken = "jitter ±0.4" if jitter == "±0.4" else "jitter sd 0.15" if jitter == "sd 0.15" else "small jitter"
        kind = f"{coarse or shaken}, {'gaps' if gaps != 'none' else 'no gaps'}{', 0.3 % off' if drift > 1e-3 else ''}"
        kind += ", jitter" if coarse and jitter != "none" else ""
        kind = "undecidable: a drifting clock in (half) samples" if undecidable(rate, drift, rounding) else kind
        for fs in (rate, None):
            said = verdict(sample, time, fs)
            told = found.setdefault(f"{kind}, {'fs given' if fs else 'fs from the times'}", Counter())
            told[said.split(":")[0]] += 1
            if options.wrong and said != "right":
                print(said[:150], "|", rate, jitter, drift, rounding, gaps, n, fs)
        if jitter == "none" and gaps == "none" and step * rate <= 1:
            for fault in FAULTS:
                rows, bad = faulty(fault, sample, time, rng)
                fs = rate / 2 if fault == "half the rate" else rate
                said = verdict(rows, bad, fs)
                said = "wrong" if said == "right" else said
                found.setdefault(f"fault: {fault}", Counter())[said.split(":")[0]] += 1
                if options.wrong and said.startswith("wrong"):
                    print(said, "|", fault, rate, drift, rounding, n)
    for kind, counts in sorted(found.items()):
        print(f"{kind:62}", *(f"{counts[word]:6} {word}" for word in ("right", "refused", "wrong")))
    print("all", dict(sum(found.values(), Counter())))


if __name__ == "__main__":
    main()
