"""Timeline of the risk as it would have been told at earlier times, under the strip."""

import numpy as np
from matplotlib.ticker import PercentFormatter
from numpy.typing import ArrayLike

from fhr.errors import FHRError
from fhr.recording import Recording

from .figure import Figure
from .palette import BLUE, GREY, ORANGE, PURPLE
from .signal_strips import draw_strip

__all__ = ["timeline"]

CAVEAT = "The model was trained on the end of labour: every point but the last is an extrapolation."
_LEAST_TOP = 0.5  # of the axis of probability, so that chance ripples of a low risk do not look like mountains


def timeline(
    recording: Recording,
    times: ArrayLike,
    probabilities: ArrayLike,
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
    abstained: ArrayLike | None = None,
    *,
    target: str = "",
    window: float = 60,
    prevalence: float | None = None,
    minutes: float | None = None,
) -> Figure:
    """Draw FHR, uterine activity and, on the same time axis, the probability told at the end of each window.

    A point at time t is what would have been said had the recording ended there. Bars are intervals; a hollow point is
    one where the model abstained; the point at the end of the recording is an orange square, and the window that it
    read is shaded. A point that could not be computed (NaN) is left out.

    Args:
        recording: what was predicted.
        times: (m,), ends of the windows, minutes to the end of the recording: 0 for the last, the others negative
            (minus the column `to_end` of a predictor's timeline).
        probabilities: (m,), in [0, 1] or NaN.
        low: (m,), lower ends of the intervals.
        high: (m,), upper ends.
        abstained: (m,), bool.
        target: the label that the probability is of.
        window: length of what the model reads, min.
        prevalence: of the label where the model is used; drawn as a line.
        minutes: length of the strip; the whole recording where None.

    Returns:
        A figure with the axes "rate", "activity" and "risk" (`Axes.get_label`).

    Raises:
        FHRError: arrays of another shape, times beyond the recording, probabilities or a prevalence out of [0, 1], one
            end of the intervals without the other, a length that is not positive.
    """
    t, p = np.asarray(times, dtype=np.float64), np.asarray(probabilities, dtype=np.float64)
    length = recording.duration / 60 if minutes is None else minutes
    if t.ndim != 1 or t.shape != p.shape or not len(t):
        raise FHRError(f"times of shape {t.shape}, probabilities of shape {p.shape}; give two arrays (m,)")
    if not ((t <= 1e-6) & (t >= -recording.duration / 60 - 1e-6)).all():
        raise FHRError(
            f"times from {t.min():g} to {t.max():g} min in {recording.name}, which lasts "
            f"{recording.duration / 60:g} min; give minutes to its end, 0 or negative"
        )
    if (low is None) != (high is None):
        raise FHRError("one end of the intervals without the other; give both low and high, or neither")
    if not (length > 0 and window > 0):
        raise FHRError(f"minutes={length!r}, window={window!r}; give positive lengths")
    edges = [_beside(t, name, e) for name, e in (("low", low), ("high", high)) if e is not None]
    hollow = np.zeros(len(t), dtype=bool) if abstained is None else _beside(t, "abstained", abstained).astype(bool)
    known = np.concatenate([p, *edges, [] if prevalence is None else [prevalence]])
    if ((known < 0) | (known > 1)).any():
        raise FHRError(f"probabilities from {np.nanmin(known):.4g} to {np.nanmax(known):.4g}; they must lie in [0, 1]")

    figure = Figure(figsize=(11, 7.2), layout="constrained")
    rate, activity, risk = figure.subplots(3, 1, sharex=True, height_ratios=(8, 4, 7))
    for axes, name in ((rate, "rate"), (activity, "activity"), (risk, "risk")):
        axes.set_label(name)
    draw_strip(rate, activity, recording, recording.name, length)
    activity.set_xlabel("")

    risk.axvspan(-min(window, length), 0, color=BLUE, alpha=0.07, linewidth=0, label="read for the last point")
    if prevalence is not None:
        risk.axhline(prevalence, color=GREY, linewidth=1, linestyle=":", label=f"prevalence {prevalence:.1%}")
    if edges:
        risk.vlines(t, *edges, color=BLUE, alpha=0.4, linewidth=3, label="interval")
    order = np.argsort(t)
    risk.plot(t[order], p[order], color=BLUE, linewidth=1, alpha=0.6)
    last = t > -1e-6
    for of, marker, colour, filled, label in (
        (~hollow & ~last, "o", BLUE, True, "told earlier"),
        (hollow & ~last, "o", BLUE, False, "abstained"),
        (~hollow & last, "s", ORANGE, True, "told at the end"),
        (hollow & last, "s", ORANGE, False, "abstained at the end"),
    ):
        if of.any():
            face = colour if filled else "white"
            risk.plot(
                t[of],
                p[of],
                marker,
                color=colour,
                markerfacecolor=face,
                markersize=7 if marker == "s" else 6,
                markeredgewidth=1.5,
                zorder=3,
                label=label,
            )
    if recording.stage2_start < recording.duration:  # NaN: there was none
        for axes in (rate, activity, risk):
            axes.axvline(
                (recording.stage2_start - recording.duration) / 60,
                color=PURPLE,
                linewidth=1,
                linestyle="--",
                label="second stage began",
            )
    top = min(1.0, max([_LEAST_TOP, *(1.1 * known[np.isfinite(known)])]))
    risk.set(xlim=(-length, 0.01 * length), ylim=(-0.02 * top, 1.02 * top))
    risk.set(xlabel="time to the end of the recording (min)", ylabel=f"P({target})" if target else "probability")
    risk.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    risk.grid(color=GREY, alpha=0.3)
    figure.legend(*risk.get_legend_handles_labels(), loc="outside lower center", ncols=7, fontsize="small")
    figure.text(0.995, 0.992, CAVEAT, fontsize="small", color=ORANGE, ha="right", va="top")
    return figure


def _beside(times: np.ndarray, name: str, values: ArrayLike) -> np.ndarray:
    array = np.asarray(values, dtype=np.float64)
    if array.shape != times.shape:
        raise FHRError(f"{name} has shape {array.shape} beside {len(times)} times; give one value for each")
    return array
