"""Changes of the baseline, planted into real recordings: does the baseline follow, and do the guidelines say so?

    FHR_DATA=DIR python benchmarks/plateaus.py [--seed 2026] [--rounds 1] [--worst 5] [--reference]

Into each CTU-UHB recording a plateau is planted: 30 to 60 bpm up or down (whichever keeps the rate on the paper), 12 to
30 min long and anywhere in the recording, with ramps of 0 to 5 min at each side beside that and, in half of them, added
variability. The baseline follows if it lies within 5 bpm of the planted level (the baseline of the untouched recording
plus what was planted) over 90% of the samples of the plateau that hold FHR. A category says so if, asked about the 60
min that hold the plateau, it names tachycardia or bradycardia where nine tenths of the planted level lie beyond 165 or
105 bpm. Plateaus with less than half of FHR known are left out. A recording is calm on a plateau where FHR is known for
80% of it and lies within 12 bpm of the untouched baseline for 70% of that: elsewhere the untouched baseline is itself
open to doubt.

`--reference` asks what that untouched baseline is worth as the level to be found, by the same rule (within 5 bpm over
90%): of the whole recording moved by as much as the plateau; of the recording in which the plateau was planted and
taken off again as it was planted, so that only its added variability is left; and of the untouched recording from 10
min before to 10 min after. A method that knew all about the plateau would do as well as the second of them.
"""

import argparse
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.signal import lfilter

import fhr
from fhr.morphology import Morphology, analyze, figo, nichd

WITHIN, SHARE = 5.0, 0.9  # bpm; of the plateau
BESIDE = 600.0  # s to each side that are kept with it
ON_PAPER = (70.0, 195.0)  # bpm, levels that are planted


class Plateau(NamedTuple):
    """What is planted: times in s."""

    start: float
    end: float
    bpm: float
    ramps: tuple[float, float]
    noise: float


def draw(rng: np.random.Generator, fhr_bpm: np.ndarray, fs: float) -> Plateau:
    """A plateau for a recording."""
    duration = len(fhr_bpm) / fs
    length = min(rng.uniform(12, 30) * 60, 0.5 * duration)
    size = rng.uniform(30, 60)
    start = rng.uniform(-0.05, 1.05) * (duration - length)  # one in ten at an end
    start = float(np.clip(start, 0, duration - length))
    level = np.nanmedian([*fhr_bpm[round(start * fs) : round((start + length) * fs)], 140.0])
    start = rng.uniform(-0.05, 1.05) * (duration - length)  # one in ten at an end
    start = float(np.clip(start, 0, duration - length))
    level = np.nanmedian([*fhr_bpm[round(start * fs) : round((start + length) * fs)], 140.0])
    signs = [sign for sign in (1, -1) if ON_PAPER[0] <= level + sign * size <= ON_PAPER[1]]
    level = np.nanmedian([*fhr_bpm[round(start * fs) : round((start + length) * fs)], 140.0])
    signs = [sign for sign in (1, -1) if ON_PAPER[0] <= level + sign * size <= ON_PAPER[1]]
    ramps = tuple(float(60 * x) for x in rng.uniform(0, 5, 2) * (rng.uniform(size=2) < 0.7))
    noise = float(rng.uniform(1, 4)) if rng.uniform() < 0.5 else 0.0
    return Plateau(start, start + length, float(rng.choice(signs) * size), ramps, noise)


def shape_of(plateau: Plateau, n: int, fs: float) -> np.ndarray:
    """The share of the plateau's height at each sample (n,)."""
    time = np.arange(n) / fs
    (up, down), (start, end) = plateau.ramps, plateau[:2]
    shape = np.interp(time, [start - up - 1e-6, start, end, end + down + 1e-6], [0.0, 1.0, 1.0, 0.0])
    shape[time < start - up] = shape[time > end + down] = 0.0
    return shape


def plant(fhr_bpm: np.ndarray, fs: float, plateau: Plateau, rng: np.random.Generator) -> np.ndarray:
    """The rate with the plateau in it."""
    time = np.arange(len(fhr_bpm)) / fs
    shape = shape_of(plateau, len(fhr_bpm), fs)
    slow = lfilter([1.0], [1.0, -np.exp(-1 / (5.0 * fs))], rng.standard_normal(len(time)))
    noise = plateau.noise * slow * np.sqrt(1 - np.exp(-2 / (5.0 * fs)))
    return (fhr_bpm + shape * (plateau.bpm + noise)).astype(np.float32)


