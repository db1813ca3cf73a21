"""Contractions in uterine activity, and the stretches in which the signal cannot show any.

No shape is assumed, and no unit: a belt has no calibration, and files hold mmHg, kPa, shares of one or counts. The
curve is smoothed until the single push and the breath are gone; what stands out of its surroundings by enough, beside
the recording's other rises, its noise and the steps in which it is written, is a contraction, and it lasts from where
the curve leaves the resting tone to where it returns. Where the rises tell no scale, nothing is said.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from fhr.errors import FHRError, SignalError
from fhr.preprocessing import fill_runs, runs

from .blocks import medians
from .events import Events, no_events
from .overlap import outside
from .peaks import peaks_that_rise
from .seconds import by_second, smoothed

__all__ = ["UncertainActivity", "activity_of_each", "find_contractions", "uncertain_activity"]

# All this package's choice; tuned on simulated recordings and five real ones, none of them marked in the benchmark.
SMOOTHING = 8.0  #: s, standard deviation: bearing down every 10 to 20 s and breathing vanish, 30 s remain
SHORTEST, LONGEST = 30.0, 240.0  #: s from onset to end
CLOSEST = 50.0  #: s between the peaks of two contractions; what is nearer is one of them, pushed or coupled
NEIGHBOURHOOD = 180  #: s to each side within which a peak must stand out, and the tone is sought
TONE_QUANTILE = 0.1  #: of the curve at one side of a peak: its resting tone there
LEFT_TONE = 0.15  #: share of its height by which the curve is above the tone at onset and end
VALLEY = 0.35  #: share of its height below which a contraction ends where the curve turns up again
TYPICAL_QUANTILE = 0.75  #: of the heights in a recording: a typical contraction
SMALLEST_SHARE = 0.3  #: of a typical contraction's height
ABOVE_NOISE = 1.5  #: times the spread of what smoothing took away: 7 times what it leaves of white noise
ABOVE_STEPS = 8.0  #: times the step in which the recording is written; 4 units where that is half a unit
ABOVE_LARGEST = 0.09  #: share of the largest rise below which none is a contraction
SCALE_STEPS = 10.0  #: steps that a typical contraction must rise by to tell the scale
SCALE_BREATHS = 4.5  #: times the noise in means of 4 s, likewise; noise alone: 4.3, at a Hurst exponent of 0.9
BREATH = 4  #: s; breathing in such means is next to nothing, so that a strong one hides no scale
OPEN_STEPS = 1.0  #: steps above which a rise is not the work of rounding; below `ABOVE_STEPS` it is left open
LOST = 1 / 3  #: share of a contraction that may be missing
TONE_OF = 300  #: s beside a long gap from which the tone there is taken
GAP = 60.0  #: s; the curve is drawn through shorter gaps, and goes back to the tone in longer ones
FLAT = 60.0  #: s; a living belt shows breathing and steps; one value for longer is a belt that measures nothing
_NONE = np.empty(0, dtype=np.intp)


class UncertainActivity(NamedTuple):
    """Stretches in which contractions cannot be seen.

    Attributes:
        start: (k,) s from the start of the recording, ascending.
        end: (k,) s.
        reason: (k,) "missing", "flat" (one value throughout, as of a belt that is off), "saturated" (the same at the
            largest value of the recording) or "no scale" (noise, and the steps in which the recording is written, leave
            open whether a rise is a contraction: one small rise, or, where no rise stands out, all the rest).
    """

    start: np.ndarray
    end: np.ndarray
    reason: np.ndarray

    @property
    def ranges(self) -> np.ndarray:
        """Start and end of each stretch, (k, 2), s."""
        return np.stack([self.start, self.end], axis=1)


def find_contractions(uc: np.ndarray, fs: float, *, lowest: float | None = None) -> Events:
    """Find contractions in uterine activity by the prominence of the smoothed curve.

    The curve is taken at 1 Hz, without flat stretches, and smoothed by a Gaussian of 8 s over what is known. A rise is
    by how much a peak stands out of the curve within 3 min to each side; of peaks nearer than 50 s the highest counts.
    What is large is told by the recording alone, so that unit, gain and offset of the channel do not matter: rises of
    1.5 times its noise (the spread of what smoothing takes away), 8 steps (the smallest change from one sample to the
    next) and 0.09 of the largest one are looked at, and the upper quartile of their heights is a typical contraction.
    All that are 0.3 of it or more are contractions, if it is 10 steps and 4.5 times the noise in means of 4 s, or
    more. If not, none is given, and `uncertain_activity` says "no scale": nothing found is no sign then that nothing
    was there. It says so, too, of each rise that may be a contraction: one of 1 to 8 steps, or one that is 0.3 of a
    typical contraction only if those count for it.

    The resting tone is the 10 % quantile of the curve at each side, up to the next contraction and at most 3 min away;
    the contraction begins and ends where the curve comes within 0.15 of its height of the line between the two, or
    turns up again below 0.35, or at the lowest point before the next. Events of less than 30 s or more than 4 min, or
    with a third or more missing, are left out.

    Pushing in the second stage: the spikes of one contraction (10 to 20 s apart) are one event. Contractions cut by
    the ends of the recording count if two thirds of them, the rest taken to fall back within half a minute, are there.
    Left out: amplitudes are those of the belt, not of the womb (an external tocometer has no calibration), and so are
    Montevideo units; coupled contractions with peaks within 50 s count as one; a channel that was interpolated has
    finer steps than its recorder, and slow waves of such a channel may be taken for contractions.

    Args:
        uc: (n,), any unit, NaN is missing.
        fs: sampling rate, 1 Hz or more.
        lowest: the least rise that is looked for, in units of the channel, where these are known: a contraction then
            rises by that, by the noise, and by 0.3 of a typical one, and a recording whose rises are smaller has none.
            5 suits monitors that write 0 to 100 or 127: 2 mm on paper. None takes what the recording tells.

    Returns:
        Events with amplitude and area above the resting tone in units of the channel; both are lower bounds where the
        channel is saturated. None where nothing is known.

    Raises:
        SignalError: `uc` is not one-dimensional or `fs` is below 1 Hz.
        FHRError: `lowest` is not positive.

    >>> t = np.arange(0, 1200, 0.25)
    >>> uc = 10 + 40 * np.exp(-(((t % 300) - 150) / 25) ** 2)
    >>> find_contractions(uc, 4.0).peak
    array([ 150.,  450.,  750., 1050.])
    """
    return _activity_of_one(uc, fs, lowest)[0]


def activity_of_each(
    uc: np.ndarray, fs: float, *, lowest: float | None = None
) -> "list[tuple[Events, UncertainActivity]]":
    """Find what `find_contractions` and `uncertain_activity` do in each of several windows (window, n) at once.

    Raises:
        FHRError: `lowest` is not positive.
    """
    if lowest is not None and not lowest > 0:
        raise FHRError(f"lowest={lowest}; give the least rise of a contraction, more than 0 units, or None")
    windows, n = uc.shape
    start, end, step = _steps(uc, fs)
    flat = fill_runs(start, end, uc.size).reshape(uc.shape)
    second = by_second(np.where(flat, np.nan, uc), fs)
    some = np.flatnonzero(~np.isnan(second).all(axis=-1))
    found, open_ = [no_events()] * windows, [np.empty((0, 2))] * windows
    for i, events, may_be in zip(some, *_contractions(second[some], step[some], lowest, n / fs), strict=True):
        found[i], open_[i] = events, may_be
    missing = np.zeros((windows, n + 1), dtype=bool)  # with something known between one window and the next
    missing[:, :n] = np.isnan(uc) & ~flat
    lost_start, lost_end = runs(missing.ravel())
    long = lost_end - lost_start >= min(GAP * fs, n)
    lost_start, lost_end = lost_start[long], lost_end[long]
    first, first_lost = (
        np.searchsorted(starts, width * np.arange(windows + 1)).tolist()
        for starts, width in ((start, n), (lost_start, n + 1))
    )
    each = zip(pairwise(first), pairwise(first_lost), strict=True)
    unseen = [
        _uncertain(
            uc[i],
            (start[a:b] - n * i, end[a:b] - n * i),
            (lost_start[c:d] - (n + 1) * i, lost_end[c:d] - (n + 1) * i),
            open_[i],
            fs,
        )
        for i, ((a, b), (c, d)) in enumerate(each)
    ]
    return list(zip(found, unseen, strict=True))


def uncertain_activity(uc: np.ndarray, fs: float, *, lowest: float | None = None) -> UncertainActivity:
    """Find the stretches that hide contractions: missing, flat and saturated ones of a minute or more.

    A rise that is too small in steps of the recording may be a contraction, and where no rise tells the scale
    (`find_contractions` says how) all the rest is uncertain: "no scale". Islands of less than 30 s between two
    stretches of the other kinds are part of them. Shorter gaps are bridged by the detector and left out here: the loss
    of each contraction tells of them. A saturated top shorter than a minute is part of a contraction. Left out: a
    resting tone below the channel's zero, which monitors write as missing, cannot be told from a belt that is off, and
    is missing here.

    Args:
        uc: (n,), any unit, NaN is missing.
        fs: sampling rate, 1 Hz or more.
        lowest: as of `find_contractions`; where it is given the scale is known.

    Raises:
        SignalError: `uc` is not one-dimensional or `fs` is below 1 Hz.
        FHRError: `lowest` is not positive.

    >>> uncertain_activity(np.repeat([np.nan, 3.0, 127.0], 100), 1.0)
    UncertainActivity(start=array([  0., 100., 200.]), end=array([100., 200., 300.]),
        reason=array(['missing', 'flat', 'saturated'], dtype=object))
    """
    return _activity_of_one(uc, fs, lowest)[1]


def _activity_of_one(uc: np.ndarray, fs: float, lowest: float | None) -> tuple[Events, UncertainActivity]:
    if np.ndim(uc) != 1:
        raise SignalError(f"uc has shape {np.shape(uc)}; give one channel, (n,)")
    if not 1 <= fs < np.inf:
        raise SignalError(f"uc is sampled at {fs:g} Hz; contractions need 1 Hz or more")
    return activity_of_each(np.asarray(uc, dtype=np.float64)[None], fs, lowest=lowest)[0]


def _uncertain(
    uc: np.ndarray,
    flat: tuple[np.ndarray, np.ndarray],
    missing: tuple[np.ndarray, np.ndarray],
    open_: np.ndarray,
    fs: float,
) -> UncertainActivity:
    """What is uncertain in one window (n,), from first and one-past-last samples of its long stretches."""
    reasons = ["missing"] * len(missing[0])
    if len(flat[0]):
        held = uc[flat[0]]
        full = (held == np.nanmax(uc)) & (held > np.nanmin(uc))
        reasons = ["saturated" if one else "flat" for one in full] + reasons
    start, end = (np.concatenate(edges) for edges in zip(flat, missing, strict=True))
    order, reason = np.argsort(start), np.array(reasons, dtype=object)
    start, end, reason = start[order] / fs, end[order] / fs, reason[order]
    # An island between two of them, too short for a contraction, belongs to the first.
    island = start[1:] - end[:-1] < SHORTEST
    end[:-1][island] = start[1:][island]
    if not len(open_):
        return UncertainActivity(start, end, reason)
    # What is left open, where nothing else hides it.
    more, _ = outside(open_, np.stack([start, end], axis=1))
    start, end = np.append(start, more[:, 0]), np.append(end, more[:, 1])
    reason = np.append(reason, np.full(len(more), "no scale", dtype=object))
    order = np.argsort(start)
    return UncertainActivity(start[order], end[order], reason[order])


def _steps(uc: np.ndarray, fs: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First and one-past-last samples of stretches of one value, short gaps included, of `FLAT` s or more; the step.

    They are places in the windows (window, n) laid one after another. The step of each window (window,) is the
    smallest change from a known sample to the next, infinite where there is none.
    """
    windows, n = uc.shape
    known = np.flatnonzero(~np.isnan(uc.ravel()))
    if not len(known):
        return known, known, np.full(windows, np.inf)
    change = np.abs(np.diff(uc.ravel()[known]))
    other = (change > 0) | (np.diff(known) > GAP * fs)
    edges = np.searchsorted(known, n * np.arange(windows + 1)).tolist()
    change[change == 0] = np.inf
    step = np.array([change[a : max(a, b - 1)].min(initial=np.inf) for a, b in pairwise(edges)])
    other[[edge - 1 for edge in edges[1:-1] if 0 < edge < len(known)]] = True  # another window begins
    edge = np.flatnonzero(other)
    first, last = known[np.append(0, edge + 1)], known[np.append(edge, len(known) - 1)] + 1
    flat = last - first >= FLAT * fs
    return first[flat], last[flat], step


