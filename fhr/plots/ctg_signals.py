"""Signals on CTG paper: gaps break the line, and no sample is lost to a gap or to the edge of the paper."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from fhr.preprocessing import runs

__all__ = ["alone", "draw_signal"]

_MARK_CM = 0.25  # from one mark at the edge to the next, at least


def draw_signal(
    axes: Axes,
    time: np.ndarray,
    signal: np.ndarray,
    *,
    fs: float,
    speed: float,
    color: str,
    label: str,
    width: float = 0.6,
    zorder: float = 2.2,
) -> None:
    """Draw a line, dots for samples alone between gaps, and marks at the edge for samples beyond the scale.

    Args:
        axes: with its limits set; the x axis in minutes.
        time: (n,), minutes.
        signal: (n,), NaN where missing.
        fs: sampling rate, Hz.
        speed: of the paper, cm/min.
        color: of line, dots and marks.
        label: in the legend.
        width: of the line, pt.
        zorder: which of two signals is in front.
    """
    axes.plot(time, signal, color=color, linewidth=width, label=label, zorder=zorder, solid_joinstyle="round")
    dots = alone(signal)
    if dots.any():
        dot: dict[str, Any] = {"marker": ".", "markersize": 2.2, "markeredgewidth": 0, "linestyle": "none"}
        axes.plot(time[dots], signal[dots], color=color, zorder=zorder, gid="alone", **dot)
    low, high = axes.get_ylim()
    for edge, beyond, marker in ((high, signal > high, "^"), (low, signal < low, "v")):
        start, stop = runs(beyond)
        if len(start) == 0:
            continue
        first, last = axes.get_xlim()
        since, until = np.maximum(time[start], first), np.minimum(time[stop - 1] + 1 / (60 * fs), last)
        axes.hlines(np.full(len(since), edge), since, until, color=color, linewidth=2, zorder=2.4)
        marks = _thinned((since + until) / 2, _MARK_CM / speed)
        at_edge: dict[str, Any] = {
            "marker": marker,
            "markersize": 4,
            "markeredgewidth": 0,
            "linestyle": "none",
            "clip_on": False,
        }
        axes.plot(marks, np.full(len(marks), edge), color=color, zorder=2.4, gid="beyond", **at_edge)


def alone(signal: np.ndarray) -> np.ndarray:
    """Mask (n,) of the samples that a line does not show: known samples with none beside them."""
    known = np.concatenate([[False], np.isfinite(signal), [False]])
    return known[1:-1] & ~known[:-2] & ~known[2:]


def _thinned(at: np.ndarray, step: float) -> np.ndarray:
    """One of the times in each `step`."""
    _, first = np.unique(np.floor(at / step), return_index=True)
    return at[first]
