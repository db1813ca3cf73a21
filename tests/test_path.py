"""A fit goes through the rooms once: it reads, prepares, trains, finishes, records, and returns to no room it has left.

One tiny fit and one prediction run under the profile of `benchmarks/path.py`.
"""

import runpy
from collections import Counter
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from functools import cache
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
path = SimpleNamespace(**runpy.run_path(str(ROOT / "benchmarks" / "path.py")))
house = cache(path.house)

# A phase begins with the first call of its function. To begin it once more after a later one has begun is a return.
PHASES = {
    "build": "models.Network.__new__",
    "read": "datamodules.SimulatedDataModule.read",
    "prepare": "preprocessing.Pipeline.prepare",
    "train": "tasks.Task.training_step",
    "finish": "calibration.Calibrator.fit",
    "record": "models.finish_checkpoint",
}
ORDER = tuple(PHASES)

# The last phase in which a room has work. To call it after that is a return.
LAST = {
    "read": ("formats", "simulation", "processes"),
    "prepare": ("datasets", "preprocessing", "features", "multiscale", "morphology"),
    "train": ("losses",),
    "finish": ("datamodules", "models", "calibration", "confidence", "metrics"),
    "record": ("cli", "tasks", "tracking", "recording", "compute", "plots", "evaluation", "prediction"),
}
LAST_OF = {room: phase for phase, rooms in LAST.items() for room in rooms}

# Calls into a room that was left: which, in which phases, and why. Patterns of public names.
EXCUSED = {
    ("preprocessing.Augmentation.__call__", "train"): "augmentation changes the windows of each batch, made once",
    ("preprocessing.Pipeline.to_dict", "train finish"): "each checkpoint says how its windows were prepared",
    ("datasets.Database.*", "train finish"): "each checkpoint names the digests of the records that it learnt from",
    ("preprocessing.cut_from", "train finish"): "the digest of a window is that of the recording it was cut from",
    ("datasets.Splits.checksum", "train finish"): "each checkpoint names the split that it was trained on",
    ("features.order_statistic*", "finish"): "what is usual for the confidence, of recordings; no window trains on it",
    ("features.FeatureScaling.*", "finish"): "the scale of the same",
    ("formats.is_run_file", "record"): "the checksum of a model may be of an exported run; no recording is read",
    ("formats.open_regular", "record"): "the best weights are only on disk",
    ("formats.whole_or_not_at_all", "train finish record"): "a checkpoint is written, no recording read",
    ("calibration.Calibrator.to_dict", "record"): "the run keeps the calibrator beside the checkpoint",
    ("datamodules.FactsDataModule.facts", "record"): "an attribute: which records were left out, for the exit code",
}

# Work on all data, or on each record, and how often a fit does it.
TIMES = {
    "datamodules.SimulatedDataModule.read": 1,
    "simulation.simulate_labour": path.N,
    "datasets.make_splits": 1,
    "preprocessing.Pipeline.prepare": 1,
    "preprocessing.Pipeline.__call__": path.N,
    "models.Network.__new__": 1,
    "calibration.Calibrator.fit": 1,
    "calibration.Reference.of": 1,
    "calibration.typical_statistics": 1,
    "models.finish_checkpoint": 1,
    "tasks.score_windows": 2,  # by the calibrator, and by what the confidence rests on
}


def returns(calls: Sequence[Any]) -> list[str]:
    """The calls of a fit into rooms that it has left, and phases that begin again, each once with its phase."""
    found: dict[str, None] = {}
    reached = 0
    for call in calls:
        begun = [i for i, function in enumerate(PHASES.values()) if function == call.name]
        if begun and begun[0] < reached:
            found[f"{call.name} begins {ORDER[begun[0]]} again, after {ORDER[reached]} has begun"] = None
        reached = max([reached, *begun])
        left = call.room in LAST_OF and ORDER.index(LAST_OF[call.room]) < reached
        if left and call.caller != call.room and not begun and not excused(call.name, ORDER[reached]):
            found[f"{call.caller} calls {call.name} in {ORDER[reached]}; it was left after {LAST_OF[call.room]}"] = None
    return list(found)


def excused(name: str, phase: str) -> bool:
    return any(fnmatchcase(name, pattern) and phase in phases.split() for pattern, phases in EXCUSED)


class Traces(NamedTuple):
    """Calls of a fit and of a prediction."""

    fit: list[Any]
    predict: list[Any]


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory, run_fhr: Callable[..., Any]) -> Traces:
    """Both, once."""
    folder = tmp_path_factory.mktemp("path")
    with path.tracing(house().floor) as fit:
        answer = run_fhr(folder, *path.FIT)
    assert answer.code in (0, 1), answer.err  # 1: a record without a valid sample in its window
    header, checkpoint = path.recording_and_checkpoint(folder)
    with path.tracing(house().floor) as predict:
        answer = run_fhr(folder, "predict", header, "--run", checkpoint)
    assert answer.code == 0, answer.err
    return Traces(fit, predict)


