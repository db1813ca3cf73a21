"""Cardiotocogram on paper of true size: fetal heart rate above, uterine activity below."""

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from fhr.errors import FHRError
from fhr.morphology import Morphology
from fhr.recording import Recording

from .ctg_events import BASIS, LANE_CM, categories, check_morphology, draw_morphology, signal_line
from .ctg_false_signal import checked_false_signal, draw_false_signal
from .ctg_looked import LOOKED_CM, checked_contributions, draw_contributions
from .ctg_paper import INCH, Paper
from .ctg_signals import draw_signal
from .ctg_window import Count, Window
from .figure import Figure
from .palette import BLUE, ORANGE, PURPLE

__all__ = ["ctg", "figure_cm", "lay_out"]

_LEFT, _RIGHT, _TOP, _BOTTOM, _GAP = 1.5, 1.2, 1.3, 1.7, 0.3  # cm around and between the panels
_LEAST_CM = 5.0  # of paper: ten seconds on less are not to be seen
_LEAST_FIGURE_CM = 16.0  # room for title, categories and legend
_MOST_CM = 500.0  # 65,536 pixels, the most that matplotlib draws, at 333 dpi
_LEGEND_CM = 2.9  # of one entry


def ctg(
    recording: Recording,
    morphology: Morphology | None = None,
    *,
    false_signal: ArrayLike | None = None,
    contributions: ArrayLike | None = None,
    start: float | None = None,
    minutes: float | None = None,
    count: Count = "end",
    speed: float = 1,
    scale: float = 20,
    bpm: tuple[float, float] = (50, 210),
) -> Figure:
    """Draw one strip at true size: `minutes` x `speed` cm wide and (`bpm` high - low) / `scale` cm high.

    Nothing is filled in: missing samples break the line, a sample alone between gaps is a dot, and values beyond the
    paper are marked by a bar and an arrowhead at its edge. The title gives the share of FHR that is missing in what is
    shown. 110 and 160 bpm are thick lines with the normal band between them; the mother's heart rate, where there is
    one, is violet; a dashed line stands where the second stage of labour began.

    With `morphology`: the baseline, accelerations and decelerations as areas beside it and as bars below it, kinds of
    decelerations in words, contractions with their peaks, uncertain stretches hatched, those with false FHR named below
    the panel, and the categories of FIGO and NICHD below the title; a line tells how much of the whole recording's FHR
    was false, and that the mother's rate cannot be excluded where hers was not recorded. With `false_signal`: shading
    from a probability of 0.5, darker from 0.75 and from 0.9 (this package's choice). With `contributions`: a lane below
    the heart rate and one above the uterine activity show where networks looked, orange and up where the signal speaks
    for the label, blue and down where against it, on one scale.

    Args:
        recording: what is drawn.
        morphology: of this very recording.
        false_signal: (n,), for each sample of FHR the probability that it is no fetal heart rate, or a mask; NaN where
            it is not known.
        contributions: (2, n), what a minute of FHR and of UC adds to a score at each sample, NaN where nothing was
            read: `fhr.prediction.Attribution.along`.
        start: s from the start of the recording; None for a strip that ends at its end.
        minutes: length of the strip; None for all that there is, on at least 5 cm of paper. Beyond the recording
            the paper is blank.
        count: "end" counts minutes to the end of the recording, "start" hours and minutes from its start.
        speed: cm/min; 1, 2 or 3.
        scale: bpm/cm; 20 or 30.
        bpm: range of the heart rates; (30, 240) is that of North American paper.

    Returns:
        A figure with the axes "rate", "events" and "activity" (`Axes.get_label`), with `contributions` "looked at fhr"
        and "looked at uc" too, x in counted minutes. A strip of less than about 13 cm stands at the left of a wider
        figure.

    Raises:
        FHRError: a speed, scale, range, start or length that no paper has; more than 5 m of paper; a morphology, a
            `false_signal` or `contributions` of another recording.

    Source:
        Paper: Ayres-de-Campos, Spong, Chandraharan 2015, Int. J. Gynecol. Obstet. 131:13-24,
        doi:10.1016/j.ijgo.2015.06.020. Left out: the time of day, which most recordings do not carry.

    Example:
        >>> recording = Recording("a", np.full(2400, 140.0), np.zeros(2400), fs=4.0)
        >>> figure = ctg(recording, speed=3)
        >>> inches = figure.axes[0].get_position().width * figure.get_figwidth()
        >>> round(float(inches) * 2.54, 6)  # cm for 10 min
        30.0
    """
    paper = Paper(speed, scale, bpm)
    window = Window.of(recording, start, minutes, count, least=_LEAST_CM / speed)
    if window.minutes * speed > _MOST_CM:
        raise FHRError(
            f"{window.minutes:g} min of {recording.name} at {speed:g} cm/min are {window.minutes * speed / 100:.1f} m "
            f"of paper; one figure takes {_MOST_CM / 100:g} m: give minutes, or make sheets (ctg_pages, a .pdf)"
        )
    looked = checked_contributions(contributions, recording)
    return lay_out(recording, morphology, checked_false_signal(false_signal, recording), window, paper, looked=looked)


