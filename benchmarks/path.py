"""Path of a recording through the rooms of the package: what `fhr fit` and `fhr predict` call, from which room.

A tiny fit of the shipped configuration `simulated`, then a prediction of one WFDB recording with its checkpoint, run in
this process under a profile. Every call into a room of `fhr` is noted with the room that it came from: that of the
nearest frame of the package below, whatever lies between (Lightning, torch, pandas). The script prints the drawing of
CONTRIBUTING, then the number of calls from room to room beside the imports. A call to a room that the caller may not
import is a callback, or takes from an iterator that was handed over.

python benchmarks/path.py [--write CONTRIBUTING.md]
"""

import argparse
import ast
import gc
import inspect
import logging
import pkgutil
import re
import runpy
import sys
import tempfile
import textwrap
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from importlib import import_module
from io import StringIO
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple

import fhr

ROOT = Path(__file__).resolve().parents[1]
N = 120  # simulated records: the held-out inner fold of fewer is too small to calibrate on
FIT = (
    *("fit", "--config", "simulated", "--data.n", f"{N}", "--data.target", "ph<7.20", "--data.window_minutes", "20"),
    *("--data.batch_size", "32", "--model.model.n_filters", "2", "--model.model.depth", "1"),
    *("--model.model.stride", "8", "--trainer.max_epochs", "1", "--trainer.accelerator", "cpu"),
)
# Logging and the import system call for whoever writes a message or imports something: that is no call of a room.
_ON_BEHALF = (logging.__file__, "<frozen importlib")
BEGIN, END = "<!-- written by benchmarks/path.py -->", "<!-- end of what benchmarks/path.py writes -->"

# The main functions of each room by their public names, and what they give. A room is entered when the first is called:
# that a configuration makes its objects beforehand is no step of a recording.
MAIN = {
    "cli": {"main": ""},
    "tracking": {"ensure_store": "", "source_state": "", "environment": "tags of the run"},
    "compute": {"interruptible": "", "pick_device": "", "progress": ""},
    "formats": {
        "read": "Recording",
        "read_wfdb": "Recording",
        "whole_or_not_at_all": "a file, whole",
        "whole_as_named": "a file, whole",
    },
    "simulation": {"simulate": "Recording"},
    "processes": {"fgn": "", "mrw": "noise"},
    "recording": {"Recording.__post_init__": ""},
    "datasets": {"stream_paths": "", "Database.__init__": "", "make_splits": "Splits", "Database.digests": ""},
    "preprocessing": {"Pipeline.prepare": "", "Pipeline.__call__": "Window", "Augmentation.__call__": "batch"},
    "features": {"order_statistics": "", "FeatureScaling.__call__": "scaled rows"},
    "datamodules": {"DatabaseDataModule.setup": "DataFacts", "DatabaseDataModule.train_dataloader": "Batch"},
    "tasks": {"Task.validation_step": "", "Task.training_step": "loss"},
    "models": {"read_checkpoint": "card, network", "Network.scores": "scores", "finish_checkpoint": "finished.ckpt"},
    "losses": {"PHRegression.forward": "loss"},
    "calibration": {
        "calibrator_from_dict": "",
        "Calibrator.fit": "",
        "Calibrator.predict": "probability",
        "Reference.of": "Reference",
    },
    "confidence": {"Confidence.__init__": "", "Confidence.judge": "Judgement", "Judgement.prediction": "Prediction"},
    "prediction": {"load": "Predictor", "Predictor.predict_all": "Prediction", "log_model": "a model of MLflow"},
}


class Call(NamedTuple):
    """A call into a room; `caller` is the room below, None at the entrance; `function` is a qualified name."""

    caller: str | None
    room: str
    function: str
    module: str
    resumed: bool = False

    @property
    def name(self) -> str:
        """The function with its room."""
        return f"{self.room}.{self.function}"


