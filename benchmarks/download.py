"""`download` of a made-up database of 200 files from a server that misbehaves, beside one that does not.

OMP_NUM_THREADS=1 python benchmarks/download.py [SEEDS]

Each file has up to three faults in store, drawn at random with a seed from all that the server knows; after those it
is given honestly, and so is the list of checksums. For each seed: faults met, requests made again, calls of `download`
until all files were there, wrong files among those under their own name, looked at every 20 files, wall time (pauses
between attempts are left out). A stall costs the 0.3 s after which it is noticed, a file that drips the 3 s that a body
may last.
"""

import hashlib
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from download_server import FAULTS, Server, make_database, serve

from fhr.datasets import PublishedDatabase, download

LIST = "SHA256SUMS.txt"


def spoil(server: Server, files: dict[str, bytes], seed: int) -> None:
    chance = random.Random(seed)
    for name in sorted(set(files) - {LIST}):
        server.spoil(name, *chance.choices(sorted(FAULTS), k=chance.randrange(4)))


def wrong(folder: Path, files: dict[str, bytes]) -> int:
    return sum((folder / name).exists() and (folder / name).read_bytes() != data for name, data in files.items())


def measure(files: dict[str, bytes], seed: int | None) -> str:
    with serve(files) as server, tempfile.TemporaryDirectory() as scratch:
        if seed is not None:
            spoil(server, files, seed)
        folder = Path(scratch) / "out"
        digest = hashlib.sha256(files[LIST]).hexdigest()
        database = PublishedDatabase(
            *("Sines", server.url, "CC0", "Nothing.", ()), n_records=100, largest_file=20_000, checksums_sha256=digest
        )
        start, calls, retries, bad = time.perf_counter(), 0, 0, 0

        def look(done: int, total: int) -> None:
            nonlocal bad
            if done % 20 == 0 or done == total:
                bad += wrong(folder, files)

        while True:
            report = download(database, folder, workers=4, stall=0.3, progress=look)
            calls, retries = calls + 1, retries + report.retries
            if not report.failed:
                break
        seconds = time.perf_counter() - start
        whole = sum((folder / name).read_bytes() == data for name, data in files.items())
        kinds, met = len(+server.met), sum(server.met.values())
        name = "honest" if seed is None else f"misbehaving, seed {seed}"
        return f"| {name} | {whole} of {len(files)} | {bad} | {met} ({kinds}) | {retries} | {calls} | {seconds:.1f} |"


def main(seeds: int = 5) -> None:
    time.sleep = lambda seconds: None  # pooch's pauses
    with tempfile.TemporaryDirectory() as scratch:
        files = make_database(Path(scratch), 100)
    print("| server | whole files | wrong files | faults met (kinds) | made again | calls | seconds |")
    print("|---|---|---|---|---|---|---|")
    for seed in (None, *range(seeds)):
        print(measure(files, seed), flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
