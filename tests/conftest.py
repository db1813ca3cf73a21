"""Data, and trained runs, that tests of several rooms share.

Fixtures import what they need: the process that hands out the tests reads this file too, and the others wait for it.
"""

from __future__ import annotations

import gc
import io
import logging
import multiprocessing
import os
import shutil
import sqlite3
import subprocess
import sys
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import chdir, nullcontext, redirect_stderr, redirect_stdout
from functools import partial, wraps
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest import mock

import pytest
from _pytest.doctest import DoctestModule
from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy and torch: tiny models lose time on more threads
os.environ.setdefault("NUMBA_DISABLE_JIT", "1")  # antropy, the outside reference, compiles longer than it computes

from made_once import Answer, made_once, own_copy
from warm_python import warm_context

if TYPE_CHECKING:
    import pandas as pd

    from fhr.datasets import CTUUHB, Database
    from fhr.recording import Recording

# The same examples on every run and machine; a slow machine is no failure. `--hypothesis-profile=many` draws others.
settings.register_profile("fhr", derandomize=True, deadline=None, max_examples=25)
settings.register_profile("many", deadline=None, max_examples=1000)
settings.load_profile("fhr")

gc.set_threshold(200_000, 20, 100)  # looking through what was imported again and again is a twentieth of the time


TRAINING = {"births_database", "runs", "tiny_config", "false_signal_run", "false_signal_config"}  # fixtures
EVALUATING = {"fit", "test", "crossval", "evaluate"}  # verbs


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes the births that are learnt from, a configuration or a run trains, and so do tests of tasks."""
    for item in items:
        if TRAINING & set(getattr(item, "fixturenames", ())) or item.path.parent.name == "tasks":
            item.add_marker(pytest.mark.training)


@pytest.hookimpl(wrapper=True)
def pytest_collect_file() -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """Tests hold no examples in docstrings: nobody looks for them here."""
    return [one for one in (yield) if not isinstance(one, DoctestModule)]


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: nobody looks through it for garbage again."""
    gc.freeze()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs a GPU where there is none."""
    if item.get_closest_marker("cuda") is not None:
        import torch  # slow, and most tests do without

        if not torch.cuda.is_available():
            pytest.skip("needs a CUDA device")
        torch.backends.cudnn.allow_tf32 = False  # ten bits of a number, too few to compare with the CPU


@pytest.fixture(scope="session", autouse=True)
def _home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Features are kept for the length of the session, and nothing is left in the user's home, notebooks included."""
    folders = {name: str(tmp_path_factory.mktemp(name.lower())) for name in ("FHR_CACHE", "IPYTHONDIR")}
    with mock.patch.dict(os.environ, folders):
        yield


@pytest.fixture(scope="session", autouse=True)
def prepare_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Path], None]]:
    """`prepare_store(file)`: a new MLflow store, copied from one that was made once, as migrations take seconds.

    In this process every new store is one; a test that starts another process may give it one.
    """

    def copy_prepared(database: Path) -> None:
        from fhr.tracking.database import make_database

        prepared, _ = made_once(tmp_path_factory, "store", lambda folder: make_database(folder / "mlflow.db"))
        database.parent.mkdir(exist_ok=True)
        shutil.copyfile(prepared / "mlflow.db", database)

    with mock.patch("fhr.tracking.store.make_database", copy_prepared):
        yield copy_prepared


