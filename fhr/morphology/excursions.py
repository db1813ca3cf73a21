"""Accelerations and decelerations: excursions of the heart rate from its baseline.

An excursion is what lies beyond a low threshold, long enough; it is cut at deep valleys, and kept if its amplitude
exceeds a threshold that grows with the restlessness of the signal and falls with duration. The guidelines ask for
15 bpm and 15 s (FIGO 2015, doi:10.1016/j.ijgo.2015.06.020); experts mark shallower ones where the signal is quiet or a
contraction goes with them, and so do the thresholds here, which were tuned on experts' marks.
"""

from typing import NamedTuple

import numpy as np

from fhr.preprocessing import runs

from .events import Events, no_events
from .seconds import smoothed

__all__ = ["ACCELERATION", "DECELERATION", "Rule", "Track", "find_both", "find_both_of_each", "find_excursions"]

LOST = 1 / 3  # share of an event that may be missing: as in the comparison of methods, Houzé de l'Aulnoit et al. 2019
MEASURE = 2.0  # s, smoothing under which amplitudes are measured


class Rule(NamedTuple):
    """Thresholds of an excursion. Distances in bpm, times in s; o is the oscillation around, bpm.

    Attributes:
        sign: 1 upwards, -1 downwards.
        smoothing: standard deviation, s.
        edge, edge_restless: an excursion lies beyond edge + edge_restless (o - 2).
        bridge: a return for less than this is not the end.
        shortest: duration from foot to foot.
        cut, cut_smoothing: it is cut where, smoothed so, it falls below this share of the lower peak at each side.
        foot: it begins and ends at this share of its amplitude.
        fullness: share of the mean height beside the amplitude in what is compared with the threshold.
        amplitude, restless, lasting, company, opposed, contraction: the threshold is amplitude + restless o
            - lasting ln(duration / 45 s) - company ln(1 + others like it within 15 min) + opposed (excursions the other
            way within 5 min) - contraction (with a contraction; plus it without one).
    """

    sign: int
    smoothing: float
    edge: float
    edge_restless: float
    bridge: float
    shortest: float
    cut: float
    cut_smoothing: float
    foot: float
    fullness: float
    amplitude: float
    restless: float
    lasting: float
    company: float
    opposed: float
    contraction: float


# Tuned with the constants of baseline.py on the 33 recordings of benchmarks/morphology.py, by cross-validation.
ACCELERATION = Rule(
    sign=1,
    smoothing=6.0,
    edge=7.3,
    edge_restless=0.33,
    bridge=9.0,
    shortest=10.0,
    cut=0.19,
    cut_smoothing=3.4,
    foot=0.17,
    fullness=0.16,
    amplitude=12.9,
    restless=0.13,
    lasting=1.2,
    company=1.04,
    opposed=0.16,
    contraction=0.0,
)
DECELERATION = Rule(
    sign=-1,
    smoothing=6.0,
    edge=5.3,
    edge_restless=0.19,
    bridge=8.5,
    shortest=10.0,
    cut=0.27,
    cut_smoothing=4.0,
    foot=0.19,
    fullness=0.18,
    amplitude=11.8,
    restless=0.25,
    lasting=0.57,
    company=0.4,
    opposed=0.0,
    contraction=1.1,
)
USUAL_OSCILLATION = 3.0  # bpm, where it is not known
USUAL_DURATION = 45.0  # s
UNKNOWN = -99.0  # bpm
CANDIDATE = 7.0  # bpm; what is lower is not looked at, and is no company
COMPANY, OPPOSED = 900.0, 300.0  # s to each side
APART = 1000  # s between windows that are laid one after another: no company to each other, and no bridge
CONTRACTION_BEFORE = 30.0  # s from a contraction's peak to the onset of a deceleration that goes with it


class Track(NamedTuple):
    """Heart rate second by second (m,), in which excursions are looked for.

    Attributes:
        second: mean FHR, bpm; NaN is missing.
        bridged: the same with short gaps bridged.
        baseline: bpm; NaN throughout without any signal.
        oscillation: bpm; NaN far from any signal.
    """

    second: np.ndarray
    bridged: np.ndarray
    baseline: np.ndarray
    oscillation: np.ndarray


