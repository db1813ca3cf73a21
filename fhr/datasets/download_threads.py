"""Threads for the requests of many files, given up when the server is gone."""

import threading
from collections import deque
from collections.abc import Callable, Generator, Sequence
from queue import Empty, SimpleQueue

from .download_answer import FetchError
from .download_request import Client, StoppedError

__all__ = ["in_threads"]

_LOST = 10  # files in a row that fail for want of a server, after which the others are not tried
_LINGER = 2.0  # seconds that threads are waited for which were cut off

_Outcome = tuple[str, Exception | None]


def in_threads(
    client: Client, fetch: Callable[[str], None], names: Sequence[str], *, workers: int
) -> Generator[tuple[str, FetchError | None], None, None]:
    """Each name as it is done with, and its fault where it has one; close it to stop. The client stops at its end.

    Not a `ThreadPoolExecutor`: when Python ends it waits for those threads, and one that waits for a server may last.

    Raises:
        OSError: what `fetch` raised, of the disk.
    """
    todo, done = deque(names), SimpleQueue[_Outcome]()

    def work() -> None:
        while not client.stopped:
            try:
                name = todo.popleft()
            except IndexError:
                return
            try:
                fetch(name)
            except StoppedError:
                return
            except Exception as error:
                done.put((name, error))
            else:
                done.put((name, None))

    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(workers, len(names)))]
    try:
        for thread in threads:
            thread.start()
        left, lost = dict.fromkeys(names), 0
        while left and lost < _LOST:
            name, error = _take(done)
            if not (error is None or isinstance(error, FetchError)):
                raise error
            del left[name]
            lost = lost + 1 if error is not None and error.down else 0
            yield name, error
        for name in left:
            yield name, FetchError(f"not tried, since {_LOST} files in a row could not be had ({error})")
    finally:
        client.stop()
        for thread in threads:
            thread.join(timeout=_LINGER)


def _take(done: SimpleQueue[_Outcome]) -> _Outcome:
    while True:
        try:
            return done.get(timeout=0.5)  # not for ever, so that Ctrl-C comes through on every system
        except Empty:
            pass
