"""Milliseconds a window of 60 min that each group of features over nested parts takes on one thread.

OMP_NUM_THREADS=1 python benchmarks/nested_features.py [FOLDER]

The windows are the last 60 min of recordings of FOLDER (CTU-UHB), cleaned, 14,400 samples at 4 Hz; without a folder, of
simulated labours. Each group is given one window at a time and 40 at once, in turns with the others; the numbers are
medians over windows and over rounds, of CPU time, which what else runs on the machine disturbs least. The last line is
of all seven groups together.
"""

import statistics
import sys
import tempfile
import time

import numpy as np

from fhr.datasets import CTUUHB
from fhr.errors import SignalError
from fhr.features import NESTED_GROUPS, FeatureSet, Windows
from fhr.simulation import write_database

MINUTES = 60.0


def windows(folder: str, n: int) -> tuple[np.ndarray, np.ndarray]:
    """FHR and UC (window, time) of `n` recordings, evenly over the folder."""
    cut: list[Windows] = []
    for recording in CTUUHB(folder):
        try:
            cut.append(FeatureSet(minutes=MINUTES).windows(recording))
        except SignalError:  # too short
            continue
    chosen = cut[:: max(len(cut) // n, 1)][:n]
    return np.concatenate([one.fhr for one in chosen]), np.concatenate([one.uc for one in chosen])


def milliseconds(features: FeatureSet, fhr: np.ndarray, uc: np.ndarray, at_once: int) -> float:
    """Median of the times of its batches, a window."""
    taken = []
    for i in range(0, len(fhr), at_once):
        batch = slice(i, i + at_once)
        start = time.process_time()
        features.compute(fhr[batch], uc[batch])
        taken.append(1e3 * (time.process_time() - start) / len(fhr[batch]))
    return statistics.median(taken)


def main(folder: str | None, *, n: int = 40, rounds: int = 5) -> None:
    with tempfile.TemporaryDirectory() as simulated:
        fhr, uc = windows(folder or str(write_database(simulated, 2 * n, seed=0)), n)
    sets = {group: FeatureSet(groups=(group,), minutes=MINUTES) for group in NESTED_GROUPS}
    sets["all"] = FeatureSet(groups=NESTED_GROUPS, minutes=MINUTES)
    ms: dict[tuple[str, int], list[float]] = {(name, k): [] for name in sets for k in (1, len(fhr))}
    for features in sets.values():
        features.compute(fhr[:1], uc[:1])  # filters are made before it is timed
    for _ in range(rounds):
        for (name, at_once), times in ms.items():
            times.append(milliseconds(sets[name], fhr, uc, at_once))
    print(f"{len(fhr)} windows, {np.isnan(fhr).mean():.0%} missing; ms a window, median of {rounds} rounds")
    print(f"{'':20}{'columns':>8}{'alone':>8}{f'{len(fhr)} at once':>12}")
    for name, features in sets.items():
        alone, together = (statistics.median(ms[name, k]) for k in (1, len(fhr)))
        print(f"{name:20}{len(features.columns):8}{alone:8.2f}{together:12.2f}")


if __name__ == "__main__":
    main(*sys.argv[1:2] or [None])