@pytest.mark.training
def test_a_fit_returns_to_no_room_that_it_has_left(traces):
    assert returns(traces.fit) == []


@pytest.mark.training
def test_a_fit_goes_through_every_phase_in_order(traces):
    first = {call.name: i for i, call in reversed(list(enumerate(traces.fit)))}
    begun = [first[function] for function in PHASES.values()]
    assert begun == sorted(begun)


@pytest.mark.training
def test_nothing_is_done_twice(traces):
    done = Counter(call.name for call in traces.fit)
    assert {name: done[name] for name, most in TIMES.items() if not 0 < done[name] <= most} == {}


@pytest.mark.training
def test_every_room_of_the_fit_has_a_phase(traces):
    assert {call.room for call in traces.fit} - set(LAST_OF) == set()


def test_the_names_of_this_test_are_public():
    names = [*PHASES.values(), *TIMES, *(name for name, _ in EXCUSED)]
    names += [f"{room}.{function}" for room, functions in path.MAIN.items() for function in functions]
    hidden = [name for name in names if not _is_public(*name.split(".")[:2])]
    assert hidden == []


def _is_public(room: str, name: str) -> bool:
    return any(fnmatchcase(public, name) for public in import_module(f"fhr.{room}").__all__)


@pytest.mark.training
def test_a_call_upward_has_no_import_behind_it(traces):
    """So that it can only be a callback or an iterator."""
    for calls in traces:
        assert set(path.upward(calls, house())) & house().imports == set()


@pytest.mark.training
def test_the_drawing_is_that_of_the_calls(traces):
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert path.written(text, path.section(*traces, house())) == text, (
        "draw it anew: python benchmarks/path.py --write CONTRIBUTING.md"
    )


@pytest.mark.training
@pytest.mark.parametrize("verb", ["fit", "predict"])
def test_the_drawing_shows_every_room(traces, verb):
    calls = getattr(traces, verb)
    drawn = [line.split()[1].rstrip("~") for line in path.drawing(verb, calls, house()) if line[:2].strip().isdigit()]
    assert sorted(drawn) == sorted({call.room for call in calls}), "name main functions of the missing rooms, in MAIN"


FIT = tuple(PHASES.values())


@pytest.mark.parametrize(
    ("made_up", "found"),
    [
        ((*FIT, FIT[0]), "models.Network.__new__ begins build again, after record has begun"),
        ((*FIT[:4], FIT[1]), "datamodules.SimulatedDataModule.read begins read again, after train has begun"),
        ((*FIT[:5], FIT[3]), "tasks.Task.training_step begins train again, after finish has begun"),
        ((*FIT[:4], "formats.read"), "tasks calls formats.read in train; it was left after read"),
        ((*FIT[:3], "simulation.simulate"), "tasks calls simulation.simulate in prepare; it was left after read"),
        (
            (*FIT[:4], "preprocessing.Pipeline.__call__"),
            "tasks calls preprocessing.Pipeline.__call__ in train; it was left after prepare",
        ),
        ((*FIT[:5], "features.extract"), "tasks calls features.extract in finish; it was left after prepare"),
        (
            (*FIT[:5], "preprocessing.Augmentation.__call__"),
            "tasks calls preprocessing.Augmentation.__call__ in finish; it was left after prepare",
        ),
    ],
)
def test_a_return_is_found(made_up, found):
    assert returns([_call(name) for name in made_up]) == [found]


@pytest.mark.parametrize(
    "made_up",
    [
        FIT,
        (*FIT[:3], "datasets.Splits.partition", *FIT[3:]),
        (*FIT[:4], FIT[3], "preprocessing.Augmentation.__call__", FIT[3]),
        ("calibration.Calibrator.check_sample", *FIT),  # early is no return
    ],
)
def test_a_straight_way_is_none(made_up):
    assert returns([_call(name) for name in made_up]) == []


def _call(name: str) -> Any:
    room, _, function = name.partition(".")
    return path.Call("tasks", room, function, "module")


@pytest.mark.training
def test_the_trace_sees_through_other_packages(traces):
    assert {call.caller for call in traces.fit if call.name == PHASES["train"]} == {"cli"}  # by Lightning's loops


def test_the_trace_sees_calls_in_threads():
    import threading

    from fhr.recording import Provenance

    with path.tracing({"recording"}) as calls:
        thread = threading.Thread(target=Provenance)
        thread.start()
        thread.join()
    Provenance()
    assert [(c.caller, c.name) for c in calls] == [(None, "recording.Provenance.__post_init__")]
