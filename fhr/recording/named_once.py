"""Recordings one at a time, each with a name of its own, as the rows of a table by name need them."""

from collections.abc import Iterable, Iterator

from fhr.errors import FHRError

from .recording import Recording

__all__ = ["named_once"]


def named_once(recordings: Iterable[Recording]) -> Iterator[Recording]:
    """Give the recordings in their order; read once, one at a time.

    Raises:
        FHRError: two recordings of the same name, whose rows could not be told apart.
    """
    known: set[str] = set()
    for recording in recordings:
        if recording.name in known:
            raise FHRError(f"two recordings are named {recording.name!r}; give each its own name")
        known.add(recording.name)
        yield recording
