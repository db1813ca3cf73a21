"""Processor seconds that reading takes in two versions of the package, side by side: a folder, a day in each format.

Each number is a fresh process that reads once to warm up and then for half a second; the versions take turns, so that
what else runs on the machine meets both. A version that does not read a format is left out.

python benchmarks/reading_speed.py NOW BEFORE --records FOLDER
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from fhr.formats import WRITERS, write
from fhr.recording import Recording

CODE = """
import glob, json, logging, statistics, sys, time, warnings
logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")
import fhr
from fhr.errors import FHRError
what = sys.argv[1]
paths = sorted(glob.glob(what + "/*.hea")) if len(sys.argv) > 2 else [what]
def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1024
times = []
try:
    fhr.read(paths[0])
    end = time.process_time() + 0.5
    while not times or time.process_time() < end:
        start = time.process_time()
        for path in paths:
            fhr.read(path)
        times.append(time.process_time() - start)
except FHRError as error:
    print(error, file=sys.stderr)
print(json.dumps([statistics.median(times) if times else None, peak()]))
"""
HOURS = 24


def day(folder: Path, hours: float) -> dict[str, Path]:
    """A recording of so many hours at 4 Hz in every format that is written, and in tables of other make."""
    n = int(hours * 3600 * 4)
    rng = np.random.default_rng(0)
    fhr_ = np.round(4 * (140 + 20 * np.sin(np.arange(n) / 900) + rng.normal(0, 2, n))) / 4
    fhr_[rng.random(n) < 0.1] = np.nan
    uc = np.round(20 + 15 * np.sin(np.arange(n) / 300))
    one = Recording("day", fhr_, uc, 4.0)
    made = {}
    for suffix in WRITERS:
        made[f"own {suffix}"] = write(one, folder / f"own{suffix.replace('.', '_')}{suffix}")
    at = np.datetime64("2024-03-15T10:00:00", "ms") + (np.arange(n) * 250).astype("timedelta64[ms]")
    rate = ["" if np.isnan(v) else f"{v:.2f}" for v in fhr_]
    rows = [f"{t};{r.replace('.', ',')};{u:.0f}" for t, r, u in zip(at.astype(str), rate, uc, strict=True)]
    made["foreign .csv, ISO dates, decimal comma"] = folder / "iso.csv"
    made["foreign .csv, ISO dates, decimal comma"].write_text("time;FHR [bpm];TOCO\n" + "\n".join(rows) + "\n")
    rows = [f"{i / 4:.2f},{r},{u:.0f}" for i, (r, u) in enumerate(zip(rate, uc, strict=True))]
    made["foreign .csv, seconds"] = folder / "seconds.csv"
    made["foreign .csv, seconds"].write_text("time_s,fhr_bpm,uc\n" + "\n".join(rows) + "\n")
    from scipy.io import savemat

    made["foreign .mat"] = folder / "day.mat"
    savemat(made["foreign .mat"], {"fhr": np.nan_to_num(fhr_), "uc": uc, "fs": 4.0})
    stored = np.zeros(n, "<u2,<u2,u1,u1")
    stored["f0"], stored["f2"] = np.nan_to_num(4 * fhr_), 2 * uc
    made["FHRMA .fhr"] = folder / "day.fhr"
    made["FHRMA .fhr"].write_bytes(bytes(4) + stored.tobytes())
    return made


def measured(tree: str, what: Path, *more: str) -> list[Any]:
    """Seconds, or None where the version does not read it, and the peak of its memory in MiB."""
    run = subprocess.run(
        [sys.executable, "-P", "-c", CODE, str(what), *more],
        cwd=tree, env={"PYTHONPATH": tree, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True,
    )  # fmt: skip
    return json.loads(run.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("now", help="folder of the one version")
    parser.add_argument("before", help="folder of the other")
    parser.add_argument("--records", type=Path, help="folder of WFDB records")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--hours", type=float, default=HOURS)
    parser.add_argument("--only", help="what holds this word alone")
    options = parser.parse_args()
    print("| read | now, s | before, s | ratio | now, MiB | before, MiB |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        jobs: dict[str, tuple[Path, tuple[str, ...]]] = {}
        if options.records:
            jobs["records of the folder"] = (options.records, ("folder",))
        jobs |= {label: (path, ()) for label, path in day(Path(name), options.hours).items()}
        for label, (path, more) in jobs.items():
            if options.only and options.only not in label:
                continue
            found = [
                [measured(tree, path, *more) for tree in (options.now, options.before)] for _ in range(options.runs)
            ]
            seconds = [[row[i][0] for row in found if row[i][0] is not None] for i in (0, 1)]
            medians = [statistics.median(s) if s else None for s in seconds]
            memory = [statistics.median(row[i][1] for row in found) for i in (0, 1)]
            ratio = f"{medians[0] / medians[1]:.2f}" if all(medians) else ""
            told = [f"{m:.3f}" if m is not None else "not read" for m in medians]
            peaks = [f"{m:.0f}" if told[i] != "not read" else "" for i, m in enumerate(memory)]
            print(f"| {label} | {told[0]} | {told[1]} | {ratio} | {peaks[0]} | {peaks[1]} |", flush=True)


if __name__ == "__main__":
    main()
