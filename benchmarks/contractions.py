"""Sensitivity and positive predictive value of `find_contractions`, and the time it takes.

python benchmarks/contractions.py [--recordings 200] [--seed 2026] [--scales]

On simulated recordings, whose contractions are known: as they are, and with the drift, the wander and the belt's noise
of the simulator doubled. With FHR_DATA set also on 30-minute stretches of CTU-UHB recordings, marked by eye
(`contractions_by_eye.csv`), a seeded choice among recordings whose uterine activity is less than 30 % missing in the
last hour. Round 1, marked before the detector was written: ten times the last 30 min, second stage included, and ten
times the 30 min before the second stage. One threshold was then changed for a defect seen on simulated recordings;
round 2 is five more stretches before the second stage, marked after that and before the detector saw them. Marks with
certain = 0 are doubtful: missing them is no miss, finding them is no false alarm.

A contraction is found if the peak lies in the true interval, or if the two intervals share half of what they cover;
one to one. Contractions with a third or more of the signal missing do not count either way.

With --scales, what becomes of all CTU-UHB records when uterine activity is in another unit: multiplied, and then also
rounded to the record's own step, as a recorder with that step would have written it. A record is the same if all its
contractions are found and no other; uncertain if those that differ lie where the activity is said to be uncertain; else
different. The first line compares with a floor of 5 units, `lowest=5`, which is for monitors that write 0 to 100.
"""

import argparse
import os
import time
from contextlib import nullcontext
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

import fhr
from fhr.datasets import CTUUHB
from fhr.morphology.contraction_rate import tachysystole
from fhr.morphology.contractions import UncertainActivity, activity_of_each, find_contractions
from fhr.morphology.events import Events
from fhr.simulation import belt, simulate_labours, simulate_recording


class Tally:
    """Counts over recordings, and how far found and true onsets, ends and peaks are apart."""

    def __init__(self) -> None:
        self.hits = self.missed = self.false = 0
        self.apart: list[np.ndarray] = []

    def add(self, found: Events, start: np.ndarray, end: np.ndarray, peak: np.ndarray, counts: np.ndarray) -> None:
        """Compare one recording; only true contractions with `counts` (k,) are missed or found."""
        row, column = match(found, start, end)
        hit = counts[column]
        self.hits += int(hit.sum())
        self.missed += int(counts.sum() - hit.sum())
        self.false += len(found.start) - len(row)
        i, j = row[hit], column[hit]
        self.apart.append(np.stack([found.start[i] - start[j], found.end[i] - end[j], found.peak[i] - peak[j]]))

    def line(self, name: str, recordings: int) -> str:
        """A row of the table."""
        sensitivity, value = (self.hits / max(self.hits + wrong, 1) for wrong in (self.missed, self.false))
        quantiles = np.quantile(np.concatenate(self.apart, axis=1), [0.1, 0.5, 0.9], axis=1).T
        apart = " | ".join(f"{q[1]:+.0f} ({q[0]:+.0f} to {q[2]:+.0f})" for q in quantiles)
        true = self.hits + self.missed
        return f"| {name} | {recordings} | {true} | {sensitivity:.1%} | {value:.1%} | {apart} |"


def match(found: Events, start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows of `found` and of the true intervals that belong together, as many as can be."""
    shared = np.minimum(found.end[:, None], end) - np.maximum(found.start[:, None], start)
    covered = (found.end - found.start)[:, None] + (end - start) - shared
    same = (found.peak[:, None] >= start) & (found.peak[:, None] <= end) | (shared >= 0.5 * covered)
    row, column = linear_sum_assignment(np.where(same, -1 - 1e-4 * shared, 0.0))
    return row[same[row, column]], column[same[row, column]]


def loss(uc: np.ndarray, fs: float, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Share of each interval without signal; what is beyond the recording is without."""
    known = np.concatenate([[0], np.cumsum(~np.isnan(uc))])
    a, b = (np.clip(x * fs, 0, len(uc)).astype(int) for x in (start, end))
    return 1 - (known[b] - known[a]) / ((end - start) * fs)


def simulated(n: int, seed: int, factor: float) -> Tally:
    tally = Tally()
    louder = {name: factor * getattr(belt, name) for name in ("DRIFT", "WANDER", "NOISE")}
    with mock.patch.multiple(belt, **louder) if factor != 1 else nullcontext():
        for labour in simulate_labours(n, seed=seed):
            recording, events = labour.recording, labour.truth.events.of("contraction")
            counts = loss(recording.uc, recording.fs, events.start_s, events.end_s) < 1 / 3
            found = find_contractions(recording.uc, recording.fs)
            tally.add(found, events.start_s, events.end_s, events.extremum_s, counts)
    return tally


def by_eye(folder: Path, marks: pd.DataFrame) -> tuple[Tally, list[str]]:
    total, lines = Tally(), []
    for (name, a, b), rows in marks.groupby(["record", "stretch_start_s", "stretch_end_s"]):
        recording = fhr.read(folder / str(name))
        found = find_contractions(recording.uc, recording.fs)
        found = found.where((found.peak >= a) & (found.peak < b))
        rows = rows.dropna()
        start, end, peak = (rows[column].to_numpy(float) for column in ("start_s", "end_s", "peak_s"))
        counts = (rows["certain"] == 1).to_numpy() & (loss(recording.uc, recording.fs, start, end) < 1 / 3)
        one = Tally()
        for tally in (one, total):
            tally.add(found, start, end, peak, counts)
        lines.append(f"| {name} | {counts.sum()} | {(~counts).sum()} | {one.hits} | {one.missed} | {one.false} |")
    return total, lines


FACTORS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)