@pytest.fixture(scope="session", autouse=True)
def _warm_workers() -> Iterator[None]:
    """Where workers would be spawned they are forked from a process that has the libraries.

    Programs that tests/compute/test_spread_from_scripts.py starts spawn theirs.
    """
    of_kind = multiprocessing.get_context

    def context(kind: str | None = None) -> BaseContext:
        return warm_context() if kind == "spawn" else of_kind(kind)

    with mock.patch("multiprocessing.get_context", context):
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_waiting_for_the_disk() -> None:
    """Stores of tests need not outlive a power cut."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    @event.listens_for(Engine, "connect")
    def connected(connection: Any, _: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA synchronous=OFF")


@pytest.fixture(autouse=True)
def _processes(request: pytest.FixtureRequest) -> Iterator[None]:
    """Only a test with the mark `process` starts one, so that the quick tests stay quick."""
    if request.node.get_closest_marker("process") is not None:
        yield
        return

    def start(self: object, arguments: object = (), *_: object, **__: object) -> None:
        raise AssertionError(f"a test that starts a process has the mark `process`: {arguments or self}")

    popen = subprocess.Popen.__init__

    def start_git(self: subprocess.Popen, arguments: Sequence[str], *others: Any, **named: Any) -> None:
        (popen if Path(arguments[0]).name in ("git", "uname") else start)(self, arguments, *others, **named)

    with (
        mock.patch.object(subprocess.Popen, "__init__", start_git),
        mock.patch.object(BaseProcess, "start", start),
    ):
        yield


@pytest.fixture(autouse=True)
def _loudness() -> Iterator[None]:
    """What a command of one test was told of -q and -v is forgotten before the next."""
    ours = logging.getLogger("fhr")
    level = ours.level
    yield
    ours.setLevel(level)


@pytest.fixture(scope="session")
def ctu_uhb() -> Path:
    """The folder of real recordings."""
    if not os.environ.get("FHR_DATA"):
        pytest.skip("set FHR_DATA to the folder that holds ctu-uhb-ctgdb")
    return Path(os.environ["FHR_DATA"]) / "ctu-uhb-ctgdb"


@pytest.fixture(scope="session")
def ctu_uhb_database(ctu_uhb: Path) -> CTUUHB:
    """The real recordings, read once."""
    from fhr.datasets import CTUUHB

    return CTUUHB(ctu_uhb)


@pytest.fixture(scope="session")
def simulated_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 60 simulated recordings; tests that change files copy them first."""
    from fhr.simulation import write_database

    return made_once(tmp_path_factory, "simulated", lambda folder: write_database(folder, 60, seed=20))[0]


@pytest.fixture(scope="session")
def simulated_database(simulated_folder: Path) -> CTUUHB:
    """The simulated recordings, read once."""
    from fhr.datasets import CTUUHB

    return CTUUHB(simulated_folder)


@pytest.fixture(scope="session")
def fhrma_morphology() -> Path:
    """The folder of real recordings with expert marks of accelerations and decelerations."""
    if not os.environ.get("FHR_DATA"):
        pytest.skip("set FHR_DATA to the folder that holds fhrma-morphology")
    return Path(os.environ["FHR_DATA"]) / "fhrma-morphology"


@pytest.fixture(scope="session")
def fhrma_false_signals() -> Path:
    """The folder of real recordings with marks of false signal."""
    if not os.environ.get("FHR_DATA"):
        pytest.skip("set FHR_DATA to the folder that holds fhrma-false-signals")
    return Path(os.environ["FHR_DATA"]) / "fhrma-false-signals"


@pytest.fixture(scope="session")
def false_signal_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of `write_false_signals`; tests that change files copy it."""
    from false_signal_recordings import write_false_signals

    return made_once(tmp_path_factory, "false_signals", write_false_signals)[0]


class Runs(NamedTuple):
    """A folder with an MLflow store that holds a fit, tested, and a cross-validation."""

    folder: Path
    fit: str
    crossval: str
    answers: dict[str, Answer]


@pytest.fixture(scope="session")
def births(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 120 simulated recordings, enough to calibrate on one inner fold, and easy to learn from."""
    from fhr.simulation import write_database

    return made_once(tmp_path_factory, "births", lambda folder: write_database(folder, 120, seed=28, explained=1.0))[0]


@pytest.fixture(scope="session")
def births_database(births: Path) -> Iterator[CTUUHB]:
    """These recordings, read, cleaned and cut once, whatever configuration names the folder."""
    from fhr.datamodules import CTUUHBDataModule  # slow, and most tests do without
    from fhr.datasets import CTUUHB

    database, read = CTUUHB(births), CTUUHBDataModule.read

    @wraps(read)
    def known(module: CTUUHBDataModule) -> Database:
        return database if module.root == str(births) else read(module)

    with mock.patch.object(CTUUHBDataModule, "read", known):
        yield database


