"""Contractions in uterine activity, and the stretches in which the signal cannot show any.

No shape is assumed. The curve is smoothed until the single push and the breath are gone; what stands out of its
surroundings by enough is a contraction, and it lasts from where the curve leaves the resting tone to where it returns.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.signal import find_peaks

from fhr.errors import FHRError, SignalError
from fhr.preprocessing import fill_runs, runs

from .events import Events, no_events
from .seconds import by_second, smoothed

__all__ = ["UncertainActivity", "find_contractions", "uncertain_activity"]

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
ABOVE_NOISE = 1.0  #: times the spread of what smoothing took away: 5 times what it leaves of white noise
LOST = 1 / 3  #: share of a contraction that may be missing
TONE_OF = 300  #: s beside a long gap from which the tone there is taken
GAP = 60.0  #: s; the curve is drawn through shorter gaps, and goes back to the tone in longer ones
FLAT = 60.0  #: s; a living belt shows breathing and steps; one value for longer is a belt that measures nothing


class UncertainActivity(NamedTuple):
    """Stretches in which contractions cannot be seen.

    Attributes:
        start: (k,) s from the start of the recording, ascending.
        end: (k,) s.
        reason: (k,) "missing", "flat" (one value throughout, as of a belt that is off) or "saturated" (the same at the
            largest value of the recording).
    """

    start: np.ndarray
    end: np.ndarray
    reason: np.ndarray

    @property
    def ranges(self) -> np.ndarray:
        """Start and end of each stretch, (k, 2), s."""
        return np.stack([self.start, self.end], axis=1)


def find_contractions(uc: np.ndarray, fs: float, *, lowest: float = 5.0) -> Events:
    """Find contractions in uterine activity by the prominence of the smoothed curve.

    The curve is taken at 1 Hz, without flat stretches, and smoothed by a Gaussian of 8 s over what is known. A peak is
    a contraction if within 3 min to each side the curve falls below it by `lowest`, by 0.3 of a typical contraction of
    the recording, and by the spread of the part that smoothing takes away; of peaks nearer than 50 s the highest.
    The resting tone is the 10 % quantile of the curve at each side, up to the next contraction and at most 3 min away;
    the contraction begins and ends where the curve comes within 0.15 of its height of the line between the two, or
    turns up again below 0.35, or at the lowest point before the next. Events of less than 30 s or more than 4 min, or
    with a third or more missing, are left out.

    Pushing in the second stage: the spikes of one contraction (10 to 20 s apart) are one event. Contractions cut by
    the ends of the recording count if two thirds of them, the rest taken to fall back within half a minute, are there.
    Left out: amplitudes are those of the belt, not of the womb (an external tocometer has no calibration), and so are
    Montevideo units; coupled contractions with peaks within 50 s count as one.

    Args:
        uc: (n,), any unit, NaN is missing.
        fs: sampling rate, 1 Hz or more.
        lowest: the least rise that is looked for, in units of the channel. The default is for monitors that write 0
            to 100 or 127; a rise of 5 is 2 mm on paper. It alone protects a recording without any contraction.

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
    _check(uc, fs)
    if not lowest > 0:
        raise FHRError(f"lowest={lowest}; give the least rise of a contraction, more than 0 units")
    second = by_second(np.where(fill_runs(*_flat(uc, fs), len(uc)), np.nan, uc), fs)
    if np.isnan(second).all():
        return no_events()
    # A minute of nothing at both ends: there the curve goes back to the tone as in any gap.
    pad = int(GAP)
    second = np.pad(second, pad, constant_values=np.nan)
    curve, noise = _curve(second)
    least = max(lowest, ABOVE_NOISE * noise)
    peaks, found = find_peaks(curve, distance=CLOSEST, prominence=least, wlen=2 * NEIGHBOURHOOD + 1)
    if not len(peaks):
        return no_events()
    height = found["prominences"]
    peaks = peaks[height >= SMALLEST_SHARE * np.quantile(height, TYPICAL_QUANTILE)]
    borders = [0, *peaks.tolist(), len(curve) - 1]
    valleys = [a + int(np.argmin(curve[a : b + 1])) for a, b in pairwise(borders)]
    rows = [_outline(curve, second, *borders[i : i + 3], *valleys[i : i + 2]) for i in range(len(peaks))]
    columns = np.array([row for row in rows if row is not None]).reshape(-1, 6).T
    columns[:3] = np.clip(columns[:3] - pad, 0.0, len(uc) / fs)
    return Events(*columns)


