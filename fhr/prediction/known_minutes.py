"""Recordings that are known by the heart rate of each minute, which another rate or a rounding hardly changes."""

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Self

import numpy as np

from fhr.errors import CheckpointError
from fhr.formats.archives.array_archive import pack_arrays, unpack_arrays
from fhr.recording import Recording

__all__ = ["MINUTES", "KnownMinutes", "minute_medians"]

MINUTES = 60
"""Minutes that are compared, counted back from each of two ends."""

_MOST_BYTES = 2**24
_END = 20  # s of heart rate that the second end has after it: a lone last sample is lost at another rate
_SECONDS = 15  # of heart rate that a minute needs
_COMMON = 20  # minutes that two recordings must both have
_NEAR = 1.0  # bpm
_ALIKE = 0.65  # of these minutes: strangers have up to 0.54, see benchmarks/known_copies.py
_LEAST_SD = 2.0  # bpm over the minutes: less tells no labour from another


def minute_medians(recording: Recording) -> np.ndarray:
    """Median heart rate of each of the last minutes, counted back from two ends.

    The first end is that of the recording, the second one that of its heart rate but for the last 20 s that were
    measured: another rate moves neither, and where a gap at the end was cut off the second one stays.

    Args:
        recording: of any rate.

    Returns:
        float16 (2, `MINUTES`) bpm, the last minute first; NaN where less than 15 s of a minute were measured.
    """
    there = np.flatnonzero(~np.isnan(recording.fhr))
    inside = there.size - round(_END * recording.fs)
    ends = (len(recording), int(there[inside]) if inside > 0 else 0)
    return np.stack([_back_from(end, recording) for end in ends])


def _back_from(end: int, recording: Recording) -> np.ndarray:
    found = np.full(MINUTES, np.nan, dtype=np.float16)
    borders = end - np.round(np.arange(MINUTES + 1) * 60 * recording.fs).astype(np.intp)
    for k, (after, first) in enumerate(pairwise(borders[borders >= 0])):
        values = recording.fhr[first:after]
        values = values[~np.isnan(values)]
        if values.size >= _SECONDS * recording.fs:
            found[k] = np.median(values)
    return found


class KnownMinutes:
    """Recordings by the heart rate of their last minutes, to find copies that no checksum knows.

    A copy at another rate or rounded has nearly the same medians, minute by minute. One that ends elsewhere, with some
    seconds of heart rate more or less, is not found.

    Args:
        names: of the recordings.
        medians: (n, 2, `MINUTES`), `minute_medians` of each.
    """

    def __init__(self, names: Sequence[str], medians: np.ndarray) -> None:
        self.names, self.medians = tuple(names), medians

    @classmethod
    def read(cls, path: Path, names: Sequence[str]) -> Self:
        """Read what `write` wrote of recordings of these names, in their order.

        Raises:
            CheckpointError: no such file, a damaged one, or one of others.
        """
        try:
            medians = unpack_arrays(path.read_bytes(), most_bytes=_MOST_BYTES)["medians"]
            if medians.shape != (len(names), 2, MINUTES) or medians.dtype != np.float16:
                raise ValueError(f"medians of {medians.dtype} {medians.shape}")
        except (OSError, ValueError, KeyError) as error:
            raise CheckpointError(f"{path}: no minutes of these recordings ({error}); install it anew") from None
        return cls(names, medians)

    def write(self, path: Path) -> None:
        """Write the medians."""
        path.write_bytes(pack_arrays({"medians": self.medians}, compressed=True))

    @cached_property
    def _known(self) -> np.ndarray:
        return self.medians.astype(np.float64)

    def alike(self, recording: Recording) -> np.ndarray:
        """Share of the common minutes in which each known recording has the heart rate of this one, within 1 bpm.

        Returns:
            (n,), the larger of both ends; 0 where fewer than 20 minutes are common, or where the heart rate hardly
            varies over them.
        """
        apart = np.abs(self._known - minute_medians(recording).astype(np.float64))
        common = ~np.isnan(apart)
        n = np.maximum(common.sum(axis=-1), 1)
        near = (apart <= _NEAR).sum(axis=-1)  # never where one is missing
        values = np.where(common, self._known, 0.0)
        mean = values.sum(axis=-1) / n
        spread = np.sqrt(np.maximum((values**2).sum(axis=-1) / n - mean**2, 0))
        return np.where((n >= _COMMON) & (spread >= _LEAST_SD), near / n, 0.0).max(axis=-1)

    def name_of(self, recording: Recording) -> str | None:
        """The recording that this one is a copy of, or None."""
        alike = self.alike(recording)
        best = int(np.argmax(alike))
        return self.names[best] if alike[best] >= _ALIKE else None
