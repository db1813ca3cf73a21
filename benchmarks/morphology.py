"""Accelerations and decelerations beside the experts' marks of fhrma-morphology, and the speed of the analysis.

    FHR_DATA=DIR python benchmarks/morphology.py                      # the package as it is
    FHR_DATA=DIR python benchmarks/morphology.py --cross-validate     # what tuning reaches on recordings it did not see
    FHR_DATA=DIR python benchmarks/morphology.py --tune               # constants tuned on all recordings
    FHR_DATA=DIR python benchmarks/morphology.py --speed
    FHR_DATA=DIR python benchmarks/morphology.py --beside PATH        # CPU time over that of another checkout, in pairs

Matching as in Houzé de l'Aulnoit et al. 2019 (doi:10.1016/j.bspc.2018.10.002): an event found and an event marked agree
if they overlap by 5 s or more, one to one; events of which more than a third of the signal is missing count nowhere.
Precision, recall and F1 are pooled over recordings; intervals are a bootstrap over recordings.

`--cross-validate` repeats the whole tuning, a random search from round numbers, in each of five folds of recordings and
scores the held-out recordings with that fold's constants. The constants that are shipped come from `--tune`.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

import fhr
from fhr.morphology import analyze, find_contractions
from fhr.morphology import baseline as baseline_room
from fhr.morphology.excursions import ACCELERATION, DECELERATION, Track, find_both
from fhr.morphology.findings import BRIDGED
from fhr.morphology.seconds import by_second, smoothed
from fhr.preprocessing import clean, interpolate_gaps

OVERLAP = 5.0  # s
KINDS = ("ACC", "DEC")

# Where the search begins: round numbers, the guidelines' where there are any.
START: dict[str, float] = {
    "MOVEMENT": 0.4, "RESTLESS": 4.0,
    "ABOVE": 0.7, "BELOW": 0.9, "FAR_ABOVE": 15.0, "FAR_BELOW": 20.0, "CHANGE": 0.3, "UNUSUAL": 0.02,
    "NEAR": 7.0, "NEAR_RESTLESS": 1.0, "SPREAD": 70.0, "SECOND_SPREAD": 100.0,
    "EVENT": 6.0, "EVENT_RESTLESS": 0.5,
    "both.smoothing": 6.0, "both.edge": 6.0, "both.edge_restless": 0.3, "both.bridge": 8.0, "both.shortest": 12.0,
    "both.cut": 0.33, "both.cut_smoothing": 4.0, "both.foot": 0.25, "both.fullness": 0.2,
    **{f"{side}.{name}": value for side in KINDS for name, value in {
        "amplitude": 12.0, "restless": 0.2, "lasting": 1.0, "company": 0.5}.items()},
    "ACC.opposed": 0.2, "DEC.contraction": 1.0,
}  # fmt: skip
LIMITS = {"fullness": 0.9, "cut": 0.95, "foot": 0.9, "smoothing": 15.0, "cut_smoothing": 15.0}


class Marked(NamedTuple):
    """A recording with its marks, and what of the analysis does not depend on the constants."""

    name: str
    fs: float
    missing: np.ndarray
    second: np.ndarray
    peaks: np.ndarray
    marks: dict[str, np.ndarray]


def load(folder: Path) -> list[Marked]:
    marks = pd.read_csv(folder / "events.csv")
    loaded = []
    for path in sorted(folder.glob("*.fhr")):
        recording = fhr.read(path)
        own = marks[marks["record"] == path.stem]
        missing = np.isnan(recording.fhr)
        events = {kind: own.loc[own["kind"] == kind, ["start_s", "end_s"]].to_numpy() for kind in KINDS}
        events = {kind: judged(each, missing, recording.fs) for kind, each in events.items()}
        second = by_second(clean(recording).fhr.astype(np.float64), recording.fs)
        peaks = find_contractions(recording.uc.astype(np.float64), recording.fs).peak
        loaded.append(Marked(path.stem, recording.fs, missing, second, peaks, events))
    return loaded


def judged(events: np.ndarray, missing: np.ndarray, fs: float) -> np.ndarray:
    keep = [missing[round(s * fs) : max(round(e * fs), round(s * fs) + 1)].mean() <= 1 / 3 for s, e in events]
    return events[np.array(keep, dtype=bool)].reshape(-1, 2)


def match(found: np.ndarray, marked: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows of events that agree: the most pairs, and among those the longest overlap."""
    if not len(found) or not len(marked):
        return np.empty(0, dtype=int), np.empty(0, dtype=int)
    shared = np.minimum(found[:, None, 1], marked[None, :, 1]) - np.maximum(found[:, None, 0], marked[None, :, 0])
    agree = shared >= OVERLAP
    rows, columns = linear_sum_assignment(np.where(agree, 1e6 + shared, 0.0), maximize=True)
    kept = agree[rows, columns]
    return rows[kept], columns[kept]


