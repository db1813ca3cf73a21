"""`LabourWindows`: windows of labours that are compared, in their own units, and where each was cut."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from fhr.errors import FHRError, SignalError
from fhr.preprocessing import DEFAULT_STEPS, block_factor, block_mean, clean, cut_windows
from fhr.recording import Recording, Step

__all__ = ["LabourWindows"]

CHANNELS = ("fhr", "uc")


@dataclass(frozen=True, eq=False)
class LabourWindows:
    """Windows of one length: cleaned signals in their own units, never scaled by record; gaps stay gaps.

    Attributes:
        signal: float32 (n, channel, time); NaN is missing. FHR in bpm, UC in arbitrary units.
        channels: name of each.
        fs: sampling rate, Hz.
        names: (n,) of the recording that each was cut out of.
        start: (n,) of each, s from the start of its recording.
        end: (n,) of each, s from the start of its recording.
    """

    signal: np.ndarray
    channels: tuple[str, ...]
    fs: float
    names: np.ndarray
    start: np.ndarray
    end: np.ndarray

    @classmethod
    def of(
        cls,
        recording: Recording,
        *,
        minutes: float = 20.0,
        fs: float = 4.0,
        step: float | None = None,
        end: float | None = None,
        steps: Sequence[Step] = DEFAULT_STEPS,
    ) -> Self:
        """Clean a recording and cut its windows, the last one first.

        Args:
            recording: at `fs` or a multiple of it.
            minutes: length of a window.
            fs: rate of the windows, Hz: means of blocks.
            step: minutes from one window to the one before it; None or infinite for one window.
            end: where the last window ends, s from the start of the recording; None for its end.
            steps: cleaning of FHR.

        Raises:
            SignalError: a rate that does not divide, less signal than one window, or an end that lies outside.
            FHRError: a step or length that is not positive.
        """
        end = recording.duration if end is None else float(end)
        if not 0 < end <= recording.duration:
            raise SignalError(
                f"{recording.name}: a window that ends at {end:g} s of {recording.duration:g} s; end it within the "
                "recording"
            )
        try:
            factor = block_factor(recording.fs, fs)
            cleaned = clean(recording, steps)
            n = round(end * recording.fs)
            planes = block_mean(np.stack([cleaned.fhr[:n], cleaned.uc[:n]]), factor)
            cut, to_end = cut_windows(planes, fs, minutes=minutes, step=None if step == inf else step)
        except SignalError as error:
            raise SignalError(f"{recording.name}: {error}") from None
        signal = np.ascontiguousarray(cut.transpose(1, 0, 2), dtype=np.float32)
        ends = end - to_end
        names = np.full(len(signal), recording.name)
        return cls(signal, CHANNELS, float(fs), names, ends - signal.shape[-1] / fs, ends)

    @classmethod
    def joined(cls, parts: Iterable[Self]) -> Self:
        """All windows of several, in order.

        Raises:
            FHRError: none, or parts of other channels, rates or lengths.
        """
        parts = list(parts)
        if len({(one.channels, one.fs, one.signal.shape[1:]) for one in parts}) != 1:
            raise FHRError(f"{len(parts)} groups of windows of several kinds; join windows of one rate and length")
        arrays = ([getattr(one, name) for one in parts] for name in ("signal", "names", "start", "end"))
        signal, names, start, end = map(np.concatenate, arrays)
        return cls(signal, parts[0].channels, parts[0].fs, names, start, end)

    def __len__(self) -> int:
        return len(self.signal)

    def __getitem__(self, rows: ArrayLike | slice) -> Self:
        """Some of the windows."""
        rows = rows if isinstance(rows, slice) else np.atleast_1d(rows)
        picked = (getattr(self, name)[rows] for name in ("signal", "names", "start", "end"))
        signal, names, start, end = picked
        return type(self)(signal, self.channels, self.fs, names, start, end)

    @property
    def minutes(self) -> float:
        """Length of a window."""
        return self.signal.shape[-1] / self.fs / 60

    @property
    def loss(self) -> np.ndarray:
        """Fraction (n,) of the first channel that is missing."""
        lost: np.ndarray = np.isnan(self.signal[:, 0]).reshape(len(self), -1).mean(axis=1)
        return lost
