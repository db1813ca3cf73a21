"""`Embedding`: what is compared of a window, a vector by any function."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fhr.errors import FHRError

from .labour_windows import LabourWindows

__all__ = ["Embedding"]


@dataclass(frozen=True)
class Embedding:
    """A function from windows to vectors, and what is known of them.

    Args:
        function: `LabourWindows` of n windows to (n, d), or to sequences (n, steps, d), whose steps are compared each
            with its own. A window has the same vector whatever stands beside it.
        name: in tables; that of the function where it is empty.
        unit: of all coordinates; empty where they have several or none, and are compared as normal scores.
        fs: rate of the windows that it takes, Hz.
        blocks: numbers of coordinates of groups that count alike, in their order; empty for one group.
        missing: whether a coordinate may be NaN, where too little was measured. What is NaN is not compared;
            in normal scores it takes the median, see `Distance`.
        amplitudes_alone: whether the vector tells of the distribution of the samples alone, whatever their order: a
            surrogate that keeps amplitudes has the same one.
        settings: what else makes the vectors, in plain types; it is part of the identity of an index.
        minutes: length of the windows that it was made for; None for any.
        learnt_from: records that the function learnt from, as `fhr.recording.Heritage.seen` has them: how these ended
            may be in their vectors, and is no test of it.
        notes: what a reader of its matches has to know besides.
    """

    function: Callable[[LabourWindows], ArrayLike]
    name: str = ""
    unit: str = ""
    fs: float = 4.0
    blocks: tuple[int, ...] = ()
    missing: bool = False
    amplitudes_alone: bool = False
    settings: tuple[tuple[str, Any], ...] = ()
    minutes: float | None = None
    learnt_from: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not callable(self.function):
            raise FHRError(f"embedding {self.function!r}: give a function from windows to vectors, or a known name")
        if not self.name:
            object.__setattr__(self, "name", getattr(self.function, "__name__", type(self.function).__name__))

    def __call__(self, windows: LabourWindows) -> np.ndarray:
        """Vectors of windows, float32 (n, d).

        Raises:
            FHRError: windows of another rate, or a function that gives another number of vectors, none of one length,
                values that are infinite, or NaN where it may not.
        """
        if windows.fs != self.fs:
            raise FHRError(f"{self.name}: windows at {windows.fs:g} Hz; it takes {self.fs:g} Hz")
        if not len(windows):
            raise FHRError(f"{self.name}: no window; give one or more")
        try:
            vectors = np.asarray(self.function(windows), dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise FHRError(f"embedding {self.name}: its values make no array of numbers ({error})") from None
        if vectors.ndim < 2 or len(vectors) != len(windows) or not vectors.size:
            raise FHRError(
                f"embedding {self.name} gave {vectors.shape} for {len(windows)} windows; it must give (n, d) or "
                "(n, steps, d)"
            )
        vectors = vectors.reshape(len(vectors), -1)
        wrong = np.isinf(vectors) if self.missing else ~np.isfinite(vectors)
        if wrong.any():
            row = int(np.flatnonzero(wrong.any(axis=1))[0])
            what = "infinite" if np.isinf(vectors[row]).any() else "NaN"
            raise FHRError(
                f"embedding {self.name}: {wrong.any(axis=1).sum()} of {len(windows)} windows have {what} values, the "
                f"first {windows.names[row]} at {windows.start[row]:.0f} s; give finite ones"
                + ("" if self.missing else ", or say `missing=True` where NaN is what was not measured")
            )
        if self.blocks and sum(self.blocks) != vectors.shape[1]:
            raise FHRError(f"embedding {self.name}: {vectors.shape[1]} values, blocks of {sum(self.blocks)}")
        return vectors

    @property
    def identity(self) -> dict[str, Any]:
        """Identity of the vectors, in plain types; of a function of one's own its name alone is known."""
        return {"name": self.name, "fs": self.fs, "unit": self.unit, **dict(self.settings)}
