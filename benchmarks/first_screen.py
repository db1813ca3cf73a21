"""Seconds until each verb shows its first sign of life, on either stream, and until it ends.

Every verb runs in a process of its own in a temporary folder that `fhr simulate` and `fhr fit` have filled; `--help` of
each is timed too. `quickstart` and `crossval` are ended after their first line.

python benchmarks/first_screen.py [--rounds 3]
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FHR = [sys.executable, "-m", "fhr"]
CONFIGURED = ["--config", "cnn", "--data.init_args.root", "labours", "--data.target", "ph<7.20"]
ENDLESS = ("crossval", "quickstart")


def first_byte(folder: Path, arguments: list[str]) -> tuple[float, float, str]:
    """Seconds to the first byte, seconds to the end, and the first line."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    environment.pop("FHR_DATA", None)
    start = time.perf_counter()
    process = subprocess.Popen(
        [*FHR, *arguments], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert process.stdout is not None
    byte = process.stdout.read(1)
    first = time.perf_counter() - start
    line = (byte + process.stdout.readline()).decode().strip()
    if arguments[0] in ENDLESS and "--help" not in arguments:
        process.terminate()
    process.communicate()
    return first, time.perf_counter() - start, line


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run([*FHR, "-q", "simulate", "--n", "120", "--out", "labours"], cwd=folder, check=True)
        fit = [*FHR, "-q", "fit", *CONFIGURED, "--trainer.max_epochs", "1"]
        run = subprocess.run(fit, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()
        one = "labours/s0001"
        verbs = {
            "fit": [*CONFIGURED, "--trainer.max_epochs", "1"],
            "validate": ["--run", run],
            "test": ["--run", run],
            "crossval": CONFIGURED,
            "compare": [run, run],
            "predict": ["--run", run, one],
            "quality": [one],
            "morphology": [one],
            "features": [one, "--out", "t.parquet"],
            "simulate": ["--n", "20", "--out", "more", "--overwrite"],
            "download": ["ctu-uhb", "--out", "real", "--url", "https://127.0.0.1:9/"],
            "info": [one],
            "plot": [one, "--out", "strip.png"],
            "splits": ["labours", "--out", "splits.json"],
            "runs": [],
            "quickstart": [],
        }
        print("| verb | `--help`, s | first sign, s | end, s | first line |\n|---|---|---|---|---|")
        for verb, arguments in verbs.items():
            helped = [first_byte(folder, [verb, "--help"])[1] for _ in range(options.rounds)]
            rounds = [first_byte(folder, [verb, *arguments]) for _ in range(options.rounds)]
            sign, end = (statistics.median(column) for column in list(zip(*rounds, strict=True))[:2])
            shown = "" if verb in ENDLESS else f"{end:.1f}"
            print(f"| {verb} | {statistics.median(helped):.1f} | {sign:.1f} | {shown} | {rounds[-1][2][:60]} |")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
