"""Coherence of fetal heart rate and uterine activity in three bands, through gaps."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from fhr.errors import SignalError
from fhr.recording import floating

from .spectral_power import bridged

__all__ = ["COHERENCE_BANDS", "band_coherence"]

_SEGMENT = 256  # s
COHERENCE_BANDS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {"contractions": (1 / 256, 3 / 256), "decelerations": (3 / 256, 8 / 256), "fast": (8 / 256, 32 / 256)}
)
"""Hz: periods of 85 to 256 s, of 32 to 85 s, and of 8 to 32 s."""
_COVERAGE = 0.5  # of a segment that must be measured, of each signal
_LEAST = 5  # segments; fewer say nothing of coherence
_OVERLAP = 19 / 18  # segments to independent ones, with Hann's taper and half an overlap: 1 + 2 (1/6)^2
_ROUNDING = 1e-9  # of the level, below which a signal does not vary


def band_coherence(fhr: np.ndarray, uc: np.ndarray) -> np.ndarray:
    r"""Magnitude-squared coherence, averaged over the frequencies of each band, freed of its bias.

    .. math:: C(f) = \frac{|\sum_k X_k^* Y_k|^2}{\sum_k |X_k|^2 \sum_k |Y_k|^2}, \qquad \frac{C - 1/K}{1 - 1/K}

    over Hann-tapered segments k of 256 s that overlap by half and in which half of each signal was measured, K their
    number over 19/18, for neighbours depend on each other. Independent signals have about 0, copies 1, and copies with
    a delay nearly as much: 0.9 after 20 s and 0.7 after 40 s, for then the segments overlap by less. Gaps are bridged
    as in `band_power`, segments freed of their straight line.

    Args:
        fhr: (window, n) one value a second, bpm; NaN is missing.
        uc: (window, n) any unit.

    Returns:
        float64 (window, len(COHERENCE_BANDS)); NaN with fewer than five segments, or where a signal does not vary.

    Raises:
        SignalError: signals of different shapes.

    Source:
        Welch 1967, doi:10.1109/TAU.1967.1161901; bias and overlap: Carter, Knapp and Nuttall 1973, IEEE Trans Audio
        Electroacoust 21:337-344, doi:10.1109/TAU.1973.1162496.
    """
    fhr, uc = floating(fhr), floating(uc)
    if fhr.shape != uc.shape or fhr.ndim != 2:
        raise SignalError(f"fhr has shape {fhr.shape}, uc {uc.shape}; give both as (window, seconds)")
    coherence = np.full((len(fhr), len(COHERENCE_BANDS)), np.nan)
    if fhr.shape[-1] < _SEGMENT:
        return coherence
    (first, counts), (second, also) = _segments(fhr), _segments(uc)
    counts &= also
    n = np.count_nonzero(counts, axis=-1)
    counts = counts[..., None]
    power = [np.where(counts, np.abs(wave) ** 2, 0.0).sum(axis=1) for wave in (first, second)]
    cross = np.abs(np.where(counts, first.conj() * second, 0.0).sum(axis=1)) ** 2
    enough = (n >= _LEAST)[:, None] & (power[0] > 0) & (power[1] > 0)
    square = np.divide(cross, power[0] * power[1], out=np.full(cross.shape, np.nan), where=enough)
    by_chance = _OVERLAP / np.maximum(n, _LEAST)[:, None]
    unbiased = (square - by_chance) / (1 - by_chance)
    for k, (low, high) in enumerate(COHERENCE_BANDS.values()):
        coherence[:, k] = unbiased[:, round(low * _SEGMENT) : round(high * _SEGMENT)].mean(axis=-1)
    return coherence


def _segments(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fourier transforms of tapered segments (window, segment, frequency), and which of them were measured."""
    missing = np.isnan(x)
    n = _SEGMENT // 2
    views = np.lib.stride_tricks.sliding_window_view
    counts = views(~missing, _SEGMENT, axis=-1)[:, ::n].mean(axis=-1) >= _COVERAGE
    some = counts.any(axis=-1)
    filled = np.zeros_like(x)
    filled[some] = bridged(x[some], missing[some], 1)
    parts = views(filled, _SEGMENT, axis=-1)[:, ::n]
    level = parts.mean(axis=-1, keepdims=True)
    time = np.arange(_SEGMENT) - (_SEGMENT - 1) / 2
    off = parts - level
    off -= (off @ time / (time @ time))[..., None] * time
    off[np.abs(off).max(axis=-1) <= _ROUNDING * (1 + np.abs(level[..., 0]))] = 0.0
    wave: np.ndarray = np.fft.rfft(off * np.hanning(_SEGMENT + 1)[:-1])
    return wave, counts