def references(
    recording: fhr.Recording, planted: np.ndarray, untouched: np.ndarray, plateau: Plateau, known: np.ndarray
) -> tuple[bool, ...]:
    """Whether the untouched baseline is found again: all moved; the plateau taken off; cut out with what is beside."""
    fs = recording.fs
    n = len(recording)
    first, last = round(plateau.start * fs), round(plateau.end * fs)
    begin, stop = max(0, round((plateau.start - BESIDE) * fs)), min(n, round((plateau.end + BESIDE) * fs))
    moved = recording.fhr + plateau.bpm
    taken_off = planted - plateau.bpm * shape_of(plateau, n, fs)
    cut = recording.fhr[begin:stop]
    found = []
    for rate, since, by in ((moved, 0, plateau.bpm), (taken_off, 0, 0.0), (cut, begin, 0.0)):
        activity = recording.uc[since : since + len(rate)]
        again = analyze(fhr.Recording(recording.name, rate.astype(np.float32), activity, fs=fs))
        level = again.baseline[first - since : last - since] - by
        found.append(bool((np.abs(level - untouched[first:last])[known] <= WITHIN).mean() >= SHARE))
    return tuple(found)


def print_references(found: np.ndarray, followed: np.ndarray, calm: np.ndarray) -> None:
    """Shares of the plateaus, and how often the baseline follows where all of `found` (plateau, 3) hold."""
    print("\n| the untouched baseline is found again | plateaus | share | calm |\n|---|---|---|---|")
    names = ("the whole recording moved", "the plateau taken off again", "cut to 10 min beside the plateau")
    for name, flags in zip(names, found.T, strict=True):
        print(f"| {name} | {len(flags)} | {flags.mean():.1%} | {flags[calm].mean():.1%} |")
    agreed: np.ndarray = found.all(axis=1)
    print(f"| all three | {len(agreed)} | {agreed.mean():.1%} | {agreed[calm].mean():.1%} |")
    for name, flags in (("these", agreed), ("the others", ~agreed)):
        shares = [f"{followed[each].mean():.1%}" if each.any() else "-" for each in (flags, flags & calm)]
        print(f"| of {name}, the baseline follows | {flags.sum()} | {shares[0]} | {shares[1]} |")


def says(morphology: Morphology, plateau: Plateau, name: str) -> tuple[bool, bool]:
    """Whether FIGO's and NICHD's category of the hour that holds the plateau name it."""
    duration = len(morphology.baseline) / morphology.fs
    start = float(np.clip((plateau.start + plateau.end) / 2 - 1800, 0, max(0.0, duration - 3600)))
    strips = [guideline(morphology, start, min(start + 3600, duration)) for guideline in (figo, nichd)]
    return tuple(any(criterion.name == name for criterion in strip.criteria) for strip in strips)  # type: ignore[return-value]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--worst", type=int, default=5)
    parser.add_argument("--records", type=int, default=None)
    parser.add_argument("--reference", action="store_true")
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    followed, named, calm, longest, rows, found_again = [], [], [], [], [], []
    paths = sorted((Path(os.environ["FHR_DATA"]) / "ctu-uhb-ctgdb").glob("*.hea"))[: options.records]
    for path in paths:
        recording = fhr.read(path)
        before = analyze(recording)
        longest.append((before.accelerations["end_s"] - before.accelerations["start_s"]).max())
        for _ in range(options.rounds):
            plateau = draw(rng, recording.fhr, recording.fs)
            planted = fhr.Recording(
                recording.name, plant(recording.fhr, recording.fs, plateau, rng), recording.uc, fs=recording.fs
            )
            after = analyze(planted)
            longest.append((after.accelerations["end_s"] - after.accelerations["start_s"]).max())
            seen = slice(round(plateau.start * recording.fs), round(plateau.end * recording.fs))
            known = ~np.isnan(recording.fhr[seen])
            if known.mean() < 0.5:
                continue  # the recording does not show it
            level = before.baseline[seen][known] + plateau.bpm
            near = float((np.abs(after.baseline[seen][known] - level) <= WITHIN).mean())
            followed.append(near >= SHARE)
            untouched = np.abs(recording.fhr[seen] - before.baseline[seen])[known]
            calm.append(known.mean() >= 0.8 and float((untouched <= 12).mean()) >= 0.7)
            rows.append((near, recording.name, plateau))
            if options.reference:
                found_again.append(references(recording, planted.fhr, before.baseline, plateau, known))
            beyond = [("tachycardia", level > 165), ("bradycardia", level < 105)]
            named += [says(after, plateau, name) for name, flags in beyond if flags.mean() > 0.9]
    print("| | plateaus | share |\n|---|---|---|")
    print(f"| the baseline follows | {len(followed)} | {np.mean(followed):.1%} |")
    print(f"| the same, calm recordings | {sum(calm)} | {np.mean(np.array(followed)[calm]):.1%} |")
    for guideline, share in zip(("FIGO 2015", "NICHD 2008"), np.mean(named, axis=0), strict=True):
        print(f"| {guideline} says so | {len(named)} | {share:.1%} |")
    print(f"\nLongest acceleration, planted or not: {np.nanmax(longest):.0f} s")
    if options.reference:
        print_references(np.array(found_again), np.array(followed), np.array(calm))
    for near, name, plateau in sorted(rows)[: options.worst]:
        print(f"<!-- {name}: {near:.2f} within, {plateau} -->")


if __name__ == "__main__":
    main()
