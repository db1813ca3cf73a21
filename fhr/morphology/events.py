"""Events of a strip as parallel arrays, and their table."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

__all__ = ["Events", "event_table", "no_events"]


class Events(NamedTuple):
    """Accelerations, decelerations or contractions in order of time, one array element an event.

    Attributes:
        start: s from the start of the recording.
        end: s from the start of the recording.
        peak: s from the start of the recording; the nadir of a deceleration.
        amplitude: largest distance from the baseline (bpm) or the resting tone (units of the UC channel); positive.
        area: area between signal and baseline or resting tone, bpm x s or units x s; positive.
        loss: fraction of the event's samples that are missing.
    """

    start: np.ndarray
    end: np.ndarray
    peak: np.ndarray
    amplitude: np.ndarray
    area: np.ndarray
    loss: np.ndarray

    def where(self, keep: np.ndarray | slice) -> "Events":
        """Choose the events that `keep` (n,) flags, or a slice of them."""
        return Events(*(column[keep] for column in self))


def no_events() -> Events:
    """Empty `Events`."""
    return Events(*(np.empty(0) for _ in Events._fields))


def event_table(events: Events, **columns: Any) -> pd.DataFrame:
    """Tabulate `events` with further columns: start_s, end_s, peak_s, amplitude, area, loss, ..."""
    names = ("start_s", "end_s", "peak_s", "amplitude", "area", "loss")
    return pd.DataFrame({**dict(zip(names, events, strict=True)), **columns})
