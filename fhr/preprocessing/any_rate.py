"""Recordings at another rate: 1, 3.2, 5, 250 Hz or heart beats on a fine grid, to any other rate, gaps kept."""

from math import isfinite

import numpy as np

from fhr.errors import FHRError, SignalError
from fhr.recording import Recording, Step

from .resampling import block_mean

__all__ = ["resample"]

_LONGEST_REACH = 3.0  # s; a beat at 20 bpm: what lies further apart is no pair of neighbours but a gap
_WHOLE = 1e-6  # of a sample: two borders that are nearer are one, rates are rarely whole in floating point
_MOST = 1 << 28  # samples of a result: two weeks at 200 Hz


def resample(recording: Recording, fs: float, *, reach: float = 0.0) -> Recording:
    r"""Resample the signals of a recording to `fs`; gaps stay gaps, no value is invented across one.

    Sample $i$ of $n$ at the rate $f$ stands for the time from $i/f$ to $(i+1)/f$, that of the result alike. Both end
    together, since windows are counted back from the end; what does not fill a first sample is left out.

    - Down: a sample is the mean of what is valid in its time, however little that is, weighted by time; blocks of
      whole samples where the ratio is whole (`block_mean`). The mean is the filter against aliasing, of the gain
      $\sin(\pi\nu/f)/(\pi\nu/f)$ at the frequency $\nu$: -3.9 dB at half the new rate, 0 at the new rate.
    - Up: a sample has the value at its middle on the line between the middles of two samples that are neighbours; at
      the border of a gap and at the ends the value of the sample in whose time it lies. Nothing is filtered.

    A gap that is shorter than a sample of the result leaves no trace in it. Signals stay measured (`provenance`).

    Args:
        recording: at any rate.
        fs: rate of the result, Hz.
        reach: s, up to 3; two valid samples not further apart are neighbours, and what is missing between them lies on
            the line that joins them. By default only samples side by side are; a grid on which heart beats stand needs
            more, 1 say.

    Returns:
        The recording with a step "resample" in its history: `from_fs`, `fs`, `method` ("mean" or "line"), `reach` and
        `dropped_s`, the time that is left out at the start; `stage2_start` is counted from the new start. The very
        recording where it has this rate and nothing reaches further.

    Raises:
        FHRError: a rate that is no positive number, or a reach outside 0 to 3 s.
        SignalError: a recording that is shorter than one sample of the result, or a result that is too long to hold.

    Example:
        >>> from fhr.recording import Recording
        >>> one = Recording("a", np.array([140, 142, np.nan, 120]), np.full(4, np.nan), fs=1)
        >>> resample(one, 2).fhr
        array([140. , 140.5, 141.5, 142. ,   nan,   nan, 120. , 120. ], dtype=float32)
        >>> resample(one, 0.5).fhr
        array([141., 120.], dtype=float32)
    """
    if isinstance(fs, bool) or not isinstance(fs, int | float | np.number) or not (isfinite(fs) and fs > 0):
        raise FHRError(f"fs={fs!r}; the rate is a positive number, in Hz")
    if not 0 <= reach <= _LONGEST_REACH:
        raise FHRError(
            f"reach={reach!r}; it is 0 to {_LONGEST_REACH:g} s: a longer gap is filled by interpolate_gaps, as a choice"
        )
    fs = float(fs)
    bridged = np.floor(reach * recording.fs + _WHOLE)  # samples from one neighbour to the other
    if fs == recording.fs and bridged < 2:
        return recording
    ratio = recording.fs / fs  # samples of the recording in one of the result
    n = int(len(recording) / ratio + _WHOLE)
    if n < 1:
        raise SignalError(f"{recording.name}: {recording.duration:g} s, shorter than one sample at {fs:g} Hz")
    if n > _MOST:
        raise SignalError(f"{recording.name}: {n} samples at {fs:g} Hz, too many to hold; give a lower rate")

    def changed(signal: np.ndarray | None) -> np.ndarray | None:
        if signal is None:
            return None
        joined = _joined(signal, int(bridged)) if bridged >= 2 else signal
        return _means(joined, ratio, n) if ratio >= 1 else _on_lines(joined, ratio, n)

    dropped = max(0.0, recording.duration - n / fs)
    step = {
        "from_fs": float(recording.fs),
        "fs": fs,
        "method": "mean" if ratio >= 1 else "line",
        "reach": float(reach),
        "dropped_s": round(dropped, 6),
    }
    return recording.after(
        Step("resample", step),
        fhr=changed(recording.fhr),
        uc=changed(recording.uc),
        mhr=changed(recording.mhr),
        fs=fs,
        stage2_start=max(0.0, recording.stage2_start - dropped) if recording.stage2_start >= 0 else np.nan,
    )


def _joined(signal: np.ndarray, most: int) -> np.ndarray:
    """Fill what is missing between two valid samples that are at most so many samples apart."""
    valid = np.flatnonzero(~np.isnan(signal))
    if len(valid) < 2:
        return signal
    rows = np.flatnonzero(np.isnan(signal))
    after = np.searchsorted(valid, rows)
    inside = (after > 0) & (after < len(valid))
    rows, after = rows[inside], after[inside]
    rows = rows[valid[after] - valid[after - 1] <= most]
    filled = signal.copy()
    filled[rows] = np.interp(rows, valid, signal[valid].astype(np.float64))
    return filled


def _means(signal: np.ndarray, ratio: float, n: int) -> np.ndarray:
    """Means of what is valid in `n` stretches of `ratio` samples, the last of which ends with the signal."""
    if abs(ratio - round(ratio)) < 1e-9:
        return block_mean(signal.astype(np.float64), round(ratio)).astype(signal.dtype)
    borders = _snapped(len(signal) - np.arange(n, -1, -1) * ratio)
    valid = ~np.isnan(signal)
    middle = float(signal[valid][0]) if valid.any() else 0.0  # differences from it: a constant stays one to the bit
    known = np.where(valid, signal.astype(np.float64) - middle, 0)
    whole = np.minimum(borders.astype(np.intp), len(signal) - 1)
    part = borders - whole

    def up_to_borders(values: np.ndarray) -> np.ndarray:
        return np.concatenate([[0], np.cumsum(values)])[whole] + part * values[whole]

    time, total = np.diff(up_to_borders(valid)), np.diff(up_to_borders(known))
    return np.where(time > _WHOLE, middle + total / np.maximum(time, _WHOLE), np.nan).astype(signal.dtype)


def _on_lines(signal: np.ndarray, ratio: float, n: int) -> np.ndarray:
    """Values at the middles of `n` stretches, shorter than a sample, on lines between the middles of the samples."""
    middles = len(signal) - (np.arange(n, 0, -1) - 0.5) * ratio  # in samples from the start
    own = np.clip(_snapped(middles).astype(np.intp), 0, len(signal) - 1)
    at = middles - 0.5
    left = np.clip(np.floor(at).astype(np.intp), 0, max(len(signal) - 2, 0))
    right = np.minimum(left + 1, len(signal) - 1)
    weight = np.clip(at - left, 0, 1)
    line = signal[left] + (signal[right] - signal[left]) * weight
    return np.where(np.isnan(line), signal[own], line).astype(signal.dtype)


def _snapped(borders: np.ndarray) -> np.ndarray:
    nearest = np.rint(borders)
    return np.where(np.abs(borders - nearest) < _WHOLE, nearest, borders)
