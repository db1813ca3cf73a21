"""One row of CTG paper of true size in a figure: heart rates, events and uterine activity of a window, its legend."""

from typing import NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fhr.morphology import Morphology
from fhr.recording import Recording

from .ctg_events import LANE_CM, draw_morphology
from .ctg_false_signal import draw_false_signal
from .ctg_looked import LOOKED_CM, draw_contributions
from .ctg_paper import INCH, Paper
from .ctg_signals import draw_signal
from .ctg_window import Window
from .palette import BLUE, PURPLE

__all__ = ["LEFT_CM", "RIGHT_CM", "Layers", "draw_legend", "draw_row", "row_cm"]

LEFT_CM, RIGHT_CM = 1.5, 1.2  # beside the panels
_GAP = 0.3  # cm between the panels where no events are drawn
_LEGEND_CM = 2.9  # of one entry at 6.5 pt


class Layers(NamedTuple):
    """A recording and what is drawn upon it, all checked to be of this recording.

    Attributes:
        recording: what is drawn.
        morphology: of it.
        false_signal: (n,), see `checked_false_signal`.
        looked: (2, n), see `checked_contributions`.
    """

    recording: Recording
    morphology: Morphology | None = None
    false_signal: np.ndarray | None = None
    looked: np.ndarray | None = None


def row_cm(layers: Layers, paper: Paper) -> float:
    """Height of the panels of a row, cm, without the numbers of its time axis."""
    return paper.fhr_cm + _between(layers) + 2 * LOOKED_CM * (layers.looked is not None) + paper.uc_cm


def draw_row(figure: Figure, layers: Layers, window: Window, paper: Paper, *, top: float, named: bool = True) -> None:
    """Draw the panels of one window across the figure, their left edge at `LEFT_CM`.

    Args:
        figure: of its final size.
        layers: what is drawn.
        window: which part of it.
        paper: its scales.
        top: cm from the top of the figure to the panels.
        named: whether the time axis is named, not only numbered.
    """
    recording = layers.recording
    width, height = figure.get_size_inches() * INCH

    def panel(top: float, tall: float, label: str) -> Axes:
        box = (LEFT_CM / width, 1 - (top + tall) / height, window.minutes * paper.speed / width, tall / height)
        return figure.add_axes(box, label=label, xlim=window.limits)

    rate = panel(top, paper.fhr_cm, "rate")
    between, below = _between(layers), top + paper.fhr_cm + (0.0 if layers.looked is None else LOOKED_CM)
    lane = panel(below, between, "events")
    lane.set_ylim(0, between)
    lane.set_axis_off()
    below += between
    if layers.looked is not None:
        lanes = panel(below - between - LOOKED_CM, LOOKED_CM, "looked at fhr"), panel(below, LOOKED_CM, "looked at uc")
        _draw_looked(lanes, layers.looked, window)
        below += LOOKED_CM
    activity = panel(below, paper.uc_cm, "activity")
    paper.print_fhr(rate)
    paper.print_uc(activity)
    _count_time(rate, activity, window, paper, named=named)

    part, time = window.drawn, window.time()
    same = {"fs": recording.fs, "speed": paper.speed}
    draw_signal(activity, time, recording.uc[part], color="black", label="_uc", width=0.8, **same)
    draw_signal(rate, time, recording.fhr[part], color="black", label="fetal heart rate", **same)
    if recording.mhr is not None and np.isfinite(recording.mhr[part]).any():
        draw_signal(rate, time, recording.mhr[part], color=PURPLE, label="maternal heart rate", zorder=2.15, **same)
    if layers.false_signal is not None:
        draw_false_signal(rate, time, layers.false_signal[part], recording.fs)
    if layers.morphology is not None:
        draw_morphology(rate, lane, activity, layers.morphology, recording.fhr[part], window, paper.speed)
    _mark_second_stage(rate, activity, recording.stage2_start, window)


def draw_legend(figure: Figure, *, foot: float, beside: float = 0.0, points: float = 6.5) -> None:
    """Name every layer of the figure once, in rows at its lower left.

    Args:
        figure: with its rows drawn.
        foot: cm from the bottom of the figure to the legend.
        beside: cm that stay free at its right.
        points: size of the letters.
    """
    width, height = figure.get_size_inches() * INCH
    entries: dict[str, Artist] = {}
    for axes in figure.axes:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    figure.legend(
        list(entries.values()),
        list(entries),
        loc="lower left",
        bbox_to_anchor=(LEFT_CM / width, foot / height),
        borderpad=0,
        borderaxespad=0,
        frameon=False,
        fontsize=points,
        handlelength=1.8,
        handleheight=1.0,
        columnspacing=1.2,
        ncols=max(3, int((width - LEFT_CM - RIGHT_CM - beside) / (_LEGEND_CM * points / 6.5))),
    )


def _between(layers: Layers) -> float:
    return _GAP if layers.morphology is None else LANE_CM


def _draw_looked(lanes: tuple[Axes, Axes], looked: np.ndarray, window: Window) -> None:
    known = np.abs(looked[~np.isnan(looked)])  # of the whole window of the networks, so that strips compare
    for axes, values, signal in zip(lanes, looked, ("heart rate", "uterine activity"), strict=True):
        draw_contributions(axes, window.time(), values[window.drawn], known.max(initial=0.0), signal)


def _count_time(rate: Axes, activity: Axes, window: Window, paper: Paper, *, named: bool) -> None:
    first, last = window.limits
    step = paper.labelled_minutes
    minutes = step * np.arange(np.ceil(first / step - 1e-9), np.floor(last / step + 1e-9) + 1)
    rate.set_xticks([])
    activity.set_xticks(minutes, [window.written(m) for m in minutes])
    if named:
        activity.set_xlabel(window.axis, fontsize=7, loc="left", labelpad=2)


def _mark_second_stage(rate: Axes, activity: Axes, start: float, window: Window) -> None:
    if not start < window.end:  # NaN: there was none
        return
    at = float(window.counted(np.array([start]))[0])
    text = "second stage"
    if start < window.start:
        at, text = window.limits[0], f"second stage, since {window.written(round(at, 1))}{window.unit}"
    else:
        for axes in (rate, activity):
            axes.axvline(at, color=BLUE, linewidth=1, linestyle=(0, (4, 2)), zorder=1.9, gid="second stage")
    rate.annotate(
        text,
        (at, rate.get_ylim()[1]),
        xytext=(2, -2),
        textcoords="offset points",
        fontsize=6.5,
        color=BLUE,
        va="top",
        zorder=3,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.8},
    )
