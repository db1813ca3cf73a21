"""Measure, in one command, all that this package owes about a GPU, in the order of its worth, within some minutes.

python benchmarks/gpu.py --out DIR [--minutes 8] [--only NAME ...]
python benchmarks/gpu.py --out DIR --device cpu --small

Runs from the root of a clone, with the package installed or not. What is measured, and in which order, stands in
`gpu_entries.py`. DIR/results.jsonl gets a line for each result as soon as there is one, DIR/results.md the table of
this run: a run that is killed has kept what it had. An entry that fails, dies, runs out of memory or out of its time is
told with its reason, and the others go on; one that does not fit into what is left of the time is not begun. Without a
CUDA device the command says so and exits with 2. With --small sizes are those of a test, and the numbers say nothing.
"""

import argparse
import gc
import json
import multiprocessing
import os
import platform
import re
import sys
import time
import tomllib
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from gpu_entries import ENTRIES, Entry, Result

ROOT = Path(__file__).parents[1]


class Stopped(Exception):  # noqa: N818
    """An entry did not come to its end, for the reason given."""


class Worker:
    """A process that measures; after an entry that did not end well there is a new one, with a GPU in good order."""

    def __init__(self, device: str, small: bool, folder: Path) -> None:
        self.options = {"device": device, "small": small, "folder": folder}
        self.process: Any = None

    def measure(self, entry: Entry, seconds: float) -> Iterator[Result]:
        """Give the results as they come.

        Raises:
            Stopped: the entry failed, died or was stopped.
        """
        if self.process is None:
            self._start()
        end = time.monotonic() + seconds
        try:
            self.connection.send((entry, self.options | {"seconds": 0.9 * seconds}))
            while self.connection.poll(max(0.0, end - time.monotonic())):
                answer = self.connection.recv()
                if answer is None:
                    return
                if isinstance(answer, str):
                    raise Stopped(answer)
                yield answer
            raise Stopped(f"stopped after {seconds:.0f} s, which was its time")
        except (EOFError, OSError):
            self.process.join()
            code, self.process = self.process.exitcode, None
            raise Stopped(f"its process died with {code}") from None
        except BaseException:
            self.process.kill()
            self.close()
            raise

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")  # CUDA does not survive a fork
        self.connection, there = context.Pipe()
        self.process = context.Process(target=serve, args=(there,))
        self.process.start()
        there.close()
        self.connection.recv()  # that it is there

    def close(self) -> None:
        """End the process, which sees that nothing more is asked for."""
        if self.process is not None:
            self.connection.close()
            self.process.join()
            self.process = None


def serve(connection: Connection) -> None:
    """Measure what is asked for, in the worker."""
    connection.send(None)
    while True:
        try:
            entry, options = connection.recv()
        except EOFError:
            return
        try:
            entry.measure(connection.send, **options)
            answer = None
        except Exception as error:  # whatever it is, the other entries go on
            traceback.print_exc()
            answer = " ".join(traceback.format_exception_only(error)[-1].split())[:500]
        gc.collect()
        if answer is None and "torch" in sys.modules:
            sys.modules["torch"].cuda.empty_cache()  # other processes of an entry need it
        connection.send(answer)


