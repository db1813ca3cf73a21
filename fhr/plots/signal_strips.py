"""Strips of several recordings: fetal heart rate above uterine activity, as on a monitor."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MultipleLocator

from fhr.errors import FHRError
from fhr.recording import Recording

from .figure import Figure
from .palette import BLUE, GREEN, GREY

__all__ = ["draw_strip", "strips"]


def strips(recordings: Sequence[Recording], titles: Sequence[str] | None = None, minutes: float = 60) -> Figure:
    """Draw the last `minutes` of each recording, one below the other.

    FHR from 50 to 210 bpm (110 to 160 shaded) above, uterine activity from 0 to 100 below; time in minutes from the
    end of the recording. Missing samples break the line; values beyond the scale leave the paper. The title gives the
    share of FHR missing in what is shown; a shorter recording starts where it starts.

    Args:
        recordings: one or more.
        titles: one a recording; their names where None.
        minutes: length of the strip.

    Raises:
        FHRError: no recording, another number of titles, or minutes that are not positive.
    """
    if not recordings:
        raise FHRError("no recording to draw; give at least one")
    if not minutes > 0:
        raise FHRError(f"minutes={minutes}; give a positive length")
    titles = [recording.name for recording in recordings] if titles is None else titles
    if len(titles) != len(recordings):
        raise FHRError(f"{len(titles)} titles for {len(recordings)} recordings; give one for each, or none at all")
    figure = Figure(figsize=(11, 3.4 * len(recordings)), layout="constrained")
    for part, recording, title in zip(
        figure.subfigures(len(recordings), 1, squeeze=False).flat, recordings, titles, strict=True
    ):
        rate, activity = part.subplots(2, 1, sharex=True, height_ratios=(8, 5))
        draw_strip(rate, activity, recording, title, minutes)
    return figure


def draw_strip(rate: Axes, activity: Axes, recording: Recording, title: str, minutes: float) -> None:
    """Draw one recording in two panels that share their time axis."""
    n = min(len(recording), round(minutes * 60 * recording.fs))
    time = (np.arange(n) - n) / (60 * recording.fs)
    fhr, uc = recording.fhr[len(recording) - n :], recording.uc[len(recording) - n :]
    loss = 100 * np.isnan(fhr).mean() if n else 100.0

    rate.set_title(f"{title} · {loss:.0f}% signal loss", fontsize="medium", loc="left")
    rate.axhspan(110, 160, color=GREEN, alpha=0.08, linewidth=0)
    rate.plot(time, fhr, color="black", linewidth=0.7)
    rate.set(xlim=(-minutes, 0), ylim=(50, 210), ylabel="FHR (bpm)")
    rate.yaxis.set_major_locator(MultipleLocator(20, offset=10))
    rate.yaxis.set_minor_locator(MultipleLocator(10))

    activity.plot(time, uc, color=BLUE, linewidth=0.9)
    activity.set(ylim=(0, 100), ylabel="UC (a.u.)", xlabel="time from the end of the recording (min)")
    activity.yaxis.set_major_locator(MultipleLocator(25))
    major = 10 if minutes > 20 else 5 if minutes > 8 else 1
    for axes in (rate, activity):
        axes.xaxis.set_major_locator(MultipleLocator(major))
        axes.xaxis.set_minor_locator(MultipleLocator(major / 5 if major > 1 else 0.5))
        axes.grid(which="major", color=GREY, alpha=0.45, linewidth=0.6)
        axes.grid(which="minor", color=GREY, alpha=0.18, linewidth=0.4)
        axes.tick_params(which="minor", length=0)
