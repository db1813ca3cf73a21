"""Steps of a long job, told as plain lines: how far it is, how long it will still take, and what it is about.

The lines go to the logger `fhr.steps` as information. The command line shows them unless it is told `-q`; elsewhere
they are silent, as all information is.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Self

from .progress_bars import progress_bar

__all__ = ["Countdown", "concerning", "subject", "tell"]

_log = logging.getLogger("fhr.steps")
_subject: ContextVar[str] = ContextVar("subject", default="")


def tell(text: str, *arguments: object) -> None:
    """Tell of a step, with `%` as in `logging`."""
    _log.info(text, *arguments)


@contextmanager
def concerning(what: str) -> Iterator[None]:
    """Name the model, say, that all messages of a block are about; those of the threads that it starts are not."""
    token = _subject.set(what)
    try:
        yield
    finally:
        _subject.reset(token)


def subject() -> str:
    """Name of what messages are about at the moment; empty for nothing in particular."""
    return _subject.get()


class Countdown:
    """A context manager that tells how many items of a step are done, and how long the others will take.

    Where nobody is told of steps, it is a progress bar, on a terminal.

    Args:
        total: number of items.
        what: word for one of them.
        workers: how many are worked on at the same time.
        every: seconds from one line to the next, at least; a step that is over by then tells nothing.
    """

    def __init__(self, total: int, *, what: str, workers: int = 1, every: float = 2.0) -> None:
        self._total, self._what, self._workers, self._every = total, what, workers, every
        self._told = time.monotonic()
        self._done = self._paced = 0
        self._seconds = 0.0
        self._first: tuple[float, int] | None = None
        self._bar = None if _log.isEnabledFor(logging.INFO) else progress_bar(total, description=what)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def update(self, n: int = 1, *, seconds: float | None = None) -> None:
        """Count items that are done.

        Args:
            n: how many.
            seconds: how long they were worked on. None takes the time from the first update on: what came before it
                was the start of the workers too.
        """
        now = time.monotonic()
        self._done += n
        if self._bar is not None:
            self._bar.update(n)
            return
        if seconds is not None:
            self._seconds, self._paced = self._seconds + seconds / self._workers, self._done
        elif self._first is None:
            self._first = now, self._done
        else:
            self._seconds, self._paced = now - self._first[0], self._done - self._first[1]
        if self._paced and now - self._told >= self._every:
            self._told, rest = now, self._total - self._done
            left = f", {_duration(self._seconds / self._paced * rest)} left" if rest else ""
            tell("%s %d of %d%s", self._what, self._done, self._total, left)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"about {seconds:.0f} s"
    if seconds < 5400:
        return f"about {seconds / 60:.0f} min"
    return f"about {seconds / 3600:.1f} h"