def count(found: dict[str, np.ndarray], record: Marked) -> np.ndarray:
    """Pairs, events found, events marked (kind, 3)."""
    rows = []
    for kind in KINDS:
        own = judged(found[kind], record.missing, record.fs)
        rows.append((len(match(own, record.marks[kind])[0]), len(own), len(record.marks[kind])))
    return np.array(rows)


def f1(counts: np.ndarray) -> np.ndarray:
    """Pooled F1 (kind,) of counts (record, kind, 3)."""
    pairs, found, marked = counts.sum(axis=0).T
    return 2 * pairs / np.maximum(found + marked, 1)


def find_with(record: Marked, constants: dict[str, float]) -> dict[str, np.ndarray]:
    """Events (k, 2) of each kind under other constants than the shipped ones."""
    rules = dict(zip(KINDS, (ACCELERATION, DECELERATION), strict=True))
    for name, value in constants.items():
        side, _, attribute = name.rpartition(".")
        if side:
            for kind in KINDS if side == "both" else (side,):
                rules[kind] = rules[kind]._replace(**{attribute: value})
        elif name.isupper():
            setattr(baseline_room, name, value)
    up, down = (rules[kind] for kind in KINDS)
    bridged = interpolate_gaps(record.second, 1.0, longest=BRIDGED)
    smooth = smoothed(bridged, down.smoothing)
    level, restless = baseline_room.baseline_by_second(record.second[None], smooth[None])
    track = Track(record.second, bridged, level[0], restless[0])
    found = find_both(track, record.peaks, (up, down))[:2]
    return {kind: np.stack([events.start, events.end], axis=1) for kind, events in zip(KINDS, found, strict=True)}


def search(records: list[Marked], trials: int, label: str) -> dict[str, float]:
    """The geometric mean of what three searches find: what they agree on is kept, what one owes to chance is not."""
    found = [one_search(records, trials, seed, f"{label}, search {seed}") for seed in range(3)]
    return {name: float(np.exp(np.mean([np.log(each[name]) for each in found]))) for name in START}


def one_search(records: list[Marked], trials: int, seed: int, label: str) -> dict[str, float]:
    """Random search: steps from, and crossings of, the best constants so far; the sum of the two F1 decides."""
    rng = np.random.default_rng(seed)
    names = list(START)

    def score(constants: dict[str, float]) -> float:
        return float(f1(np.array([count(find_with(record, constants), record) for record in records])).sum())

    best = [(score(START), START)]
    for trial in range(trials):
        parent = best[rng.integers(min(len(best), 6))][1]
        if len(best) > 3 and rng.random() < 0.4:
            other = best[rng.integers(min(len(best), 6))][1]
            parent = {name: (parent if rng.random() < 0.5 else other)[name] for name in names}
        child = dict(parent)
        chosen = rng.random(len(names)) < 0.15
        chosen[rng.integers(len(names))] = True
        for name in np.array(names)[chosen]:
            value = child[name] * np.exp(0.25 * rng.standard_normal() * rng.choice([0.3, 1.0, 2.0]))
            child[name] = float(min(value, LIMITS.get(name.rpartition(".")[2], np.inf)))
        best.append((score(child), child))
        best = sorted(best, key=lambda entry: -entry[0])[:12]
        if trial % 50 == 49:
            print(f"<!-- {label}: {trial + 1} trials, {best[0][0]:.4f} -->", flush=True)
    return {name: float(np.exp(np.mean([np.log(c[name]) for _, c in best]))) for name in names}


