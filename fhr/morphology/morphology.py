"""Morphology of a recording: all that a clinician reads off the strip."""

from dataclasses import dataclass, field
from math import nan

import numpy as np
import pandas as pd

from .category import Category
from .morphology_display import morphology_html

__all__ = ["Morphology"]

ENOUGH = 300.0  # s of FHR, for a number an hour: half of ten minutes


@dataclass(frozen=True, slots=True, eq=False)
class Morphology:
    """Baseline, events, variability and categories of one recording; times in s from its start.

    Attributes:
        name: the record's name.
        fs: sampling rate of the recording and of `baseline`, Hz.
        baseline: (n,) float32, bpm; drawn on for up to 2 min into gaps, NaN beyond.
        accelerations: start_s, end_s, peak_s, amplitude (bpm), area (bpm s), loss (fraction missing).
        decelerations: the same, peak_s being the nadir, and kind (early, late, variable, prolonged, unclassified; by
            NICHD 2008), contraction (row of `contractions`, -1 for none), lag_s (from the contraction's peak to the
            nadir, NaN without and above 90 s), bandwidth (of the FHR within those of 3 min and more, bpm; NaN for
            shorter ones), figo_kind (the same words as kind, by FIGO 2015), nichd_prolonged (2 to 10 min) and
            figo_prolonged (more than 3 min), onset_s and recovery_s (where FHR leaves the baseline and is back: the
            guidelines count from there), fall_s (onset to the beginning of the nadir), return_s (the end of the nadir
            to the recovery), flattest_minute (bandwidth of the flattest minute within, bpm; NaN for shorter ones).
        contractions: the same columns as accelerations, in units of the UC channel.
        uncertain: channel (fhr, uc), start_s, end_s, reason: where events are not looked for, or not to be trusted. FHR
            that was found to be false is among it: "mother's rate", "halved or doubled", "false signal".
        segments: a row for every 10 min counted back from the end: start_s, end_s, loss, baseline (bpm),
            baseline_class, variability (bpm), variability_class, stv_ms, contractions (number), tachysystole (bool).
        variation: the numbers of the whole recording by name: short- and long-term variation.
        sinusoidal: start_s, end_s of stretches with a sinusoidal pattern.
        figo: the FIGO 2015 category of the last 60 min (or of what there is).
        nichd: the NICHD 2008 category of the same.
        mhr_known: fraction of the FHR samples beside which the mother's rate is known; at 0 it cannot be excluded that
            FHR is hers. NaN without FHR, or where it is not told.
        minutes: a row for every minute counted back from the end: start_s, end_s, loss, baseline, bandwidth (bpm).
        path: where the recording was read from; None where it was not read from a file.
    """

    name: str
    fs: float
    baseline: np.ndarray
    accelerations: pd.DataFrame
    decelerations: pd.DataFrame
    contractions: pd.DataFrame
    uncertain: pd.DataFrame
    segments: pd.DataFrame
    variation: dict[str, float]
    sinusoidal: pd.DataFrame
    figo: Category
    nichd: Category
    mhr_known: float = nan
    minutes: pd.DataFrame = field(default_factory=pd.DataFrame)
    path: str | None = None

    @property
    def deceleration_burden(self) -> float:
        """Area of the decelerations per hour of known FHR, bpm s/h; NaN with less than 5 min of it."""
        loss, start, end = (self.segments[name].to_numpy(np.float64) for name in ("loss", "start_s", "end_s"))
        known, area = float(np.nansum((1 - loss) * (end - start))), self.decelerations["area"].to_numpy(np.float64)
        return float(np.nansum(area)) * 3600 / known if known >= ENOUGH else nan

    def _repr_html_(self) -> str:
        """Facts and a small strip, as a notebook shows them: without script, all texts escaped."""
        events = {kind: getattr(self, kind) for kind in ("accelerations", "decelerations", "contractions")}
        return morphology_html(self.name, self.baseline, self.fs, events, (self.figo, self.nichd))