def find_both(
    track: Track, contraction_peaks: np.ndarray, rules: tuple[Rule, Rule] = (ACCELERATION, DECELERATION)
) -> tuple[Events, Events, np.ndarray]:
    """Find accelerations, decelerations, and start and end (k, 2), s, of events of which too much is missing.

    Decelerations come first: accelerations among many of them are mostly returns that overshoot.
    """
    return find_both_of_each(Track(*(each[None] for each in track)), [contraction_peaks], rules)[0]


def find_both_of_each(
    tracks: Track, contraction_peaks: list[np.ndarray], rules: tuple[Rule, Rule] = (ACCELERATION, DECELERATION)
) -> list[tuple[Events, Events, np.ndarray]]:
    """Find what `find_both` does in each of several windows, whose tracks are (window, m)."""
    windows, width = len(tracks.second), tracks.second.shape[1] + APART
    # One after another, so that most of the work is done once; each smoothing serves both kinds.
    smooth = {spread: _laid_out(each) for spread, each in _smooth(tracks, *rules).items()}
    line = Track(*(_laid_out(each) for each in tracks))
    peaks = np.concatenate([each + width * i for i, each in enumerate(contraction_peaks)])
    charted = np.repeat([len(each) > 0 for each in contraction_peaks], width)
    falls, lost_falls = find_excursions(line, rules[1], peaks, np.empty(0), smooth, charted)
    rises, lost_rises = find_excursions(line, rules[0], peaks, falls.peak, smooth, charted)
    found = []
    for begin in range(0, windows * width, width):
        up, down, lost_up, lost_down = (
            slice(*np.searchsorted(start, (begin, begin + width)))
            for start in (rises.start, falls.start, lost_rises[:, 0], lost_falls[:, 0])
        )
        lost = np.concatenate([lost_rises[lost_up], lost_falls[lost_down]]) - begin
        found.append((_since(rises.where(up), begin), _since(falls.where(down), begin), lost))
    return found


def _laid_out(windows: np.ndarray) -> np.ndarray:
    """Windows (window, m) one after another, `APART`."""
    line = np.full((len(windows), windows.shape[1] + APART), np.nan)  # numpy.pad takes ten times as long
    line[:, : windows.shape[1]] = windows
    return line.ravel()


def _since(events: Events, begin: int) -> Events:
    """Events whose times are counted from `begin`."""
    return events._replace(start=events.start - begin, end=events.end - begin, peak=events.peak - begin)


