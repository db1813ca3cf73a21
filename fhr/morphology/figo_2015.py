"""FIGO 2015 category of a strip: normal, suspicious or pathological."""

import numpy as np

from fhr.preprocessing import runs

from .category import Category, Criterion
from .morphology import Morphology
from .segments import HIGH, LOW, MARKED, MINIMAL
from .strip import NOT_ASSESSED, Strip, judge, strip_of

__all__ = ["figo", "figo_category"]

SOURCE = "FIGO 2015, doi:10.1016/j.ijgo.2015.06.020"
GUIDELINE = "FIGO 2015"
VERY_LOW = 100.0  # bpm, baseline
REDUCED_MINUTES = 50.0  # more than that, as all times of FIGO 2015 here
INCREASED_MINUTES = 30.0
SINUSOIDAL_MINUTES = 30.0
AMPLITUDE, DURATION = 15.0, 15.0  # bpm and s, more than which makes a deceleration
SHALLOW = 10.0  # bpm: enough for a late one where variability is reduced and accelerations are absent
REPETITIVE = 0.5  # more than this share of contractions
REPETITIVE_MINUTES = 20.0  # that the share is taken over, as NICHD 2008 does: FIGO 2015 gives no time
GRAVE_MINUTES = 30.0  # of repetitive late or prolonged decelerations ...
GRAVE_REDUCED_MINUTES = 20.0  # ... and with reduced variability
MORE = 1.0  # min: periods go by whole minutes, so that this much more is more
LONGEST = 300.0  # s, one prolonged deceleration
GRAVE = ("late", "prolonged")
PATHOLOGICAL, SUSPICIOUS = "pathological", "suspicious"


def figo(morphology: Morphology, start_s: float | None = None, end_s: float | None = None) -> Category:
    """Judge a strip of a recording by FIGO 2015.

    Pathological is any of:

    - a baseline below 100 bpm;
    - bandwidth below 5 bpm for more than 50 min, or for 3 min within a deceleration (reduced variability);
    - bandwidth above 25 bpm for more than 30 min (increased variability); a sinusoidal pattern for more than 30 min;
    - late or prolonged decelerations with more than half of the contractions for more than 30 min, or for more than 20
      min with reduced variability; one deceleration longer than 5 min.

    Suspicious is what lacks a characteristic of normality and is not pathological: a baseline outside 110 to 160 bpm,
    a bandwidth outside 5 to 25 bpm, decelerations of any kind with more than half of the contractions. Anything else
    is normal. "Uninterpretable" is this package's word for a strip with more than half of FHR missing, or with no
    ten minutes whose level is known.

    How the guideline's words became numbers, where it leaves that open (this package's choices):

    - Baseline is that of ten minutes, one period beginning at every full minute (counted back from the recording's
      end) that lies in the strip by half: any of them outside the limits is enough.
    - One segment of ten minutes (counted likewise) with a bandwidth outside 5 to 25 bpm is not normal, hence
      suspicious: the guideline bounds normality by numbers and gives a time to the pathological patterns alone. How
      long variability is reduced or increased is told by the running median over nine minutes, to the full minute;
      nine minutes without any that is known end it.
    - A strip of 50 min cannot show more than 50 min of reduced variability: it is suspicious at most for that, and
      the criterion says so. Minutes before the strip are not looked at.
    - Kinds of decelerations are FIGO's (`deceleration_kinds`), their length goes from the true beginning to the true
      end, and only what is more than 15 bpm deep and lasts more than 15 s counts: for the detector's events may be
      smaller. Late ones count from more than 10 bpm on in a strip without accelerations of which a segment has reduced
      variability.
    - Decelerations count in the strip that holds the nadir, sinusoidal stretches in one that they reach 10 min into.
    - The share of contractions with a deceleration is that of the worst period, for decelerations of any kind one of
      20 min (or the whole strip, if that is shorter): NICHD's time, as the guideline gives none. For more than 30 or 20
      min it is one of 31 or 21. Where UC does not tell, the rule is a criterion of category "not assessed"; where
      nothing else fired the strip is "undetermined" and not normal. A strip in which FHR shows that there is no
      deceleration needs no UC.
    - In the 20-min rule, variability is reduced where the median bandwidth of the period's minutes is below 5 bpm.
    - Left out is the fall below 80 bpm that the guideline adds to 5-min decelerations as an emergency.

    Thresholds of the guideline are its own. Which events there are, and where the baseline lies, comes from detectors
    whose constants were tuned on the experts' marks of 33 recordings (`thresholds`).

    Args:
        morphology: of a recording.
        start_s: start of the strip, s from the start of the recording; by default 60 min before its end.
        end_s: end of the strip; by default that of the recording.

    Raises:
        SignalError: a strip that is empty or not within the recording.

    Source:
        Ayres-de-Campos, Spong and Chandraharan 2015, Int J Gynaecol Obstet 131:13-24, doi:10.1016/j.ijgo.2015.06.020.
    """
    return figo_category(strip_of(morphology, start_s, end_s))


def figo_category(strip: Strip) -> Category:
    """Judge a strip by FIGO 2015: see `figo`."""
    order = (PATHOLOGICAL, SUSPICIOUS)
    return judge(strip, GUIDELINE, _criteria, order=order, normal="normal", undetermined="undetermined")


