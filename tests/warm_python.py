"""Pythons that need not import the libraries again: forked from a process that has, and has done nothing else.

Importing torch, Lightning and MLflow costs ten seconds of CPU a process, more than most tests do in theirs. Of `fhr`
nothing is imported beforehand: `PYTHONPATH` says where it comes from, and what its modules do when they are imported
they do anew. A test of the start of Python itself, or of what is imported, starts a cold one.
"""

import atexit
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from unittest import mock

WARM = [
    "matplotlib.backends.backend_agg",
    "mlflow.store.tracking.sqlalchemy_store",
    "pyarrow.parquet",
    "pytorch_lightning.cli",
    "scipy.signal",
    "sklearn.linear_model",
    "torchmetrics",
]


@cache
def warm_context() -> ForkServerContext:
    """A context of `multiprocessing` whose processes have the libraries; one server serves all of this process."""
    context = ForkServerContext()
    context.set_forkserver_preload(WARM)
    # The server's socket lies in a temporary folder, whose path may be longer than a socket's address can be.
    short = min((tempfile.gettempdir(), "/tmp"), key=lambda folder: (not os.access(folder, os.W_OK), len(folder)))
    with mock.patch.object(tempfile, "tempdir", short):
        forkserver.ensure_running()
    return context


class Warm:
    """A Python with these arguments, `-c` and `-m` among them, and what it says."""

    def __init__(self, *arguments: object, folder: Path, environment: Mapping[str, str], given: str = "") -> None:
        self.arguments = [str(argument) for argument in arguments]
        self._streams = tempfile.TemporaryDirectory()
        streams = [Path(self._streams.name, name) for name in ("stdin", "stdout", "stderr")]
        streams[0].write_text(given)
        self._process: ForkServerProcess = warm_context().Process(
            target=_become, args=(self.arguments, folder, dict(environment), streams)
        )
        self._process.start()

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self._process.is_alive()

    def send_signal(self, number: int) -> None:
        """Send it a signal."""
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    def wait(self, timeout: float = 7200) -> subprocess.CompletedProcess[str]:
        """Wait for its end; so long that a machine with much else to do is no failure, and not for ever."""
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            self._process.kill()
            raise subprocess.TimeoutExpired(self.arguments, timeout)
        out, err = (Path(self._streams.name, name).read_text() for name in ("stdout", "stderr"))
        self._streams.cleanup()
        return subprocess.CompletedProcess(self.arguments, code, out, err)


def python(
    *arguments: object, folder: Path, environment: Mapping[str, str] | None = None, given: str = ""
) -> subprocess.CompletedProcess[str]:
    """`python ARGUMENTS` in `folder`, to its end; without an environment, in that of this process."""
    return Warm(*arguments, folder=folder, environment=environment or os.environ, given=given).wait()


def _become(arguments: list[str], folder: Path, environment: dict[str, str], streams: list[Path]) -> None:
    """Be from here on what `python ARGUMENTS` is after its start."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background has it ignored
    for number, stream in enumerate(streams):
        opened = os.open(stream, os.O_RDWR | os.O_CREAT)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace", closefd=False)
    first, *rest = arguments
    here = str(Path(first).resolve().parent) if first not in ("-c", "-m") else ""
    sys.path[:0] = [here, *filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))]
    try:
        if first == "-c":
            sys.argv = ["-c", *rest[1:]]
            exec(compile(rest[0], "<string>", "exec"), sys.modules["__main__"].__dict__)
        elif first == "-m":
            sys.argv = rest
            runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
        else:
            sys.argv = arguments
            runpy.run_path(first, run_name="__main__")
    finally:
        atexit._run_exitfuncs()  # a process of multiprocessing ends without
