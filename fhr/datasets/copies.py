"""One labour that stands twice in a database: in two formats, in two folders, with and without its uterine activity."""

from collections.abc import Sequence

import numpy as np

from fhr.recording import Recording

__all__ = ["same_labour"]

_ROUNDING = 0.05  # bpm; formats round to 0.01 or less, their averages likewise


def same_labour(recordings: Sequence[Recording]) -> tuple[int, int] | None:
    """Positions of two recordings with the same heart rate but for rounding and missing samples at the ends; or None.

    Other signals do not count. A heart rate that does not vary is of no labour.

    >>> rate = np.r_[np.nan, 130:150]
    >>> made = [Recording(name, x, np.ones(len(x)), 4.0) for name, x in (("a", rate), ("b", rate[1:] + 0.004))]
    >>> same_labour(made), same_labour(made[:1])
    ((0, 1), None)
    """
    found = []
    for i, recording in enumerate(recordings):
        rate = recording.fhr
        known = np.flatnonzero(~np.isnan(rate))
        if len(known) and np.ptp(rate[known]) > 0:
            rate = rate[known[0] : known[-1] + 1]
            found.append((len(rate), recording.fs, float(np.nanmean(rate, dtype=np.float64)), i, rate))
    found.sort(key=lambda one: one[:4])
    for n, (length, fs, mean, i, rate) in enumerate(found):
        for other in found[n + 1 :]:
            if other[:2] != (length, fs) or other[2] - mean > _ROUNDING:
                break
            if np.allclose(rate, other[4], rtol=0, atol=_ROUNDING, equal_nan=True):
                return min(i, other[3]), max(i, other[3])
    return None
