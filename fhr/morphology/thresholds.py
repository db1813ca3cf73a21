"""Thresholds of both guidelines and of the detectors, and where each of them comes from."""

import pandas as pd

from fhr.recording import column_names

from . import baseline, contractions, excursions, figo_2015, kinds_of_deceleration, nichd_2008, segments
from .category import DETECTORS
from .event_columns import THRESHOLD_COLUMNS

__all__ = ["thresholds"]

OWN = "this package's choice"
_GUIDELINES = (
    (figo_2015.SOURCE, "baseline below which it is bradycardia", segments.LOW, "bpm"),
    (figo_2015.SOURCE, "baseline above which it is tachycardia", segments.HIGH, "bpm"),
    (figo_2015.SOURCE, "baseline below which bradycardia is pathological", figo_2015.VERY_LOW, "bpm"),
    (figo_2015.SOURCE, "bandwidth below which variability is reduced", segments.MINIMAL, "bpm"),
    (figo_2015.SOURCE, "bandwidth above which variability is increased", segments.MARKED, "bpm"),
    (figo_2015.SOURCE, "time of reduced variability, more than", figo_2015.REDUCED_MINUTES, "min"),
    (figo_2015.SOURCE, "time of increased variability, more than", figo_2015.INCREASED_MINUTES, "min"),
    (figo_2015.SOURCE, "time of a sinusoidal pattern, more than", figo_2015.SINUSOIDAL_MINUTES, "min"),
    (figo_2015.SOURCE, "amplitude of a deceleration, more than", figo_2015.AMPLITUDE, "bpm"),
    (figo_2015.SOURCE, "duration of a deceleration, more than", figo_2015.DURATION, "s"),
    (figo_2015.SOURCE, "share of contractions with repetitive decelerations, more than", figo_2015.REPETITIVE, ""),
    (figo_2015.SOURCE, "time of repetitive late or prolonged ones, more than", figo_2015.GRAVE_MINUTES, "min"),
    (figo_2015.SOURCE, "the same with reduced variability, more than", figo_2015.GRAVE_REDUCED_MINUTES, "min"),
    (figo_2015.SOURCE, "gradual: fall or return of more than", kinds_of_deceleration.GRADUAL, "s"),
    (figo_2015.SOURCE, "late: after the onset of the contraction, more than", kinds_of_deceleration.LATE_ONSET, "s"),
    (figo_2015.SOURCE, "prolonged: more than", kinds_of_deceleration.FIGO_PROLONGED, "s"),
    (figo_2015.SOURCE, "one prolonged deceleration is pathological, more than", figo_2015.LONGEST, "s"),
    (nichd_2008.SOURCE, "baseline below which it is bradycardia", segments.LOW, "bpm"),
    (nichd_2008.SOURCE, "baseline above which it is tachycardia", segments.HIGH, "bpm"),
    (nichd_2008.SOURCE, "step to which the baseline is rounded", nichd_2008.STEP, "bpm"),
    (nichd_2008.SOURCE, "bandwidth up to which variability is minimal", segments.MINIMAL, "bpm"),
    (nichd_2008.SOURCE, "bandwidth above which variability is marked", segments.MARKED, "bpm"),
    (nichd_2008.SOURCE, "time of a sinusoidal pattern, at least", nichd_2008.SINUSOIDAL_MINUTES, "min"),
    (nichd_2008.SOURCE, "amplitude of a deceleration, at least", nichd_2008.AMPLITUDE, "bpm"),
    (nichd_2008.SOURCE, "duration of a deceleration, at least", nichd_2008.DURATION, "s"),
    (nichd_2008.SOURCE, "share of contractions with recurrent decelerations, at least", nichd_2008.RECURRENT, ""),
    (nichd_2008.SOURCE, "time of recurrent decelerations", nichd_2008.RECURRENT_MINUTES, "min"),
    (nichd_2008.SOURCE, "gradual: fall of at least", kinds_of_deceleration.GRADUAL, "s"),
    (nichd_2008.SOURCE, "prolonged: at least", kinds_of_deceleration.NICHD_PROLONGED[0], "s"),
    ("FIGO 2015 and NICHD 2008", "change of the baseline, at least", float(baseline.CHANGED), "s"),
    (OWN, "bandwidth below which variability is absent", segments.ABSENT, "bpm"),
    (OWN, "time of repetitive decelerations of any kind", figo_2015.REPETITIVE_MINUTES, "min"),
    (OWN, "nadir and peak of the contraction coincide within", kinds_of_deceleration.WITH_THE_PEAK, "s"),
    (OWN, "an early deceleration of FIGO 2015 is no deeper than", kinds_of_deceleration.SHALLOW, "bpm"),
    (OWN, "lag to the peak of the contraction, at most", kinds_of_deceleration.LONGEST_LAG, "s"),
)
_BASELINE = (
    *("MOVEMENT", "RESTLESS", "ABOVE", "BELOW", "FAR_ABOVE", "FAR_BELOW", "CHANGE", "UNUSUAL", "NEAR", "NEAR_RESTLESS"),
    *("SPREAD", "SECOND_SPREAD", "EVENT", "EVENT_RESTLESS"),
)
_CONTRACTIONS = ("SMOOTHING", "SHORTEST", "LONGEST", "CLOSEST", "SMALLEST_SHARE", "ABOVE_NOISE", "ABOVE_STEPS")


def thresholds() -> pd.DataFrame:
    """List every threshold that decides about events and categories.

    Returns:
        One row each: part ("categories", "baseline", "accelerations", "decelerations", "contractions"), name (a name
        in the module of that part, or words), value, unit (empty where the module tells it), origin (guideline with
        DOI, this package's choice, or the recordings on which it was tuned).

    Example:
        >>> table = thresholds().set_index("name")
        >>> table.loc["prolonged: more than", ["unit", "origin"]].tolist()
        ['s', 'FIGO 2015, doi:10.1016/j.ijgo.2015.06.020']
    """
    rows = [("categories", name, value, unit, origin) for origin, name, value, unit in _GUIDELINES]
    rows += [("baseline", name, float(getattr(baseline, name)), "", DETECTORS) for name in _BASELINE]
    for part, rule in (("accelerations", excursions.ACCELERATION), ("decelerations", excursions.DECELERATION)):
        rows += [(part, name, float(value), "", DETECTORS) for name, value in rule._asdict().items() if name != "sign"]
    rows += [("contractions", name, float(getattr(contractions, name)), "", OWN) for name in _CONTRACTIONS]
    return pd.DataFrame(rows, columns=list(column_names(THRESHOLD_COLUMNS)))