def uncertain_activity(uc: np.ndarray, fs: float) -> UncertainActivity:
    """Find the stretches that hide contractions: missing, flat and saturated ones of a minute or more.

    Islands of less than 30 s between two such stretches are part of them. Shorter gaps are bridged by the detector and
    left out here: the loss of each contraction tells of them. A saturated top shorter than a minute is part of a
    contraction. Left out: a resting tone below the channel's zero, which monitors write as missing, cannot be told
    from a belt that is off, and is missing here.

    Args:
        uc: (n,), any unit, NaN is missing.
        fs: sampling rate, 1 Hz or more.

    Raises:
        SignalError: `uc` is not one-dimensional or `fs` is below 1 Hz.

    >>> uncertain_activity(np.repeat([np.nan, 3.0, 127.0], 100), 1.0)
    UncertainActivity(start=array([  0., 100., 200.]), end=array([100., 200., 300.]),
        reason=array(['missing', 'flat', 'saturated'], dtype=object))
    """
    _check(uc, fs)
    flat_start, flat_end = _flat(uc, fs)
    missing_start, missing_end = runs(np.isnan(uc) & ~fill_runs(flat_start, flat_end, len(uc)))
    long = missing_end - missing_start >= min(GAP * fs, len(uc))
    held = uc[flat_start]
    full = (held == np.nanmax(uc)) & (held > np.nanmin(uc)) if len(held) else np.empty(0, dtype=bool)
    start = np.concatenate([flat_start, missing_start[long]])
    end = np.concatenate([flat_end, missing_end[long]])
    reason = np.append(np.where(full, "saturated", "flat"), np.full(long.sum(), "missing")).astype(object)
    order = np.argsort(start)
    start, end, reason = start[order] / fs, end[order] / fs, reason[order]
    # An island between two of them, too short for a contraction, belongs to the first.
    island = start[1:] - end[:-1] < SHORTEST
    end[:-1][island] = start[1:][island]
    return UncertainActivity(start, end, reason)


def _check(uc: np.ndarray, fs: float) -> None:
    if np.ndim(uc) != 1:
        raise SignalError(f"uc has shape {np.shape(uc)}; give one channel, (n,)")
    if not 1 <= fs < np.inf:
        raise SignalError(f"uc is sampled at {fs:g} Hz; contractions need 1 Hz or more")


def _flat(uc: np.ndarray, fs: float) -> tuple[np.ndarray, np.ndarray]:
    """First and one-past-last samples of stretches of one value, short gaps included, of `FLAT` s or more."""
    known = np.flatnonzero(~np.isnan(uc))
    if not len(known):
        return known, known
    change = np.flatnonzero((np.diff(uc[known]) != 0) | (np.diff(known) > GAP * fs))
    first, last = known[np.append(0, change + 1)], known[np.append(change, len(known) - 1)] + 1
    flat = last - first >= FLAT * fs
    return first[flat], last[flat]


def _curve(second: np.ndarray) -> tuple[np.ndarray, float]:
    """The smoothed curve, through short gaps and back to the tone in long ones, and the spread of what it left out."""
    known, smooth = ~np.isnan(second), smoothed(second, SMOOTHING)
    noise = 1.4826 * float(np.median(np.abs(second - smooth)[known]))
    anchor, level = np.flatnonzero(known), smooth[known]
    # In a long gap the curve goes back to the tone of the five minutes at each side, half a minute into the gap.
    for start, end in zip(*runs(~known), strict=True):
        if end - start >= GAP:
            sides = (
                (slice(max(start - TONE_OF, 0), start), start + GAP / 2),
                (slice(end, end + TONE_OF), end - GAP / 2),
            )
            for side, place in sides:
                if known[side].any():
                    anchor, level = np.append(anchor, place), np.append(level, _quantile(smooth[side][known[side]]))
    order = np.argsort(anchor, kind="stable")
    return np.interp(np.arange(len(second)), anchor[order], level[order]), noise


def _outline(
    curve: np.ndarray, second: np.ndarray, left: int, peak: int, right: int, low: int, high: int
) -> tuple[float, ...] | None:
    """Start, end, peak, amplitude, area and loss of the contraction at `peak`; None where it is none.

    The tone is sought between the neighbours' peaks `left` and `right`; it ends at the lowest points `low` and `high`
    between them at the latest, so that contractions do not overlap.
    """
    first, last = max(left, peak - NEIGHBOURHOOD), min(right, peak + NEIGHBOURHOOD)
    before, after = curve[first : peak + 1], curve[peak : last + 1]
    tone = np.interp(np.arange(first, last + 1), [first, last], [_quantile(before), _quantile(after)])
    height = curve[peak] - tone[peak - first]
    if height <= 0:  # on a steep step of the tone
        return None
    above = (curve[first : last + 1] - tone) / height
    start = max(peak - _way_out(above[peak - first :: -1]), low)
    end = min(peak + _way_out(above[peak - first :]), high)
    if not SHORTEST <= end - start <= LONGEST:
        return None
    seen = second[start:end]
    lost = np.isnan(seen)
    if lost.mean() >= LOST:
        return None
    rise = np.where(lost, curve[start:end], seen) - tone[start - first : end - first]
    return start, end, peak, float(rise[~lost].max()), max(float(rise.sum()), 0.0), float(lost.mean())


def _way_out(above: np.ndarray) -> int:
    """Seconds from the peak, at which `above` is 1, to the tone, or to a low valley before something else."""
    low = above < LEFT_TONE
    low[1:-1] |= (above[1:-1] < VALLEY) & (above[1:-1] < above[2:])
    return int(np.argmax(low)) if low.any() else len(above) - 1


def _quantile(values: np.ndarray) -> float:
    """The tone among `values`; a partial sort is ten times faster than numpy.quantile."""
    k = int(TONE_QUANTILE * len(values))
    return float(np.partition(values, k)[k])
