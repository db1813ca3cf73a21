"""stdout and stderr as a command finds them: closed, read by someone who stopped reading, on a full disk."""

import os
import select
import sys

__all__ = ["flush_stdout", "open_standard_streams", "reader_is_gone"]


def open_standard_streams() -> None:
    """Let what is written go nowhere where the caller closed stdout or stderr, as `>&-` does."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - to the end


def reader_is_gone() -> bool:
    """Tell whether stdout is a pipe that nobody reads any more; another broken pipe is a fault."""
    try:
        waiting = select.poll()
        waiting.register(sys.stdout.fileno(), 0)
        return any(event & (select.POLLERR | select.POLLHUP) for _, event in waiting.poll(0))
    except (AttributeError, OSError, ValueError):  # no such call on Windows, no file behind stdout
        return False


def flush_stdout() -> OSError | None:
    """Write what waits for stdout; what hinders it, after which stdout leads nowhere: the interpreter's end is quiet.

    A reader that has what it wanted (`fhr info | head`) is a `BrokenPipeError`.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return error
    return None