def table(counts: np.ndarray) -> str:
    rng = np.random.default_rng(0)
    draws = np.array([f1(counts[rng.integers(len(counts), size=len(counts))]) for _ in range(2000)])
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    lines = ["| events | marked | found | precision | recall | F1 | 95% interval |", "|---|---|---|---|---|---|---|"]
    for i, name in enumerate(("accelerations", "decelerations")):
        pairs, found, marked = counts.sum(axis=0)[i]
        lines.append(
            f"| {name} | {marked} | {found} | {pairs / found:.3f} | {pairs / marked:.3f} | {f1(counts)[i]:.3f} "
            f"| {low[i]:.3f}-{high[i]:.3f} |"
        )
    return "\n".join(lines)


def shipped(records: list[Marked], folder: Path) -> None:
    counts, errors, misses = [], [], []
    for record in records:
        morphology = analyze(fhr.read(folder / f"{record.name}.fhr"))
        tables = dict(zip(KINDS, (morphology.accelerations, morphology.decelerations), strict=True))
        found = {kind: each[["start_s", "end_s"]].to_numpy() for kind, each in tables.items()}
        counts.append(count(found, record))
        for kind in KINDS:
            own, marked = judged(found[kind], record.missing, record.fs), record.marks[kind]
            rows, columns = match(own, marked)
            onset = own[rows, 0] - marked[columns, 0]
            longer = np.diff(own[rows])[:, 0] - np.diff(marked[columns])[:, 0]
            errors += [(kind, a, b) for a, b in zip(onset, longer, strict=True)]
            misses += [(kind, *_why(own, marked, rows, columns))]
    print(table(np.array(counts)))
    print("\n| events | onset error, s: median (quartiles) | duration error, s: median (quartiles) |\n|---|---|---|")
    frame = pd.DataFrame(errors, columns=["kind", "onset", "duration"])
    for kind, part in frame.groupby("kind"):
        cells = [" ".join(f"{q:+.0f}" for q in part[c].quantile([0.5, 0.25, 0.75])) for c in ("onset", "duration")]
        print(f"| {kind} | {cells[0]} | {cells[1]} |")
    print("\n| events | found only | of these split | marked only | of these merged |\n|---|---|---|---|---|")
    why = pd.DataFrame(misses, columns=["kind", "only", "split", "missed", "merged"]).groupby("kind").sum()
    for kind, row in why.iterrows():
        print(f"| {kind} | {row['only']} | {row['split']} | {row['missed']} | {row['merged']} |")
    worst = np.argsort([(c[:, 1:].sum(axis=1) - 2 * c[:, 0]).sum() for c in counts])[::-1][:6]
    print("\nMost disagreement: " + ", ".join(
        f"{records[i].name} ({' / '.join(f'{p} of {m} marked, {f} found' for p, f, m in counts[i])})" for i in worst
    ))  # fmt: skip


