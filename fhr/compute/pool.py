"""Parallel work over many items: in this process, in a process pool, or on the workers of a Dask scheduler."""

import logging
import multiprocessing
import signal
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from fhr.errors import FHRError

from .workers import end_with_parent

__all__ = ["check_scheduler", "check_workers", "spread"]

T = TypeVar("T")
R = TypeVar("R")

_log = logging.getLogger(__name__)


def spread(
    function: Callable[[T], R], items: Sequence[T], *, workers: int = 1, scheduler: str | None = None
) -> Generator[R, None, None]:
    """Apply `function` to every item, with results in the order in which they are ready; close it to stop early.

    Args:
        function: a function of a module, which workers can import.
        items: its arguments.
        workers: processes on this machine; with 1 the work is done in this one.
        scheduler: `dask://HOST:PORT` or `tcp://HOST:PORT` of a Dask scheduler, instead of `workers`.

    Raises:
        FHRError: a scheduler that cannot be reached, a worker that died, or workers that a script starts without
            `if __name__ == "__main__":`.
    """
    if scheduler is not None:
        yield from _on_dask(function, items, scheduler)
    elif workers > 1:
        yield from _in_processes(function, items, workers)
    else:
        yield from map(function, items)


def _in_processes(function: Callable[[T], R], items: Sequence[T], workers: int) -> Iterator[R]:
    check_workers(workers)
    # Spawned, not forked: a forked torch hangs in its thread pools.
    context = multiprocessing.get_context("spawn")
    started = context.Event()
    with ProcessPoolExecutor(
        min(workers, len(items)), mp_context=context, initializer=_start_worker, initargs=(started,)
    ) as pool:
        try:
            for future in as_completed([pool.submit(function, item) for item in items]):
                yield future.result()
        except BrokenProcessPool:
            if not started.is_set():
                raise FHRError(
                    "no worker process could start; every worker runs the script that starts it: put what that does "
                    "under `if __name__ == '__main__':`, keep it in a file, not on stdin, or give workers=1"
                ) from None
            raise FHRError(
                "a worker process died (killed, or out of memory); what was finished is kept: go on from there, with "
                "fewer --workers where memory is short"
            ) from None
        finally:
            # Waits for the running items only. Without waiting, the shutdown of `with` would take the cancelling back.
            pool.shutdown(wait=True, cancel_futures=True)


def _start_worker(started: Any) -> None:
    started.set()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's: it lets running items finish
    end_with_parent()


def check_workers(workers: int) -> None:
    """Refuse a number of processes that is none, and workers of workers.

    A worker runs the script that starts it; where that does not stand under `if __name__ == "__main__":`, the worker
    comes here in its turn, and ends: its parent says what is wrong.

    Raises:
        FHRError: less than 1.
    """
    if workers < 1:
        raise FHRError(f"workers={workers}; give 1 or more processes")
    if workers > 1 and getattr(multiprocessing.current_process(), "_inheriting", False):
        sys.exit(1)


def check_scheduler(scheduler: str) -> str:
    """Check the address of a scheduler, and give it as Dask takes it.

    Raises:
        FHRError: another kind of address, or no Dask.
    """
    kind, separator, place = scheduler.partition("://")
    if not separator or not place or kind not in ("dask", "tcp", "tls"):
        raise FHRError(
            f"scheduler {scheduler!r}; give dask://HOST:PORT or tcp://HOST:PORT, as `dask scheduler` prints it"
        )
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise FHRError("a scheduler needs Dask; install it: pip install 'intrapartum-fhr[dask]'") from None
    return f"{'tcp' if kind == 'dask' else kind}://{place}"


def _on_dask(function: Callable[[T], R], items: Sequence[T], scheduler: str) -> Iterator[R]:
    address = check_scheduler(scheduler)
    from distributed import Client, KilledWorker
    from distributed import as_completed as as_finished

    try:
        client = Client(address, timeout="20s")
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0] or type(error).__name__
        raise FHRError(
            f"no Dask scheduler answers at {scheduler} ({reason}); start one with `dask scheduler`, and workers with "
            "`dask worker ADDRESS --nthreads 1`"
        ) from None
    with client:
        if not client.scheduler_info()["workers"]:
            _log.warning("the scheduler %s has no worker yet; waiting for one", scheduler)
        try:
            for future in as_finished(client.map(function, items, pure=False)):
                yield future.result()
        except KilledWorker as error:
            raise FHRError(
                f"workers of {scheduler} died over and over ({error}); what was finished is kept: go on from "
                "there, with more memory for each worker"
            ) from None
        except ModuleNotFoundError as error:
            raise FHRError(
                f"a worker of {scheduler} lacks {error.name!r}; install the same intrapartum-fhr for every worker"
            ) from None
