"""Branches of each room that the tests take, now and in an older checkout.

    pip install coverage
    git worktree add --detach ../before COMMIT
    python benchmarks/coverage_by_room.py measure ../before RESULTS/before [PARTS ...]
    python benchmarks/coverage_by_room.py measure . RESULTS/after [PARTS ...]
    python benchmarks/coverage_by_room.py table RESULTS/before RESULTS/after [--missing ROOM ...]

The tests run one part after the other (the docstrings of `fhr`, each folder and file of `tests`), in one process each,
with the processes that they start; `measure` goes on after the last part that it finished. Tracing takes about twice
the time of the tests. A branch is a way from one line to the next where there are several, as coverage.py counts them;
FHR_DATA decides whether tests on real recordings count. `--missing` lists the branches of a room that no test takes.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from coverage import Coverage

CONFIGURATION = """
[run]
branch = true
source = {tree}/fhr
data_file = {results}/data
parallel = true
concurrency = multiprocessing,thread
sigterm = true
disable_warnings = no-data-collected,module-not-measured,module-not-imported
"""
# Every Python reads this when it starts, those that tests start too. A fork is measured by itself: the measurement of
# the process that it was forked from has nothing to say at its end.
AT_START = """
import atexit
import os

import coverage

measured = coverage.process_startup()
if measured is not None:
    os.register_at_fork(after_in_child=lambda: atexit.unregister(measured._atexit))
"""
PYTEST = ["-p", "no:xdist", "-p", "no:cacheprovider", "-q", "-o", "addopts=--strict-markers --doctest-modules"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(required=True, dest="verb")
    verb = verbs.add_parser("measure")
    verb.add_argument("tree", type=Path)
    verb.add_argument("results", type=Path)
    verb.add_argument("parts", nargs="*", help="paths in the tree; without any, all that hold tests")
    verb = verbs.add_parser("table")
    verb.add_argument("before", type=Path)
    verb.add_argument("after", type=Path)
    verb.add_argument("--missing", nargs="+", default=[], metavar="ROOM")
    options = parser.parse_args()
    if options.verb == "measure":
        measure(options.tree.resolve(), options.results.resolve(), options.parts)
    else:
        before, after = (files_of(results.resolve()) for results in (options.before, options.after))
        table(before, after)
        for room in options.missing:
            list_missing(after, room)


def measure(tree: Path, results: Path, parts: list[str]) -> None:
    results.mkdir(parents=True, exist_ok=True)
    configuration = results / "coverage.ini"
    configuration.write_text(CONFIGURATION.format(tree=tree, results=results))
    tests = sorted(p.relative_to(tree) for p in tree.glob("tests/*") if p.is_dir() or p.name.startswith("test_"))
    for part in parts or ["fhr", *map(str, tests)]:
        done = results / f"{part.replace('/', '.')}.txt"
        if done.exists():
            continue
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "sitecustomize.py").write_text(AT_START)
            paths = [folder, str(tree), str(Path(sys.modules["coverage"].__file__ or "").parents[1])]
            environment = os.environ | {
                "PYTHONPATH": os.pathsep.join(paths),
                "COVERAGE_PROCESS_START": str(configuration),
            }
            command = [sys.executable, "-P", "-m", "pytest", *PYTEST, f"--basetemp={folder}/tests", part]
            answer = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True)
        done.write_text(answer.stdout + answer.stderr)
        print(part, *answer.stdout.splitlines()[-1:], sep=": ", flush=True)


def files_of(results: Path) -> dict[str, dict]:
    """What coverage.py says of each file of `fhr`, by its path in there."""
    configuration = results / "coverage.ini"
    with tempfile.TemporaryDirectory() as folder:
        measured = Coverage(data_file=f"{folder}/data", config_file=str(configuration))
        measured.combine([str(path) for path in results.glob("data.*")], keep=True)
        measured.json_report(outfile=f"{folder}/report.json")
        files = json.loads(Path(folder, "report.json").read_text())["files"]
    return {f"/{path}".rpartition("/fhr/")[2]: file for path, file in files.items()}


def by_room(files: dict[str, dict]) -> dict[str, tuple[int, int]]:
    """Branches taken and branches, of every room."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for path, file in files.items():
        room = path.split("/")[0] if "/" in path else "(beside)"
        counts[room][0] += file["summary"]["covered_branches"]
        counts[room][1] += file["summary"]["num_branches"]
    return {room: (taken, branches) for room, (taken, branches) in counts.items()}


def table(before: dict[str, dict], after: dict[str, dict]) -> None:
    rooms = by_room(before), by_room(after)
    print("| room | branches before | taken | branches after | taken |")
    print("|---|---|---|---|---|")
    for room in sorted({*rooms[0], *rooms[1]}):
        print_row(room, [counts.get(room, (0, 0)) for counts in rooms])
    print_row("all", [(sum(n for n, _ in counts.values()), sum(n for _, n in counts.values())) for counts in rooms])


def print_row(room: str, counts: list[tuple[int, int]]) -> None:
    cells = (cell for taken, n in counts for cell in (str(n), f"{taken / n:.1%}" if n else "-"))
    print(f"| {' | '.join((room, *cells))} |")


def list_missing(files: dict[str, dict], room: str) -> None:
    for path, file in sorted(files.items()):
        if path.startswith(f"{room}/") and file["missing_branches"]:
            print(path, *(f"{start}->{end}" for start, end in file["missing_branches"]))


if __name__ == "__main__":
    main()