def find_excursions(
    track: Track,
    rule: Rule,
    contraction_peaks: np.ndarray,
    opposite_peaks: np.ndarray,
    smooth: dict[float, np.ndarray] | None = None,
    charted: np.ndarray | None = None,
) -> tuple[Events, np.ndarray]:
    """Find excursions that can be judged, and start and end (k, 2), s, of those of which too much is missing.

    Amplitude and area are those of the signal with its short gaps bridged.

    Args:
        track: the heart rate by seconds.
        rule: `ACCELERATION` or `DECELERATION`.
        contraction_peaks: s, ascending; empty where no contraction is known.
        opposite_peaks: s, ascending; of the excursions the other way.
        smooth: the bridged heart rate by the smoothing it went through, if that has been done.
        charted: (m,) where contractions are known, if not everywhere or nowhere.
    """
    smooth = smooth or _smooth(track, rule)
    spreads = rule.smoothing, rule.cut_smoothing, MEASURE
    away, fine, measured = (_away(track, rule.sign, smooth[spread]) for spread in spreads)
    restless = np.nan_to_num(track.oscillation, nan=USUAL_OSCILLATION)
    missing = np.append(0, np.cumsum(np.isnan(track.second)))
    rows = []
    for first, last in _beyond(away > rule.edge + rule.edge_restless * (restless - 2), rule):
        if np.maximum.reduce(away[first:last]) < CANDIDATE:
            continue
        for begin, stop in _cut(fine, first, last, rule):
            piece = away[begin:stop]
            top = begin + int(piece.argmax())
            if away[top] < CANDIDATE:
                continue
            inside = (piece >= rule.foot * away[top]).nonzero()[0]
            start, end = begin + int(inside[0]), begin + int(inside[-1]) + 1
            if end - start >= rule.shortest:
                shape = measured[start:end]
                peak = int(shape.argmax())
                area = float(np.maximum(shape, 0.0).sum())
                height = (1 - rule.fullness) * away[top] + rule.fullness * area / (end - start)
                loss = (missing[end] - missing[start]) / (end - start)
                rows.append((start, end, start + peak + 0.5, shape[peak], area, loss, height, top))
    if not rows:
        return no_events(), np.empty((0, 2))
    *columns, height, tops = np.array(rows, dtype=np.float64).T
    events, tops = Events(*columns), tops.astype(np.intp)
    threshold = rule.amplitude + rule.restless * restless[tops]
    threshold -= rule.lasting * np.log((events.end - events.start) / USUAL_DURATION)
    threshold -= rule.company * np.log(_within(events.peak, events.peak, COMPANY))
    threshold += rule.opposed * _within(events.peak, opposite_peaks, OPPOSED)
    if len(contraction_peaks):
        before, after = np.searchsorted(contraction_peaks, [events.start - CONTRACTION_BEFORE, events.end])
        company = np.where(after > before, rule.contraction, -rule.contraction)
        threshold -= company if charted is None else np.where(charted[tops], company, 0.0)
    kept = height >= threshold
    judged = events.loss <= LOST
    return events.where(kept & judged), np.stack([events.start, events.end], axis=1)[kept & ~judged]


def _within(times: np.ndarray, peaks: np.ndarray, reach: float) -> np.ndarray:
    """Number of `peaks`, ascending, within `reach` of each of `times`."""
    return np.searchsorted(peaks, times + reach, side="right") - np.searchsorted(peaks, times - reach)


def _smooth(track: Track, *rules: Rule) -> dict[float, np.ndarray]:
    spreads = {MEASURE, *(spread for rule in rules for spread in (rule.smoothing, rule.cut_smoothing))}
    return {spread: smoothed(track.bridged, spread) for spread in spreads}


def _away(track: Track, sign: int, smooth: np.ndarray) -> np.ndarray:
    """Distance from the baseline in the direction of the event (m,), bpm; `UNKNOWN` in gaps that are not bridged."""
    away = sign * (smooth - track.baseline)
    return np.where(np.isnan(track.bridged) | np.isnan(away), UNKNOWN, away)


def _beyond(flags: np.ndarray, rule: Rule) -> list[tuple[int, int]]:
    """Stretches of true flags, short returns included, that are long enough."""
    joined: list[tuple[int, int]] = []
    for start, end in zip(*(edge.tolist() for edge in runs(flags)), strict=True):
        if joined and start - joined[-1][1] < rule.bridge:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return [(start, end) for start, end in joined if end - start >= rule.shortest]


def _cut(away: np.ndarray, start: int, end: int, rule: Rule) -> list[tuple[int, int]]:
    """The stretch, cut at its deepest valley and so on, while a valley is deep against the lower peak beside it."""
    edge = max(int(rule.shortest) // 2, 1)  # no piece gets shorter than that
    whole, left = [], [(start, end)]
    while left:
        start, end = left.pop()
        if end - start < 4 * edge:
            whole.append((start, end))
            continue
        part = away[start:end]
        lower = np.minimum(np.maximum.accumulate(part), np.maximum.accumulate(part[::-1])[::-1])
        share = part[edge:-edge] / np.maximum(lower[edge:-edge], 1e-6)
        deepest = int(share.argmin())
        if share[deepest] >= rule.cut:
            whole.append((start, end))
        else:
            valley = start + edge + deepest
            left += [(valley, end), (start, valley)]
    return whole
