"""One labour under two names: found by its heart rate, which another format or a rounding hardly changes."""

from collections.abc import Sequence

import numpy as np

from fhr.recording import Recording

__all__ = ["same_labours"]

_ROUNDED = 0.51  # bpm: whole numbers are the coarsest that recordings are written in
_ALIKE = 0.95  # of the seconds that both have
_LEAST = 60  # of these; fewer, or less variation, tell no labour from another
_LEAST_SD = 2.0  # bpm
_FIRST = 60  # seconds that are compared before all are


def same_labours(recordings: Sequence[Recording]) -> dict[int, int]:
    """Find recordings whose heart rate is that of an earlier one, up to rounding.

    The heart rates are compared a second at a time from their first sample, and back from their last one, so that a
    copy in another format, at a multiple of the sampling rate, without gaps at its ends, without uterine activity, or
    cut short is found. Heart rates that hardly vary, or have less than a minute in common, tell nothing.

    Args:
        recordings: of any length and sampling rate.

    Returns:
        Position of the earlier recording, by that of the later one.

    >>> rate = 140 + 20 * np.sin(np.arange(2400) ** 1.5 / 300)
    >>> one = Recording("one", rate, np.ones(2400), 4.0)
    >>> same_labours([one, Recording("two", rate[1200:].round(), np.zeros(1200), 4.0)])
    {1: 0}
    """
    found: dict[int, int] = {}
    forwards = [_seconds(recording) for recording in recordings]
    telling = [i for i, rate in enumerate(forwards) if rate.size >= _LEAST and np.nanstd(rate) >= _LEAST_SD]
    backwards = {i: _seconds(recordings[i], backwards=True) for i in telling}
    for rates in ({i: forwards[i] for i in telling}, backwards):
        for a, b in _candidates(rates):
            if _alike(rates[a], rates[b]):
                found[max(a, b)] = min(found.get(max(a, b), a), a, b)
    return dict(sorted(found.items()))


def _seconds(recording: Recording, *, backwards: bool = False) -> np.ndarray:
    """The heart rate of each second from the first sample that there is, or back from the last one."""
    there = np.flatnonzero(~np.isnan(recording.fhr))
    if not there.size:
        return np.empty(0, np.float32)
    rate = recording.fhr[there[0] : there[-1] + 1]
    at = np.rint(np.arange(int((rate.size - 1) / recording.fs) + 1) * recording.fs).astype(np.intp)
    return (rate[::-1] if backwards else rate)[at]


def _candidates(rates: dict[int, np.ndarray]) -> list[tuple[int, int]]:
    """Pairs that begin alike."""
    order = sorted(rates, key=lambda i: float(rates[i][0]))
    begins = np.array([rates[i][:_FIRST] for i in order])
    pairs = []
    for k, begin in enumerate(begins):
        end = int(np.searchsorted(begins[:, 0], begin[0] + _ROUNDED, side="right"))
        apart = np.abs(begins[k + 1 : end] - begin) > _ROUNDED  # never where one is missing
        pairs += [(order[k], order[k + 1 + j]) for j in np.flatnonzero(apart.mean(axis=1) <= 1 - _ALIKE)]
    return pairs


def _alike(one: np.ndarray, other: np.ndarray) -> bool:
    n = min(one.size, other.size)
    both = ~(np.isnan(one[:n]) | np.isnan(other[:n]))
    a, b = one[:n][both], other[:n][both]
    if a.size < _LEAST or a.std() < _LEAST_SD:
        return False
    return bool((np.abs(a - b) <= _ROUNDED).mean() >= _ALIKE)