def compared(one: tuple[Events, UncertainActivity], other: tuple[Events, UncertainActivity]) -> tuple[str, int, int]:
    """Same, uncertain or different; contractions that `other` has not, and that it has more, where it is certain."""
    (before, _), (after, unseen) = one, other
    row, column = match(after, before.start, before.end)
    lost, more = np.delete(before.peak, column), np.delete(after.peak, row)
    if not len(lost) + len(more):
        return "same", 0, 0
    a, b = (int((~inside(peaks, unseen.ranges)).sum()) for peaks in (lost, more))
    return "different" if a + b else "uncertain", a, b


def inside(peaks: np.ndarray, ranges: np.ndarray) -> np.ndarray:
    return ((peaks[:, None] >= ranges[:, 0]) & (peaks[:, None] <= ranges[:, 1])).any(axis=1)


def too_many(activity: tuple[Events, UncertainActivity], duration: float) -> np.ndarray:
    events, unseen = activity
    return tachysystole(events, duration, unseen.ranges).present


def scales(folder: Path) -> None:
    print("| uterine activity | same | uncertain | different | lost | more | minutes of tachysystole: other; unknown |")
    print("|---|---|---|---|---|---|---|")
    records = []
    for recording in CTUUHB(folder):
        uc = recording.uc[~np.isnan(recording.uc)]
        step = float(np.diff(np.unique(uc)).min(initial=np.inf))
        records.append((recording.uc, recording.fs, step, activity(recording.uc, recording.fs)))
    cases = [("lowest=5", 1.0, False), *((f"x {factor:g}", factor, False) for factor in FACTORS)]
    cases += [(f"x {factor:g}, rounded", factor, True) for factor in FACTORS]
    for name, factor, rounded in cases:
        kinds, lost, more, minutes = [], 0, 0, np.zeros(3, dtype=int)
        for uc, fs, step, now in records:
            scaled = factor * uc  # in float32, as a reader gives it
            if rounded and np.isfinite(step):
                scaled = np.rint(scaled / step).astype(np.float32) * np.float32(step)
            there = activity(scaled, fs, lowest=5.0 if name == "lowest=5" else None)
            one, other = (there, now) if name == "lowest=5" else (now, there)
            kind, a, b = compared(one, other)
            kinds.append(kind)
            lost, more = lost + a, more + b
            before, after = (too_many(x, len(uc) / fs) for x in (one, other))
            known = ~np.isnan(before)
            minutes += [known.sum(), (known & (np.abs(after - before) == 1)).sum(), (known & np.isnan(after)).sum()]
        shares = " | ".join(f"{kinds.count(kind) / len(kinds):.1%}" for kind in ("same", "uncertain", "different"))
        wrong, unknown = minutes[1:] / minutes[0]
        print(f"| {name} | {shares} | {lost} | {more} | {wrong:.2%}; {unknown:.1%} |", flush=True)
    number = sum(len(events.peak) for *_, (events, _) in records)
    print(f"\n{len(records)} records, {number} contractions")


def activity(uc: np.ndarray, fs: float, lowest: float | None = None) -> tuple[Events, UncertainActivity]:
    return activity_of_each(np.asarray(uc, dtype=np.float64)[None], fs, lowest=lowest)[0]


def milliseconds() -> float:
    uc = np.resize(simulate_recording(0).uc, 90 * 60 * 4)
    times = []
    for _ in range(101):
        begin = time.process_time()
        activity(uc, 4.0)
        times.append(time.process_time() - begin)
    return 1e3 * float(np.median(times))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recordings", type=int, default=200)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--marks", type=Path, default=Path(__file__).with_name("contractions_by_eye.csv"))
    parser.add_argument("--scales", action="store_true", help="other units of all CTU-UHB records, and nothing else")
    options = parser.parse_args()
    if options.scales:
        scales(Path(os.environ["FHR_DATA"]) / "ctu-uhb-ctgdb")
        return
    print("| contractions | recordings | true | sensitivity | PPV | onset, s | end, s | peak, s |")
    print("|---|---|---|---|---|---|---|---|")
    for name, factor in (("simulated", 1.0), ("simulated, noise doubled", 2.0)):
        print(simulated(options.recordings, options.seed, factor).line(name, options.recordings))
    lines: list[str] = []
    if os.environ.get("FHR_DATA"):
        for number, marks in pd.read_csv(options.marks).groupby("round"):
            total, more = by_eye(Path(os.environ["FHR_DATA"]) / "ctu-uhb-ctgdb", marks)
            print(total.line(f"CTU-UHB by eye, round {number}", len(more)))
            lines += more
        print("\n| record | certain | doubtful | found | missed | false |\n|---|---|---|---|---|---|")
        print("\n".join(lines))
    print(f"\n90 min at 4 Hz: {milliseconds():.1f} ms of CPU time")


if __name__ == "__main__":
    main()
