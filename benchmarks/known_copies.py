"""Copies of the training records of the shipped model that no checksum knows: how surely they are told from strangers.

python benchmarks/known_copies.py CTU_UHB [OTHER ...]

Every record as it is read, and changed as a copy may be: other rates (every second, fourth or eighth sample, means of
four, 8 Hz), whole beats a minute, its first 5 min and the gaps at its ends cut off, noise of 1 bpm. Printed for each:
how many are found as themselves and as another record, the smallest share of minutes alike of a record with itself,
and the largest with another one. OTHER are folders of recordings that are no copies.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

import fhr
from fhr.datasets import CTUUHB
from fhr.errors import FHRError
from fhr.prediction.known_minutes import KnownMinutes, minute_medians
from fhr.preprocessing import resample
from fhr.recording import Recording


def every(recording: Recording, k: int) -> Recording:
    return replace(recording, fhr=recording.fhr[::k], uc=recording.uc[::k], fs=recording.fs / k)


def shortened(recording: Recording) -> Recording:
    there = np.flatnonzero(~np.isnan(recording.fhr))
    part = slice(max(there[0], round(300 * recording.fs)), there[-1] + 1)
    return replace(recording, fhr=recording.fhr[part], uc=recording.uc[part])


def noisy(recording: Recording) -> Recording:
    noise = np.random.default_rng(0).normal(size=len(recording)).astype(np.float32)
    return replace(recording, fhr=recording.fhr + noise)


CHANGES = {
    "as it is": lambda one: one,
    "every second sample": lambda one: every(one, 2),
    "every fourth sample": lambda one: every(one, 4),
    "every eighth sample": lambda one: every(one, 8),
    "mean of four": lambda one: resample(one, 1.0),
    "3 Hz": lambda one: resample(one, 3.0),
    "8 Hz": lambda one: resample(one, 8.0),
    "whole bpm, every fourth": lambda one: replace(every(one, 4), fhr=every(one, 4).fhr.round()),
    "without its first 5 min and gaps at its ends": shortened,
    "noise of 1 bpm": noisy,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("others", nargs="*", type=Path)
    options = parser.parse_args()
    records = list(CTUUHB(options.folder))
    known = KnownMinutes([one.name for one in records], np.array([minute_medians(one) for one in records]))
    for name, change in CHANGES.items():
        copies = [change(one) for one in records]
        alike = np.array([known.alike(copy) for copy in copies])
        found = [known.name_of(copy) for copy in copies]
        itself = sum(one == copy.name for one, copy in zip(found, copies, strict=True))
        another = sum(one not in (None, copy.name) for one, copy in zip(found, copies, strict=True))
        own, rest = np.diag(alike), alike[~np.eye(len(alike), dtype=bool)]
        print(
            f"{name}: {itself} of {len(copies)} as themselves, {another} as another; smallest share with itself "
            f"{np.sort(own)[:3].round(3)}, largest with another {rest.max():.3f}",
            flush=True,
        )
    for folder in options.others:
        paths = [path for path in sorted(folder.rglob("*")) if path.suffix in (".fhr", ".fhrm")]
        largest, taken = [], 0
        for path in paths:
            try:
                recording = fhr.read(path)
            except FHRError:
                continue
            largest.append(known.alike(recording).max())
            taken += known.name_of(recording) is not None
        print(f"{folder.name}: {len(largest)} recordings, {taken} taken for a copy, largest share {max(largest):.3f}")


if __name__ == "__main__":
    sys.exit(main())
