"""Run a command until stdin ends: what is started so ends with the program that holds the pipe, killed or not.

A program of its own that imports nothing but the standard library: `python until_stdin_ends.py COMMAND ...`.
"""

import os
import signal
import subprocess
import sys
from threading import Thread

__all__ = ["run"]

_GRACE = 10.0  # s to end by itself


def run(command: list[str]) -> int:
    """Run a command; its exit code. At the end of stdin it is asked to end, and some seconds later made to."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    Thread(target=_watch, args=(process,), daemon=True).start()
    return process.wait()


def _watch(process: "subprocess.Popen[bytes]") -> None:
    while os.read(0, 4096):
        pass
    process.terminate()
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        if hasattr(os, "killpg"):
            os.killpg(0, signal.SIGKILL)  # with its own children, and this
        process.kill()


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
