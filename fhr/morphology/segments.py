"""Ten-minute segments of a recording, one row each, as the guidelines judge them."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd

from .bandwidth import bandwidths
from .blocks import NOWHERE, both, epoch_means, median, range_mask
from .contraction_rate import tachysystole_at
from .events import Events
from .overlap import KNOWN, overlap
from .variability import EPOCH, short_term_variation

__all__ = ["Segments", "baseline_class", "find_segments", "segment_table", "variability_class"]

MINUTES = 10  # of a segment: the period of both guidelines
BASELINE_MINUTES = 2  # outside accelerations and decelerations, in any ten: NICHD 2008
LOW, HIGH = 110.0, 160.0  # bpm, baseline: FIGO 2015 and NICHD 2008
ABSENT = 2.0  # bpm: what an eye does not see on paper; NICHD 2008 says "undetectable" alone
MINIMAL, MARKED = 5.0, 25.0  # bpm, bandwidth: NICHD 2008, 5 itself is minimal; FIGO 2015, below it is reduced


class Segments(NamedTuple):
    """Segments in order of time, an array element each; times in s from the start of the recording.

    Attributes:
        start: s.
        end: s.
        loss: fraction of FHR that is missing.
        baseline: median of the baseline where FHR is known, bpm; NaN with less than 5 min of FHR.
        variability: median bandwidth of a minute, bpm; NaN as the baseline, or with less than 2 min outside
            accelerations and decelerations.
        stv_ms: short-term variation, ms; NaN with less than 5 min of FHR.
        contractions: their number, by the peak; NaN where half of UC or more is uncertain.
        tachysystole: 1.0 for more than 5 in 10 min, on average of the 30 min up to the segment's end or in both halves
            of the last 20 min; else 0.0; NaN where the missing UC, or too short a time, leaves it open.
    """

    start: np.ndarray
    end: np.ndarray
    loss: np.ndarray
    baseline: np.ndarray
    variability: np.ndarray
    stv_ms: np.ndarray
    contractions: np.ndarray
    tachysystole: np.ndarray


def find_segments(
    fhr: np.ndarray,
    baseline: np.ndarray,
    fs: float,
    accelerations: Events,
    decelerations: Events,
    contractions: Events,
    uc_uncertain: np.ndarray,
    fhr_uncertain: np.ndarray = NOWHERE,
    *,
    start_s: float = 0.0,
    end_s: float | None = None,
    bandwidth: np.ndarray | None = None,
) -> Segments:
    """Cut a recording, or a strip of it, into segments of 10 min counted back from its end.

    What is left over at the start is a segment too, a shorter one. A segment with less than 5 min of FHR has no
    level and no variability: it is never guessed from its neighbours.

    Args:
        fhr: (n,) cleaned, bpm; NaN is missing.
        baseline: (n,) bpm; NaN where unknown.
        fs: sampling rate, Hz.
        accelerations: of the whole recording, as all events here.
        decelerations: likewise.
        contractions: likewise.
        uc_uncertain: (k, 2) start and end of where UC is missing or not to be trusted, s.
        fhr_uncertain: (k, 2) likewise for FHR; left out of variability as accelerations and decelerations are.
        start_s: of the strip, s from the start of the recording.
        end_s: of the strip; None for the end of the recording.
        bandwidth: (minutes,) of the whole recording, if that is cut and `bandwidths` were computed.

    Source:
        Ten-minute periods, baseline 110 to 160 bpm, variability as the mean bandwidth of one-minute segments,
        tachysystole: FIGO 2015, doi:10.1016/j.ijgo.2015.06.020. At least two minutes of baseline in any ten, absent
        to marked variability: NICHD 2008, doi:10.1097/AOG.0b013e3181841395. FIGO's baseline is the mean level of the
        most horizontal and least oscillatory segments; here it is the median of the running baseline. Its average
        bandwidth is the median here, so that a minute with an event that nobody found does not count for more.
    """
    end_s = len(fhr) / fs if end_s is None else end_s
    first, last = round(start_s * fs), round(end_s * fs)
    strip, level = np.array(fhr[:last], dtype=np.float64), baseline[:last]
    strip[:first] = np.nan
    length = max(1, round(60 * MINUTES * fs))
    edges = np.unique(np.concatenate([[first], np.arange(last, first, -length)]))
    count = len(edges) - 1
    minutes = bandwidth
    if minutes is None:
        minutes = bandwidths(strip, level, fs, accelerations, decelerations, fhr_uncertain)
    out = range_mask(both(decelerations, fhr_uncertain), last, fs)
    with np.errstate(divide="ignore"):
        epochs = epoch_means(60_000 / np.where(out, np.nan, strip), fs, EPOCH)
    minutes, epochs = _by_segment(minutes, count, MINUTES), _by_segment(epochs, count, round(60 * MINUTES / EPOCH))
    known = ~np.isnan(strip)
    lost, levels, width, stv = np.full((4, count), np.nan)
    for k, (a, b) in enumerate(pairwise(edges)):
        there = known[a:b].sum()
        lost[k] = (b - a - there) / (b - a)
        if there < KNOWN * length:
            continue
        levels[k] = median(level[a:b][known[a:b]])
        if np.isfinite(minutes[k]).sum() >= BASELINE_MINUTES:
            width[k] = median(minutes[k])
        stv[k] = short_term_variation(epochs[k])
    start, end = edges[:-1] / fs, edges[1:] / fs
    number = _counts(start, end, contractions, uc_uncertain)
    too_many = tachysystole_at(end, contractions, uc_uncertain, begin=edges[0] / fs).present
    return Segments(start, end, lost, levels, width, stv, number, too_many)


def baseline_class(level: np.ndarray) -> np.ndarray:
    """Classify each baseline of ten minutes, bpm: "normal", "tachycardia", "bradycardia" or "unknown".

    >>> baseline_class(np.array([135.0, 161.0, 109.0, np.nan])).tolist()
    ['normal', 'tachycardia', 'bradycardia', 'unknown']
    """
    return np.select([np.isnan(level), level < LOW, level > HIGH], ["unknown", "bradycardia", "tachycardia"], "normal")


def variability_class(bandwidth: np.ndarray) -> np.ndarray:
    """Classify each bandwidth, bpm, by NICHD: "absent", "minimal", "moderate", "marked" or "unknown".

    5 bpm itself is minimal; it is not reduced by FIGO 2015.

    >>> variability_class(np.array([1.0, 5.0, 12.0, 26.0, np.nan])).tolist()
    ['absent', 'minimal', 'moderate', 'marked', 'unknown']
    """
    return np.select(
        [np.isnan(bandwidth), bandwidth < ABSENT, bandwidth <= MINIMAL, bandwidth > MARKED],
        ["unknown", "absent", "minimal", "marked"],
        "moderate",
    )


def segment_table(segments: Segments) -> pd.DataFrame:
    """Tabulate `Morphology.segments`; tachysystole is missing (`pd.NA`) where it is open."""
    return pd.DataFrame(
        {
            "start_s": segments.start,
            "end_s": segments.end,
            "loss": segments.loss,
            "baseline": segments.baseline,
            "baseline_class": baseline_class(segments.baseline),
            "variability": segments.variability,
            "variability_class": variability_class(segments.variability),
            "stv_ms": segments.stv_ms,
            "contractions": segments.contractions,
            "tachysystole": pd.array(segments.tachysystole, dtype="boolean"),
        }
    )


def _by_segment(values: np.ndarray, count: int, each: int) -> np.ndarray:
    """`values`, the last ones those of the last segment, as (count, each); NaN before the first."""
    missing = count * each - len(values)
    padded: np.ndarray = np.concatenate([np.full(max(0, missing), np.nan), values[max(0, -missing) :]])
    return padded.reshape(count, each)


def _counts(start: np.ndarray, end: np.ndarray, contractions: Events, uncertain: np.ndarray) -> np.ndarray:
    peaks = np.sort(contractions.peak)
    number = (np.searchsorted(peaks, end) - np.searchsorted(peaks, start)).astype(np.float64)
    number[overlap(start, end, uncertain) >= KNOWN * (end - start)] = np.nan
    number[end - start < KNOWN * 60 * MINUTES] = np.nan
    return number
