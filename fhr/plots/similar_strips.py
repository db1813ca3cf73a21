"""A labour and those that are like it: strips on one scale, aligned in time, with the first behind each other one."""

from collections.abc import Sequence
from textwrap import wrap
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fhr.errors import FHRError

from .ctg_paper import INCH, Paper
from .ctg_signals import draw_signal
from .palette import BLUE

__all__ = ["MOST_STRIPS", "ToldStrip", "similar_strips"]

MOST_STRIPS = 10
"""Strips that are drawn below the first; more are not compared at a glance."""
_SIZE = 0.5  # of paper of true size
_LEAST = 10.0  # min of paper
_LEFT, _RIGHT, _WORDS, _TOP, _FOOT = 1.4, 0.9, 6.8, 0.4, 0.9  # cm around the paper
_BETWEEN, _BELOW = 0.1, 0.85  # cm between both panels, and below them
_LINE, _LETTER = 0.36, 0.132  # cm of a line of words and of a letter


class ToldStrip(NamedTuple):
    """A window of a labour, and what stands beside its strip.

    Attributes:
        fhr: (n,), bpm; NaN is missing.
        uc: (n,), units of the UC channel.
        fs: rate, Hz.
        words: lines that stand beside it, the first in bold.
        lag: s by which it is drawn earlier.
    """

    fhr: np.ndarray
    uc: np.ndarray
    fs: float
    words: Sequence[str]
    lag: float = 0.0


def similar_strips(query: ToldStrip, matches: Sequence[ToldStrip]) -> Figure:
    """Draw a window and, below it, those that are like it, on paper of 1 cm/min and 20 bpm/cm at half of its size.

    FHR from 50 to 210 bpm above UC, on one scale for all, so that levels and variability compare; time in minutes from
    the end of the window. Behind each match stands the heart rate of the query in blue. What is missing breaks the
    line. Of more than ten matches the first ten are drawn, and the foot says so.

    Args:
        query: at the top.
        matches: in their order.

    Returns:
        A figure with the axes "rate" and "activity" of each strip (`Axes.get_label`), from the top.

    Raises:
        FHRError: signals of a strip that are of two lengths or empty, or no rate.
    """
    drawn = [query, *matches[:MOST_STRIPS]]
    for strip in drawn:
        if np.ndim(strip.fhr) != 1 or not 0 < len(strip.fhr) == len(strip.uc) or not strip.fs > 0:
            raise FHRError(
                f"a strip with {np.shape(strip.fhr)} samples of FHR and {np.shape(strip.uc)} of UC at {strip.fs:g} Hz; "
                "give as many of both, and their rate"
            )
    paper, minutes = Paper(), max(_LEAST, *(len(strip.fhr) / strip.fs / 60 for strip in drawn))
    tall = _SIZE * (paper.fhr_cm + paper.uc_cm) + _BETWEEN + _BELOW
    size = (_LEFT + _SIZE * minutes + _RIGHT + _WORDS, _TOP + len(drawn) * tall + _FOOT)
    figure = Figure(figsize=(size[0] / INCH, size[1] / INCH))

    def panel(top: float, high: float, label: str) -> Axes:
        box = (_LEFT / size[0], 1 - (top + high) / size[1], _SIZE * minutes / size[0], high / size[1])
        return figure.add_axes(box, label=label, xlim=(-minutes, 0))

    for i, strip in enumerate(drawn):
        top = _TOP + i * tall
        rate = panel(top, _SIZE * paper.fhr_cm, "rate")
        activity = panel(top + _SIZE * paper.fhr_cm + _BETWEEN, _SIZE * paper.uc_cm, "activity")
        paper.print_fhr(rate)
        paper.print_uc(activity)
        if i:
            _draw(rate, query, query.fhr, BLUE, behind=True)
        _draw(rate, strip, strip.fhr, "black")
        _draw(activity, strip, strip.uc, "black")
        _number(rate, activity, paper, named=i in (0, len(drawn) - 1))
        _tell(figure, strip.words, (_LEFT + _SIZE * minutes + _RIGHT) / size[0], top, size[1])
    said = "1 cm/min, 20 bpm/cm at half size" + (" · blue: the heart rate of the query" if matches else "")
    if len(matches) > MOST_STRIPS:
        said += f" · {MOST_STRIPS} of {len(matches)} matches are drawn"
    figure.text(_LEFT / size[0], 0.25 / size[1], said, fontsize=6.5, color="0.35", gid="foot")
    return figure


def _draw(axes: Axes, strip: ToldStrip, signal: np.ndarray, color: str, *, behind: bool = False) -> None:
    time = (np.arange(len(signal)) - len(signal) - strip.lag * strip.fs) / (60 * strip.fs)
    width, zorder = (0.45, 2.0) if behind else (0.6, 2.2)
    values = np.asarray(signal, dtype=float)
    draw_signal(axes, time, values, fs=strip.fs, speed=_SIZE, color=color, label="", width=width, zorder=zorder)


def _number(rate: Axes, activity: Axes, paper: Paper, *, named: bool) -> None:
    step = paper.labelled_minutes
    minutes = np.arange(step * np.ceil(rate.get_xlim()[0] / step), 1, step)
    rate.set_xticks([])
    activity.set_xticks(minutes, [f"{m:g}".replace("-", "\N{MINUS SIGN}") for m in minutes])
    if named:
        activity.set_xlabel("time to the end of the window (min)", fontsize=7, loc="left", labelpad=2)


def _tell(figure: Figure, words: Sequence[str], left: float, top: float, height: float) -> None:
    lines = [(part, not i) for i, line in enumerate(words) for part in wrap(line, round(_WORDS / _LETTER)) or [""]]
    for row, (text, first) in enumerate(lines):
        style = {"fontsize": 8.5, "weight": "bold"} if first else {"fontsize": 7}
        at = 1 - (top + 0.2 + row * _LINE) / height
        figure.text(left, at, text, va="center", parse_math=False, gid="words", **style)
