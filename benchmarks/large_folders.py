"""Large folders through a verb: seconds, peak memory, and a kill -9 after which the same command goes on.

    python benchmarks/large_folders.py --verb predict --n 1000 10000

A folder holds a thousand simulated labours, and beyond that copies of them under other names (signals as hard links).
The verb runs over it in a process of its own. Then it is killed with SIGKILL when half of the recordings are finished,
the same command is given again, and its table is compared with the first one, byte by byte.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

_SIMULATED = 1000


class Measured(NamedTuple):
    """A process: seconds of the clock and of the processor, and MiB that it held at its peak."""

    seconds: float
    cpu: float
    peak: float


def folder_of(n: int, simulated: Path, folder: Path) -> Path:
    """A folder of n recordings; copies are known by their number."""
    folder.mkdir()
    names = (simulated / "RECORDS").read_text().split()
    for i in range(n):
        name = names[i % len(names)]
        copy = f"r{i:05d}"
        os.link(simulated / f"{name}.dat", folder / f"{copy}.dat")
        header = (simulated / f"{name}.hea").read_text().replace(f"{name} ", f"{copy} ").replace(f"{name}.", f"{copy}.")
        (folder / f"{copy}.hea").write_text(header)
    return folder


def measured(process: subprocess.Popen) -> Measured:
    """Wait for a process that has begun just now.

    Raises:
        SystemExit: it failed.
    """
    began = time.perf_counter()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1, -signal.SIGKILL):
        raise SystemExit(f"{process.args}: exit code {process.returncode}")
    return Measured(time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def finished(parts: Path) -> int:
    """Finished batches by the journal of unfinished work."""
    journal = parts / "journal"
    return max(len(journal.read_bytes().splitlines()) - 1, 0) if journal.is_file() else 0


def main() -> None:
    """Build the folders, run, kill, go on, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--verb", nargs="+", default=["predict"], help="predict, quality or morphology")
    parser.add_argument("--n", nargs="+", type=int, default=[1000, 10000], help="recordings of a folder")
    parser.add_argument("--no-kill", action="store_true", help="only the first run")
    options = parser.parse_args()
    fhr = [sys.executable, "-P", "-m", "fhr"]
    print("| verb | recordings | wall s | CPU s | peak MiB | finished at the kill | CPU s to go on | same table |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as place:
        simulated = Path(place, "simulated")
        subprocess.run(
            [*fhr, "simulate", "-q", "--n", str(min(max(options.n), _SIMULATED)), "--out", simulated], check=True
        )
        for n in options.n:
            folder, out = folder_of(n, simulated, Path(place, f"of-{n}")), Path(place, "table.csv")
            parts = Path(f"{out}.parts")
            for verb in options.verb:
                given = [*fhr, verb, "-q", str(folder), "--out", str(out)]
                whole = measured(subprocess.Popen(given))
                row = [verb, str(n), *(f"{value:.0f}" for value in whole)]
                if not options.no_kill:
                    table = out.read_bytes()
                    out.unlink()
                    process = subprocess.Popen(given)
                    while finished(parts) < n // 128 and process.poll() is None:
                        time.sleep(0.01)
                    process.kill()
                    process.wait()
                    there = finished(parts) * 64
                    again = measured(subprocess.Popen(given))
                    row += [str(there), f"{again.cpu:.0f}", "yes" if out.read_bytes() == table else "NO"]
                print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
