"""Smallest differences between stretches of signals, wherever in the other signal a stretch may have come from.

A generator that copies seldom copies a whole window in its place: what is looked for is a stretch of some minutes, and
where it came from is not known.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from fhr.errors import FHRError, SignalError

__all__ = ["NearestWindows", "nearest_windows", "shifted_differences"]

_BLOCK = 16  # stretches at once: spectra of a block stay in the cache of a core


def shifted_differences(
    windows: ArrayLike,
    others: ArrayLike,
    *,
    fs: float,
    minutes: float = 5.0,
    shift: float | None = None,
    least: float = 0.5,
) -> np.ndarray:
    r"""Smallest root mean square difference between each stretch of a window and a stretch of every other window.

    With a, b the signals where they are measured and :math:`1_a, 1_b` whether they are, over the samples t that both
    stretches have at place p of the other window

    .. math:: D^2(p) = \frac{\sum_t 1_a a^2(t) 1_b(t + p) + 1_a(t) 1_b b^2(t + p) - 2 a(t) b(t + p)}
        {\sum_t 1_a(t) 1_b(t + p)}

    exactly, every sum a correlation by FFT in single precision (to about 0.02 bpm). A stretch of 5 min finds any
    copy of 10 min, wherever it begins: it holds a whole stretch. About 35 s for 400 windows of 60 min at 1 Hz against
    400 on one core, at any shift. Copies that were moved up or down, scaled or reversed are not looked for.

    Args:
        windows: (n, time), bpm; NaN is missing, bridged gaps too. They are cut into stretches, counted back from the
            end.
        others: (m, time of its own), of the same rate.
        fs: sampling rate, Hz; average to 1 Hz first (`fhr.preprocessing.block_mean`).
        minutes: length of a stretch.
        shift: seconds that a stretch may lie before or after its own place, counted from the end of both; None for
            any place.
        least: fraction of a stretch that both have to have measured.

    Returns:
        float64 (n, stretch, m), bpm; infinite where at no place enough is measured. The least over `m` is the nearest
        place of all, over stretches that of a pair of windows.

    Raises:
        SignalError: windows of another shape or shorter than a stretch, infinite values, a rate that is not positive.
        FHRError: minutes, shift or least out of range.

    Example:
        >>> window = np.random.default_rng(0).normal(140, 10, (1, 1200))
        >>> later = np.roll(window, 100, axis=1)
        >>> shifted_differences(window, later, fs=1, minutes=10).round().ravel().tolist()
        [0.0, 13.0]
    """
    from scipy import fft  # slow to import, and a prediction does without

    x, y, length = _checked(windows, others, fs, minutes, least)
    if shift is not None and not 0 <= shift < np.inf:
        raise FHRError(f"shift={shift} s; give a number of seconds of at least 0, or None for any place")
    n_stretches, n_places = x.shape[1] // length, y.shape[1] - length + 1
    stretches = x[:, x.shape[1] - n_stretches * length :].reshape(-1, length)
    size = fft.next_fast_len(y.shape[1], real=True)
    centre = np.nanmean(y) if np.isfinite(y).any() else 0.0  # small numbers keep their digits
    one, value, square = (fft.rfft(part, size).conj() for part in _parts(stretches, centre))
    of_others = [fft.rfft(part, size) for part in _parts(y, centre)]
    # own place of each stretch: as far from the end of the other window as from that of its own
    own = (n_places - 1 - length * np.arange(n_stretches)[::-1])[:, None]
    allowed = np.abs(np.arange(n_places) - own) <= (np.inf if shift is None else shift * fs)
    allowed = np.tile(allowed, (len(x), 1))
    found = np.empty((len(stretches), len(y)))
    for first in range(0, len(stretches), _BLOCK):
        block = slice(first, first + _BLOCK)
        for j, (b_one, b_value, b_square) in enumerate(zip(*of_others, strict=True)):
            cross = square[block] * b_one + one[block] * b_square - 2 * value[block] * b_value
            total = fft.irfft(cross, size)[:, :n_places]
            both = np.rint(fft.irfft(one[block] * b_one, size)[:, :n_places])
            usable = allowed[block] & (both >= max(least * length, 1))
            mean = np.where(usable, total / np.maximum(both, 1), np.inf)
            found[block, j] = np.sqrt(np.maximum(mean.min(axis=1), 0))
    return found.reshape(len(x), n_stretches, len(y))


class NearestWindows(NamedTuple):
    """Differences of each window from the nearest of the others, bpm.

    Attributes:
        stretch: (n,) difference of its nearest stretch: small if any part is copied.
        whole: (n,) mean over its stretches of the nearest difference of each: small if all of it is, with noise too.
    """

    stretch: np.ndarray
    whole: np.ndarray


def nearest_windows(differences: np.ndarray) -> NearestWindows:
    """Nearest differences of each window from `shifted_differences` (n, stretch, m); infinite where it has none.

    Stretches that are nowhere measured enough do not count in the mean.
    """
    nearest = differences.min(axis=2)
    known = np.isfinite(nearest)
    total = np.where(known, nearest, 0).sum(axis=1)
    whole = np.where(known.any(axis=1), total / np.maximum(known.sum(axis=1), 1), np.inf)
    return NearestWindows(nearest.min(axis=1), whole)


def _parts(signals: np.ndarray, centre: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    measured = ~np.isnan(signals)
    value = np.where(measured, signals - centre, 0).astype(np.float32)
    return measured.astype(np.float32), value, value**2


def _checked(
    windows: ArrayLike, others: ArrayLike, fs: float, minutes: float, least: float
) -> tuple[np.ndarray, np.ndarray, int]:
    if not 0 < fs < np.inf:
        raise SignalError(f"sampling rate fs={fs} Hz; it must be a positive number")
    if not (0 < minutes < np.inf and round(minutes * 60 * fs) > 1):
        raise FHRError(f"stretches of {minutes} min at {fs:g} Hz; give minutes that hold at least two samples")
    if not 0 < least <= 1:
        raise FHRError(f"least={least} of a stretch; give a fraction in (0, 1]")
    length = round(minutes * 60 * fs)
    checked = []
    for name, given in (("windows", windows), ("others", others)):
        signals = np.asarray(given)
        if signals.dtype.kind not in "buif" or signals.ndim != 2 or not len(signals):
            raise SignalError(f"{name} of shape {signals.shape} and dtype {signals.dtype}; give numbers (n, time)")
        if signals.shape[1] < length:
            raise SignalError(
                f"{name} of {signals.shape[1]} samples, a stretch of {minutes:g} min has {length}; give longer windows "
                "or shorter stretches"
            )
        if np.isinf(signals).any():
            raise SignalError(f"{name} hold infinite values; mark what is missing as NaN")
        checked.append(signals.astype(np.float64))
    return checked[0], checked[1], length
