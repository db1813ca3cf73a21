"""Tachysystole: more contractions than the guidelines allow, minute by minute."""

from typing import NamedTuple

import numpy as np

from fhr.errors import FHRError

from .events import Events
from .overlap import KNOWN, overlap

__all__ = ["Tachysystole", "tachysystole", "tachysystole_at"]

TACHYSYSTOLE = 5.0  # contractions in 10 min: FIGO 2015 and NICHD 2008


class Tachysystole(NamedTuple):
    """The state at the end of each minute from the 20th on.

    Attributes:
        end: (k,) s from the start of the recording.
        rate: (k,) contractions in 10 min, on average of the last 30 min; NaN before the 30th minute, and where half of
            the period's UC or more is uncertain.
        present: (k,) 1 with tachysystole, 0 without, NaN where the missing UC leaves it open.
    """

    end: np.ndarray
    rate: np.ndarray
    present: np.ndarray


def tachysystole(contractions: Events, duration: float, uc_uncertain: np.ndarray | None = None) -> Tachysystole:
    """More than 5 contractions in 10 min, in two successive periods of 10 min or on average of 30 min.

    The periods end at every full minute, so that none is missed between the 10-minute segments of the recording. A
    contraction counts where its peak is. Where UC is uncertain the count is a lower bound: too many are too many, but
    too few say nothing where half of a period or more is uncertain.

    Args:
        contractions: events, s.
        duration: length of the recording, s.
        uc_uncertain: (m, 2) disjoint stretches in which UC is not to be trusted, s.

    Raises:
        FHRError: `duration` is not positive.

    Source:
        FIGO 2015, doi:10.1016/j.ijgo.2015.06.020 (either); NICHD 2008, doi:10.1097/AOG.0b013e3181841395 (average of
        30 min).

    >>> peaks = np.arange(45.0, 3600.0, 90.0)
    >>> found = tachysystole(Events(peaks - 30, peaks + 30, peaks, *np.ones((3, len(peaks)))), 3600.0)
    >>> found.end[[0, -1]] / 60, found.rate[-1].round(2), found.present.all()
    (array([20., 60.]), np.float64(6.67), np.True_)
    """
    if not 0 < duration < np.inf:
        raise FHRError(f"duration={duration} s; give the length of the recording")
    uncertain = np.empty((0, 2)) if uc_uncertain is None else np.asarray(uc_uncertain, dtype=np.float64).reshape(-1, 2)
    return tachysystole_at(60.0 * np.arange(20, int(duration // 60) + 1), contractions, uncertain)


def tachysystole_at(
    end: np.ndarray, contractions: Events, uc_uncertain: np.ndarray, *, begin: float = 0.0
) -> Tachysystole:
    """The same at times `end` (k,), s; open within 20 min of `begin`, where the recording or window begins."""
    peaks = np.sort(contractions.peak)

    def count(start: np.ndarray, stop: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return (
            (np.searchsorted(peaks, stop) - np.searchsorted(peaks, start)).astype(np.float64),
            overlap(start, stop, uc_uncertain) < KNOWN * (stop - start),
        )

    thirty, known = count(end - 1800, end)
    whole = end - begin >= 1800
    (first, first_known), (second, second_known) = count(end - 1200, end - 600), count(end - 600, end)
    rate = np.where(whole & known, thirty / 3, np.nan)
    present = whole & (thirty / 3 > TACHYSYSTOLE) | (np.minimum(first, second) > TACHYSYSTOLE)
    # Either of two periods that is known and has few contractions is enough to say no to "two successive".
    open_ = ~((first_known & (first <= TACHYSYSTOLE)) | (second_known & (second <= TACHYSYSTOLE))) | (whole & ~known)
    open_ |= end - begin < 1200
    return Tachysystole(end, rate, np.where(present, 1.0, np.where(open_, np.nan, 0.0)))
