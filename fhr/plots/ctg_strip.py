"""Cardiotocogram on paper of true size: fetal heart rate above, uterine activity below."""

from typing import Any

from numpy.typing import ArrayLike

from fhr.errors import FHRError
from fhr.morphology import Morphology
from fhr.recording import Recording

from .ctg_about import lost_words
from .ctg_events import BASIS, categories, check_morphology, signal_line
from .ctg_false_signal import checked_false_signal
from .ctg_looked import checked_contributions
from .ctg_paper import INCH, NOTICE, Paper
from .ctg_row import LEFT_CM, RIGHT_CM, Layers, draw_legend, draw_row, row_cm
from .ctg_window import Count, Window
from .figure import Figure
from .palette import ORANGE

__all__ = ["checked_layers", "ctg", "figure_cm", "lay_out"]

_TOP, _BOTTOM = 1.3, 1.7  # cm above and below the panels
_BESIDE = 4.8  # cm of words beside the legend
_LEAST_CM = 5.0  # of paper: ten seconds on less are not to be seen
_LEAST_FIGURE_CM = 17.0  # room for title, categories and legend
_MOST_CM = 500.0  # 65,536 pixels, the most that matplotlib draws, at 333 dpi


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
        and "looked at uc" too, x in counted minutes. A strip of less than about 14 cm stands at the left of a wider
        figure.

    Raises:
        FHRError: a speed, scale, range, start or length that no paper has; more than 5 m of paper; a morphology, a
            `false_signal` or `contributions` of another recording.

    Source:
        Paper: Ayres-de-Campos, Spong, Chandraharan 2015, Int. J. Gynecol. Obstet. 131:13-24,
        doi:10.1016/j.ijgo.2015.06.020. Left out: the time of day, which most recordings do not carry.

    Example:
        >>> import numpy as np
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
            f"of paper; one figure takes {_MOST_CM / 100:g} m: give minutes, or sheets, which a .pdf takes"
        )
    layers = checked_layers(recording, morphology, false_signal, contributions)
    return lay_out(layers, window, paper, note=NOTICE)


def checked_layers(
    recording: Recording,
    morphology: Morphology | None = None,
    false_signal: ArrayLike | None = None,
    contributions: ArrayLike | None = None,
) -> Layers:
    """Check what is drawn upon a recording.

    Raises:
        FHRError: a layer of another recording, or values that it does not hold.
    """
    if morphology is not None:
        check_morphology(morphology, recording)
    looked = checked_contributions(contributions, recording)
    return Layers(recording, morphology, checked_false_signal(false_signal, recording), looked)


def lay_out(
    layers: Layers, window: Window, paper: Paper, *, size_cm: tuple[float, float] | None = None, note: str = ""
) -> Figure:
    """Lay out the figure of one window; `size_cm` is that of a page where it is not to follow from the strip."""
    width, height = size_cm or figure_cm(layers, window, paper)
    figure = Figure(figsize=(width / INCH, height / INCH))
    draw_row(figure, layers, window, paper, top=_TOP)
    _write(figure, layers, window, paper, note)
    return figure


def figure_cm(layers: Layers, window: Window, paper: Paper) -> tuple[float, float]:
    """Width and height of the figure that the strip of a window needs."""
    width = LEFT_CM + window.minutes * paper.speed + RIGHT_CM
    return max(width, _LEAST_FIGURE_CM), _TOP + row_cm(layers, paper) + _BOTTOM


def _write(figure: Figure, layers: Layers, window: Window, paper: Paper, note: str) -> None:
    recording, morphology = layers.recording, layers.morphology
    width, height = figure.get_size_inches() * INCH
    foot = figure.axes[-1].get_position().y0 - _BOTTOM / height
    letters = round((width - LEFT_CM - RIGHT_CM) / 0.125)
    said = signal_line(morphology, letters) if morphology is not None else ""
    first, second = (0.36, 0.73) if said else (0.45, 0.95)  # cm from the top
    left, right = LEFT_CM / width, 1 - RIGHT_CM / width
    title = f"{recording.name} · {lost_words(recording, window.inside)}"  # a name may hold dollar signs
    figure.text(left, 1 - first / height, title, fontsize=9, weight="bold", va="center", parse_math=False)
    small: dict[str, Any] = {"ha": "right", "va": "center", "color": "0.35"}
    size = f"{paper.speed:g} cm/min, {paper.scale:g} bpm/cm"
    figure.text(right, foot + (0.53 if note else 0.22) / height, size, fontsize=6.5, **small)
    if note:
        figure.text(right, foot + 0.22 / height, note, fontsize=6.5, gid="notice", **small)
    if morphology is not None:
        beside = foot + (_BOTTOM - 0.82) / height  # in the row of the label of time
        figure.text(right, beside, BASIS, fontsize=6, gid="basis", **small)
        line = categories(morphology, window, letters)
        figure.text(left, 1 - second / height, line, fontsize=7, va="center", gid="categories")
    if said:
        figure.text(left, 1 - 1.08 / height, said, fontsize=7, va="center", gid="signal", color=ORANGE)
    draw_legend(figure, foot=foot * height + 0.05, beside=_BESIDE)
