"""CPU time of the report of a kept cross-validation, in several source trees in turns.

    python benchmarks/report_time.py FOLDER [--trees TREE ...] [--repeats 10 1] [--rounds 3] [--folder-of-reports DIR]

The line on 21 order statistics is cross-validated once (`ph<=7.15`); its stored scores are kept. Each tree, a checkout
of this repository, then reads the recordings, and only `write_report` on these scores is timed, in a process of its
own, the trees in turns: out-of-fold predictions, calibration null, audits, subgroups, tables, card and figures.
Medians, and ratios to the first tree. With `--folder-of-reports` the tables stay there, to be compared.
"""

import argparse
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TARGET = "ph<=7.15"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--trees", nargs="+", default=[str(Path(__file__).resolve().parents[1])])
    parser.add_argument("--repeats", nargs="+", type=int, default=[10, 1])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder-of-reports", default=None)
    parser.add_argument("--kept", default=None, help=argparse.SUPPRESS)  # of the process that is timed
    options = parser.parse_args()
    if options.kept is not None:
        print(seconds(options.folder, Path(options.kept), options.folder_of_reports))
        return
    with tempfile.TemporaryDirectory() as folder:
        for repeats in options.repeats:
            kept = Path(folder, f"{repeats}.pickle")
            keep(options.folder, kept, repeats)
            times: dict[str, list[float]] = {tree: [] for tree in options.trees}
            for k in range(options.rounds):
                for tree in options.trees:
                    times[tree].append(in_tree(tree, options, kept, k))
            say(repeats, times)


def say(repeats: int, times: dict[str, list[float]]) -> None:
    """A line a tree: median, and its ratio to that of the first."""
    first = next(iter(times.values()))
    for tree, found in times.items():
        ratios = [own / other for own, other in zip(found, first, strict=True)]
        middle = statistics.median(found)
        said = f"{middle / statistics.median(first):.2f} of the first (pairs {min(ratios):.2f} to {max(ratios):.2f})"
        print(f"{repeats} repeats, {tree}: {middle:.2f} s of CPU, {said}", flush=True)


def in_tree(tree: str, options: argparse.Namespace, kept: Path, k: int) -> float:
    """Seconds of report k by the source of `tree`."""
    reports = []
    if options.folder_of_reports is not None:
        reports = ["--folder-of-reports", str(Path(options.folder_of_reports, Path(tree).name, kept.stem, str(k)))]
    command = [sys.executable, "-P", __file__, options.folder, "--kept", str(kept), *reports]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": tree}, stdout=subprocess.PIPE, check=True, text=True
    )
    return float(done.stdout.split()[-1])


def keep(folder: str, kept: Path, repeats: int) -> None:
    """Cross-validate the line once, and keep the scores and the table of its features."""
    from fhr.datasets import CTUUHB, make_splits
    from fhr.evaluation import BASELINES, baseline_table, cross_validate

    database = CTUUHB(folder)
    table, (line,) = baseline_table(database), [line for line in BASELINES if line.slug == "logistic"]
    result = cross_validate(line.maker(table), database, target=TARGET, splits=make_splits(database), repeats=repeats)
    kept.write_bytes(pickle.dumps((dict(result.kept), table)))


def seconds(folder: str, kept: Path, reports: str | None) -> float:
    """CPU of `write_report` on kept scores by the tree that is imported."""
    import fhr.tasks  # noqa: F401  # its imports are no part of the report
    from fhr.datasets import CTUUHB, Place, make_splits
    from fhr.evaluation import CrossValidation, write_report

    database = CTUUHB(folder)
    raw, table = pickle.loads(kept.read_bytes())
    sum(len(recording.fhr) for recording in database)  # read once
    result = CrossValidation(Place.first(database, TARGET, make_splits(database)), raw, name="line")
    with tempfile.TemporaryDirectory() as temporary:
        start = time.process_time()
        write_report(result, reports or temporary, table=table)
        return time.process_time() - start


if __name__ == "__main__":
    main()