class _Rises(NamedTuple):
    """Peaks of one curve, s: contractions, what may be some, and whether the rises tell which."""

    sure: np.ndarray
    open: np.ndarray = _NONE
    told: bool = True


def _contractions(
    second: np.ndarray, step: np.ndarray, lowest: float | None, duration: float
) -> tuple[list[Events], list[np.ndarray]]:
    """The contractions of each window (window, m), by seconds, in each of which something is known; what is open."""
    if not len(second):
        return [], []
    # A minute of nothing at both ends: there the curve goes back to the tone as in any gap.
    second = np.pad(second, ((0, 0), (int(GAP), int(GAP))), constant_values=np.nan)
    curve, noise, slow = _curves(second)
    each = zip(curve, noise, slow, step, strict=True)
    rises = [_rises(*one) if lowest is None else _rises_above(lowest, *one[:2]) for one in each]
    rows = [row for i, one in enumerate(rises) for row in _between(i, curve[i], one.sure, one.sure)]
    first_open = len(rows)
    for i, one in enumerate(rises):
        if len(one.open):
            rows += _between(i, curve[i], np.sort(np.concatenate([one.sure, one.open])), one.open)
    of, kept, columns = _outlines(curve, second, np.array(rows, dtype=np.intp).reshape(-1, 6).T)
    columns[:3] = np.clip(columns[:3] - GAP, 0.0, duration)
    edges = np.searchsorted(of + len(curve) * (kept >= first_open), np.arange(2 * len(curve) + 1)).tolist()
    events = [Events(*columns[:, a:b]) for a, b in pairwise(edges)]
    whole = np.array([[0.0, duration]])
    open_ = [
        np.stack([may_be.start, may_be.end], axis=1) if one.told else whole
        for one, may_be in zip(rises, events[len(curve) :], strict=True)
    ]
    return events[: len(curve)], open_


