"""FIGO 2015 category of a strip: normal, suspicious or pathological."""

import numpy as np

from .category import Category, Criterion
from .morphology import Morphology
from .segments import HIGH, LOW, MARKED, MINIMAL, Segments
from .strip import NOT_ASSESSED, Strip, judge, strip_of

__all__ = ["figo", "figo_category"]

SOURCE = "FIGO 2015, doi:10.1016/j.ijgo.2015.06.020"
GUIDELINE = "FIGO 2015"
VERY_LOW = 100.0  # bpm, baseline
REDUCED_MINUTES = 50.0
INCREASED_MINUTES = 30.0
SINUSOIDAL_MINUTES = 30.0
REPETITIVE = 0.5  # more than this share of contractions
REPETITIVE_MINUTES = 20.0  # that the share is taken over, as NICHD 2008 does: FIGO 2015 gives no time
GRAVE_MINUTES = 30.0  # of repetitive late or prolonged decelerations ...
GRAVE_REDUCED_MINUTES = 20.0  # ... and with reduced variability
LONGEST = 300.0  # s, one prolonged deceleration
GRAVE = ("late", "prolonged")
ANY = ("early", "late", "variable", "prolonged", "unclassified")
PATHOLOGICAL, SUSPICIOUS = "pathological", "suspicious"


def figo(morphology: Morphology, start_s: float | None = None, end_s: float | None = None) -> Category:
    """Judge a strip of a recording by FIGO 2015.

    Pathological is any of:

    - a baseline below 100 bpm;
    - bandwidth below 5 bpm for 50 min, or for 3 min within a deceleration (reduced variability);
    - bandwidth above 25 bpm for 30 min (increased variability); a sinusoidal pattern for 30 min;
    - late or prolonged decelerations with more than half of the contractions for 30 min, or for 20 min with reduced
      variability; one deceleration longer than 5 min.

    Suspicious is what lacks a characteristic of normality and is not pathological: a baseline outside 110 to 160 bpm,
    a bandwidth outside 5 to 25 bpm, decelerations of any kind with more than half of the contractions. Anything else
    is normal. "Uninterpretable" is this package's word for a strip with more than half of FHR missing, or with no
    segment of ten minutes whose level is known.

    How the guideline's words became numbers, where it leaves that open (this package's choices):

    - Baseline and bandwidth are those of segments of 10 min counted back from the recording's end; a segment belongs
      to the strip with more than half of itself. "For more than 10 min" is one segment, "for 50 min" successive
      segments of 50 min together; one of unknown level or bandwidth ends the run.
    - One segment with a bandwidth outside 5 to 25 bpm is not normal, hence suspicious: the guideline bounds normality
      by numbers and gives a time to the pathological patterns alone.
    - A strip of 30 min cannot show 50 min of reduced variability: it is suspicious at most for that, and the
      criterion says so. Segments before the strip are not looked at.
    - Decelerations count in the strip that holds the nadir, sinusoidal stretches in one that they reach 10 min into.
    - The share of contractions with a deceleration is that of the worst period, for decelerations of any kind one of
      20 min (or the whole strip, if that is shorter): NICHD's time, as the guideline gives none. Where UC does not
      tell, the rule is a criterion of category "not assessed"; where nothing else fired the strip is "undetermined" and
      not normal. A strip in which FHR shows that there is no deceleration needs no UC.
    - In the 20-min rule, variability is reduced where the mean bandwidth of the period's segments is below 5 bpm.
    - Late decelerations of 10 to 15 bpm, which the guideline counts where variability is reduced and accelerations
      are absent, are left out; so is the fall below 80 bpm that it adds to 5-min decelerations as an emergency.

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
    segments = strip.chosen
    found = [
        *_baseline(segments),
        *_variability(strip, segments),
        *_single_decelerations(strip),
        *_repetitive(strip, segments),
    ]
    if strip.sinusoidal_minutes >= SINUSOIDAL_MINUTES:
        rule = f"for {SINUSOIDAL_MINUTES:g} min"
        found.append(Criterion("sinusoidal pattern", PATHOLOGICAL, strip.sinusoidal_minutes, rule, SOURCE))
    return found


def _baseline(segments: Segments) -> list[Criterion]:
    known = segments.baseline[~np.isnan(segments.baseline)]
    low, high = float(known.min()), float(known.max())
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


def _variability(strip: Strip, segments: Segments) -> list[Criterion]:
    found = []
    if np.isnan(segments.variability).all():
        rule = "not assessed: no ten minutes hold two minutes outside accelerations and decelerations"
        found.append(Criterion("variability", NOT_ASSESSED, np.nan, rule, SOURCE))
    for name, flags, bound, least in (
        ("reduced variability", segments.variability < MINIMAL, f"below {MINIMAL:g} bpm", REDUCED_MINUTES),
        ("increased variability", segments.variability > MARKED, f"above {MARKED:g} bpm", INCREASED_MINUTES),
    ):
        minutes = strip.longest(flags)
        if minutes >= least:
            found.append(Criterion(name, PATHOLOGICAL, minutes, f"bandwidth {bound} for {least:g} min", SOURCE))
        elif minutes:
            rule = f"minutes of bandwidth {bound}, in 10 min or more"
            if strip.minutes < least:
                rule += f"; the {least:g} min of a pathological strip do not fit into this one"
            found.append(Criterion(name, SUSPICIOUS, minutes, rule, SOURCE))
    return found


def _single_decelerations(strip: Strip) -> list[Criterion]:
    found = []
    length = (strip.decelerations.end - strip.decelerations.start)[strip.judged]
    flat = strip.bandwidth[strip.judged]
    if (longest := float(length.max(initial=0.0))) > LONGEST:
        rule = f"one deceleration longer than {LONGEST:g} s"
        found.append(Criterion("prolonged deceleration", PATHOLOGICAL, longest, rule, SOURCE))
    if (flat < MINIMAL).any():
        rule = f"bandwidth below {MINIMAL:g} bpm for 3 min within a deceleration"
        value = float(np.nanmin(flat))
        found.append(Criterion("reduced variability in a deceleration", PATHOLOGICAL, value, rule, SOURCE))
    return found


def _repetitive(strip: Strip, segments: Segments) -> list[Criterion]:
    name = "repetitive late or prolonged decelerations"
    rule = "share of contractions above 0.5 for {:g} min"
    share = strip.share(GRAVE, GRAVE_MINUTES)
    if share > REPETITIVE:
        return [Criterion(name, PATHOLOGICAL, share, rule.format(GRAVE_MINUTES), SOURCE)]
    for k in range(1, len(segments.start)):
        if np.mean(segments.variability[k - 1 : k + 1]) < MINIMAL:
            within = (float(segments.start[k - 1]), float(segments.end[k]))
            share = strip.share(GRAVE, GRAVE_REDUCED_MINUTES, within)
            if share > REPETITIVE:
                rule = rule.format(GRAVE_REDUCED_MINUTES) + " of reduced variability"
                return [Criterion(name, PATHOLOGICAL, share, rule, SOURCE)]
    minutes = min(REPETITIVE_MINUTES, strip.minutes)
    share = strip.share(ANY, minutes)
    if np.isnan(share) and not strip.without_decelerations:
        return [strip.not_assessed("repetitive decelerations", minutes, SOURCE)]
    if share > REPETITIVE:
        return [Criterion("repetitive decelerations", SUSPICIOUS, share, rule.format(minutes), SOURCE)]
    return []
