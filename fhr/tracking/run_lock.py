"""Lock of a run for the one process that works on it; the system gives it back when its holder dies, killed or not."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from fhr.errors import TrackingError

__all__ = ["hold_run", "is_held"]

_LOCK = ".lock"
_HOLDER = ".holder"  # beside the lock, not in it: Windows reads no locked file, and old versions of filelock empty it
_PATIENCE = 0.5  # seconds; `is_held` of another process holds the lock for a moment


@contextmanager
def hold_run(folder: Path, run_id: str | None = None) -> Iterator[None]:
    """Hold the lock of a run; the folder is made where it is missing.

    The lock is the system's (`flock`), so that none is left by a process that was killed; the empty file `.lock` stays
    and means nothing by itself. The folder may be removed while it is held. Left out: file systems without locks, and
    processes of two machines where the file system keeps locks to one machine.

    Args:
        folder: local folder of the run.
        run_id: what messages call the run; by default the name of the folder.

    Raises:
        TrackingError: another process (or this one) works on the run, or the folder cannot be written.
    """
    name = run_id or folder.name
    lock = FileLock(folder / _LOCK, timeout=_PATIENCE)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise TrackingError(
            f"run {name} is being worked on by {_holder(folder)}; wait for it, or stop it first"
        ) from None
    except OSError as error:
        raise TrackingError(
            f"run {name} cannot be worked on: {folder} cannot be written ({error.strerror or error}); make "
            "room, or work in a folder that can be written"
        ) from None
    try:
        with suppress(OSError):  # it only says more in a message
            (folder / _HOLDER).write_text(f"process {os.getpid()} on {socket.gethostname()}", encoding="utf-8")
        yield
    finally:
        with suppress(OSError):
            (folder / _HOLDER).unlink(missing_ok=True)
        lock.release()


def is_held(folder: Path) -> bool:
    """True if a process works on the run of this folder now; creates nothing.

    A folder that is missing, or cannot be written, is held by nobody here.
    """
    path = folder / _LOCK
    if not path.is_file():
        return False
    try:
        with FileLock(path, timeout=0):
            return False
    except Timeout:
        return True
    except OSError:
        return False


def _holder(folder: Path) -> str:
    try:
        return (folder / _HOLDER).read_text(encoding="utf-8").strip() or "another process"
    except (OSError, UnicodeError):
        return "another process"
