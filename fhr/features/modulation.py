"""Modulation of the fluctuations of fetal heart rate: how the size of each octave itself fluctuates."""

import numpy as np

from .column import Column
from .masked_smoothing import bands
from .nested_windows import ENOUGH, filled, of_each_part, parts_of

__all__ = ["modulation", "modulation_columns"]

_OCTAVES = 5  # that are carriers; their modulation reaches one octave further
_WIDTHS = tuple(2.0 ** (k + 1) for k in range(_OCTAVES + 2))  # s: 2 to 128
_SIZE, _DEPTH = 0.1, 0.02  # bpm, and 1: smallest of a logarithm's argument
_PAIRS = [(i, j) for i in range(_OCTAVES) for j in range(i + 1, _OCTAVES + 1)]


def _named(k: int) -> str:
    return f"{_WIDTHS[k]:g}s"


_STATISTICS = (
    *(
        Column(f"log_size_{_named(i)}", "log bpm", f"mean of log(0.1 + size) in the octave from {_named(i)}")
        for i in range(_OCTAVES)
    ),
    *(
        Column(
            f"modulation_{_named(i)}_{_named(j)}",
            "1",
            f"log(0.02 + mean size) in the octave from {_named(j)} of the log-size in the octave from {_named(i)}",
        )
        for i, j in _PAIRS
    ),
    *(
        Column(
            f"coupling_{_named(i)}",
            "1",
            f"correlation of the log-size in the octave from {_named(i)} with the octave above",
        )
        for i in range(_OCTAVES)
    ),
)


def modulation_columns(minutes: float) -> tuple[Column, ...]:
    """Name, unit and meaning of each column of `modulation` of windows of `minutes`."""
    return of_each_part(_STATISTICS, parts_of(minutes))


def modulation(seconds: np.ndarray) -> np.ndarray:
    r"""Log-sizes of five octaves, their modulation by slower ones, and their coupling to the octave above.

    With :math:`b_i = x * g_s - x * g_{2s}`, s = 2, 4, ..., 64 s, of the measured seconds (`masked_smoothing`), and
    :math:`e_i = \log(0.1 + |b_i|)`,

    - log_size: the mean of :math:`e_i`;
    - modulation: :math:`\log(0.02 + \mathrm{mean} |b_j(e_i)|)`, j above i: the same bands, of :math:`e_i`;
    - coupling: the correlation of :math:`e_i` with :math:`b_{i+1}`; negative where it is lively in slow falls.

    A first and a second order as in the scattering transform of Mallat 2012 (doi:10.1002/cpa.21413), with a logarithm
    between them, so that the second order does not depend on the scale of x, and real, gap-aware filters.

    Args:
        seconds: (window, n) cleaned FHR, one value a second, bpm; NaN is missing.

    Returns:
        float64 (window, column), see `modulation_columns`; the parts are the whole window and its last 60, 30 and 20
        min. What has less than 60 s in a part takes the next wider part's; NaN with less in all.
    """
    parts = parts_of(seconds.shape[-1] / 60)
    octaves = bands(seconds, _WIDTHS)
    sizes = np.log(_SIZE + np.abs(octaves[:_OCTAVES]))
    slower = [bands(size, _WIDTHS[i + 1 :]) for i, size in enumerate(sizes)]
    depth = np.concatenate([np.abs(one) for one in slower])  # in the order of `_PAIRS`
    above = octaves[1:]
    values = np.empty((len(seconds), len(parts), len(_STATISTICS)))
    for i, part in enumerate(parts):
        here = np.s_[..., round(part.start * 60) : round(part.end * 60)]
        table = [_mean(sizes[here]), np.log(_DEPTH + _mean(depth[here])), _correlation(sizes[here], above[here])]
        values[:, i] = np.concatenate(table).T
    return filled(values, parts)


def _mean(x: np.ndarray) -> np.ndarray:
    """Mean of the known samples of x (..., n); NaN with less than `ENOUGH`."""
    known = ~np.isnan(x)
    n = np.count_nonzero(known, axis=-1)
    return np.where(known, x, 0.0).sum(axis=-1) / np.where(n < ENOUGH, np.nan, n)


def _correlation(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Correlation of the samples that both have; NaN with less than `ENOUGH`, or where one does not vary."""
    both = ~(np.isnan(x) | np.isnan(y))
    n = np.count_nonzero(both, axis=-1)
    n = np.where(n < ENOUGH, np.nan, n)[..., None]
    x, y = (np.where(both, v, 0.0) for v in (x, y))
    x, y = (np.where(both, v - v.sum(axis=-1, keepdims=True) / n, 0.0) for v in (x, y))
    below = np.sqrt((x * x).sum(axis=-1) * (y * y).sum(axis=-1))
    above = (x * y).sum(axis=-1)
    return np.where(
        np.isnan(n[..., 0]), np.nan, np.divide(above, below, out=np.full_like(above, np.nan), where=below > 1e-9)
    )