class Record:
    """The files of a run.

    Args:
        folder: where to; it must exist.
        head: lines above the table.
    """

    def __init__(self, folder: Path, head: Sequence[str]) -> None:
        self.folder, self.head = folder, head
        self.rows: dict[tuple[str, str], str] = {}

    def result(self, entry: Entry, result: Result) -> None:
        """Write a result down."""
        faster = result.times_as_fast
        self._line({"entry": entry.name, "status": "measured", **asdict(result), "times_as_fast": faster})
        unit = f" {result.unit}" if result.unit else ""
        here = f"{_number(result.cpu)}{unit}" if result.cpu is not None else "-"
        if result.cpu is not None and result.cpu_items:
            here += f" for {result.cpu_items:,}"
        there = f"{_number(result.value)}{unit}" if result.value is not None else "-"
        times = f"{_number(faster)} x" if faster else "-"
        self._row(entry.name, result.what, [there, here, times, result.aim or "-", result.note])

    def other(self, entry: Entry, status: str) -> None:
        """Write down why an entry gave no result, or no more."""
        self._line({"entry": entry.name, "status": status})
        self._row(entry.name, "", ["-", "-", "-", "-", status])

    def _line(self, record: dict[str, Any]) -> None:
        record["time"] = datetime.now(UTC).isoformat(timespec="seconds")
        with (self.folder / "results.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
            _to_disk(file)

    def _row(self, entry: str, what: str, cells: list[str]) -> None:
        cells = [cell.replace("|", "/").replace("\n", " ") for cell in (entry, what, *cells)]
        self.rows[entry, what] = f"| {' | '.join(cells)} |"
        print(self.rows[entry, what], flush=True)
        table = ["| entry | what | here | CPU | faster, per item | aim | note |", "|---|---|---|---|---|---|---|"]
        draft = self.folder / "results.md.part"
        with draft.open("w", encoding="utf-8") as file:
            file.write("\n".join([*self.head, "", *table, *self.rows.values()]) + "\n")
            _to_disk(file)
        draft.replace(self.folder / "results.md")


def _to_disk(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 or value % 1 == 0 else f"{value:.3g}"


def measure_all(entries: Sequence[Entry], record: Record, device: str, small: bool, end: float) -> None:
    """Measure the entries, the worthiest first, as long as there is time, until `end` of the monotonic clock."""
    worker = Worker(device, small, record.folder)
    patience = 20 if small else 2  # of a trial the time means nothing
    try:
        for entry in sorted(entries, key=lambda one: -one.value):
            left = end - time.monotonic()
            if left < entry.seconds:
                record.other(entry, "not run: no time")
                continue
            try:
                for result in worker.measure(
                    entry, left if entry.takes_the_rest else min(left, patience * entry.seconds)
                ):
                    record.result(entry, result)
            except Stopped as reason:
                record.other(entry, str(reason))
    finally:
        worker.close()


def missing_packages() -> list[str]:
    """Packages of `pyproject.toml`, for development too, that are not installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    return [name for one in wanted if not _installed(name := re.split(r"[^\w.-]", one)[0])]


def _installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="made if missing; folds in it are kept")
    parser.add_argument("--minutes", type=float, default=8, help="for all of it (default: 8)")
    parser.add_argument("--device", default="cuda", help="cuda, cuda:N, or cpu to try the entries (default: cuda)")
    parser.add_argument("--small", action="store_true", help="at the sizes of a test")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=[e.name for e in ENTRIES], help="these entries")
    options = parser.parse_args()
    end = time.monotonic() + 60 * options.minutes
    sys.path.insert(0, str(ROOT))  # what is measured, in the worker, is the clone
    missing = missing_packages()
    if missing:
        print(f"not installed: {', '.join(missing)}; what needs them fails", file=sys.stderr)
    try:
        import torch
    except ImportError as error:
        print(f"no torch here ({error}); install the versions of constraints.txt", file=sys.stderr)
        return 2
    if options.device != "cpu" and not torch.cuda.is_available():
        print("no CUDA device here; `--device cpu` tries the entries on the CPU", file=sys.stderr)
        return 2
    try:
        options.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        print(f"--out {options.out}: {error.strerror}; give a folder, a new one or one to add to", file=sys.stderr)
        return 2
    name = "the CPU" if options.device == "cpu" else torch.cuda.get_device_name(options.device)
    processor = f"{os.cpu_count()} cores, {torch.get_num_threads()} threads, {platform.machine()}"
    versions = f"torch {torch.__version__}, CUDA {torch.version.cuda}, Python {platform.python_version()}"
    head = [
        f"Here is {name}; {processor}; {versions}; {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
        + ("; small, the numbers say nothing" if options.small else ""),
        *([f"Not installed: {', '.join(missing)}."] if missing else []),
    ]
    print(head[0], flush=True)
    wanted = [entry for entry in ENTRIES if not options.only or entry.name in options.only]
    measure_all(wanted, Record(options.out.resolve(), head), options.device, options.small, end)
    return 0


if __name__ == "__main__":
    sys.exit(main())
