"""Parallel work over many items: in this process, in a process pool, or on the workers of a Dask scheduler."""

import logging
import multiprocessing
import pickle
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache, partial
from typing import Any, TypeVar

import cloudpickle

from fhr.errors import FHRError

from .workers import end_with_parent

__all__ = ["check_scheduler", "check_workers", "spread"]

T = TypeVar("T")
R = TypeVar("R")

_log = logging.getLogger(__name__)


def spread(
    function: Callable[..., R],
    items: Sequence[T],
    *,
    shared: Any = None,
    workers: int = 1,
    scheduler: str | None = None,
) -> Generator[R, None, None]:
    """Apply `function` to every item, with results in the order in which they are ready; close it to stop early.

    Function and shared argument are pickled by value where no worker could import them (`cloudpickle`), so that those
    of a notebook or a lambda reach every worker.

    Args:
        function: of an item; of `shared` and an item where `shared` is given.
        items: its arguments.
        shared: first argument of every call, which travels once a worker.
        workers: processes on this machine; with 1 the work is done in this one.
        scheduler: `dask://HOST:PORT` or `tcp://HOST:PORT` of a Dask scheduler, instead of `workers`.

    Raises:
        FHRError: a scheduler that cannot be reached, a worker that died, workers that a script starts without
            `if __name__ == "__main__":`, or something that cannot be pickled.
    """
    if scheduler is not None:
        yield from _on_dask(function, items, shared, scheduler)
    elif workers > 1:
        yield from _in_processes(function, items, shared, workers)
    else:
        yield from map(_with(function, shared), items)


def _with(function: Callable[..., R], shared: Any) -> Callable[[Any], R]:
    return function if shared is None else partial(function, shared)


def _pickled(function: Callable[..., R], shared: Any) -> bytes:
    try:
        return bytes(cloudpickle.dumps(_with(function, shared)))
    except Exception as error:  # pickling runs the code of whatever is pickled
        raise FHRError(
            f"{getattr(function, '__qualname__', function)} and what it uses cannot be sent to a worker "
            f"({type(error).__name__}: {error}); make locks, open files and loaders inside the function, or give "
            "workers=1"
        ) from None


def _in_processes(function: Callable[..., R], items: Sequence[T], shared: Any, workers: int) -> Iterator[R]:
    check_workers(workers)
    content = _pickled(function, shared)
    # Spawned, not forked: a forked torch hangs in its thread pools.
    context = multiprocessing.get_context("spawn")
    started = context.Event()
    with ProcessPoolExecutor(
        min(workers, len(items)), mp_context=context, initializer=_start_worker, initargs=(started, content)
    ) as pool:
        try:
            for future in as_completed([pool.submit(_work, cloudpickle.dumps(item)) for item in items]):
                result, messages = future.result()
                for name, level, text, arguments in messages:
                    logging.getLogger(name).log(level, text, *arguments)
                yield result
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


_one_at_a_time = threading.Lock()
_content: list[bytes] = []  # of this worker
_function: list[Callable[[Any], Any]] = []


class _Messages(logging.Handler):
    """What a worker has to say, kept for its parent, which knows what is being worked on and what was said before."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[tuple[str, int, str, tuple[Any, ...]]] = []

    def emit(self, record: logging.LogRecord) -> None:
        given = record.args if isinstance(record.args, tuple) else ()
        plain = tuple(one if isinstance(one, int | float | str) else str(one) for one in given)
        self.kept.append((record.name, record.levelno, str(record.msg), plain))

    def taken(self) -> list[tuple[str, int, str, tuple[Any, ...]]]:
        kept, self.kept = self.kept, []
        return kept


_messages = _Messages()


def _start_worker(started: Any, content: bytes) -> None:
    started.set()
    ours = logging.getLogger("fhr")
    ours.addHandler(_messages)
    ours.propagate = False
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's: it lets running items finish
    end_with_parent()
    _content.append(content)


def _work(item: bytes) -> tuple[Any, list[tuple[str, int, str, tuple[Any, ...]]]]:
    if not _function:  # here and not at the start: what fails is told as the failure of an item
        _function.append(cloudpickle.loads(_content[0]))
        _content.clear()
    try:
        return _function[0](cloudpickle.loads(item)), _messages.taken()
    except Exception as error:
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:  # of a class that only the worker has
            raise FHRError("".join(traceback.format_exception(error)).rstrip()) from None
        raise


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


def _on_dask(function: Callable[..., R], items: Sequence[T], shared: Any, scheduler: str) -> Iterator[R]:
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
            client.wait_for_workers(1)
        content = client.scatter(_pickled(function, shared), broadcast=True)
        try:
            for future in as_finished(client.map(_call, items, content=content, pure=False)):
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


def _call(item: Any, *, content: bytes) -> Any:
    """One item on a Dask worker, which unpickles the function and its shared argument once for all its items.

    One at a time, whatever the worker's threads: what is spread may use the generators that a process shares.
    """
    with _one_at_a_time:
        return _unpickled(content)(item)


@lru_cache(maxsize=1)
def _unpickled(content: bytes) -> Callable[[Any], Any]:
    function: Callable[[Any], Any] = cloudpickle.loads(content)
    return function
