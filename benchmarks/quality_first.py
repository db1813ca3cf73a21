"""Share of false FHR that makes events, and of true FHR that is lost, before and after the quality rules.

Over the 779 recordings of fhrma-false-signals, Doppler and scalp apart. Samples count that an expert marked and that
hold a value; all recordings are pooled, and the intervals draw recordings.

- false FHR in events: of the samples marked false, the share that lies in an acceleration or a deceleration;
- false FHR kept: of the same samples, the share that the analysis takes for fetal;
- true FHR lost: of the samples marked true, the share that is left out as false.

`--folds DIR` takes the logits that benchmarks/false_signals.py keeps there of the recordings that its networks did not
see, and adds the rows of the network, alone and with the rules, on those recordings.

    FHR_DATA=DIR python benchmarks/quality_first.py [--folds DIR]
"""

import argparse
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fhr.datasets import FalseSignals
from fhr.morphology import false_stretches, find
from fhr.preprocessing import clean, remove_false_signal
from fhr.recording import Recording

GROUPS: dict[str, Callable[[str, Recording], bool]] = {
    "Doppler": lambda group, r: group == "DopMHRTrain",
    "Doppler, MHR recorded": lambda group, r: group == "DopMHRTrain" and _has_mhr(r),
    "Doppler, no MHR": lambda group, r: group == "DopMHRTrain" and not _has_mhr(r),
    "scalp": lambda group, r: group == "ScalpTrain",
}


def _has_mhr(recording: Recording) -> bool:
    return recording.mhr is not None and bool(np.isfinite(recording.mhr).any())


def in_events(recording: Recording, fhr: np.ndarray) -> np.ndarray:
    """Bool (n,): the samples that lie in an event, with `fhr` in place of the recording's."""
    judged = clean(Recording(recording.name, fhr, recording.uc, recording.fs))
    found = find(judged.fhr, judged.uc, judged.fs)
    inside = np.zeros(len(recording), dtype=bool)
    for events in (found.accelerations, found.decelerations):
        for start, end in zip(events.start, events.end, strict=True):
            inside[round(start * recording.fs) : round(end * recording.fs)] = True
    return inside


def counts(recording: Recording, marks: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """False in events, false kept, false, true lost, true: numbers of samples (5,)."""
    held = ~np.isnan(recording.fhr)
    false, true = held & (marks == 1), held & (marks == 0)
    there = ~np.isnan(kept)
    numbers = [false & there & in_events(recording, kept), false & there, false, true & ~there, true]
    return np.array([number.sum() for number in numbers])


def row(title: str, counted: list[np.ndarray]) -> str:
    each = np.array(counted)
    draw = np.random.default_rng(0).integers(len(each), size=(1000, len(each)))
    cells = []
    for above, below in ((0, 2), (1, 2), (3, 4)):
        drawn = 100 * each[draw, above].sum(axis=1) / np.maximum(each[draw, below].sum(axis=1), 1)
        low, high = np.quantile(drawn, [0.025, 0.975])
        share = 100 * each[:, above].sum() / max(each[:, below].sum(), 1)
        cells.append(f"{share:.2f} ({low:.2f} to {high:.2f})")
    minutes = each.sum(axis=0)[[2, 4]] / 240
    return f"| {title} | {len(each)}, {minutes[0]:.0f}, {minutes[1]:.0f} | " + " | ".join(cells) + " |"


def network(folder: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What the networks call false of the recordings that they did not see: masks (n,) of FHR and of MHR by name."""
    found = {}
    for path in sorted(folder.glob("fold_*.npz")):
        with np.load(path) as kept:
            cuts = np.log(kept["thresholds"] / (1 - kept["thresholds"]))
            for entry in kept.files:
                kind, _, name = entry.partition(" ")
                if kind == "with_mhr":
                    fhr, mhr = kept[entry] >= cuts[:, None]
                    found[name] = (fhr, mhr)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folds", type=Path, help="folder of benchmarks/false_signals.py")
    options = parser.parse_args()
    database = FalseSignals(Path(os.environ["FHR_DATA"]) / "fhrma-false-signals")
    networks = network(options.folds) if options.folds else {}
    counted: dict[tuple[str, str], list[np.ndarray]] = {}
    for recording in database:
        marks = database.marks(recording.name)[0]
        if not np.isfinite(marks[~np.isnan(recording.fhr)]).any():
            continue
        ways = {"before": recording.fhr, "rules": false_stretches(recording).fhr}
        if recording.name in networks:
            fhr, mhr = networks[recording.name]
            judged = remove_false_signal(recording, None, None if recording.mhr is None else mhr)
            ways |= {f"held out: {way}": signal for way, signal in ways.items()}
            ways["held out: network"] = np.where(fhr, np.nan, recording.fhr)
            ways["held out: network and rules"] = false_stretches(judged, fhr).fhr
        for way, signal in ways.items():
            found = counts(recording, marks, signal)
            for group, belongs in GROUPS.items():
                if belongs(database.groups[recording.name], recording):
                    counted.setdefault((group, way), []).append(found)
    print("| | recordings, false min, true min | false FHR in events, % | false FHR kept, % | true FHR lost, % |")
    print("|---|---|---|---|---|")
    for group in GROUPS:
        for (of, way), rows in counted.items():
            if of == group:
                print(row(f"{group}: {way}", rows))


if __name__ == "__main__":
    main()