def _rises(curve: np.ndarray, noise: float, slow: float, step: float) -> _Rises:
    """Tell contractions by the recording alone: `find_contractions`."""
    peaks, height = _peaks(curve, max(ABOVE_NOISE * noise, OPEN_STEPS * step))
    above = height >= ABOVE_LARGEST * height.max(initial=0.0)
    large = above & (height >= ABOVE_STEPS * step)
    typical = _typical(height[large]) if large.any() else 0.0
    if not typical >= max(SCALE_BREATHS * slow, SCALE_STEPS * step):
        return _Rises(_NONE, told=False)
    sure = large & (height >= SMALLEST_SHARE * typical)
    # Beside those that steps leave open a typical one may be smaller.
    may_be = above & (height >= SMALLEST_SHARE * _typical(height[above]))
    return _Rises(peaks[sure], peaks[may_be & ~sure])


def _rises_above(lowest: float, curve: np.ndarray, noise: float) -> _Rises:
    """Tell contractions by the least rise that one has."""
    peaks, height = _peaks(curve, max(lowest, noise))
    return _Rises(peaks[height >= SMALLEST_SHARE * _typical(height)] if len(peaks) else _NONE)


def _peaks(curve: np.ndarray, least: float) -> tuple[np.ndarray, np.ndarray]:
    """Peaks of one curve that rise by `least`, s, and by how much; a level of 6 min is none."""
    level = 2 * NEIGHBOURHOOD - 2
    return peaks_that_rise(curve, least, distance=CLOSEST, reach=NEIGHBOURHOOD, plateau=level)


