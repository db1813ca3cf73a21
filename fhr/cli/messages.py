"""Messages on stderr: how much is said, what a message is about, and no warning twice."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fhr.compute import is_first_process, subject

__all__ = ["messages", "say"]

_STEPS = "fhr.steps"
_LEVELS = {-1: logging.ERROR, 0: logging.WARNING, 1: logging.INFO, 2: logging.DEBUG}


@contextmanager
def messages(name: str, verbosity: int, in_words: Callable[[str], str] = str) -> Iterator[None]:
    """Set up what a verb says; its steps are told for the length of the block, where it is not to be quiet.

    Args:
        name: of the verb, in front of its steps.
        verbosity: how much more than usual is to be said.
        in_words: of the verb for what a room says of its parameters in a warning or an error.
    """
    root, steps = logging.getLogger(), logging.getLogger(_STEPS)
    root.handlers[:] = [handler for handler in root.handlers if not isinstance(handler, _Stderr)]  # of an earlier verb
    if not root.handlers:
        root.addHandler(_Stderr(name, in_words))
    logging.getLogger("fhr").setLevel(_LEVELS[max(-1, min(verbosity, 2))])
    level = steps.level
    steps.setLevel(logging.INFO if verbosity >= 0 else logging.ERROR)
    try:
        yield
    finally:
        steps.setLevel(level)


def say(*lines: str) -> None:
    """Write lines to stderr as they are, such as how to go on, unless a verb is to say nothing but errors."""
    if logging.getLogger(_STEPS).isEnabledFor(logging.INFO):
        sys.stderr.write("".join(f"{line}\n" for line in lines))


class _Stderr(logging.StreamHandler):
    def __init__(self, name: str, in_words: Callable[[str], str]) -> None:
        super().__init__(sys.stderr)
        self.setFormatter(_Lines(name, in_words))
        self.addFilter(lambda record: record.levelno > logging.WARNING or is_first_process())
        self.addFilter(_Once())


class _Lines(logging.Formatter):
    """Steps as plain lines, anything else with its level and where it comes from; the subject stands in front."""

    def __init__(self, name: str, in_words: Callable[[str], str]) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")
        self._step, self._in_words = f"{name}: ", in_words

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # the name is that of `logging`
        if record.levelno in (logging.WARNING, logging.ERROR) and record.name.startswith("fhr."):
            record.message = self._in_words(record.message)
        if what := subject():
            record.message = f"{what}: {record.message}"
        return self._step + record.message if record.name == _STEPS else super().formatMessage(record)


class _Once(logging.Filter):
    """A warning is told once, however many folds, retrainings, tables and processes come to it.

    Of one subject the first warning of a kind stands for the others, whose numbers are those of another fold.
    """

    def __init__(self) -> None:
        super().__init__()
        self._told: set[tuple[str, str]] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno != logging.WARNING:
            return True
        text, what = ("", record.getMessage()), subject()
        key = (what, f"{record.name} {record.msg}") if what else text
        new = not {key, text} & self._told
        self._told.add(key)
        return new
