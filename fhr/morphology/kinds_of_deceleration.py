"""Kinds of decelerations by shape and by contraction: early, late, variable, prolonged, as each guideline has them."""

from typing import NamedTuple

import numpy as np

from fhr.errors import SignalError

from .bandwidth import flattest_minute
from .events import Events
from .overlap import overlap
from .segments import MINIMAL
from .shape_of_event import Shape, shape_of, whole

__all__ = ["FIGO_PROLONGED", "NICHD_PROLONGED", "DecelerationKinds", "deceleration_kinds"]

# FIGO 2015: doi:10.1016/j.ijgo.2015.06.020; NICHD 2008 (Macones et al.): doi:10.1097/AOG.0b013e3181841395.
FIGO_PROLONGED = 180.0  #: s; FIGO 2015: longer than that
NICHD_PROLONGED = (120.0, 600.0)  #: s; NICHD 2008: from the first on, to below the second, a change of the baseline
GRADUAL = 30.0  #: s; FIGO 2015: more, of fall or return; NICHD 2008: that or more, of the fall
LATE_ONSET = 20.0  #: s; FIGO 2015: late ones start more than that after the onset of the contraction
# This package's choices, where the guidelines give no number.
WITH_THE_PEAK = 15.0  #: s; nadir and peak of the contraction coincide within that
SHALLOW = 30.0  #: bpm; an early deceleration of FIGO 2015 is no deeper
BEFORE = 15.0  #: s by which a deceleration may seem to begin before its contraction
AFTER = 30.0  #: s by which it may begin after the contraction's end
LONGEST_LAG = 90.0  #: s from the peak of the contraction to the nadir
SEEN = 2 / 3  #: share of the time from the contraction's onset to the nadir in which UC must be known


class DecelerationKinds(NamedTuple):
    """Kinds of m decelerations, and what they rest on.

    Attributes:
        kind: (m,) "early", "late", "variable", "prolonged" or "unclassified", by NICHD 2008.
        contraction: (m,) row of its contraction, -1 for none; several decelerations may have the same one.
        lag: (m,) s from the contraction's peak to the nadir, NaN without a contraction and above 90 s.
        figo_kind: (m,) the same words as kind, by FIGO 2015.
        shape: true beginning and end, and flanks.
        flattest: (m,) bandwidth of the flattest minute within, bpm; NaN for those of less than a minute.
    """

    kind: np.ndarray
    contraction: np.ndarray
    lag: np.ndarray
    figo_kind: np.ndarray
    shape: Shape
    flattest: np.ndarray