class House(NamedTuple):
    """Floors, numbered from below, and what each room imports."""

    floor: dict[str, float]
    imports: set[tuple[str, str]]


def house() -> House:
    """The floors and imports that `tests/test_floors.py` knows."""
    known = runpy.run_path(str(ROOT / "tests" / "test_floors.py"))
    floor = known["FLOOR"] | {room: known["FLOOR"][top] + 0.5 for room, (top, _) in known["BESIDE"].items()}
    found = set()
    for path in sorted((ROOT / "fhr").rglob("*.py")):
        module = path.relative_to(ROOT).as_posix()
        for name, _ in known["imports"](module, ast.parse(path.read_text(encoding="utf-8"))):
            top, _, rest = name.partition(".")
            asked = rest.split(".")[0]
            if top == "fhr":
                found.add((module.split("/")[1], known["SHOWN"].get(asked, asked)))
    return House({room: n for room, n in floor.items() if room not in known["EVERYWHERE"]}, found)


@contextmanager
def tracing(rooms: Iterable[str]) -> Iterator[list[Call]]:
    """The calls into `rooms` made inside, in order, those of threads begun inside too.

    Every module is imported beforehand, so that no import is taken for a call, and iterators that nobody holds any more
    are ended beforehand, wherever they stopped.
    """
    for module in pkgutil.walk_packages(fhr.__path__, "fhr."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    gc.collect()
    package, known, calls = Path(fhr.__file__).parent, frozenset(rooms), []
    places: dict[str, tuple[str, str] | None] = {}

    def place(code: CodeType) -> tuple[str, str] | None:
        if code.co_filename not in places:
            path = Path(code.co_filename)
            inside = path.relative_to(package).parts if path.is_relative_to(package) else ("",)
            places[code.co_filename] = (inside[0], path.stem) if inside[0] in known else None
        return places[code.co_filename]

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event != "call" or (here := place(frame.f_code)) is None:
            return
        below = frame.f_back
        if below is not None and below.f_code.co_filename.startswith(_ON_BEHALF):
            return
        while below is not None and place(below.f_code) is None:
            below = below.f_back
        caller = None if below is None else place(below.f_code)[0]  # type: ignore[index]
        resumed = bool(frame.f_code.co_flags & inspect.CO_GENERATOR)
        calls.append(Call(caller, here[0], frame.f_code.co_qualname, here[1], resumed))

    before = sys.getprofile()
    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(before)
        threading.setprofile(None)  # type: ignore[arg-type]


def recording_and_checkpoint(folder: Path) -> tuple[Path, Path]:
    """A WFDB recording written into `folder`, and the checkpoint that a fit left there."""
    from fhr.simulation import write_database

    (header,) = write_database(folder / "one", 1, seed=3).glob("*.hea")
    (checkpoint,) = folder.rglob("checkpoints/finished.ckpt")
    return header, checkpoint


def edges(calls: Iterable[Call]) -> Counter[tuple[str, str]]:
    """Number of calls from room to room."""
    return Counter((c.caller, c.room) for c in calls if c.caller is not None and c.caller != c.room)


def upward(calls: Iterable[Call], house: House) -> dict[tuple[str, str], list[str]]:
    """The functions that are called from a room which may not import theirs, by edge."""
    found: dict[tuple[str, str], list[str]] = {}
    for c in calls:
        if c.caller is not None and c.caller != c.room and house.floor[c.caller] <= house.floor[c.room]:
            how = f"{c.function} (iterator)" if c.resumed else c.function
            if how not in found.setdefault((c.caller, c.room), []):
                found[c.caller, c.room].append(how)
    return found


def steps(calls: Iterable[Call]) -> Iterator[tuple[str, str | None, str]]:
    """The calls of main functions: room, the room that called into it last, and how the function is drawn.

    A room whose main functions are not called shows the modules that other rooms call.
    """
    calls, door = list(calls), dict[str, str | None]()
    known = {c.room for c in calls if c.function in MAIN.get(c.room, {})}
    for c in calls:
        if c.caller != c.room:
            door[c.room] = c.caller
            if c.room not in known:
                yield c.room, c.caller, f"({c.module})"
        if c.function in MAIN.get(c.room, {}):
            shown, gives = re.sub(r"\.(__\w+__|forward)$", "", c.function), MAIN[c.room][c.function]
            yield c.room, door[c.room], f"{shown} -> {gives}" if gives else shown


def drawing(verb: str, calls: Sequence[Call], house: House) -> list[str]:
    """Tree of the rooms, numbered in the order of entry.

    A room is entered when one of its main functions is called behind a room that was entered before; it stands under
    that room, with `~` where this calls it without importing it.
    """
    entered: dict[str, str | None] = {}
    shown: dict[str, list[str]] = {}
    for room, caller, step in steps(calls):
        if caller is None or caller in entered:
            entered.setdefault(room, caller)
            if step not in shown.setdefault(room, []):
                shown[room].append(step)
    number = {room: i for i, room in enumerate(entered, start=1)}

    def under(above: str | None, depth: int) -> Iterator[str]:
        for room, caller in entered.items():
            if caller == above:
                free = "" if above is None or (above, room) in house.imports else "~"
                yield f"{number[room]:2} {'  ' * depth}{room}{free}".ljust(24) + ", ".join(shown[room])
                yield from under(room, depth + 1)

    above = [
        f"{low} -> {high}{'*' if all(how.endswith('(iterator)') for how in functions) else ''}"
        for (low, high), functions in upward(calls, house).items()
    ]
    note = textwrap.wrap(f"upward: {', '.join(above) or 'nothing'}", 110, subsequent_indent=" " * 8)
    return [f"fhr {verb}", *under(None, 0), *note]


def section(fit: list[Call], predict: list[Call], house: House) -> str:
    """The drawing of both verbs, as CONTRIBUTING holds it between its two marks."""
    lines = [*drawing("fit", fit, house), "", *drawing("predict", predict, house)]
    return "\n".join([BEGIN, "```text", *lines, "```", END])


def written(text: str, section: str) -> str:
    """The text with the section between its marks made anew."""
    before, _, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise SystemExit(f"the two marks are missing: {BEGIN} and {END}")
    return before + section + after


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, metavar="CONTRIBUTING.md", help="put the drawing between its marks")
    options = parser.parse_args()
    from fhr.cli import main as command

    known = house()
    said, traces = StringIO(), {}
    with tempfile.TemporaryDirectory() as name, chdir(name), redirect_stdout(said), redirect_stderr(said):
        with tracing(known.floor) as traces["fit"]:
            code = command(FIT)
        if code not in (0, 1):  # 1: a record was too short
            raise SystemExit(f"the fit failed\n{said.getvalue()}")
        header, checkpoint = recording_and_checkpoint(Path(name))
        with tracing(known.floor) as traces["predict"]:
            code = command(["predict", str(header), "--run", str(checkpoint)])
        if code != 0:
            raise SystemExit(f"the prediction failed\n{said.getvalue()}")
    drawn = section(traces["fit"], traces["predict"], known)
    print(drawn)
    for verb, calls in traces.items():
        print(
            f"\nfhr {verb}: {len(calls)} calls\nrooms by first call: {', '.join(dict.fromkeys(c.room for c in calls))}"
        )
        for (low, high), n in edges(calls).items():
            print(f"  {low} -> {high}: {n}{'' if (low, high) in known.imports else ' (not imported)'}")
        for (low, high), functions in upward(calls, known).items():
            print(f"  upward, {low} -> {high}: {', '.join(functions)}")
    if options.write is not None:
        options.write.write_text(written(options.write.read_text(encoding="utf-8"), drawn), encoding="utf-8")


if __name__ == "__main__":
    main()
