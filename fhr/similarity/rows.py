"""Rows of numbers that are appended, in memory or in a file that is larger than it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from fhr.compute import stream
from fhr.errors import FHRError

__all__ = ["Rows"]

_AT_ONCE = 8192


class Rows:
    """Float32 rows of one length; with a folder they are a file there, of which memory holds a few at a time.

    Args:
        folder: where the files are written; None for memory.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.parts: list[np.ndarray] = []
        self.shape = (0, 0)
        if folder is not None:
            (folder / "vectors.f32").write_bytes(b"")

    def append(self, rows: np.ndarray) -> None:
        """Append rows (n, d).

        Raises:
            FHRError: rows of another length than those before.
        """
        rows = np.ascontiguousarray(rows, dtype=np.float32)
        if self.shape[0] and rows.shape[1] != self.shape[1]:
            raise FHRError(
                f"the embedding gave vectors of {rows.shape[1]} values after some of {self.shape[1]}; it must give one "
                "length for all windows"
            )
        self.shape = (self.shape[0] + len(rows), rows.shape[1])
        if self.folder is None:
            self.parts.append(rows)
        else:
            with (self.folder / "vectors.f32").open("ab") as file:
                file.write(rows.tobytes())

    def all(self) -> np.ndarray:
        """All rows; of a file a view of it."""
        if self.folder is None:
            self.parts = [np.concatenate(self.parts)]
            return self.parts[0]
        return np.memmap(self.folder / "vectors.f32", np.float32, "r", shape=self.shape)

    def sample(self, most: int) -> np.ndarray:
        """All rows, or so many of them, drawn, in their order."""
        rows = self.all()
        if len(rows) <= most:
            return np.asarray(rows)
        drawn = stream(0, "windows that a distance is fitted to").choice(len(rows), most, replace=False)
        return np.asarray(rows[np.sort(drawn)])

    def changed(self, change: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """Each row changed; of a file a view of another one, and the first is gone."""
        if self.folder is None:
            return np.concatenate(list(self._changed(change)))
        width = 0
        with (self.folder / "points.f32").open("wb") as file:
            for part in self._changed(change):
                width = part.shape[1]
                file.write(part.tobytes())
        (self.folder / "vectors.f32").unlink()
        return np.memmap(self.folder / "points.f32", np.float32, "r", shape=(self.shape[0], width))

    def _changed(self, change: Callable[[np.ndarray], np.ndarray]) -> Iterator[np.ndarray]:
        rows = self.all()
        for i in range(0, len(rows), _AT_ONCE):
            yield np.ascontiguousarray(change(np.asarray(rows[i : i + _AT_ONCE])), dtype=np.float32)