def deceleration_kinds(
    decelerations: Events,
    contractions: Events,
    uc_uncertain: np.ndarray,
    fhr: np.ndarray,
    baseline: np.ndarray,
    fs: float,
) -> DecelerationKinds:
    """Classify each deceleration by both guidelines.

    NICHD 2008, in this order of precedence:

    - prolonged: 2 min or more.
    - variable: abrupt, less than 30 s from onset to the beginning of the nadir, with or without a contraction.
    - late: gradual, 30 s or more, and the nadir more than 15 s after the contraction's peak.
    - early: gradual, nadir within 15 s of the contraction's peak.

    FIGO 2015, in this order:

    - prolonged: more than 3 min.
    - late: the fall or the return takes more than 30 s, or variability within is reduced (the bandwidth of its
      flattest minute is below 5 bpm); and it starts more than 20 s after the contraction's onset, has its nadir after
      the peak, and returns after the end. Where UC does not tell, the shape alone makes it late.
    - early: the same shape with normal variability, nadir within 15 s of the peak, and no deeper than 30 bpm.
    - variable: fall and return of less than 30 s, and variability that is not reduced.

    All else is unclassified: gradual without a contraction, or with one that does not fit, or so much missing that it
    may be either abrupt or gradual.

    Flanks are those of `shape_of_event`. A deceleration belongs to the last contraction that began before it (or at
    most 15 s after its start) if it begins within 30 s of that contraction's end; else to the first that begins before
    its nadir; else to none. It belongs to none, too, with its nadir more than 90 s after the peak, unless it takes
    2 min or more (its lag is then not given), or where UC is uncertain in a third or more of the time from the
    contraction's onset to the nadir.

    In the second stage a contraction and its pushes are one event, its peak is that of the smoothed curve, and
    decelerations with the pushes are mostly abrupt, hence variable. Bandwidth is that of one-minute segments (FIGO
    2015), so that of a deceleration shorter than that nothing is said. Left out: accelerations before and after
    ("shoulders").

    Args:
        decelerations: m events in order of time, the peak being the nadir, s.
        contractions: events in order of time, s.
        uc_uncertain: (k, 2) disjoint stretches in which UC is not to be trusted, s; `UncertainActivity.ranges`.
        fhr: (n,) bpm, NaN is missing.
        baseline: (n,) bpm, NaN where it is not known.
        fs: sampling rate, Hz.

    Raises:
        SignalError: `fhr` and `baseline` are not of one length, or `uc_uncertain` is not (k, 2).

    Source:
        FIGO 2015, doi:10.1016/j.ijgo.2015.06.020; NICHD 2008, doi:10.1097/AOG.0b013e3181841395.
    """
    uc_uncertain = np.asarray(uc_uncertain, dtype=np.float64)
    if np.shape(fhr) != np.shape(baseline) or np.ndim(fhr) != 1:
        raise SignalError(f"fhr has shape {np.shape(fhr)}, baseline {np.shape(baseline)}; give both as (n,)")
    if uc_uncertain.ndim != 2 or uc_uncertain.shape[1] != 2:
        raise SignalError(f"uc_uncertain has shape {uc_uncertain.shape}; give (k, 2): start and end of each stretch, s")
    shape = shape_of(decelerations, fhr, baseline, fs, -1)
    falls = whole(decelerations, shape)
    flattest = flattest_minute(fhr, fs, falls)
    row, unseen = _contraction_of(falls, contractions, uc_uncertain)
    # A last row of NaN stands for no contraction: -1 reaches it, and every comparison with it is false.
    onset, close, peak = (np.append(x, np.nan)[row] for x in (contractions.start, contractions.end, contractions.peak))
    length, lag = falls.end - falls.start, falls.peak - peak
    lag[lag > LONGEST_LAG] = np.nan
    with_it = np.abs(lag) <= WITH_THE_PEAK
    gradual = shape.fall[:, 0] >= GRADUAL
    kind = np.select(
        [
            length >= NICHD_PROLONGED[0],
            shape.fall[:, 1] < GRADUAL,
            gradual & (lag > WITH_THE_PEAK),
            gradual & with_it,
        ],
        ["prolonged", "variable", "late", "early"],
        "unclassified",
    )
    reduced = flattest < MINIMAL
    slow = (np.fmax(shape.fall[:, 0], shape.back[:, 0]) > GRADUAL) | reduced
    delayed = (falls.start - onset > LATE_ONSET) & (lag > 0) & (falls.end > close)
    swift = np.maximum(shape.fall[:, 1], shape.back[:, 1]) < GRADUAL  # NaN, a flank that is not seen, is not
    figo_kind = np.select(
        [
            length > FIGO_PROLONGED,
            slow & (delayed | unseen),
            slow & ~reduced & with_it & (falls.amplitude <= SHALLOW),
            swift & ~reduced,
        ],
        ["prolonged", "late", "early", "variable"],
        "unclassified",
    )
    return DecelerationKinds(kind.astype(object), row, lag, figo_kind.astype(object), shape, flattest)


def _contraction_of(falls: Events, contractions: Events, uncertain: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Row of each deceleration's contraction (m,), -1 for none, and where UC does not tell whether there is one."""
    start, nadir = falls.start, falls.peak
    dark = overlap(start - LONGEST_LAG, nadir, uncertain) > (1 - SEEN) * (nadir - start + LONGEST_LAG)
    if not len(contractions.start):
        return np.full(len(start), -1), dark
    row = np.searchsorted(contractions.start, start + BEFORE, side="right") - 1
    over = (row < 0) | (contractions.end[row] + AFTER < start)
    row = np.where(over, row + 1, row)
    begin, peak = (np.append(x, np.inf)[row] for x in (contractions.start, contractions.peak))
    since = np.minimum(begin, start)
    unseen = overlap(since, nadir, uncertain) > (1 - SEEN) * (nadir - since)
    far = (nadir - peak > LONGEST_LAG) & (falls.end - start < NICHD_PROLONGED[0])
    row = np.where((begin > nadir) | far | unseen, -1, row)
    return row, (row < 0) & (dark | unseen)
