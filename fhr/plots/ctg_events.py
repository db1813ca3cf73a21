"""Findings of `fhr.morphology` on CTG paper: baseline, events, uncertain stretches, the guidelines' categories."""

from textwrap import shorten
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from fhr.errors import FHRError
from fhr.morphology import FALSE_REASONS, Category, Morphology, signal_notes
from fhr.recording import Recording

from .ctg_window import Window
from .palette import BLUE, GREEN, GREY, ORANGE, PURPLE

__all__ = ["BASIS", "LANE_CM", "categories", "check_morphology", "draw_morphology", "shown", "signal_line"]

BASIS = "kinds by NICHD 2008; events tuned on 33 FHRMA recordings"  # `Category.basis` in short
LANE_CM = 1.1  # the strip between the two panels: bars, and up to three rows of names below them
_BAR = (0.78, 0.18)  # bottom and height in the lane, cm
_SINUSOIDAL = (1.0, 0.07)
_ROWS = (0.62, 0.38, 0.14)  # middles of the rows of names, cm
_LETTER_CM = 0.11  # width of a letter at 6 pt
_NAMED = 20.0  # s: false stretches that are shorter are hatched and have no name


def check_morphology(morphology: Morphology, recording: Recording) -> None:
    """Check that the recording and the morphology belong together.

    Raises:
        FHRError: they differ in number of samples or sampling rate.
    """
    if len(morphology.baseline) != len(recording) or morphology.fs != recording.fs:
        raise FHRError(
            f"the morphology of {morphology.name} ({len(morphology.baseline)} samples at {morphology.fs:g} Hz) is not "
            f"that of {recording.name} ({len(recording)} at {recording.fs:g} Hz); analyze the recording that is drawn"
        )


def draw_morphology(
    rate: Axes, lane: Axes, activity: Axes, morphology: Morphology, fhr: np.ndarray, window: Window, speed: float
) -> None:
    """Draw every layer that has something in the window.

    Args:
        rate: panel of heart rates.
        lane: strip between the panels, y in cm from 0 to `LANE_CM`.
        activity: panel of uterine activity.
        morphology: of the recording.
        fhr: the drawn samples, bpm.
        window: what is shown.
        speed: of the paper, cm/min.
    """
    time, baseline = window.time(), morphology.baseline[window.drawn]
    if np.isfinite(baseline).any():
        rate.plot(time, baseline, color=BLUE, linewidth=0.9, alpha=0.8, label="baseline", zorder=2.1, gid="baseline")
    for name, color, side in (("accelerations", GREEN, fhr > baseline), ("decelerations", ORANGE, fhr < baseline)):
        events = shown(getattr(morphology, name), window)
        if events.empty:
            continue
        start, end = _times(events, window)
        within = np.zeros(len(time), dtype=bool)
        for first, last in zip(start, end, strict=True):
            within |= (time >= first) & (time <= last)
        where = within & side  # a wild sample on the other side is no part of the event
        rate.fill_between(time, baseline, fhr, where=where, color=color, alpha=0.25, linewidth=0, zorder=1.5, gid=name)
        _bars(lane, start, end, color=color, label=name)
    sinusoidal = _times(shown(morphology.sinusoidal, window), window)
    _bars(lane, *sinusoidal, color=PURPLE, label="sinusoidal pattern", at=_SINUSOIDAL)
    _name(lane, _named(morphology, window), window, speed)

    low, high = activity.get_ylim()
    contractions = shown(morphology.contractions, window)
    if not contractions.empty:
        start, end = _times(contractions, window)
        _bars(activity, start, end, color=BLUE, label="contractions", at=(low, high - low), alpha=0.1)
        peak = window.counted(contractions["peak_s"].to_numpy(float))
        peak = peak[(peak >= window.limits[0]) & (peak <= window.limits[1])]
        top: dict[str, Any] = {
            "marker": "v",
            "markersize": 4,
            "markeredgewidth": 0,
            "linestyle": "none",
            "clip_on": False,
        }
        activity.plot(peak, np.full(len(peak), high), color=BLUE, gid="contraction peaks", **top)
    for channel, axes in (("fhr", rate), ("uc", activity)):
        uncertain = shown(morphology.uncertain, window)
        _hatch(axes, *_times(uncertain[uncertain["channel"] == channel], window))


