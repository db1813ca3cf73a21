"""Baseline and events of one recording or window, from its arrays, and the stretches in which they cannot be seen."""

from typing import NamedTuple

import numpy as np

from fhr.errors import SignalError
from fhr.preprocessing import interpolate_gaps, runs

from .baseline import CHANGED, baseline_by_second
from .contractions import UncertainActivity, activity_of_each
from .events import Events, no_events
from .excursions import DECELERATION, Track, find_both_of_each
from .seconds import by_second, smoothed

__all__ = ["Found", "find", "find_each"]

BRIDGED = 30  # s; longer gaps end an event, and nothing is looked for in them
ENOUGH = 120.0  # s of signal: a baseline needs 2 min (NICHD 2008, doi:10.1097/AOG.0b013e3181841395)
PASSES = 3  # in which the baseline is moved to what would be an event of 10 min or more
FAR = 120.0  # s from the nearest measured second beyond which no baseline is given


class Found(NamedTuple):
    """Baseline and events of one recording or window; times in s from its start.

    Attributes:
        baseline: (n,) bpm; NaN where there is no signal near, and throughout with less than 2 min of signal.
        accelerations: events.
        decelerations: events, the peak being the nadir.
        contractions: events.
        fhr_uncertain: (k, 2) where accelerations and decelerations are not looked for, or not to be trusted.
        fhr_reasons: (k,) why.
        uc_uncertain: (l, 2) where contractions are not looked for.
        uc_reasons: (l,) why.
    """

    baseline: np.ndarray
    accelerations: Events
    decelerations: Events
    contractions: Events
    fhr_uncertain: np.ndarray
    fhr_reasons: np.ndarray
    uc_uncertain: np.ndarray
    uc_reasons: np.ndarray


def find(fhr: np.ndarray, uc: np.ndarray, fs: float) -> Found:
    """Find baseline, accelerations, decelerations and contractions.

    The signal is taken second by second. Gaps of up to 30 s are bridged when events are looked for; longer ones end an
    event. An event of which more than a third is missing is not given, its place is marked uncertain.

    Args:
        fhr: (n,) cleaned, bpm; NaN is missing.
        uc: (n,) any unit; NaN is missing.
        fs: sampling rate, 1 Hz or more.

    Raises:
        SignalError: `fs` below 1 Hz, or signals of different shapes.
    """
    if np.ndim(fhr) != 1 or np.shape(fhr) != np.shape(uc):
        raise SignalError(f"fhr has shape {np.shape(fhr)}, uc {np.shape(uc)}; give both as (n,)")
    return find_each(np.asarray(fhr)[None], np.asarray(uc)[None], fs)[0]


def find_each(fhr: np.ndarray, uc: np.ndarray, fs: float) -> list[Found]:
    """Find what `find` does in each of several windows of one length, which is many times as fast.

    Args:
        fhr: (window, n) cleaned, bpm; NaN is missing.
        uc: (window, n) any unit; NaN is missing.
        fs: sampling rate, 1 Hz or more.

    Raises:
        SignalError: `fs` below 1 Hz, or signals of different shapes.
    """
    fhr, uc = np.asarray(fhr, dtype=np.float64), np.asarray(uc, dtype=np.float64)
    if not 1 <= fs < np.inf:
        raise SignalError(f"sampled at {fs:g} Hz; morphology needs 1 Hz or more")
    if fhr.ndim != 2 or fhr.shape != uc.shape:
        raise SignalError(f"fhr has shape {fhr.shape}, uc {uc.shape}; give both as (window, n)")
    if not len(fhr):
        return []
    second = by_second(fhr, fs)
    bridged = np.stack([interpolate_gaps(window, 1.0, longest=BRIDGED) for window in second])
    level, restless = baseline_by_second(second, smoothed(bridged, DECELERATION.smoothing))
    tracks, activity = Track(second, bridged, level, restless), activity_of_each(uc, fs)
    excursions = _excursions(tracks, [contractions.peak for contractions, _ in activity])
    each = zip(zip(*tracks, strict=True), excursions, activity, strict=True)
    return [_found(Track(*track), *events, *below, fhr.shape[1], fs) for track, events, below in each]


def _excursions(tracks: Track, contraction_peaks: list[np.ndarray]) -> list[tuple[Events, Events, np.ndarray]]:
    """What `find_both_of_each` finds, none of it as long as a change of the baseline: there the baseline is moved."""
    found = find_both_of_each(tracks, contraction_peaks)
    for _ in range(PASSES):
        some = [i for i, events in enumerate(found) if _moved(*(row[i] for row in tracks[1:3]), *events[:2])]
        if not some:
            break
        anew = find_both_of_each(Track(*(row[some] for row in tracks)), [contraction_peaks[i] for i in some])
        for i, events in zip(some, anew, strict=True):
            found[i] = events
    return [(_brief(up), _brief(down), lost) for up, down, lost in found]


def _moved(bridged: np.ndarray, baseline: np.ndarray, *events: Events) -> bool:
    """Move the baseline (m,) to where the rate is during events that are none; whether there was any."""
    changed = False
    for each in events:
        for k in np.flatnonzero(each.end - each.start >= CHANGED):
            here = slice(int(each.start[k]), int(each.end[k]))
            baseline[here] += np.nanmedian(bridged[here] - baseline[here])
            changed = True
    return changed


def _brief(events: Events) -> Events:
    return events.where(events.end - events.start < CHANGED)


def _found(
    track: Track,
    accelerations: Events,
    decelerations: Events,
    lost: np.ndarray,
    contractions: Events,
    unseen: UncertainActivity,
    n: int,
    fs: float,
) -> Found:
    uc_uncertain = unseen.ranges

    known = ~np.isnan(track.second)
    if known.sum() < ENOUGH:
        whole = np.array([[0.0, n / fs]])
        baseline = np.full(n, np.nan)
        reason = np.array(["too little signal"], dtype=object)
        return Found(baseline, no_events(), no_events(), contractions, whole, reason, uc_uncertain, unseen.reason)

    gaps = np.stack(runs(np.isnan(track.bridged)), axis=1).astype(np.float64)
    uncertain = np.concatenate([gaps, lost])
    reasons = np.array(["missing"] * len(gaps) + ["event mostly missing"] * len(lost), dtype=object)
    order = np.argsort(uncertain[:, 0], kind="stable")
    uncertain = np.minimum(uncertain[order], n / fs)
    return Found(
        _at_samples(track.baseline, known, n, fs),
        accelerations,
        decelerations,
        contractions,
        uncertain,
        reasons[order],
        uc_uncertain,
        unseen.reason,
    )


def _at_samples(level: np.ndarray, known: np.ndarray, n: int, fs: float) -> np.ndarray:
    """The baseline by seconds at each sample (n,), NaN far from any signal."""
    seconds = np.arange(len(level))
    measured = np.flatnonzero(known)
    after = measured[np.minimum(np.searchsorted(measured, seconds), len(measured) - 1)]
    before = measured[np.maximum(np.searchsorted(measured, seconds, side="right") - 1, 0)]
    distance = np.minimum(np.abs(after - seconds), np.abs(seconds - before))
    time = (np.arange(n) + 0.5) / fs
    baseline = np.interp(time, seconds + 0.5, level)
    baseline[distance[np.minimum(time.astype(np.intp), len(level) - 1)] > FAR] = np.nan
    return baseline
