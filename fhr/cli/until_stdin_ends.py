"""Run a command until stdin ends: what is started so ends with the program that holds the pipe, killed or not.

What the command starts ends with it, however that comes; on Linux it is asked to end with this program, too.

A program of its own that imports nothing but the standard library: `python until_stdin_ends.py COMMAND ...`.
"""

import ctypes
import os
import signal
import subprocess
import sys
from contextlib import suppress
from threading import Thread

__all__ = ["run"]

_GRACE = 10.0  # s to end by itself
_PR_SET_PDEATHSIG = 1  # of <linux/prctl.h>


def run(command: list[str]) -> int:
    """Run a command; its exit code. At the end of stdin it is asked to end, and some seconds later made to."""
    posix = os.name == "posix"
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        process_group=0 if posix else None,
        preexec_fn=_end_with_parent if sys.platform == "linux" else None,  # no thread is there yet
    )
    Thread(target=_watch, args=(process,), daemon=True).start()
    code = process.wait()
    if posix:
        with suppress(ProcessLookupError, PermissionError):  # it has left none
            os.killpg(process.pid, signal.SIGKILL)
    return code


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _watch(process: "subprocess.Popen[bytes]") -> None:
    while os.read(0, 4096):
        pass
    process.terminate()
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        process.kill()


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
