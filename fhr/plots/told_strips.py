"""Windows of labours below each other: strips on one scale, aligned at their ends, with words beside each."""

from collections.abc import Sequence
from textwrap import wrap
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes

from fhr.errors import FHRError

from .ctg_paper import INCH, NOTICE, Paper
from .ctg_signals import draw_signal
from .figure import Figure
from .palette import BLUE

__all__ = ["ToldStrip", "tell_beside", "told_strips"]

_LEAST = 10.0  # min of paper
_LEFT, _RIGHT, _WORDS, _TOP, _FOOT = 1.4, 0.9, 6.8, 0.4, 0.9  # cm around the paper
_BETWEEN, _BELOW = 0.1, 0.85  # cm between both panels, and below them
_SIZES = {0.5: "half", 1.0: "true"}
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


def told_strips(
    strips: Sequence[ToldStrip], *, size: float = 0.5, behind: ToldStrip | None = None, said: str = ""
) -> Figure:
    """Draw windows below each other on paper of 1 cm/min and 20 bpm/cm, at some size of it.

    FHR from 50 to 210 bpm above UC, on one scale for all, so that levels and variability compare; time in minutes from
    the end of the window. What is missing breaks the line.

    Args:
        strips: from the top.
        size: of the paper, 1 for true size.
        behind: whose heart rate stands in blue behind that of each strip but the first; None for nobody's.
        said: at the foot, behind the scale.

    Returns:
        A figure with the axes "rate" and "activity" of each strip (`Axes.get_label`), from the top.

    Raises:
        FHRError: no strip, signals of a strip that are of two lengths or empty, or no rate.
    """
    if not strips:
        raise FHRError("no strip to draw; give one or more")
    for strip in strips:
        if np.ndim(strip.fhr) != 1 or not 0 < len(strip.fhr) == len(strip.uc) or not strip.fs > 0:
            raise FHRError(
                f"a strip with {np.shape(strip.fhr)} samples of FHR and {np.shape(strip.uc)} of UC at {strip.fs:g} Hz; "
                "give as many of both, and their rate"
            )
    paper, minutes = Paper(), max(_LEAST, *(len(strip.fhr) / strip.fs / 60 for strip in strips))
    tall = size * (paper.fhr_cm + paper.uc_cm) + _BETWEEN + _BELOW
    page = (_LEFT + size * minutes + _RIGHT + _WORDS, _TOP + len(strips) * tall + _FOOT)
    figure = Figure(figsize=(page[0] / INCH, page[1] / INCH))

    def panel(top: float, high: float, label: str) -> Axes:
        box = (_LEFT / page[0], 1 - (top + high) / page[1], size * minutes / page[0], high / page[1])
        return figure.add_axes(box, label=label, xlim=(-minutes, 0))

    for i, strip in enumerate(strips):
        top = _TOP + i * tall
        rate = panel(top, size * paper.fhr_cm, "rate")
        activity = panel(top + size * paper.fhr_cm + _BETWEEN, size * paper.uc_cm, "activity")
        paper.print_fhr(rate)
        paper.print_uc(activity)
        if i and behind is not None:
            _draw(rate, behind, behind.fhr, BLUE, size, behind=True)
        _draw(rate, strip, strip.fhr, "black", size)
        _draw(activity, strip, strip.uc, "black", size)
        _number(rate, activity, paper, named=i in (0, len(strips) - 1))
        tell_beside(figure, strip.words, (_LEFT + size * minutes + _RIGHT) / page[0], top, page[1])
    scale = f"1 cm/min, 20 bpm/cm at {_SIZES.get(size, f'{size:.0%} of its')} size"
    foot = " · ".join(part for part in (scale, said, NOTICE) if part)
    figure.text(_LEFT / page[0], 0.25 / page[1], foot, fontsize=6.5, color="0.35", gid="foot")
    return figure


def _draw(axes: Axes, strip: ToldStrip, signal: np.ndarray, color: str, size: float, *, behind: bool = False) -> None:
    time = (np.arange(len(signal)) - len(signal) - strip.lag * strip.fs) / (60 * strip.fs)
    width, zorder = (0.45, 2.0) if behind else (0.6, 2.2)
    values = np.asarray(signal, dtype=float)
    draw_signal(axes, time, values, fs=strip.fs, speed=size, color=color, label="", width=width, zorder=zorder)


def _number(rate: Axes, activity: Axes, paper: Paper, *, named: bool) -> None:
    step = paper.labelled_minutes
    minutes = np.arange(step * np.ceil(rate.get_xlim()[0] / step), 1, step)
    rate.set_xticks([])
    activity.set_xticks(minutes, [f"{m:g}".replace("-", "\N{MINUS SIGN}") for m in minutes])
    if named:
        activity.set_xlabel("time to the end of the window (min)", fontsize=7, loc="left", labelpad=2)


def tell_beside(figure: Figure, words: Sequence[str], left: float, top: float, height: float) -> None:
    """Write lines beside a strip, the first in bold.

    Args:
        figure: of the strip.
        words: lines; long ones are wrapped.
        left: of the words, as a share of the width of the figure.
        top: of the strip, cm from the top.
        height: of the figure, cm.
    """
    lines = [(part, not i) for i, line in enumerate(words) for part in wrap(line, round(_WORDS / _LETTER)) or [""]]
    for row, (text, first) in enumerate(lines):
        style = {"fontsize": 8.5, "weight": "bold"} if first else {"fontsize": 7}
        at = 1 - (top + 0.2 + row * _LINE) / height
        figure.text(left, at, text, va="center", parse_math=False, gid="words", **style)
