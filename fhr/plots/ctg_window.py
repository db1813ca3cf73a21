"""Window of a recording that a strip shows, with its times as they are written."""

from dataclasses import dataclass
from math import floor, isfinite
from typing import Literal, Self

import numpy as np

from fhr.errors import FHRError
from fhr.recording import Recording

__all__ = ["Count", "Window"]

Count = Literal["end", "start"]


@dataclass(frozen=True, slots=True)
class Window:
    """Stretch from `start` to `end`, s from the start of the recording; either may lie outside it, on blank paper.

    Attributes:
        start: s.
        end: s.
        fs: sampling rate of the recording, Hz.
        n: number of its samples.
        count: "end" counts minutes to the end of the recording (negative), "start" from its start.
    """

    start: float
    end: float
    fs: float
    n: int
    count: Count

    @classmethod
    def of(
        cls, recording: Recording, start: float | None, minutes: float | None, count: Count, *, least: float = 0
    ) -> Self:
        """Make the window of the last `minutes`, or of `minutes` from `start`; None shows all, at least `least` min.

        Raises:
            FHRError: minutes that are not positive, a start outside the recording, an unknown count.
        """
        if count not in ("end", "start"):
            raise FHRError(f"count={count!r}; give 'end' for minutes to the end, or 'start' for minutes from the start")
        if minutes is not None and not (isfinite(minutes) and minutes > 0):
            raise FHRError(f"minutes={minutes!r}; give a positive length, or leave it out for the whole recording")
        duration = recording.duration
        if start is None:
            shown = 60 * (max(duration / 60, least) if minutes is None else minutes)
            first = duration - shown
        else:
            if not 0 <= start < duration:
                raise FHRError(
                    f"start={start!r} s in {recording.name}, which lasts {duration:g} s; give seconds from its start"
                )
            first, shown = start, 60 * (max((duration - start) / 60, least) if minutes is None else minutes)
        return cls(first, first + shown, recording.fs, len(recording), count)

    @property
    def minutes(self) -> float:
        """Length, min."""
        return (self.end - self.start) / 60

    @property
    def limits(self) -> tuple[float, float]:
        """Start and end as counted, min."""
        first, last = self.counted(np.array([self.start, self.end]))
        return float(first), float(last)

    @property
    def inside(self) -> slice:
        """The samples of the window."""
        # Times that are meant to be whole samples must not fall to the neighbour by rounding.
        return slice(*(min(max(0, int(np.ceil(edge * self.fs - 1e-6))), self.n) for edge in (self.start, self.end)))

    @property
    def drawn(self) -> slice:
        """The samples of the window and one more at each end, so that a line reaches the edges."""
        return slice(max(0, self.inside.start - 1), min(self.n, self.inside.stop + 1))

    def counted(self, seconds: np.ndarray) -> np.ndarray:
        """Convert times in s from the start of the recording to minutes as the window counts them."""
        return (seconds - (self.n / self.fs if self.count == "end" else 0)) / 60

    @property
    def unit(self) -> str:
        """Unit behind a written time: " min", or nothing behind h:mm."""
        return " min" if self.count == "end" else ""

    @property
    def axis(self) -> str:
        """Name of the time axis."""
        return "time to the end of the recording (min)" if self.count == "end" else "time from the start (h:min)"

    def written(self, minutes: float) -> str:
        """Write a counted time as it stands below the axis: minutes to the end, or h:mm from the start."""
        if self.count == "end":
            return f"{minutes:g}".replace("-", "\N{MINUS SIGN}")
        hours, rest = divmod(floor(minutes + 1e-6), 60)
        return f"{hours}:{rest:02d}"

    def time(self) -> np.ndarray:
        """Counted times of the drawn samples, float64."""
        return self.counted(np.arange(self.drawn.start, self.drawn.stop) / self.fs)