@pytest.fixture(scope="session")
def births_table(tmp_path_factory: pytest.TempPathFactory, births_database: CTUUHB) -> pd.DataFrame:
    """What the baselines know of these recordings, computed once."""
    from fhr.evaluation import baseline_table  # slow, and most tests do without

    return made_once(tmp_path_factory, "births_table", lambda _: baseline_table(births_database))[1]


@pytest.fixture
def plain_report(monkeypatch: pytest.MonkeyPatch, births_table: pd.DataFrame) -> None:
    """A cross-validation of `births` reports beside one line only, without figures, audit of windows and a full null.

    What a report holds is told by the run that all tests share, and by the tests of `fhr.evaluation`.
    """
    from fhr.cli import crossval_run
    from fhr.evaluation import BASELINES, report, result

    def known_table(recordings: Iterable[Recording]) -> pd.DataFrame:
        assert [recording.name for recording in recordings] == births_table.index.tolist()
        return births_table

    monkeypatch.setattr(crossval_run, "BESIDE", BASELINES[-1:])
    monkeypatch.setattr(crossval_run, "baseline_table", known_table)
    monkeypatch.setattr(crossval_run, "feature_table", lambda recordings, features: None)
    monkeypatch.setattr(report, "window_audit", lambda *_, **__: {})
    monkeypatch.setattr(result, "calibration_null", partial(result.calibration_null, n_redraws=20))
    monkeypatch.setattr("fhr.tasks.write_evaluation", lambda *_: None)


@pytest.fixture(scope="session")
def tiny_config(tmp_path_factory: pytest.TempPathFactory, births: Path, births_database: CTUUHB) -> Path:
    """A configuration that trains a tiny network on `births` in a second."""
    path = tmp_path_factory.mktemp("configuration") / "tiny.yaml"
    path.write_text(
        f"""
seed_everything: 4
model:
  class_path: fhr.tasks.ClassificationTask
  init_args:
    model:
      class_path: fhr.models.InceptionNet
      init_args: {{n_filters: 2, kernel_sizes: [5, 11], depth: 2, stride: 4}}
    loss: fhr.losses.PHRegression
    learning_rate: 0.01
data:
  class_path: fhr.datamodules.CTUUHBDataModule
  init_args:
    root: {births}
    target: ph<7.20
    window_minutes: 20
    batch_size: 16
    augmentation: fhr.preprocessing.Augmentation
trainer: {{max_epochs: 2, deterministic: true, accelerator: cpu, log_every_n_steps: 2}}
"""
    )
    return path


