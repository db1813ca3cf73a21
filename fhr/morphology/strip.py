"""Strip that a guideline judges: a stretch of a recording, its segments, events and known part of UC."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from fhr.errors import SignalError

from .blocks import NOWHERE
from .category import Category, Criterion
from .events import Events
from .minutes import Minutes
from .morphology import Morphology
from .overlap import KNOWN, overlap
from .segments import Segments

__all__ = ["NOT_ASSESSED", "Strip", "events_of", "judge", "strip_of"]

MINUTES = 60.0  # of a strip, unless it is given
CONTRACTIONS = 3  # fewer in a period, and no share of contractions is taken: this package's choice
UNSEEN = 1 / 3  # of a contraction, or of a strip: this package's choice
NOT_ASSESSED = "not assessed"  # `Criterion.category` of a rule that the strip cannot answer


class Strip(NamedTuple):
    """A strip of a recording and the events of the whole recording; times in s from its start.

    Attributes:
        start: s.
        end: s.
        segments: of the recording or of the strip; those with more than half of themselves in the strip are judged.
        minutes: of the recording or of the strip, likewise.
        accelerations: those with the peak in the strip are counted.
        decelerations: from the true beginning to the true end; those with the nadir in the strip are judged, in their
            whole length.
        kind: (m,) early, late, variable, prolonged or unclassified, of each deceleration, by NICHD 2008.
        figo_kind: (m,) the same by FIGO 2015.
        contraction: (m,) row of its contraction, -1 for none.
        bandwidth: (m,) bandwidth within each deceleration, `bandwidth_of_decelerations`, bpm.
        contractions: those with the peak in the strip are counted.
        uc_uncertain: (k, 2) where UC is missing or not to be trusted.
        sinusoidal: (k, 2) sinusoidal stretches.
        fhr_uncertain: (k, 2) where decelerations cannot be seen.
    """

    start: float
    end: float
    segments: Segments
    minutes: Minutes
    accelerations: Events
    decelerations: Events
    kind: np.ndarray
    figo_kind: np.ndarray
    contraction: np.ndarray
    bandwidth: np.ndarray
    contractions: Events
    uc_uncertain: np.ndarray
    sinusoidal: np.ndarray
    fhr_uncertain: np.ndarray = NOWHERE

    @property
    def length(self) -> float:
        """Length, min."""
        return (self.end - self.start) / 60

    @property
    def chosen_minutes(self) -> Minutes:
        """The minutes that lie in the strip by more than half."""
        return self.minutes.within(self.start, self.end)

    @property
    def periods(self) -> np.ndarray:
        """Known baselines (k,) of ten minutes, one beginning at every minute, which lie in the strip by half, bpm."""
        half = min(300.0, (self.end - self.start) / 2)
        levels = self.minutes.within(self.start - half, self.end + half).periods
        return levels[~np.isnan(levels)]

    @property
    def chosen(self) -> Segments:
        """The segments that lie in the strip by more than half."""
        inside = overlap(self.segments.start, self.segments.end, np.array([[self.start, self.end]]))
        keep = inside > (self.segments.end - self.segments.start) / 2
        return Segments(*(column[keep] for column in self.segments))

    @property
    def loss(self) -> float:
        """Fraction of FHR that is missing, from the segments; 1.0 without any."""
        inside = overlap(self.segments.start, self.segments.end, np.array([[self.start, self.end]]))
        return float(inside @ self.segments.loss / inside.sum()) if inside.sum() > 0 else 1.0

    @property
    def judged(self) -> np.ndarray:
        """Flags of the decelerations (m,) that have their nadir in the strip."""
        inside: np.ndarray = (self.decelerations.peak >= self.start) & (self.decelerations.peak < self.end)
        return inside

    def large(self, amplitude: float, duration: float, *, more: bool) -> np.ndarray:
        """Flags of the decelerations (m,) of at least that amplitude, bpm, and duration, s; of more than that if asked.

        Both are taken as they would be read, to the nearest hundredth.
        """
        falls = self.decelerations
        deep, long = falls.amplitude.round(2), (falls.end - falls.start).round(2)
        return (deep > amplitude) & (long > duration) if more else (deep >= amplitude) & (long >= duration)

    def without(self, decelerations: np.ndarray) -> bool:
        """True if none of the flagged decelerations (m,) lies in the strip, of which FHR shows at least two thirds."""
        unseen = float(overlap(self.start, self.end, self.fhr_uncertain))
        return not (self.judged & decelerations).any() and unseen < UNSEEN * (self.end - self.start)

    @property
    def sinusoidal_minutes(self) -> float:
        """Length of the longest sinusoidal stretch of the recording that reaches 10 min into the strip, min."""
        here = np.minimum(self.sinusoidal[:, 1], self.end) - np.maximum(self.sinusoidal[:, 0], self.start)
        length = np.diff(self.sinusoidal, axis=1)[:, 0][here >= min(600.0, self.end - self.start)]
        return float(length.max(initial=0.0)) / 60

    def share(self, flags: np.ndarray, minutes: float, within: tuple[float, float] | None = None) -> float:
        """The largest share of contractions that have a flagged deceleration, over any period of `minutes`.

        Periods begin a minute apart. One counts with UC known for half of it, and 3 contractions in it. A contraction
        counts with a deceleration of any kind, or with FHR to tell that there is none for two thirds of it.

        Args:
            flags: (m,) of the decelerations.
            minutes: length of the period.
            within: start and end that the periods lie in, s; None for the strip.

        Returns:
            0 to 1; NaN where no period counts, for want of UC or of contractions, or because the strip is shorter.
        """
        start, end = within or (self.start, self.end)
        begin = np.arange(end - minutes * 60, start - 1e-6, -60.0)
        stop = begin + minutes * 60
        chosen = self.contraction[flags & (self.contraction >= 0)]
        with_one = np.sort(self.contractions.peak[np.unique(chosen)])
        peaks = np.sort(self.contractions.peak[self._told])
        count = np.searchsorted(peaks, stop) - np.searchsorted(peaks, begin)
        hit = np.searchsorted(with_one, stop) - np.searchsorted(with_one, begin)
        counts = (overlap(begin, stop, self.uc_uncertain) < KNOWN * (stop - begin)) & (count >= CONTRACTIONS)
        return float((hit[counts] / count[counts]).max()) if counts.any() else np.nan

    @property
    def _told(self) -> np.ndarray:
        """Which contractions tell whether there is a deceleration with them."""
        start, end = self.contractions.start, self.contractions.end
        told: np.ndarray = overlap(start, end, self.fhr_uncertain) < UNSEEN * (end - start)
        told[self.contraction[self.contraction >= 0]] = True
        return told

    def not_assessed(self, name: str, minutes: float, source: str) -> Criterion:
        """Remark on a rule that needs contractions which are not known."""
        rule = f"not assessed: in no {minutes:g} min is half of UC known with {CONTRACTIONS} contractions"
        return Criterion(name, NOT_ASSESSED, np.nan, rule, source)


def judge(
    strip: Strip,
    guideline: str,
    rules: Callable[[Strip], list[Criterion]],
    *,
    order: tuple[str, ...],
    normal: str,
    undetermined: str,
) -> Category:
    """Categorise a strip by a guideline: the category is that of the gravest criterion which fired.

    "uninterpretable" where more than half of FHR is missing, or no ten minutes have a level: no rule is asked then.

    Args:
        strip: what is judged.
        guideline: its name.
        rules: gives what fired, and what could not be assessed.
        order: the guideline's categories but the best, gravest first.
        normal: the category of a strip in which nothing fired.
        undetermined: that of one in which nothing fired and a rule could not be assessed.
    """
    if strip.loss > KNOWN or not len(strip.periods):
        rule = "more than half of FHR is missing, or no ten minutes have a level"
        criterion = Criterion("signal loss", "uninterpretable", strip.loss, rule, "this package")
        return Category(guideline, "uninterpretable", strip.start, strip.end, (criterion,))
    ranks = (*order, NOT_ASSESSED)
    found = sorted(rules(strip), key=lambda criterion: ranks.index(criterion.category))
    label = found[0].category if found else normal
    return Category(guideline, undetermined if label == NOT_ASSESSED else label, strip.start, strip.end, tuple(found))


def strip_of(morphology: Morphology, start_s: float | None = None, end_s: float | None = None) -> Strip:
    """Cut the strip from `start_s` to `end_s`; by default the last 60 min, or what there is.

    Raises:
        SignalError: a strip that is empty or not within the recording.
    """
    duration = len(morphology.baseline) / morphology.fs
    end = duration if end_s is None else float(end_s)
    start = max(0.0, end - 60 * MINUTES) if start_s is None else float(start_s)
    if not 0 <= start < end <= duration + 1e-6:
        raise SignalError(
            f"{morphology.name}: strip from {start:g} to {end:g} s; it must lie within the {duration:g} s recorded, "
            "and end after it starts"
        )
    uncertain = {
        channel: rows[["start_s", "end_s"]].to_numpy(dtype=np.float64)
        for channel, rows in morphology.uncertain.groupby("channel")
    }
    falls, minutes = morphology.decelerations, morphology.minutes
    table = morphology.segments
    return Strip(
        start,
        end,
        Segments(*(_column(table, name) for name in _SEGMENT_COLUMNS)),
        Minutes(*(_column(minutes, name) for name in ("start_s", "loss", "baseline", "bandwidth"))),
        events_of(morphology.accelerations),
        events_of(falls)._replace(start=_column(falls, "onset_s"), end=_column(falls, "recovery_s")),
        falls["kind"].to_numpy(dtype=object),
        falls["figo_kind"].to_numpy(dtype=object),
        falls["contraction"].to_numpy(dtype=np.int64),
        _column(falls, "bandwidth"),
        events_of(morphology.contractions),
        uncertain.get("uc", NOWHERE),
        morphology.sinusoidal[["start_s", "end_s"]].to_numpy(dtype=np.float64),
        uncertain.get("fhr", NOWHERE),
    )


_SEGMENT_COLUMNS = ("start_s", "end_s", "loss", "baseline", "variability", "stv_ms", "contractions", "tachysystole")
_EVENT_COLUMNS = ("start_s", "end_s", "peak_s", "amplitude", "area", "loss")


def events_of(table: pd.DataFrame) -> Events:
    """Rebuild the events of a table that `event_table` made."""
    return Events(*(_column(table, name) for name in _EVENT_COLUMNS))


def _column(table: pd.DataFrame, name: str) -> np.ndarray:
    values: np.ndarray = table[name].to_numpy(dtype=np.float64, na_value=np.nan)
    return values