def shown(table: pd.DataFrame, window: Window) -> pd.DataFrame:
    """Rows of a table of events that reach into the window."""
    return table[(table["end_s"] > window.start) & (table["start_s"] < window.end)]


def categories(morphology: Morphology, window: Window, width: int) -> str:
    """One line of text: each guideline, the minutes that it judged, its category and the criteria that fired."""
    return shorten(
        " · ".join(_written(c, window) for c in (morphology.figo, morphology.nichd)), width, placeholder=" …"
    )


def signal_line(morphology: Morphology, width: int) -> str:
    """One line of text: what of the whole recording's FHR is false or open to doubt; empty for nothing."""
    return shorten(" · ".join(signal_notes(morphology)), width, placeholder=" …")


def _written(category: Category, window: Window) -> str:
    start, end = (
        window.written(round(float(m), 1)) for m in window.counted(np.array([category.start_s, category.end_s]))
    )
    return f"{category.guideline} ({start} to {end}{window.unit}): {category.words}"


def _times(table: pd.DataFrame, window: Window) -> tuple[np.ndarray, np.ndarray]:
    return window.counted(table["start_s"].to_numpy(float)), window.counted(table["end_s"].to_numpy(float))


def _bars(
    axes: Axes,
    start: np.ndarray,
    end: np.ndarray,
    *,
    color: str,
    label: str,
    at: tuple[float, float] = _BAR,
    alpha: float = 1,
) -> None:
    if len(start):
        spans = list(zip(start, end - start, strict=True))
        axes.broken_barh(spans, at, facecolors=color, alpha=alpha, linewidth=0, label=label, zorder=1.2, gid=label)


def _hatch(axes: Axes, start: np.ndarray, end: np.ndarray) -> None:
    if len(start):
        low, high = axes.get_ylim()
        spans = list(zip(start, end - start, strict=True))
        with matplotlib.rc_context({"hatch.linewidth": 0.4}):  # read when the collection is made
            axes.broken_barh(
                spans,
                (low, high - low),
                facecolors="none",
                edgecolors=GREY,
                hatch="///",
                linewidth=0,
                alpha=0.5,
                label="uncertain",
                zorder=1.1,
                gid="uncertain",
            )


def _named(morphology: Morphology, window: Window) -> pd.DataFrame:
    """Start, end, name and colour of what is named in the lane: decelerations by kind, false FHR by reason."""
    falls = shown(morphology.decelerations, window)
    false = shown(morphology.uncertain, window)
    false = false[false["reason"].isin(FALSE_REASONS) & (false["end_s"] - false["start_s"] >= _NAMED)]
    parts = [falls.assign(name=falls["kind"].astype(str), color=ORANGE), false.assign(name=false["reason"], color=GREY)]
    return pd.concat([part[["start_s", "end_s", "name", "color"]] for part in parts if len(part)] or [false])


def _name(lane: Axes, named: pd.DataFrame, window: Window, speed: float) -> None:
    """Each name below the middle of what is seen of its bar, in the first row where it touches no other."""
    if named.empty:
        return
    first, last = window.limits
    named = named.sort_values("start_s", kind="stable")
    start, end = _times(named, window)
    taken = np.full(len(_ROWS), -np.inf)
    middles = (np.clip(start, first, last) + np.clip(end, first, last)) / 2
    for name, color, middle in zip(named["name"], named["color"], middles, strict=True):
        half = _LETTER_CM * (len(name) + 1) / 2 / speed
        free = np.flatnonzero(taken <= middle - half)
        row = int(free[0]) if len(free) else int(np.argmin(taken))
        taken[row] = middle + half
        lane.text(middle, _ROWS[row], name, fontsize=6, color=color, ha="center", va="center")
