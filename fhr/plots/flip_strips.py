"""Changes that flip a verdict, on the strip: heart rate before and after, what was lost, and the change by itself."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from matplotlib.axes import Axes

from fhr.errors import FHRError
from fhr.preprocessing import runs

from .ctg_paper import INCH, NOTICE, Paper
from .ctg_signals import draw_signal
from .figure import Figure
from .palette import BLUE, GREY, ORANGE
from .told_strips import ToldStrip, tell_beside

__all__ = ["flip_strips"]

_SIZE, _LEAST = 0.5, 10.0  # of the paper; min
_LEFT, _RIGHT, _WORDS, _TOP, _FOOT = 1.4, 0.9, 6.8, 0.4, 1.3  # cm around the paper
_CHANGE, _BETWEEN, _BELOW = 1.4, 0.1, 0.75  # cm of the panel of a change, and between panels
_SEEN = 0.05  # bpm: below it nothing was changed but the last digits


def flip_strips(window: ToldStrip, changed: Sequence[ToldStrip]) -> Figure:
    """Draw a window and changed ones on paper of 1 cm/min and 20 bpm/cm, at half size, aligned at their ends.

    Of each changed window: the heart rate in black, that before the change behind it in blue, what was lost in grey;
    and below it the change by itself in orange, on a scale of its own, since most changes that matter are narrower than
    a line on paper. A change of uterine activity alone is drawn there too. With nothing changed, the window stands by
    itself.

    Args:
        window: as the model read it, with words that stand beside the first strip.
        changed: the same window after changes, with what they are in words.

    Returns:
        A figure with the axes "rate" and "change" of each changed window (`Axes.get_label`), from the top, then
        "activity" of the window.

    Raises:
        FHRError: signals of two lengths or rates, or none.
    """
    for one in (window, *changed):
        if not 0 < len(one.fhr) == len(one.uc) == len(window.fhr) or one.fs != window.fs or not one.fs > 0:
            raise FHRError(
                f"a strip with {np.shape(one.fhr)} samples of FHR and {np.shape(one.uc)} of UC at {one.fs:g} Hz beside "
                f"{np.shape(window.fhr)} at {window.fs:g} Hz; give changes of one window"
            )
    paper, minutes = Paper(), max(_LEAST, len(window.fhr) / window.fs / 60)
    strips = list(changed) or [window]
    rate_cm, uc_cm = _SIZE * paper.fhr_cm, _SIZE * paper.uc_cm
    tall = rate_cm + _BELOW + (_BETWEEN + _CHANGE if changed else 0.0)
    page = (_LEFT + _SIZE * minutes + _RIGHT + _WORDS, _TOP + len(strips) * tall + uc_cm + _FOOT)
    figure = Figure(figsize=(page[0] / INCH, page[1] / INCH))

    def panel(top: float, high: float, label: str) -> Axes:
        box = (_LEFT / page[0], 1 - (top + high) / page[1], _SIZE * minutes / page[0], high / page[1])
        return figure.add_axes(box, label=label, xlim=(-minutes, 0))

    time, marks = _time(window), _marks(paper, minutes)
    beside = (_LEFT + _SIZE * minutes + _RIGHT) / page[0]
    for i, strip in enumerate(strips):
        top = _TOP + i * tall
        rate = panel(top, rate_cm, "rate")
        paper.print_fhr(rate)
        rate.set_xticks(marks, [])
        draw = partial(draw_signal, rate, time, fs=window.fs, speed=_SIZE, label="")
        if changed:
            draw(window.fhr.astype(float), color=BLUE, width=0.9, zorder=2.0)
            _shade(rate, time, np.isfinite(window.fhr) & np.isnan(strip.fhr))
            change = panel(top + rate_cm + _BETWEEN, _CHANGE, "change")
            _draw_change(change, time, window, strip)
            change.set_xticks(marks, [])
        draw(strip.fhr.astype(float), color="black", width=0.5)
        words = [*strip.words, *(window.words if not i and changed else ())]
        tell_beside(figure, words, beside, top, page[1])
    activity = panel(_TOP + len(strips) * tall, uc_cm, "activity")
    paper.print_uc(activity)
    draw_signal(activity, time, window.uc.astype(float), fs=window.fs, speed=_SIZE, color="black", label="")
    activity.set_xticks(marks, [f"{m:g}".replace("-", "\N{MINUS SIGN}") for m in marks])
    activity.set_xlabel("time to the end of the window (min)", fontsize=7, loc="left", labelpad=2)
    foot = f"1 cm/min, 20 bpm/cm at half size · {NOTICE}"
    if changed:
        foot += " · black: changed, blue: before the change, grey: lost, orange: the change by itself"
    figure.text(_LEFT / page[0], 0.2 / page[1], foot, fontsize=6.5, color="0.35", gid="foot")
    return figure


def _time(window: ToldStrip) -> np.ndarray:
    """Minutes (n,) to the end of the window."""
    n = len(window.fhr)
    return (np.arange(n) - n) / (60 * window.fs)


def _marks(paper: Paper, minutes: float) -> np.ndarray:
    step = paper.labelled_minutes
    return np.arange(-step * np.floor(minutes / step), 1, step)


def _shade(axes: Axes, time: np.ndarray, where: np.ndarray) -> None:
    step = time[1] - time[0] if len(time) > 1 else 0.0
    for start, stop in zip(*runs(where), strict=True):
        axes.axvspan(time[start], time[stop - 1] + step, color=GREY, alpha=0.3, linewidth=0, zorder=0.5, gid="lost")


def _draw_change(axes: Axes, time: np.ndarray, window: ToldStrip, strip: ToldStrip) -> None:
    change, unit = strip.fhr.astype(float) - window.fhr, "bpm"
    if not np.abs(change[np.isfinite(change)]).max(initial=0.0) > _SEEN:
        activity = strip.uc.astype(float) - window.uc
        if np.abs(activity[np.isfinite(activity)]).max(initial=0.0) > _SEEN:
            change, unit = activity, "UC"
    most = np.abs(change[np.isfinite(change)]).max(initial=0.0)
    limit = 1.1 * most if most > _SEEN else 1.0
    axes.axhline(0, color=GREY, linewidth=0.6)
    axes.plot(time, change, color=ORANGE, linewidth=0.6)
    axes.set_ylim(-limit, limit)
    axes.set_ylabel(unit, fontsize=7)
    axes.tick_params(length=0, labelsize=7, labelright=True)
    for side in axes.spines.values():
        side.set(color=GREY, linewidth=0.5)