def _between(window: int, curve: np.ndarray, peaks: np.ndarray, wanted: np.ndarray) -> list[tuple[int, ...]]:
    """Rows of `_outlines` for those of the peaks of one curve that are wanted; both ascending."""
    borders = [0, *peaks.tolist(), len(curve) - 1]
    rows: list[tuple[int, ...]] = []
    for k in np.searchsorted(peaks, wanted).tolist():
        left, peak, right = borders[k : k + 3]
        low, high = (a + int(curve[a : b + 1].argmin()) for a, b in ((left, peak), (peak, right)))
        rows.append((window, left, peak, right, low, high))
    return rows


def _curves(second: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Smoothed curves, through short gaps and back to the tone in long ones, and the spread of what they left out.

    That spread (window,) is of seconds, and of means of `BREATH` s.
    """
    windows, m = second.shape
    known, smooth = ~np.isnan(second), smoothed(second, SMOOTHING)
    left_out = second - smooth
    whole = left_out[:, : m - m % BREATH].reshape(windows, -1, BREATH).mean(axis=-1)
    noise, slow = _spread(left_out), _spread(whole)
    anchors, levels = [np.flatnonzero(known)], [smooth[known]]
    # In a long gap the curve goes back to the tone of the five minutes at each side, half a minute into the gap.
    for start, end in zip(*runs(np.pad(~known, ((0, 0), (0, 1))).ravel()), strict=True):
        if end - start >= GAP:
            i, start = divmod(int(start), m + 1)
            end = int(end) - (m + 1) * i
            sides = (
                (slice(max(start - TONE_OF, 0), start), start + GAP / 2, m - 1),
                (slice(end, end + TONE_OF), end - GAP / 2, 0),
            )
            for side, place, edge in sides:
                if known[i, side].any():
                    level = _quantile(smooth[i, side][known[i, side]])
                    # Beyond the last gap, and before the first one, it stays there.
                    more = [place] if start > 0 and end < m else [place, edge]
                    anchors.append(m * i + np.array(more))
                    levels.append(np.full(len(more), level))
    places, heights = np.concatenate(anchors), np.concatenate(levels)
    order = np.argsort(places, kind="stable")
    return np.interp(np.arange(second.size), places[order], heights[order]).reshape(second.shape), noise, slow


def _spread(values: np.ndarray) -> np.ndarray:
    """Median of the absolute values that are known (window, k), as a standard deviation; 0 where none is."""
    return np.nan_to_num(1.4826 * medians(np.abs(values))[0])


def _outlines(curve: np.ndarray, second: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Windows, rows (k,), and start, end, peak, amplitude, area, loss (6, k) of the contractions among some peaks.

    Args:
        curve: (window, m).
        second: (window, m).
        rows: (6, peak): window, neighbour's peak to the left, peak, neighbour's peak to the right, between which the
            tone is sought; and the lowest points between them, where it ends at the latest, so that contractions do
            not overlap.
    """
    window, left, peak, right, low, high = rows
    first, last = np.maximum(left, peak - NEIGHBOURHOOD), np.minimum(right, peak + NEIGHBOURHOOD)
    sides = [_side(curve, window, peak, stop) for stop in (first, last)]
    (before, tone_before), (after, tone_after) = sides
    slope = (tone_after - tone_before) / np.maximum(last - first, 1)

    def tone(time: np.ndarray) -> np.ndarray:
        shape = (-1, *[1] * (time.ndim - 1))
        return slope.reshape(shape) * (time - first.reshape(shape)) + tone_before.reshape(shape)

    height = curve[window, peak] - tone(peak)
    steep = height <= 0  # on a steep step of the tone
    height[steep] = 1.0
    away = np.arange(NEIGHBOURHOOD + 1)
    start, end = (
        _way_out((side - tone(peak[:, None] + sign * away)) / height[:, None], np.abs(stop - peak))
        for side, stop, sign in ((before, first, -1), (after, last, 1))
    )
    start, end = np.maximum(peak - start, low), np.minimum(peak + end, high)
    lost = np.pad(np.cumsum(np.isnan(second), axis=-1), ((0, 0), (1, 0)))
    loss = (lost[window, end] - lost[window, start]) / np.maximum(end - start, 1)
    kept = np.flatnonzero(~steep & (end - start >= SHORTEST) & (end - start <= LONGEST) & (loss < LOST))
    window, start, end, peak, loss = (one[kept] for one in (window, start, end, peak, loss))
    slope, first, tone_before = slope[kept], first[kept], tone_before[kept]
    if not len(kept):
        return window, kept, np.empty((6, 0))
    size = end - start
    begin = np.cumsum(size) - size
    of = np.repeat(np.arange(len(kept)), size)
    time = np.arange(len(of)) + (start - begin)[of]
    seen = second[window[of], time]
    rise = np.where(np.isnan(seen), curve[window[of], time], seen) - (slope[of] * (time - first[of]) + tone_before[of])
    amplitude = np.maximum.reduceat(np.where(np.isnan(seen), -np.inf, rise), begin)
    area = np.maximum(np.add.reduceat(rise, begin), 0.0)
    return window, kept, np.array([start, end, peak, amplitude, area, loss], dtype=np.float64)


def _side(curve: np.ndarray, window: np.ndarray, peak: np.ndarray, stop: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The curve from each peak to `stop` at one side (peak, second), and its tone there (peak,)."""
    away, size = np.arange(NEIGHBOURHOOD + 1), np.abs(stop - peak) + 1
    time = np.where(away < size[:, None], peak[:, None] + np.sign(stop - peak)[:, None] * away, stop[:, None])
    values = curve[window[:, None], time]
    ordered = np.sort(np.where(away < size[:, None], values, np.inf), axis=-1)
    return values, ordered[np.arange(len(peak)), (TONE_QUANTILE * size).astype(np.intp)]


def _way_out(above: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Seconds from each peak, at which it is 1, to the tone, or to a low valley before something else.

    Args:
        above: (peak, second), from each peak on.
        last: (peak,) second, to which it is where there is neither.
    """
    time = np.arange(above.shape[1])
    low = (above < LEFT_TONE) & (time <= last[:, None])
    turn = (above[:, 1:-1] < VALLEY) & (above[:, 1:-1] < above[:, 2:])
    low[:, 1:-1] |= turn & (time[1:-1] < last[:, None])
    return np.where(low.any(axis=-1), low.argmax(axis=-1), last)


def _typical(height: np.ndarray) -> float:
    """The height of a typical contraction; many times as fast as numpy.quantile."""
    return float(np.interp(TYPICAL_QUANTILE * (len(height) - 1), np.arange(len(height)), np.sort(height)))


def _quantile(values: np.ndarray) -> float:
    """The tone among `values`; a partial sort is ten times faster than numpy.quantile."""
    k = int(TONE_QUANTILE * len(values))
    return float(np.partition(values, k)[k])
