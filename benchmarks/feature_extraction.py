"""Wall time and memory of `fhr features`: workers on a database, and constant memory on simulated ones.

python benchmarks/feature_extraction.py FOLDER [--workers 1 2] [--rounds 3] [--records N] [--groups multiscale scalar]
python benchmarks/feature_extraction.py --simulate 500 5000 [--workers 2]

Windows of 30 min every 5 min, one thread a worker. Each run is a process of its own; memory is its peak resident size
(VmHWM, Linux), and that of its largest worker. Seconds hold the start of the workers and all imports; records/s and
the hours for 177,000 records do not: they count from the first chunk of records to the last. So do records per second
of processor time, told of one worker, which other work on the machine moves less. `--beside PATH` measures another
checkout in turns with this one, in a row of its own. Simulated databases are written to a temporary folder first, some
90 kB a record, and their features are multiscale only.
"""

import argparse
import json
import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import product
from pathlib import Path

LARGE = 177_000  # records of a hospital group in ten years, for the extrapolation


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--simulate", type=int, nargs="+", default=[], metavar="N")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--records", type=int, help="the first N of the folder only")
    parser.add_argument("--groups", nargs="+", default=["multiscale", "scalar"])
    parser.add_argument("--beside", metavar="PATH", help="another checkout, measured in turns with this one")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(**json.loads(options.measure))
        return
    if min([options.records or 9, *options.simulate]) <= 8:
        parser.error("give more records than the 8 of a chunk, for a rate")
    if not options.folder and not options.simulate:
        parser.error("give a FOLDER of recordings, or --simulate N")
    print(
        "| checkout | records | windows | groups | workers | s | records/s | records/CPU s | parent, MiB | worker, MiB "
        "| 177,000, h |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    here = Path(__file__).absolute().parents[1]
    checkouts = {"this": here} | ({"beside": Path(options.beside).absolute()} if options.beside else {})
    with tempfile.TemporaryDirectory() as scratch:
        if options.folder:
            folder = Path(options.folder).absolute()
            if options.records:
                folder = first_records(folder, options.records, Path(scratch) / "first")
            compare(folder, options.groups, options.workers, options.rounds, Path(scratch), checkouts)
        for n in options.simulate:
            folder = Path(scratch) / f"simulated{n}"
            command = [sys.executable, "-m", "fhr", "simulate", "--n", str(n), "--out", str(folder)]
            subprocess.run(command, check=True)
            compare(folder, ["multiscale"], options.workers, 1, Path(scratch), checkouts)


def first_records(folder: Path, n: int, scratch: Path) -> Path:
    scratch.mkdir()
    for header in sorted(folder.glob("*.hea"))[:n]:
        for path in (header, header.with_suffix(".dat")):
            shutil.copy(path, scratch / path.name)
    return scratch


def compare(
    folder: Path, groups: list[str], workers: list[int], rounds: int, scratch: Path, checkouts: dict[str, Path]
) -> None:
    runs: dict[tuple[str, int], list[dict[str, float]]] = {key: [] for key in product(checkouts, workers)}
    for _ in range(rounds):
        for checkout, n in runs:
            given = json.dumps(
                {"folder": str(folder), "groups": groups, "workers": n, "out": str(scratch / "t.parquet")}
            )
            answer = subprocess.run(
                [sys.executable, __file__, "--measure", given],
                env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(checkouts[checkout])},
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
            runs[checkout, n].append(json.loads(answer.stdout))
    for (checkout, n), found in runs.items():
        seconds, rate, cpu = (statistics.median(run[name] for run in found) for name in ("seconds", "rate", "cpu"))
        parent, worker = (max(run[who] for run in found) for who in ("parent", "worker"))
        records = int(found[0]["records"])
        print(
            f"| {checkout} | {records:,} | {int(found[0]['windows']):,} | {', '.join(groups)} | {n} | {seconds:.1f} "
            f"| {rate:.1f} | {f'{cpu:.1f}' if n == 1 else '-'} | {parent:.0f} | {f'{worker:.0f}' if worker else '-'} "
            f"| {LARGE / rate / 3600:.2f} |",
            flush=True,
        )


def measure(folder: str, groups: list[str], workers: int, out: str) -> None:
    """One run; its figures as JSON on stdout."""
    start = time.perf_counter()
    from fhr.features import FeatureSet, extract

    largest, times = 0.0, []

    def look(done: int, total: int) -> None:
        nonlocal largest
        times.append((done, time.perf_counter(), time.process_time()))
        largest = max([largest, *(peak(worker.pid) for worker in multiprocessing.active_children())])

    result = extract(folder, out, FeatureSet(groups=tuple(groups)), workers=workers, progress=look)
    seconds = time.perf_counter() - start
    (first, began, cpu_began), (last, ended, cpu_ended) = times[0], times[-1]
    os.remove(out)
    figures = {
        "seconds": seconds,
        "records": result.n_records,
        "windows": result.n_windows,
        "rate": (last - first) / (ended - began),
        "cpu": (last - first) / (cpu_ended - cpu_began),
    }
    print(json.dumps({**figures, "parent": peak("self"), "worker": largest}))


def peak(process: object) -> float:
    """Largest resident size of a process so far, MiB."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:  # it has ended, or this is not Linux
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


if __name__ == "__main__":
    main()
