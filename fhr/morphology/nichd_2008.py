"""NICHD 2008 category of a strip: I, II or III."""

import numpy as np

from .category import Category, Criterion
from .morphology import Morphology
from .segments import ABSENT, HIGH, LOW, MARKED, MINIMAL
from .strip import Strip, judge, strip_of

__all__ = ["nichd", "nichd_category"]

SOURCE = "NICHD 2008, doi:10.1097/AOG.0b013e3181841395"
GUIDELINE = "NICHD 2008"
RECURRENT = 0.5  # this share of contractions or more ...
RECURRENT_MINUTES = 20.0  # ... in any of these
SINUSOIDAL_MINUTES = 20.0
PROLONGED = (120.0, 600.0)  # s; from the second on it is a change of the baseline


def nichd(morphology: Morphology, start_s: float | None = None, end_s: float | None = None) -> Category:
    """Judge a strip of a recording by the three tiers of NICHD 2008.

    III is a sinusoidal pattern, or absent variability together with any of recurrent late decelerations, recurrent
    variable decelerations, bradycardia. I is a baseline of 110 to 160 bpm, moderate variability, and no late or
    variable deceleration. II is everything else; the criteria say why. "Uninterpretable" is this package's word for a
    strip with more than half of FHR missing, or with no segment of ten minutes whose level is known.

    How the guideline's words became numbers, where it leaves that open (this package's choices):

    - Baseline and bandwidth are those of segments of 10 min counted back from the recording's end; a segment belongs
      to the strip with more than half of itself. Every known segment must be as I demands.
    - Absent, "amplitude range undetectable", is a bandwidth below 2 bpm. III asks for bradycardia in the same
      segment, for recurrent decelerations in a period of 20 min that holds it.
    - Recurrent is half of the contractions or more in 20 min (or the whole strip, if that is shorter).
    - Without UC no deceleration is late or early: a gradual one of unknown kind makes a strip II, with a criterion
      of category II; recurrence is a criterion of category "not assessed", which never changes the label.
    - A prolonged deceleration, 2 to 10 min, is II. One of 10 min or more is "a baseline change"; where the running
      baseline did not follow it, it is a criterion of its own, of category II. Whether induced accelerations fail to
      come is not known.

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
    found = [*_third(strip), *_second(strip)]
    if (strip.chosen.variability < ABSENT).any() and np.isnan(strip.share(("late", "variable"), _period(strip))):
        found.append(strip.not_assessed("recurrent decelerations", _period(strip), SOURCE))
    return found


def _period(strip: Strip) -> float:
    return min(RECURRENT_MINUTES, strip.minutes)


def _third(strip: Strip) -> list[Criterion]:
    segments, found = strip.chosen, []
    absent = segments.variability < ABSENT
    for kind in ("late", "variable"):
        shares = [
            strip.share((kind,), _period(strip), _around(strip, start, end))
            for start, end in zip(segments.start[absent], segments.end[absent], strict=True)
        ]
        share = max((share for share in shares if share >= RECURRENT), default=np.nan)
        if share >= RECURRENT:
            rule = "share of contractions of at least 0.5 in 20 min, with absent variability"
            found.append(Criterion(f"recurrent {kind} decelerations", "III", share, rule, SOURCE))
    if (absent & (segments.baseline < LOW)).any():
        value = float(np.nanmin(segments.baseline[absent]))
        rule = f"baseline of 10 min below {LOW:g} bpm, with absent variability"
        found.append(Criterion("bradycardia", "III", value, rule, SOURCE))
    if strip.sinusoidal_minutes >= SINUSOIDAL_MINUTES:
        rule = f"for {SINUSOIDAL_MINUTES:g} min"
        found.append(Criterion("sinusoidal pattern", "III", strip.sinusoidal_minutes, rule, SOURCE))
    return found


def _around(strip: Strip, start: float, end: float) -> tuple[float, float]:
    """Where the periods lie that hold a segment, within the strip."""
    reach = _period(strip) * 60
    return max(strip.start, end - reach), min(strip.end, start + reach)


def _second(strip: Strip) -> list[Criterion]:
    segments, found = strip.chosen, []
    level = segments.baseline[~np.isnan(segments.baseline)]
    width = segments.variability[~np.isnan(segments.variability)]
    if level.min() < LOW:
        rule = f"baseline of 10 min below {LOW:g} bpm"
        found.append(Criterion("bradycardia", "II", float(level.min()), rule, SOURCE))
    if level.max() > HIGH:
        rule = f"baseline of 10 min above {HIGH:g} bpm"
        found.append(Criterion("tachycardia", "II", float(level.max()), rule, SOURCE))
    if len(width) == 0:
        rule = "no ten minutes hold two minutes outside accelerations and decelerations"
        found.append(Criterion("variability not known", "II", np.nan, rule, SOURCE))
    elif width.min() < MINIMAL:
        name = "absent variability" if width.min() < ABSENT else "minimal variability"
        rule = f"bandwidth of 10 min below {MINIMAL:g} bpm"
        found.append(Criterion(name, "II", float(width.min()), rule, SOURCE))
    if len(width) and width.max() > MARKED:
        rule = f"bandwidth of 10 min above {MARKED:g} bpm"
        found.append(Criterion("marked variability", "II", float(width.max()), rule, SOURCE))
    length = strip.decelerations.end - strip.decelerations.start
    prolonged = strip.judged & (length >= PROLONGED[0]) & (length < PROLONGED[1])
    if prolonged.any():
        rule = f"seconds, {PROLONGED[0]:g} to {PROLONGED[1]:g}"
        found.append(Criterion("prolonged deceleration", "II", float(length[prolonged].max()), rule, SOURCE))
    changed = strip.judged & (length >= PROLONGED[1])
    if changed.any():
        rule = f"seconds of a deceleration, {PROLONGED[1]:g} or more"
        found.append(Criterion("change of baseline", "II", float(length[changed].max()), rule, SOURCE))
    for kind in ("late", "variable", "unclassified"):
        number = int((strip.judged & (strip.kind == kind) & (length < PROLONGED[0])).sum())
        if number:
            name = f"{kind} decelerations" if kind != "unclassified" else "decelerations of unknown kind"
            found.append(Criterion(name, "II", float(number), "any in the strip", SOURCE))
    return found