def lay_out(
    recording: Recording,
    morphology: Morphology | None,
    false_signal: np.ndarray | None,
    window: Window,
    paper: Paper,
    *,
    looked: np.ndarray | None = None,
    size_cm: tuple[float, float] | None = None,
    note: str = "",
) -> Figure:
    """Lay out the figure of one window; `size_cm` is that of a sheet where it is not to follow from the strip.

    What `looked` says is drawn in lanes of its own, see `checked_contributions`.

    Raises:
        FHRError: a morphology of another recording.
    """
    between = LANE_CM if morphology is not None else _GAP
    if morphology is not None:
        check_morphology(morphology, recording)
    length = window.minutes * paper.speed
    width, height = size_cm or figure_cm(window, paper, events=morphology is not None, looked=looked is not None)
    figure = Figure(figsize=(width / INCH, height / INCH))

    def panel(top: float, tall: float, label: str) -> Axes:
        box = (_LEFT / width, 1 - (top + tall) / height, length / width, tall / height)
        return figure.add_axes(box, label=label, xlim=window.limits)

    rate = panel(_TOP, paper.fhr_cm, "rate")
    below = _TOP + paper.fhr_cm + (0.0 if looked is None else LOOKED_CM)
    lane = panel(below, between, "events")
    if looked is not None:
        lanes = panel(below - LOOKED_CM, LOOKED_CM, "looked at fhr"), panel(below + between, LOOKED_CM, "looked at uc")
        _draw_looked(lanes, looked, window)
        between += LOOKED_CM
    activity = panel(below + between, paper.uc_cm, "activity")
    paper.print_fhr(rate)
    paper.print_uc(activity)
    lane.set_ylim(0, between)
    lane.set_axis_off()
    _count_time(rate, activity, window, paper)

    part, time = window.drawn, window.time()
    same = {"fs": recording.fs, "speed": paper.speed}
    draw_signal(activity, time, recording.uc[part], color="black", label="_uc", width=0.8, **same)
    draw_signal(rate, time, recording.fhr[part], color="black", label="fetal heart rate", **same)
    if recording.mhr is not None and np.isfinite(recording.mhr[part]).any():
        draw_signal(rate, time, recording.mhr[part], color=PURPLE, label="maternal heart rate", zorder=2.15, **same)
    if false_signal is not None:
        draw_false_signal(rate, time, false_signal[part], recording.fs)
    if morphology is not None:
        draw_morphology(rate, lane, activity, morphology, recording.fhr[part], window, paper.speed)
    _mark_second_stage(rate, activity, recording.stage2_start, window)
    _write(figure, recording, morphology, window, paper, note)
    return figure


def figure_cm(window: Window, paper: Paper, *, events: bool, looked: bool = False) -> tuple[float, float]:
    """Width and height of the figure that the strip of a window needs, with or without lanes of events and of looks."""
    strip = paper.fhr_cm + (LANE_CM if events else _GAP) + 2 * LOOKED_CM * looked + paper.uc_cm
    return max(_LEFT + window.minutes * paper.speed + _RIGHT, _LEAST_FIGURE_CM), _TOP + strip + _BOTTOM


def _draw_looked(lanes: tuple[Axes, Axes], looked: np.ndarray, window: Window) -> None:
    known = np.abs(looked[~np.isnan(looked)])  # of the whole window of the networks, so that strips compare
    for axes, values, signal in zip(lanes, looked, ("heart rate", "uterine activity"), strict=True):
        draw_contributions(axes, window.time(), values[window.drawn], known.max(initial=0.0), signal)


def _count_time(rate: Axes, activity: Axes, window: Window, paper: Paper) -> None:
    first, last = window.limits
    step = paper.labelled_minutes
    minutes = step * np.arange(np.ceil(first / step - 1e-9), np.floor(last / step + 1e-9) + 1)
    rate.set_xticks([])
    activity.set_xticks(minutes, [window.written(m) for m in minutes])
    what = "time to the end of the recording (min)" if window.count == "end" else "time from the start (h:min)"
    activity.set_xlabel(what, fontsize=7, loc="left", labelpad=2)


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


def _write(
    figure: Figure, recording: Recording, morphology: Morphology | None, window: Window, paper: Paper, note: str
) -> None:
    width, height = figure.get_size_inches() * INCH
    foot = figure.axes[-1].get_position().y0 - _BOTTOM / height
    fhr = recording.fhr[window.inside]
    lost = f"{100 * np.isnan(fhr).mean():.0f}% signal loss" if len(fhr) else "no signal"
    known = np.isfinite(recording.uc[window.inside]).any()
    parts = [recording.name, lost, *([] if known else ["no uterine activity"])]
    title = " · ".join(parts)  # a name may hold dollar signs
    letters = round((width - _LEFT - _RIGHT) / 0.125)
    said = signal_line(morphology, letters) if morphology is not None else ""
    first, second = (0.36, 0.73) if said else (0.45, 0.95)  # cm from the top
    figure.text(_LEFT / width, 1 - first / height, title, fontsize=9, weight="bold", va="center", parse_math=False)
    size = f"{paper.speed:g} cm/min, {paper.scale:g} bpm/cm" + (f" · {note}" if note else "")
    figure.text(1 - _RIGHT / width, foot + 0.22 / height, size, fontsize=6.5, ha="right", va="center", color="0.35")
    if morphology is not None:
        beside = foot + (_BOTTOM - 0.82) / height  # in the row of the label of time
        figure.text(1 - _RIGHT / width, beside, BASIS, fontsize=6, ha="right", va="center", color="0.35", gid="basis")
        line = categories(morphology, window, letters)
        figure.text(_LEFT / width, 1 - second / height, line, fontsize=7, va="center", gid="categories")
    if said:
        figure.text(_LEFT / width, 1 - 1.08 / height, said, fontsize=7, va="center", gid="signal", color=ORANGE)
    entries: dict[str, Artist] = {}
    for axes in figure.axes:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    figure.legend(
        list(entries.values()),
        list(entries),
        loc="lower left",
        bbox_to_anchor=(_LEFT / width, foot + 0.05 / height),
        borderpad=0,
        borderaxespad=0,
        frameon=False,
        fontsize=6.5,
        handlelength=1.8,
        handleheight=1.0,
        columnspacing=1.2,
        ncols=max(3, int((width - _LEFT - _RIGHT - 4) / _LEGEND_CM)),
    )
