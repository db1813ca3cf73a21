"""Confidence card as a page for one recording: the end of its strip on true paper, and the prediction below it."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import ArrayLike

from fhr.errors import FHRError
from fhr.morphology import Morphology
from fhr.recording import Recording

from .confidence_words import BAR_CM, ROW_CM, ConfidenceFields, doubts, looks, risk, sets, wrapped
from .ctg_paper import Paper
from .ctg_strip import checked_layers, figure_cm, lay_out
from .ctg_window import Window
from .figure import Figure
from .palette import BLUE, GREY

__all__ = ["confidence_card"]

_A4_CM = (29.7, 21.0)  # landscape
_STRIP_CM = 27.0
_COLUMNS_CM = ((1.5, 9.0), (11.6, 8.2), (20.6, 8.1))  # left edge and width
_LOG_ODDS_TICKS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.25, 0.5, 0.75, 0.9, 0.97, 0.99)


def confidence_card(
    recording: Recording,
    prediction: ConfidenceFields,
    *,
    networks: ArrayLike | None = None,
    morphology: Morphology | None = None,
    contributions: ArrayLike | None = None,
    minutes: float | None = None,
    speed: float = 1,
    scale: float = 20,
    bpm: tuple[float, float] = (50, 210),
    log_odds: bool = False,
) -> Figure:
    """Draw the last minutes of the strip at true size, above the probability, the conformal sets and the doubts.

    The bar is the interval of the probability, the diamond the probability, hollow where the model abstains; each tick
    above is what one retrained network alone would say; the dotted line is the prevalence: a risk means little without
    what it was before looking. Sets are given in words, for each level. One sheet of A4 in landscape, higher where the
    doubts need more room.

    Args:
        recording: of the prediction.
        prediction: a `fhr.confidence.Prediction`, or anything with these fields.
        networks: (m,), calibrated probabilities of the single networks.
        morphology: of this very recording, drawn as in `ctg`.
        contributions: (2, n), drawn as in `ctg`; the stretches that the prediction names stand below.
        minutes: length of the strip; None for what fills a sheet (27 min at 1 cm/min).
        speed: cm/min; 1, 2 or 3.
        scale: bpm/cm; 20 or 30.
        bpm: range of the heart rates.
        log_odds: scale of the bar; log-odds show small risks apart, the plain scale shows that they are small.

    Returns:
        A figure with the axes of `ctg` and, where there is a probability, "probability" (`Axes.get_label`).

    Raises:
        FHRError: a prediction of another recording, probabilities outside [0, 1] or (m,), what `ctg` refuses.
    """
    if prediction.name != recording.name:
        raise FHRError(f"the prediction is of {prediction.name}, the recording is {recording.name}; give one of both")
    members = np.zeros(0) if networks is None else np.asarray(networks, dtype=np.float64)
    numbers = [
        v for v in (prediction.probability, prediction.low, prediction.high, prediction.prevalence) if v is not None
    ]
    every = np.concatenate([np.ravel(members), numbers])
    if members.ndim != 1 or not ((every >= 0) & (every <= 1)).all():
        raise FHRError(
            f"probabilities of {recording.name} are not all in [0, 1], or networks not (m,): {every.tolist()}"
        )

    paper = Paper(speed, scale, bpm)
    window = Window.of(recording, None, _STRIP_CM // speed if minutes is None else minutes, "end")
    layers = checked_layers(recording, morphology, contributions=contributions)
    width, strip = figure_cm(layers, window, paper)
    columns = (risk(prediction, len(members)), [*sets(prediction), *looks(prediction)], doubts(prediction))
    rows = [wrapped(column, width) for column, (_, width) in zip(columns, _COLUMNS_CM, strict=True)]
    card = max(sum(ROW_CM + row.below for row in column) for column in rows) + 0.65
    size = (max(_A4_CM[0], width), max(_A4_CM[1], strip + card))
    figure = lay_out(layers, window, paper, size_cm=size)
    top = size[1] - strip  # cm from the foot of the figure, as all heights below
    figure.add_artist(
        Line2D([_COLUMNS_CM[0][0] / size[0], 1 - 1.2 / size[0]], [top / size[1]] * 2, color=GREY, linewidth=0.8)
    )
    for column, (left, _) in zip(rows, _COLUMNS_CM, strict=True):
        y = top - 0.5
        for row in column:
            style = {"fontsize": 8, **row.style}
            figure.text(left / size[0], y / size[1], row.text, va="center", parse_math=False, **style)
            y -= ROW_CM + row.below
    if prediction.probability is not None:
        left, wide = _COLUMNS_CM[0]
        heading = next(i for i, row in enumerate(rows[0], start=1) if row.below)
        box = (left / size[0], (top - 0.45 - heading * ROW_CM - BAR_CM) / size[1], wide / size[0], BAR_CM / size[1])
        _bar(figure.add_axes(box, label="probability"), prediction, members, log_odds=log_odds)
    return figure


def _bar(axes: Axes, prediction: ConfidenceFields, members: np.ndarray, *, log_odds: bool) -> None:
    probability, low, high = prediction.probability, prediction.low, prediction.high
    within = (_LOG_ODDS_TICKS[0], _LOG_ODDS_TICKS[-1]) if log_odds else (0.0, 1.0)
    axes.set(xscale="logit" if log_odds else "linear", xlim=within, ylim=(0, 1))
    if log_odds:
        axes.xaxis.set_major_locator(FixedLocator(_LOG_ODDS_TICKS))
        axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}%"))
    axes.set_yticks([])
    axes.tick_params(labelsize=7, length=2, pad=2)
    axes.spines[["left", "right", "top"]].set_visible(False)
    if low is not None and high is not None:
        ends = np.clip([low, high], *within)
        axes.fill_betweenx([0.16, 0.5], *ends, color=BLUE, alpha=0.3, linewidth=0, gid="interval")
    if len(members):
        at = np.clip(members, *within)
        axes.vlines(at, 0.66, 0.96, color=BLUE, alpha=0.7, linewidth=1, gid="networks", clip_on=False)
    if prediction.prevalence is not None:
        axes.axvline(
            np.clip(prediction.prevalence, *within), color="black", linewidth=1.2, linestyle=":", gid="prevalence"
        )
    face = "white" if prediction.abstain else BLUE
    diamond = np.clip([probability], *within)
    axes.plot(
        diamond, [0.33], "D", color=BLUE, markerfacecolor=face, markersize=7, gid="probability", clip_on=False, zorder=3
    )
