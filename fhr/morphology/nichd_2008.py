"""NICHD 2008 category of a strip: I, II or III."""

import numpy as np

from .category import Category, Criterion
from .kinds_of_deceleration import NICHD_PROLONGED
from .morphology import Morphology
from .segments import ABSENT, HIGH, LOW, MARKED, MINIMAL
from .strip import Strip, judge, strip_of

__all__ = ["nichd", "nichd_category"]

SOURCE = "NICHD 2008, doi:10.1097/AOG.0b013e3181841395"
GUIDELINE = "NICHD 2008"
RECURRENT = 0.5  # this share of contractions or more ...
RECURRENT_MINUTES = 20.0  # ... in any of these
SINUSOIDAL_MINUTES = 20.0
AMPLITUDE, DURATION = 15.0, 15.0  # bpm and s, or more, make a deceleration
STEP = 5.0  # bpm, to which the baseline is rounded


def nichd(morphology: Morphology, start_s: float | None = None, end_s: float | None = None) -> Category:
    """Judge a strip of a recording by the three tiers of NICHD 2008.

    III is a sinusoidal pattern, or absent variability together with any of recurrent late decelerations, recurrent
    variable decelerations, bradycardia. I is a baseline of 110 to 160 bpm, moderate variability, and no late or
    variable deceleration. II is everything else; the criteria say why. "Uninterpretable" is this package's word for a
    strip with more than half of FHR missing, or with no segment of ten minutes whose level is known.

    How the guideline's words became numbers, where it leaves that open (this package's choices):

    - The baseline is that of ten minutes, rounded to 5 bpm, one period beginning at every full minute (counted back
      from the recording's end) that lies in the strip by half. Bandwidth is that of segments of 10 min (counted
      likewise); one belongs to the strip with more than half of itself. Every known one must be as I demands.
    - Minimal is a bandwidth of up to 5 bpm. Absent, "amplitude range undetectable", is one below 2 bpm. III asks for
      bradycardia in the same segment, for recurrent decelerations in a period of 20 min that holds it.
    - Kinds of decelerations are NICHD's (`deceleration_kinds`), their length goes from the true beginning to the true
      end, and only what is at least 15 bpm deep and lasts at least 15 s counts: the detector's events may be smaller.
    - Recurrent is half of the contractions or more in 20 min (or the whole strip, if that is shorter).
    - Without UC no deceleration is late or early: a gradual one of unknown kind makes a strip II, with a criterion
      of category II; recurrence is a criterion of category "not assessed", which never changes the label.
    - A prolonged deceleration, 2 to 10 min, is II; from 10 min on it is a change of the baseline, which follows it.
      Whether induced accelerations fail to come is not known.

    Thresholds of the guideline are its own. Which events there are, and where the baseline lies, comes from detectors
    whose constants were tuned on the experts' marks of 33 recordings (`thresholds`).

    Args:
        morphology: of a recording.
        start_s: start of the strip, s from the start of the recording; by default 60 min before its end.
        end_s: end of the strip; by default that of the recording.

    Raises:
        SignalError: a strip that is empty or not within the recording.

    Source:
        Macones, Hankins, Spong, Hauth and Moore 2008, Obstet Gynecol 112:661-666, doi:10.1097/AOG.0b013e3181841395.
    """
    return nichd_category(strip_of(morphology, start_s, end_s))


def nichd_category(strip: Strip) -> Category:
    """Judge a strip by NICHD 2008: see `nichd`."""
    # What is left open here hangs on absent variability, which is II at least by itself.
    return judge(strip, GUIDELINE, _criteria, order=("III", "II"), normal="I", undetermined="I")


def _criteria(strip: Strip) -> list[Criterion]:
    large = strip.large(AMPLITUDE, DURATION, more=False)
    found = [*_third(strip, large), *_second(strip, large)]
    grave = large & np.isin(strip.kind, ("late", "variable"))
    if (strip.chosen.variability < ABSENT).any() and np.isnan(strip.share(grave, _period(strip))):
        found.append(strip.not_assessed("recurrent decelerations", _period(strip), SOURCE))
    return found


