"""Spectral power of fetal heart rate in named bands, through gaps."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike

from fhr.errors import FHRError
from fhr.preprocessing import runs

from .inputs import checked_rate, some_signals

__all__ = ["BANDS", "band_power", "bridged"]

BANDS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {"vlf": (0.0, 0.03), "lf": (0.03, 0.15), "mf": (0.15, 0.5), "hf": (0.5, 1.0)}
)
"""Hz. VLF, LF, MF (movement) and HF of fetal heart rate, as in Signorini et al. 2003."""

_MIN_SEGMENTS = 3
_EDGE = 1.0  # s of signal beside a gap whose mean the filling line starts from


def band_power(
    fhr: ArrayLike,
    *,
    fs: float = 4.0,
    bands: Mapping[str, tuple[float, float]] = BANDS,
    segment: float = 128.0,
    coverage: float = 0.5,
) -> np.ndarray:
    r"""Power of the signal in each band, :math:`\int_{low}^{high} S(f)\,df` with S the one-sided Welch spectrum.

    Hann-tapered segments that overlap by half, each freed of its straight line; a band takes low <= f < high. A segment
    counts if at least `coverage` of it was measured. Spectra of FHR fall steeply, so the edges of a gap that is set to
    the mean throw power of slow waves into the fast bands. Here a straight line bridges the gap, between the means of
    the 1 s of signal beside it, and the sum of the spectra is divided by the taper's energy over measured samples:

    .. math:: S(f) = \frac{2}{f_s} \frac{\sum_k |\mathrm{FFT}(w x_k)(f)|^2}{\sum_k \sum_t w_t^2 m_{k,t}}

    with w the taper, m = 1 where measured. The gaps of other windows laid over complete CTU-UHB windows move VLF, LF,
    MF and HF by +7, -1, -6 and -2 % in the median; set to the mean, they would nearly double MF and more than double HF
    (`benchmarks/feature_gaps.py`). The price: of white noise, which FHR is not, the lines raise VLF and LF.

    Args:
        fhr: (..., time), bpm; NaN is missing.
        fs: sampling rate, Hz.
        bands: name to lower and upper edge, Hz, up to half the sampling rate.
        segment: s; the resolution is 2 / segment Hz.
        coverage: smallest measured fraction of a segment that counts, above 0 and up to 1.

    Returns:
        float64 (..., len(bands)), bpm^2, in the order of `bands`; NaN with fewer than three segments that count
        (a signal of 256 s at the least).

    Raises:
        SignalError: no time axis, an infinite sample, or a rate that is not positive.
        FHRError: no band, edges that do not ascend or lie beyond half the sampling rate, a segment of fewer than
            eight samples, a coverage outside (0, 1].

    Source:
        Bands: Signorini, Magenes, Cerutti and Arduini 2003, IEEE Trans Biomed Eng 50:365-374,
        doi:10.1109/TBME.2003.808824. Segments: Welch 1967, IEEE Trans Audio Electroacoust 15:70-73,
        doi:10.1109/TAU.1967.1161901. Left out: the autoregressive spectra of the former.

    >>> t = np.arange(7200) / 4
    >>> band_power(140 + 2 * np.sin(2 * np.pi * 0.1 * t)).round(2).tolist()  # half the square of the amplitude
    [0.0, 2.0, 0.0, 0.0]
    """
    rate = checked_rate(fs)
    if not bands:
        raise FHRError("no band was given; give names and edges, such as {'lf': (0.03, 0.15)}")
    for name, (low, high) in bands.items():
        if not 0 <= low < high <= rate / 2:
            raise FHRError(
                f"band {name!r} from {low} to {high} Hz; its edges must ascend within 0 and {rate / 2:g} Hz, half the "
                "sampling rate"
            )
    n = round(segment * rate)
    if n < 8:
        raise FHRError(f"segment={segment} s at fs={rate:g} Hz holds {n} samples; give a longer one")
    if not 0 < coverage <= 1:
        raise FHRError(f"coverage={coverage}; give a fraction above 0 and up to 1")

    taper = np.hanning(n + 1)[:-1]
    frequency = np.arange(n // 2 + 1) * (rate / n)
    folded = np.where((frequency == 0) | (frequency == rate / 2), 1.0, 2.0)  # frequencies that have no mirror image
    edges = list(bands.values())
    inside = np.stack([(frequency >= low) & (frequency < high) for low, high in edges], axis=-1)
    time = np.arange(n) - (n - 1) / 2

    def some(rows: np.ndarray) -> np.ndarray:
        power = np.full((len(rows), len(bands)), np.nan)
        if rows.shape[1] < n:
            return power
        missing = np.isnan(rows)
        views = np.lib.stride_tricks.sliding_window_view
        measured = views(~missing, n, axis=-1)[:, :: max(n // 2, 1)]
        counts = np.count_nonzero(measured, axis=-1) / n >= coverage
        enough = np.count_nonzero(counts, axis=-1) >= _MIN_SEGMENTS
        counts &= enough[:, None]
        if not enough.any():
            return power
        x = views(bridged(rows, missing, max(round(_EDGE * rate), 1)), n, axis=-1)[:, :: max(n // 2, 1)][counts]
        x -= x.mean(axis=-1, keepdims=True)
        x -= (x @ time / (time @ time))[:, None] * time
        x *= taper
        wave = np.fft.rfft(x)
        energy = (wave.real**2 + wave.imag**2) * folded @ inside / n  # their sum times 1/fs, n apart by fs/n
        first = np.flatnonzero(np.diff(np.nonzero(counts)[0], prepend=-1))  # segment of each signal
        weight = np.add.reduceat(measured[counts] @ taper**2, first)
        power[enough] = np.add.reduceat(energy, first, axis=0) / weight[:, None]
        return power

    return some_signals(fhr, some, len(bands))


def bridged(x: np.ndarray, missing: np.ndarray, edge: int) -> np.ndarray:
    """Straight lines across gaps of x (signal, n), between the means of the samples within `edge` of each side."""
    n = x.shape[1]
    # The signals one after another, with something measured between them.
    starts, ends = runs(np.pad(missing, ((0, 0), (1, 1))).ravel())
    if len(starts) == 0:
        return x
    signal, start = np.divmod(starts - 1, n + 2)
    end = start + ends - starts
    total = np.pad(np.cumsum(np.where(missing, 0, x), axis=-1), ((0, 0), (1, 0)))
    count = np.pad(np.cumsum(~missing, axis=-1), ((0, 0), (1, 0)))

    def mean(first: np.ndarray, last: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):  # beyond the ends of the signal
            return (total[signal, last] - total[signal, first]) / (count[signal, last] - count[signal, first])

    before = mean(np.maximum(start - edge, 0), start)
    after = mean(end, np.minimum(end + edge, n))
    before, after = np.where(start == 0, after, before), np.where(end == n, before, after)
    filled = x.copy()
    positions, levels = np.stack([starts - 1, ends], axis=-1).ravel(), np.stack([before, after], axis=-1).ravel()
    row, place = np.nonzero(missing)
    filled[missing] = np.interp(row * (n + 2) + place + 1, positions, levels)
    return filled