def _criteria(strip: Strip) -> list[Criterion]:
    large = strip.large(AMPLITUDE, DURATION, more=True) | _shallow_late(strip)
    found = [
        *_baseline(strip),
        *_variability(strip),
        *_single_decelerations(strip, large),
        *_repetitive(strip, large),
    ]
    if strip.sinusoidal_minutes > SINUSOIDAL_MINUTES:
        rule = f"for more than {SINUSOIDAL_MINUTES:g} min"
        found.append(Criterion("sinusoidal pattern", PATHOLOGICAL, strip.sinusoidal_minutes, rule, SOURCE))
    return found


def _shallow_late(strip: Strip) -> np.ndarray:
    peaks = strip.accelerations.peak
    if ((peaks >= strip.start) & (peaks < strip.end)).any() or not (strip.chosen.variability < MINIMAL).any():
        return np.zeros(len(strip.figo_kind), dtype=bool)
    return strip.large(SHALLOW, DURATION, more=True) & (strip.figo_kind == "late")


def _baseline(strip: Strip) -> list[Criterion]:
    low, high = float(strip.periods.min()), float(strip.periods.max())
    found = []
    if low < VERY_LOW:
        rule = f"baseline of 10 min below {VERY_LOW:g} bpm"
        found.append(Criterion("bradycardia", PATHOLOGICAL, low, rule, SOURCE))
    elif low < LOW:
        rule = f"baseline of 10 min below {LOW:g} bpm"
        found.append(Criterion("bradycardia", SUSPICIOUS, low, rule, SOURCE))
    if high > HIGH:
        rule = f"baseline of 10 min above {HIGH:g} bpm"
        found.append(Criterion("tachycardia", SUSPICIOUS, high, rule, SOURCE))
    return found


def _variability(strip: Strip) -> list[Criterion]:
    found = []
    segments, minutes = strip.chosen.variability, strip.chosen_minutes.variability
    if np.isnan(segments).all():
        rule = "not assessed: no ten minutes hold two minutes outside accelerations and decelerations"
        found.append(Criterion("variability", NOT_ASSESSED, np.nan, rule, SOURCE))
    for name, some, long, bound, least in (
        ("reduced variability", segments < MINIMAL, minutes < MINIMAL, f"below {MINIMAL:g} bpm", REDUCED_MINUTES),
        ("increased variability", segments > MARKED, minutes > MARKED, f"above {MARKED:g} bpm", INCREASED_MINUTES),
    ):
        first, last = runs(long)
        length = float((last - first).max(initial=0))
        if length > least:
            rule = f"minutes of bandwidth {bound}, more than {least:g}"
            found.append(Criterion(name, PATHOLOGICAL, length, rule, SOURCE))
        elif some.any():
            rule = f"minutes of bandwidth {bound}; 10 min of it are not normal"
            if strip.length <= least:
                rule += f"; more than the {least:g} min of a pathological strip do not fit into this one"
            found.append(Criterion(name, SUSPICIOUS, length, rule, SOURCE))
    return found


def _single_decelerations(strip: Strip, large: np.ndarray) -> list[Criterion]:
    found = []
    judged = strip.judged & large
    length = (strip.decelerations.end - strip.decelerations.start)[judged]
    flat = strip.bandwidth[judged]
    if (longest := float(length.max(initial=0.0))) > LONGEST:
        rule = f"one deceleration longer than {LONGEST:g} s"
        found.append(Criterion("prolonged deceleration", PATHOLOGICAL, longest, rule, SOURCE))
    if (flat < MINIMAL).any():
        rule = f"bandwidth below {MINIMAL:g} bpm for 3 min within a deceleration"
        value = float(np.nanmin(flat))
        found.append(Criterion("reduced variability in a deceleration", PATHOLOGICAL, value, rule, SOURCE))
    return found


def _repetitive(strip: Strip, large: np.ndarray) -> list[Criterion]:
    name = "repetitive late or prolonged decelerations"
    rule = "share of contractions above 0.5 for more than {:g} min"
    grave = large & np.isin(strip.figo_kind, GRAVE)
    share = strip.share(grave, GRAVE_MINUTES + MORE)
    if share > REPETITIVE:
        return [Criterion(name, PATHOLOGICAL, share, rule.format(GRAVE_MINUTES), SOURCE)]
    minutes, reduced = strip.chosen_minutes, GRAVE_REDUCED_MINUTES + MORE
    for first in np.flatnonzero(minutes.variability_of(int(reduced)) < MINIMAL):
        begin = float(minutes.start[first])
        share = strip.share(grave, reduced, (begin, begin + 60 * reduced))
        if share > REPETITIVE:
            rule = rule.format(GRAVE_REDUCED_MINUTES) + " of reduced variability"
            return [Criterion(name, PATHOLOGICAL, share, rule, SOURCE)]
    length = min(REPETITIVE_MINUTES, strip.length)
    share = strip.share(large, length)
    if np.isnan(share) and not strip.without(large):
        return [strip.not_assessed("repetitive decelerations", length, SOURCE)]
    if share > REPETITIVE:
        rule = f"share of contractions above 0.5 for {length:g} min"
        return [Criterion("repetitive decelerations", SUSPICIOUS, share, rule, SOURCE)]
    return []