def _period(strip: Strip) -> float:
    return min(RECURRENT_MINUTES, strip.length)


def _rounded(level: np.ndarray) -> np.ndarray:
    """Levels to the nearest 5 bpm, halves upwards."""
    rounded: np.ndarray = np.floor(level / STEP + 0.5) * STEP
    return rounded


def _third(strip: Strip, large: np.ndarray) -> list[Criterion]:
    segments, found = strip.chosen, []
    absent = segments.variability < ABSENT
    for kind in ("late", "variable"):
        shares = [
            strip.share(large & (strip.kind == kind), _period(strip), _around(strip, start, end))
            for start, end in zip(segments.start[absent], segments.end[absent], strict=True)
        ]
        share = max((share for share in shares if share >= RECURRENT), default=np.nan)
        if share >= RECURRENT:
            rule = "share of contractions of at least 0.5 in 20 min, with absent variability"
            found.append(Criterion(f"recurrent {kind} decelerations", "III", share, rule, SOURCE))
    low = _rounded(segments.baseline[absent])
    if (low < LOW).any():
        rule = f"baseline of 10 min below {LOW:g} bpm, with absent variability"
        found.append(Criterion("bradycardia", "III", float(np.nanmin(low)), rule, SOURCE))
    if strip.sinusoidal_minutes >= SINUSOIDAL_MINUTES:
        rule = f"for {SINUSOIDAL_MINUTES:g} min"
        found.append(Criterion("sinusoidal pattern", "III", strip.sinusoidal_minutes, rule, SOURCE))
    return found


def _around(strip: Strip, start: float, end: float) -> tuple[float, float]:
    """Where the periods lie that hold a segment, within the strip."""
    reach = _period(strip) * 60
    return max(strip.start, end - reach), min(strip.end, start + reach)


def _second(strip: Strip, large: np.ndarray) -> list[Criterion]:
    segments, found = strip.chosen, []
    level = _rounded(strip.periods)
    width = segments.variability[~np.isnan(segments.variability)]
    if level.min() < LOW:
        rule = f"baseline of 10 min, to {STEP:g} bpm, below {LOW:g}"
        found.append(Criterion("bradycardia", "II", float(level.min()), rule, SOURCE))
    if level.max() > HIGH:
        rule = f"baseline of 10 min, to {STEP:g} bpm, above {HIGH:g}"
        found.append(Criterion("tachycardia", "II", float(level.max()), rule, SOURCE))
    if len(width) == 0:
        rule = "no ten minutes hold two minutes outside accelerations and decelerations"
        found.append(Criterion("variability not known", "II", np.nan, rule, SOURCE))
    elif width.min() <= MINIMAL:
        name = "absent variability" if width.min() < ABSENT else "minimal variability"
        rule = f"bandwidth of 10 min of {MINIMAL:g} bpm or less"
        found.append(Criterion(name, "II", float(width.min()), rule, SOURCE))
    if len(width) and width.max() > MARKED:
        rule = f"bandwidth of 10 min above {MARKED:g} bpm"
        found.append(Criterion("marked variability", "II", float(width.max()), rule, SOURCE))
    length = strip.decelerations.end - strip.decelerations.start
    judged = strip.judged & large
    for kind in ("prolonged", "late", "variable", "unclassified"):
        number = judged & (strip.kind == kind)
        if not number.any():
            continue
        if kind == "prolonged":
            rule = f"seconds, {NICHD_PROLONGED[0]:g} to {NICHD_PROLONGED[1]:g}"
            found.append(Criterion("prolonged deceleration", "II", float(length[number].max()), rule, SOURCE))
        else:
            name = f"{kind} decelerations" if kind != "unclassified" else "decelerations of unknown kind"
            found.append(Criterion(name, "II", float(number.sum()), "any in the strip", SOURCE))
    return found
