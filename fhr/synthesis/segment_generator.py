"""`ResampledSegments`: labours joined from segments of the training records of a class, as a generator."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fhr.errors import FHRError, SignalError

from .generator import Drawn, FittedGenerator, Generator
from .segment_resampling import SegmentJoiner
from .training_windows import TrainingWindows

__all__ = ["ResampledSegments"]


@dataclass(frozen=True, kw_only=True)
class ResampledSegments(Generator):
    """Labours joined from segments of records with the same label, the first stage before the second.

    See `resampled`. Loss, FHR and uterine activity of a segment stay together.

    Args:
        segment: mean length of a segment, min.

    Raises:
        FHRError: a length that is not positive, or longer than the window.
    """

    segment: float = 10.0

    keeps: ClassVar[str] = "everything within a segment: events, lags, texture, loss; the order of the stages"
    destroys: ClassVar[str] = (
        "what links times further apart than a segment; privacy, for every segment is a copy of a real one"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.segment <= self.minutes:
            raise FHRError(f"segments of {self.segment:g} min for a window of {self.minutes:g} min; give shorter ones")

    def usable(self, windows: TrainingWindows) -> TrainingWindows:
        """The windows that hold any signal."""
        kept = np.flatnonzero(~np.isnan(windows.signals).all(axis=(1, 2)))
        if not len(kept):
            raise SignalError(f"none of {len(windows)} training records has any signal; give others")
        return windows.only(kept)

    def prepare(self, windows: TrainingWindows) -> dict[int, SegmentJoiner]:
        """Measure the windows of each label."""
        labels = windows.labels
        return {label: self._joiner(windows.only(np.flatnonzero(labels == label))) for label in set(labels.tolist())}

    def draw(self, fitted: FittedGenerator, rows: np.ndarray, seed: int, first: int) -> Drawn:
        """Join segments of the records with the label of each row."""
        windows, joiners = fitted.windows, fitted.prepared
        made = np.empty((len(rows), *windows.signals.shape[1:]), np.float32)
        stage2 = np.empty(len(rows))
        for i, label in enumerate(windows.labels[rows].tolist()):
            labour = joiners[label].labour(windows.signals.shape[-1], seed, first + i)
            made[i], stage2[i] = labour.signals, labour.stage2_start / windows.fs
        return Drawn(made, stage2)

    def _joiner(self, windows: TrainingWindows) -> SegmentJoiner:
        return SegmentJoiner(
            list(windows.signals),
            np.rint(windows.stage2_start * windows.fs),
            segment=max(2, round(self.segment * 60 * windows.fs)),
            level=max(1, round(30 * windows.fs)),
            fade=round(2 * windows.fs),
        )