@pytest.fixture(scope="session")
def run_fhr() -> Callable[..., Answer]:
    """`run_fhr(folder, *arguments)`: the command in this process, as if it were given in `folder`.

    A signal that stops it stops the tests too, unless the test has said that it sends one (`stopped=True`). What a
    verb draws beside its numbers is not drawn; tests/tasks/test_evaluation_files.py draws it.
    """

    def run(folder: Path, *arguments: object, stopped: bool = False) -> Answer:
        import torch  # slow, and most tests do without
        from figures_not_drawn import figures_not_drawn

        from fhr.cli import main

        out, err = io.StringIO(), io.StringIO()
        root, ours = logging.getLogger(), logging.getLogger("fhr")
        handlers, level = root.handlers[:], ours.level
        root.handlers[:] = []  # so that the command logs to its own stderr
        environment = {k: v for k, v in os.environ.items() if k != "MLFLOW_TRACKING_URI"}
        try:
            with (
                chdir(folder),
                mock.patch.dict(os.environ, environment, clear=True),
                mock.patch.object(sys, "path", sys.path[:]),
                redirect_stdout(out),
                redirect_stderr(err),
                warnings.catch_warnings(),
                figures_not_drawn() if {*arguments[:1]} & EVALUATING else nullcontext(),
            ):
                try:
                    code: int | str | None = main([str(argument) for argument in arguments])
                except SystemExit as stop:
                    code = stop.code
                assert "MLFLOW_TRACKING_URI" not in os.environ
        finally:
            root.handlers[:] = handlers
            ours.setLevel(level)
            torch.use_deterministic_algorithms(False)
        if code in (130, 143) and not stopped:
            raise KeyboardInterrupt(f"signal {int(code) - 128} while `fhr {' '.join(map(str, arguments))}` ran")
        return Answer(code, out.getvalue(), err.getvalue())

    return run


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory, tiny_config: Path, run_fhr: Callable[..., Answer]) -> Runs:
    """A fit, its test, and a cross-validation of `tiny_config`, made once; each process has a copy to write to."""

    def make(folder: Path) -> tuple[str, str, dict[str, Answer]]:
        fit = run_fhr(folder, "fit", "--config", tiny_config)
        assert fit.code == 0, fit.err
        test = run_fhr(folder, "test", "--run", fit.out.strip())
        floor = ["--require-auroc", 0.99]  # which a tiny network does not reach
        crossval = run_fhr(
            folder, "crossval", "--config", tiny_config, "--inner", 1, "--out", "predictions.csv", *floor
        )
        assert crossval.code == 3, crossval.err
        (line,) = [line for line in crossval.err.splitlines() if line.startswith("run ")]
        return fit.out.strip(), line.split()[1], {"fit": fit, "test": test, "crossval": crossval}

    made, (fit, crossval, answers) = made_once(tmp_path_factory, "runs_made", make)
    return Runs(own_copy(made, tmp_path_factory.mktemp("runs")), fit, crossval, answers)


@pytest.fixture(scope="session")
def false_signal_config(tmp_path_factory: pytest.TempPathFactory, false_signal_folder: Path) -> Path:
    """A configuration that trains a tiny network on `false_signal_folder` in seconds."""
    path = tmp_path_factory.mktemp("configuration") / "tiny_false_signal.yaml"
    path.write_text(
        f"""
seed_everything: 2
model:
  class_path: fhr.tasks.FalseSignalTask
  init_args:
    model:
      class_path: fhr.models.false_signal.FalseSignalNet
      init_args: {{widths: [4, 4], hidden: 4, depth: 1}}
    loss: fhr.losses.BinaryCrossEntropy
    learning_rate: 0.02
data:
  class_path: fhr.datamodules.FalseSignalDataModule
  init_args:
    root: {false_signal_folder}
    crop_minutes: 4
    batch_size: 4
    augmentation: fhr.preprocessing.FalseSignalAugmentation
checkpoint: {{monitor: val/auroc_fhr, mode: max}}
trainer:
  max_epochs: 3
  deterministic: true
  accelerator: cpu
  gradient_clip_val: 1.0
  log_every_n_steps: 2
  callbacks:
    - class_path: pytorch_lightning.callbacks.EMAWeightAveraging
      init_args: {{decay: 0.7}}
"""
    )
    return path


class FalseSignalRun(NamedTuple):
    """A folder with an MLflow store that holds a fit of a false-signal network, tested."""

    folder: Path
    fit: str
    answers: dict[str, Answer]


@pytest.fixture(scope="session")
def false_signal_run(
    tmp_path_factory: pytest.TempPathFactory, false_signal_config: Path, run_fhr: Callable[..., Answer]
) -> FalseSignalRun:
    """A fit and its test of `false_signal_config`, made once; each process has a copy to write to."""

    def make(folder: Path) -> tuple[str, dict[str, Answer]]:
        fit = run_fhr(folder, "fit", "--config", false_signal_config)
        assert fit.code == 0, fit.err
        return fit.out.strip(), {"fit": fit, "test": run_fhr(folder, "test", "--run", fit.out.strip())}

    made, (fit, answers) = made_once(tmp_path_factory, "false_signal_runs_made", make)
    return FalseSignalRun(own_copy(made, tmp_path_factory.mktemp("false_signal_runs")), fit, answers)
