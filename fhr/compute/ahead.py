"""Work that is needed later, done while this process waits for others."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import takewhile
from threading import Event
from typing import TypeVar

__all__ = ["worked_ahead"]

T = TypeVar("T")
R = TypeVar("R")


@contextmanager
def worked_ahead(function: Callable[[Iterable[T]], R], items: Iterable[T]) -> Iterator[Callable[[], R]]:
    """Begin `function(items)` in a thread; what the block is given waits for the result.

    Where the block ends without it, as on Ctrl-C, the items end early and what came of them is dropped.

    Example:
        >>> with worked_ahead(sum, [1, 2]) as result:
        ...     result()
        3
    """
    left = Event()
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as pool:
        future = pool.submit(function, takewhile(lambda _: not left.is_set(), items))
        try:
            yield future.result
        finally:
            left.set()
