"""Amplitude, tails and asymmetry of the fluctuations of fetal heart rate, octave by octave."""

from itertools import pairwise

import numpy as np

from .column import Column
from .masked_smoothing import bands
from .nested_windows import ENOUGH, filled, of_each_part, parts_of
from .sorted_samples import quantiles

__all__ = ["band_amplitudes", "band_amplitudes_columns"]

_WIDTHS = (0.0, *(1.5 * 2**k for k in range(8)))  # s: 1.5 to 192
_RESOLUTION = 0.05  # bpm, in logarithms and ratios
_NAMES = [f"{a:g}_{b:g}s" for a, b in pairwise(_WIDTHS)]
_STATISTICS = tuple(
    Column(
        f"{kind}_{name.replace('.', 'p')}", unit, f"{words} of FHR between smoothings of {name.replace('_', ' and ')}"
    )
    for kind, unit, words in (
        ("amplitude", "log bpm", "log(0.05 + median size)"),
        ("tails", "1", "log of the range of 95% over that of 50%"),
        ("asymmetry", "1", "sum over difference of the 97.5th and the 2.5th percentile"),
    )
    for name in _NAMES
)


def band_amplitudes_columns(minutes: float) -> tuple[Column, ...]:
    """Name, unit and meaning of each column of `band_amplitudes` of windows of `minutes`."""
    return of_each_part(_STATISTICS, parts_of(minutes))


def band_amplitudes(seconds: np.ndarray) -> np.ndarray:
    r"""Three statistics of each of eight bands, of the whole window and its last 60, 30 and 20 min.

    A band is the difference of two Gaussian smoothings, :math:`b = x * g_s - x * g_{2s}` with s of 1.5 to 96 s and,
    first, :math:`x - x * g_{1.5}`, at measured seconds (`masked_smoothing`). With q its quantiles in a part,

    - amplitude: :math:`\log(0.05 + \mathrm{median} |b|)`;
    - tails: :math:`\log((q_{97.5} - q_{2.5} + 0.05) / (q_{75} - q_{25} + 0.05))`; 1.07 for a Gaussian;
    - asymmetry: :math:`(q_{97.5} + q_{2.5}) / (q_{97.5} - q_{2.5} + 0.05)`; negative where falls are the larger ones.

    Args:
        seconds: (window, n) cleaned FHR, one value a second, bpm; NaN is missing.

    Returns:
        float64 (window, column), see `band_amplitudes_columns`. A band with less than 60 s in a part takes the next
        wider part's; NaN with less in all.
    """
    parts = parts_of(seconds.shape[-1] / 60)
    found = bands(seconds, _WIDTHS)
    values = np.empty((len(seconds), len(parts), len(_STATISTICS)))
    for i, part in enumerate(parts):
        values[:, i] = _statistics(found[..., round(part.start * 60) : round(part.end * 60)])
    return filled(values, parts)


def _statistics(band: np.ndarray) -> np.ndarray:
    """(band, window, n) to (window, statistic x band)."""
    rows = band.reshape(-1, band.shape[-1])
    low, inner_low, inner_high, high = quantiles(np.sort(rows, axis=-1), (0.025, 0.25, 0.75, 0.975))
    (size,) = quantiles(np.sort(np.abs(rows), axis=-1), (0.5,))
    width = high - low + _RESOLUTION
    inner = inner_high - inner_low + _RESOLUTION
    table = np.stack([np.log(_RESOLUTION + size), np.log(width / inner), (high + low) / width])
    table[:, np.count_nonzero(~np.isnan(rows), axis=-1) < ENOUGH] = np.nan
    return np.moveaxis(table.reshape(len(table) * len(band), band.shape[1]), 0, 1)
