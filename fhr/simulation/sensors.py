"""Sensors: the recorded signals of the true heart rate and uterine activity."""

from typing import NamedTuple

import numpy as np

from .artefacts import draw_artefacts
from .labour import Labour
from .loss import draw_gaps, draw_pauses

__all__ = ["Seen", "observe"]


class Seen(NamedTuple):
    """Recorded signals.

    Attributes:
        fhr: (n,) bpm; NaN where the sensor shows nothing.
        uc: (n,) arbitrary units; NaN where the belt shows nothing.
        artefact: (n,) bool; true exactly where a heart rate is shown that is not the true one.
    """

    fhr: np.ndarray
    uc: np.ndarray
    artefact: np.ndarray


def observe(
    fhr: np.ndarray, uc: np.ndarray, labour: Labour, severity: float, sensor: int, rng: np.random.Generator
) -> Seen:
    """Lose and distort part of the true heart rate `fhr` (n,) and lose part of the true activity `uc` (n,)."""
    off, belt_off = draw_pauses(labour, severity, rng)
    shown, blank = draw_artefacts(fhr, labour, sensor, rng)
    lost = off | blank | draw_gaps(labour, rng, rate=fhr, sensor=sensor, severity=severity)
    seen = np.where(lost, np.nan, shown)
    return Seen(
        fhr=seen,
        uc=np.where(belt_off | draw_gaps(labour, rng), np.nan, uc),
        artefact=~lost & (shown != fhr),
    )
