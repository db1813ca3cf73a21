"""Round trips of real recordings through every writer and through other rates; what they lose, and how long they take.

python benchmarks/conversions.py "$FHR_DATA" [--every N]
"""

import argparse
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import fhr
from fhr.errors import FormatError
from fhr.formats import WRITERS, not_kept, recordings_in, write
from fhr.preprocessing import resample

_SETS = ("ctu-uhb-ctgdb", "fhrma-morphology", "fhrma-false-signals")
_RATES = (0.5, 1.0, 2.0, 2.5, 3.2, 5.0, 10.0, 100.0, 250.0)  # Hz


def main() -> None:
    """Read, write, read again; resample, and resample back."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", help="folder of the published sets")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="take every N-th recording (default: 1)")
    options = parser.parse_args()
    paths = [path for name in _SETS for path in recordings_in(Path(options.data, name))][:: options.every]
    recordings = [fhr.read(path) for path in paths]
    print(f"{len(recordings)} recordings, {sum(r.duration for r in recordings) / 3600:.0f} h\n")
    print("| suffix | whole | not kept, of how many | MB | write, ms each | read, ms each |\n|---|---|---|---|---|---|")
    for suffix in WRITERS:
        print(_through(recordings, suffix))
    print("\n| rate, Hz | mean of FHR moves by up to, bpm | loss by up to | there and back: median, bpm | ms |")
    print("|---|---|---|---|---|")
    for rate in _RATES:
        print(_at(recordings, rate))


def _through(recordings: list[fhr.Recording], suffix: str) -> str:
    lost: Counter[str] = Counter()
    whole = size = 0
    writing = reading = 0.0
    with TemporaryDirectory() as folder:
        for recording in recordings:
            start = time.perf_counter()
            try:
                made = write(recording, Path(folder, recording.name + suffix))
            except FormatError as error:
                lost["all, refused"] += 1
                print(f"refused: {error}", file=sys.stderr)
                continue
            middle = time.perf_counter()
            again = fhr.read(made)
            reading += time.perf_counter() - middle
            writing += middle - start
            found = not_kept(recording, again)
            whole += not found
            lost.update(found.keys())
            for file in Path(folder).iterdir():
                size += file.stat().st_size
                file.unlink()
    words = ", ".join(f"{what} {n}" for what, n in lost.items()) or "nothing"
    each = 1000 / len(recordings)
    return f"| {suffix} | {whole} | {words} | {size / 1e6:.0f} | {writing * each:.1f} | {reading * each:.1f} |"


def _at(recordings: list[fhr.Recording], rate: float) -> str:
    moved, lost, back = [0.0], [0.0], []
    seconds = 0.0
    for recording in recordings:
        if recording.loss == 1:
            continue
        start = time.perf_counter()
        found = resample(recording, rate)
        seconds += time.perf_counter() - start
        moved.append(abs(float(np.nanmean(found.fhr, dtype=float) - np.nanmean(recording.fhr, dtype=float))))
        lost.append(abs(found.loss - recording.loss))
        again = resample(found, recording.fs).fhr
        n = min(len(again), len(recording))
        back.append(float(np.nanmedian(np.abs(again[-n:] - recording.fhr[-n:]))))
    each = 1000 * seconds / len(recordings)
    return f"| {rate:g} | {max(moved):.3f} | {max(lost):.4f} | {np.median(back):.3f} | {each:.1f} |"


if __name__ == "__main__":
    main()
