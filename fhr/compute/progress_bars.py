"""Progress bars of the whole package: on stderr, and only where a person watches."""

import sys
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

__all__ = ["progress", "progress_bar"]

T = TypeVar("T")


def progress(items: Iterable[T], *, description: str, total: int | None = None) -> Iterator[T]:
    """Iterate with a bar on a terminal, silently elsewhere."""
    from tqdm import tqdm  # here, so that `fhr --help` stays light

    return iter(tqdm(items, desc=description, total=total, file=sys.stderr, disable=not sys.stderr.isatty()))


def progress_bar(total: int, *, description: str) -> Any:
    """Make a bar to `update` by hand, as a context manager; silent where no terminal is."""
    from tqdm import tqdm

    return tqdm(total=total, desc=description, file=sys.stderr, disable=not sys.stderr.isatty())