def _why(own: np.ndarray, marked: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> tuple[int, int, int, int]:
    alone = np.delete(own, rows, axis=0)
    missed = np.delete(marked, columns, axis=0)

    def touching(events: np.ndarray, others: np.ndarray) -> int:
        return sum(bool(((others[:, 0] < e) & (others[:, 1] > s)).any()) for s, e in events)

    return len(alone), touching(alone, marked), len(missed), touching(missed, own)


def cross_validate(records: list[Marked], trials: int, only: list[int]) -> None:
    folds = np.array_split(np.random.default_rng(7).permutation(len(records)), 5)
    counts: dict[int, Any] = {}
    for k in only:
        train = [records[i] for i in range(len(records)) if i not in folds[k]]
        constants = search(train, trials, f"fold {k}")
        counts |= {i: count(find_with(records[i], constants), records[i]) for i in folds[k]}
        print(f"<!-- fold {k}: held out {f1(np.array([counts[i] for i in folds[k]])).round(3)} -->", flush=True)
        print(f"<!-- counts {k}: {[(int(i), counts[i].tolist()) for i in folds[k]]} -->", flush=True)
    print(table(np.array(list(counts.values()))))


def speed(folder: Path) -> None:
    recording = next(r for r in (fhr.read(p) for p in sorted(folder.glob("*.hea"))) if r.duration >= 5340)
    analyze(recording)
    rounds = []
    for _ in range(21):
        begin = time.perf_counter()
        analyze(recording)
        rounds.append(time.perf_counter() - begin)
    print("| what | seconds |\n|---|---|")
    print(f"| {recording.name}, {recording.duration / 60:.0f} min: median of 21 | {np.median(rounds):.4f} |")
    begin = time.perf_counter()
    names = sorted(folder.glob("*.hea"))
    for path in names:
        analyze(fhr.read(path))
    print(f"| {len(names)} records, read and analysed in one process | {time.perf_counter() - begin:.1f} |")


# Runs in a process of its own, on the checkout that PYTHONPATH names.
ANALYSED = """
import sys, time, fhr
from pathlib import Path
from fhr.morphology import analyze, event_list, summary
paths = sorted(Path(sys.argv[1]).glob("*.hea"))
recordings = [fhr.read(path) for path in paths[:: len(paths) // int(sys.argv[2])][: int(sys.argv[2])]]
analyze(recordings[0])
begin = time.process_time()
for recording in recordings:
    found = analyze(recording)
    event_list(found), summary(found)
print(time.process_time() - begin)
"""


def beside(folder: Path, other: Path, records: int = 80, pairs: int = 8) -> None:
    """CPU seconds of what `fhr morphology` computes of records evenly over the folder, this checkout and another."""
    here, taken = Path(__file__).absolute().parents[1], []
    for k in range(2 * pairs):
        this = k % 4 in (0, 3)  # each goes first in half of the pairs
        run = subprocess.run(
            [sys.executable, "-P", "-c", ANALYSED, str(folder), str(records)],
            env={**os.environ, "PYTHONPATH": str(here if this else other.absolute())},
            capture_output=True,
            text=True,
            check=True,
        )
        taken.append((this, float(run.stdout)))
    mine, others = (np.array([seconds for this, seconds in taken if this == which]) for which in (True, False))
    ratio = mine / others
    print(f"| CPU s of {records} records, this and {other} | {np.median(mine):.2f}, {np.median(others):.2f} |")
    print(f"| ratio, median of {pairs} pairs | {np.median(ratio):.2f} ({ratio.min():.2f} to {ratio.max():.2f}) |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cross-validate", action="store_true")
    parser.add_argument("--tune", action="store_true")
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--beside", metavar="PATH", type=Path)
    parser.add_argument("--trials", type=int, default=250)
    parser.add_argument("--folds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    options = parser.parse_args()
    data = Path(os.environ["FHR_DATA"])
    if options.beside:
        beside(data / "ctu-uhb-ctgdb", options.beside)
        return
    if options.speed:
        speed(data / "ctu-uhb-ctgdb")
        return
    records = load(data / "fhrma-morphology")
    if options.cross_validate:
        cross_validate(records, options.trials, options.folds)
    elif options.tune:
        for name, value in search(records, options.trials, "all").items():
            print(f"{name} = {value:.3g}")
    else:
        shipped(records, data / "fhrma-morphology")


if __name__ == "__main__":
    main()
