"""Spoilt recordings of every format, read under a watch: how many are read, refused, and how many escape.

An escape is anything but a recording or an `FHRError`: another exception, a crash of the process, a recording that is
none, more than `--seconds` for one file, or more than 4 GiB of address space. The mutations are those of the tests
(`tests/hostile.py`, `tests/hostile_kinds.py`); simulated recordings are spoilt, and those of FHR_DATA where it is set.

python benchmarks/hostile_recordings.py --wfdb 10000 --others 2000
"""

import argparse
import json
import logging
import os
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import hostile
import hostile_kinds

from fhr.formats import read
from fhr.recording import Recording
from fhr.simulation import write_database

ADDRESS_SPACE = 4 << 30
MADE = (
    "RECORDS",
    "outcomes",
    "markers",
    "marks",
    "annotations",
)  # what stands beside recordings; there is no other origin of it
N_SAMPLES = 240  # one minute: most of what a file says stands at its beginning


def sources(folder: Path) -> dict[str, dict[str, list[hostile.Sample]]]:
    """Samples by origin and format."""
    write_database(folder, 4, seed=1)
    found = {"simulated": _samples([read(path) for path in sorted(folder.glob("*.hea"))])}
    if data := os.environ.get("FHR_DATA"):
        headers = sorted(Path(data, "ctu-uhb-ctgdb").glob("*.hea"))[::60]
        found["real"] = _samples([read(path) for path in headers])
        # Whole files beside the minutes.
        for path in headers[:3]:
            files = {p.name: p.read_bytes() for p in (path, path.with_suffix(".dat"))}
            found["real"]["wfdb"].append(hostile.Sample(files, path.name))
        for group, suffix in (("fhrma-morphology", "fhr"), ("fhrma-false-signals", "fhrm")):
            for path in sorted(Path(data, group).glob(f"*.{suffix}"))[:4]:
                found["real"][suffix].append(hostile.Sample({path.name: path.read_bytes()}, path.name))
    return found


def _samples(recordings: list[Recording]) -> dict[str, list[hostile.Sample]]:
    samples: dict[str, list[hostile.Sample]] = {}
    for recording in recordings:
        minute = replace(recording, fhr=recording.fhr[:N_SAMPLES], uc=recording.uc[:N_SAMPLES])
        for label, sample in hostile_kinds.samples_of(minute).items():
            samples.setdefault(label, []).append(sample)
    return samples


def child(origin: str, label: str, n: int, seconds: float) -> None:
    """Read `n` spoilt files of one kind, and print what became of them."""
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kind = (
            hostile_kinds.KINDS[label] if origin == "made" else hostile_kinds.recordings(sources(folder)[origin][label])
        )
        kind.seeds()
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found = hostile.tally(label, kind, range(n), folder, seconds=seconds)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({**found, "slowest": found["slowest"] / 1e6, "before": before / 1024, "peak": peak / 1024}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--wfdb", type=int, default=10_000, help="spoilt WFDB records")
    parser.add_argument("--others", type=int, default=2000, help="spoilt files of each other format")
    parser.add_argument("--seconds", type=float, default=30, help="that one file may take")
    parser.add_argument("--child", nargs=3, metavar=("ORIGIN", "FORMAT", "N"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        origin, label, n = options.child
        child(origin, label, int(n), options.seconds)
        return
    with tempfile.TemporaryDirectory() as name:
        found = sources(Path(name))
    plan = {origin: list(samples) for origin, samples in found.items()} | {"made": list(MADE)}
    print("| format | recordings | files | read | refused | escaped | slowest, s | peak memory, MiB (at start) |")
    print("|---|---|---|---|---|---|---|---|")
    total: Counter[str] = Counter()
    for origin, labels in plan.items():
        for label in labels:
            n = (options.wfdb if label == "wfdb" else options.others) // (1 if origin == "made" else len(found))
            command = [sys.executable, __file__, "--seconds", str(options.seconds), "--child", origin, label, str(n)]
            run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
            if run.returncode:  # the process itself was stopped
                print(f"| {label} | {origin} | {n} | | | stopped with {run.returncode} | | |", flush=True)
                total["escaped"] += 1
                continue
            row = json.loads(run.stdout)
            total.update({key: row[key] for key in ("read", "refused", "escaped")})
            print(
                f"| {label} | {origin} | {n} | {row['read']} | {row['refused']} | {row['escaped']} | "
                f"{row['slowest']:.2f} | {row['peak']:.0f} ({row['before']:.0f}) |",
                flush=True,
            )
    print(f"\n{total.total()} files: {total['read']} read, {total['refused']} refused, {total['escaped']} escaped")
    sys.exit(1 if total["escaped"] else 0)


if __name__ == "__main__":
    main()
