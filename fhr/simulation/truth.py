"""Truth of a simulated labour that no recording shows: the signals without loss, and every event."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from fhr.errors import FHRError
from fhr.recording import Recording

__all__ = ["EVENT_KINDS", "SimulatedLabour", "TrueEvents", "Truth", "gathered", "happening", "stretches"]

#: Every kind of event. Those of the first line have an extremum and an amplitude, the others are stretches of time.
EVENT_KINDS = (
    *("contraction", "acceleration", "early", "late", "variable", "prolonged"),
    *("pushing", "tachysystole", "active sleep", "quiet sleep", "reduced variability", "marked variability"),
    *("tachycardia", "bradycardia"),
)


class TrueEvents(NamedTuple):
    """Events of a labour, one array element an event, in order of their start.

    Attributes:
        kind: (k,) of `EVENT_KINDS`.
        start_s: (k,) s from the start of the recording; events reach beyond neither end of it.
        end_s: (k,) s.
        extremum_s: (k,) s, the peak of a contraction or acceleration, the nadir of a deceleration; NaN for a stretch.
        amplitude: (k,) height or depth there, bpm or units of UC, positive; NaN for a stretch.
    """

    kind: np.ndarray
    start_s: np.ndarray
    end_s: np.ndarray
    extremum_s: np.ndarray
    amplitude: np.ndarray

    def of(self, *kinds: str) -> "TrueEvents":
        """Choose the events of these kinds.

        Raises:
            FHRError: no such kind.
        """
        for kind in kinds:
            if kind not in EVENT_KINDS:
                raise FHRError(f"kind={kind!r} is no kind of event; give one of {', '.join(EVENT_KINDS)}")
        return TrueEvents(*(column[np.isin(self.kind.astype(str), kinds)] for column in self))


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """Truth behind a simulated recording.

    Attributes:
        fs: sampling rate of the signals here and of the recording, Hz.
        fhr: (n,) float32, fetal heart rate without loss and artefact, as an ideal monitor of this kind writes it, bpm.
        uc: (n,) float32, activity of the uterus under a belt that never slips, no breathing and no loss, same unit.
        baseline: (n,) float32, the level about which the heart rate varies, without events, bpm.
        artefact: (n,) bool, where the recording shows a heart rate and not the fetus's: doubled, halved, the mother's.
        events: everything that happened.
        severity: of the hypoxia, with mean 0 and standard deviation 1 over labours: the best predictor of the pH
            that there is.
    """

    fs: float
    fhr: np.ndarray
    uc: np.ndarray
    baseline: np.ndarray
    artefact: np.ndarray
    events: TrueEvents
    severity: float


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedLabour:
    """A simulated recording and the truth behind it."""

    recording: Recording
    truth: Truth


def stretches(kind: str, start: np.ndarray, end: np.ndarray) -> TrueEvents:
    """Make events without an extremum, which last from `start` to `end` (k,), s."""
    none = np.full(len(start), np.nan)
    return TrueEvents(np.full(len(start), kind, dtype=object), np.asarray(start), np.asarray(end), none, none)


def gathered(parts: list[TrueEvents], duration: float) -> TrueEvents:
    """Gather all of `parts` in order of their start, cut at the ends of the recording (s)."""
    kind, start, end, extremum, amplitude = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    inside = (start < duration) & (end > 0) & ~((extremum < 0) | (extremum > duration))
    start, end = np.clip(start, 0.0, duration), np.clip(end, 0.0, duration)
    order = np.flatnonzero(inside)[np.argsort(start[inside], kind="stable")]
    return TrueEvents(kind[order], start[order], end[order], extremum[order], amplitude[order])


def happening(events: TrueEvents, n: int, fs: float) -> np.ndarray:
    """Flag the samples within any of the events, (n,) bool."""
    first, last = (np.clip(np.rint(t * fs), 0, n).astype(np.intp) for t in (events.start_s, events.end_s))
    return np.cumsum(np.bincount(first, minlength=n + 1) - np.bincount(last, minlength=n + 1))[:n] > 0
