"""Alignment of windows: elastic within a band, by dynamic time warping, or one shift; what is left of them in bpm.

Both signals are warped or shifted together, so that the lag between contractions and heart rate is kept, and neither is
scaled by record.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from fhr.errors import FHRError
from fhr.synthesis import fill_for_transform

from .coarse_signals import coarse_signals
from .labour_windows import LabourWindows

__all__ = ["Alignment", "elastic_alignment", "rigid_alignment"]

_ENOUGH = 0.5  # of the heart rate that both must have


class Alignment(NamedTuple):
    """Fit of windows to a query that they are aligned with; NaN of those with too little heart rate where it has some.

    Attributes:
        rms_bpm: (n,) root mean square difference of what both measured, bpm, UC times `UC_WEIGHT`.
        lag_s: (n,) by how much each lags behind the query, s.
    """

    rms_bpm: np.ndarray
    lag_s: np.ndarray


def elastic_alignment(
    query: LabourWindows, candidates: LabourWindows, *, band: float = 30.0, fs: float = 0.25
) -> Alignment:
    """Align windows with a query by dynamic time warping within a band (Sakoe and Chiba 1978).

    The path is the one of least squared differences (doi:10.1109/TASSP.1978.1163055; found by dtaidistance) between the
    signals with their gaps filled by lines, `fhr.synthesis.fill_for_transform(rule="linear")`; a signal that either
    window lacks throughout does not lead it. The distance is taken along the path over what both measured, without the
    steps at which one of them waits at its first or last mean for the other: windows are cut out of longer labours. It
    is NaN where both have heart rate at less than half of the steps. The lag is the median over those that have.

    200 windows of 20 min take 0.1 to 0.2 s on one core (`benchmarks/similarity_speed.py`).

    Args:
        query: one window.
        candidates: n windows of the same channels, rate and length.
        band: largest shift either way, s.
        fs: rate of the means that are compared, Hz.

    Raises:
        FHRError: dtaidistance is not installed, windows of another kind, a query without heart rate, or a band that is
            shorter than one mean.
        SignalError: a rate that does not divide that of the windows.

    Example:
        >>> times = np.arange(0, 1200, 4.0)
        >>> dip = 140 - 30 * np.exp(-(((times[:, None] - [600, 612]) / 60) ** 2)).T
        >>> windows = LabourWindows(dip[:, None], ("fhr",), 0.25, np.array(["a", "b"]), np.zeros(2), np.full(2, 1200))
        >>> [round(float(values[0]), 1) for values in elastic_alignment(windows[0], windows[1])]
        [0.0, 12.0]
    """
    warping_path = _warping_path()
    a, b, most = _compared(query, candidates, band, fs)
    n = a.shape[-1]
    (one,), each = _filled(a), _filled(b)
    found = Alignment(np.full(len(b), np.nan), np.full(len(b), np.nan))
    for k in range(len(b)):
        both = ~(np.isnan(a[0]).all(axis=1) | np.isnan(b[k]).all(axis=1))
        if not both[0]:
            continue
        left, right = (np.ascontiguousarray(signal[both].T) for signal in (one, each[k]))
        if both.sum() == 1:
            left, right = left[:, 0], right[:, 0]
        path = np.array(warping_path(left, right, window=most + 1))  # 1 for no shift
        i, j = _moving(path, n).T
        away = (a[0][:, i] - b[k][:, j])[None]
        found.rms_bpm[k] = _rms(away, len(i))[0]
        if np.isfinite(found.rms_bpm[k]):
            found.lag_s[k] = np.median((j - i)[~np.isnan(away[0, 0])]) / fs
    return found


def rigid_alignment(
    query: LabourWindows, candidates: LabourWindows, *, most: float = 30.0, fs: float = 0.25
) -> Alignment:
    """Align windows with a query by the one shift that leaves least; the smaller one of equal shifts.

    A shift counts where both have heart rate for half of the window. Arguments and errors are those of
    `elastic_alignment`, without dtaidistance.

    Args:
        query: one window.
        candidates: n windows of the same channels, rate and length.
        most: largest shift either way, s.
        fs: rate of the means that are compared, Hz.
    """
    a, b, shifts = _compared(query, candidates, most, fs)
    n = a.shape[-1]
    best = Alignment(np.full(len(b), np.nan), np.full(len(b), np.nan))
    for shift in sorted(range(-shifts, shifts + 1), key=abs):
        later, earlier = max(0, shift), max(0, -shift)
        rms = _rms(b[..., later : n - earlier] - a[..., earlier : n - later], n)
        better = ~(rms >= best.rms_bpm) & np.isfinite(rms)
        best.rms_bpm[better], best.lag_s[better] = rms[better], shift / fs
    return best


def _compared(
    query: LabourWindows, candidates: LabourWindows, most: float, fs: float
) -> tuple[np.ndarray, np.ndarray, int]:
    """Means (1, channel, time) and (n, channel, time), and the largest shift in samples."""
    if len(query) != 1:
        raise FHRError(f"{len(query)} queries; align with one window at a time")
    a, b = ((one.channels, one.fs, one.signal.shape[1:]) for one in (query, candidates))
    if a != b or query.signal.ndim != 3:
        raise FHRError(f"a query of {_kind(query)} among windows of {_kind(candidates)}; align those of one kind")
    if not (0 < fs < np.inf):
        raise FHRError(f"fs={fs:g} Hz; give a rate above 0, such as 0.25")
    if not 1 <= most * fs < np.inf:
        raise FHRError(f"shifts of up to {most:g} s between means of {1 / fs:g} s; allow one or more of them")
    left, right = coarse_signals(query, fs), coarse_signals(candidates, fs)
    if np.isnan(left[0, 0]).all():
        raise FHRError(f"{query.names[0]}: the query has no heart rate; ask about another window")
    shifts = min(int(most * fs + 1e-9), left.shape[-1] - 1)
    return left.astype(np.float64), right.astype(np.float64), shifts


def _kind(windows: LabourWindows) -> str:
    samples = " x ".join(map(str, windows.signal.shape[2:]))
    return f"{', '.join(windows.channels)} at {windows.fs:g} Hz, {samples} samples"


def _moving(path: np.ndarray, n: int) -> np.ndarray:
    """Steps (k, 2) of a path from the last at a first sample to the first at a last one."""
    # Not by the library's `psi`: of 2.5.1 the path is then not always that of the distance.
    first, last = (path == 0).sum(axis=0).max() - 1, (path == n - 1).sum(axis=0).max() - 1
    return path[first : len(path) - last]


def _rms(away: np.ndarray, n: int) -> np.ndarray:
    """Root mean square (k,) of differences (k, channel, steps); NaN with fewer than half of n in the first channel."""
    known = ~np.isnan(away)
    squares = np.where(known, away, 0)
    total = np.einsum("kct,kct->k", squares, squares)
    rms: np.ndarray = np.sqrt(total / np.maximum(known.sum(axis=(1, 2)), 1))
    return np.where(known[:, 0].sum(axis=-1) >= _ENOUGH * n, rms, np.nan)


def _filled(signals: np.ndarray) -> np.ndarray:
    """Signals (n, channel, time) without gaps; one without a sample is 0."""
    filled = np.zeros_like(signals)
    some = ~np.isnan(signals).all(axis=-1)
    if some.any():
        filled[some] = fill_for_transform(signals[some], rule="linear", least=0)
    return filled


def _warping_path() -> Callable[..., Any]:
    try:
        from dtaidistance import dtw, dtw_cc  # noqa: F401  the compiled part, which the other one does without
    except ImportError:
        raise FHRError(
            "an elastic alignment needs dtaidistance with its compiled part, which is not installed; "
            "pip install 'intrapartum-fhr[similarity]', or use `rigid_alignment`"
        ) from None
    path: Callable[..., Any] = dtw.warping_path_fast
    return path
