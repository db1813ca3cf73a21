"""Interactive cardiotocogram to zoom and pan, with values under the pointer; it needs the extra `plotly`."""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from fhr.errors import FHRError
from fhr.morphology import Morphology
from fhr.preprocessing import runs
from fhr.recording import Recording

from .ctg_about import lost_words
from .ctg_event_list import EVENTS, events
from .ctg_events import BASIS, categories, check_morphology, shown, signal_line
from .ctg_false_signal import LEVELS, checked_false_signal
from .ctg_paper import UC_RANGE, Paper
from .ctg_signals import alone
from .ctg_window import Count, Window
from .palette import AMBER, BLUE, GREEN, GREY, ORANGE, PURPLE

if TYPE_CHECKING:
    import plotly.graph_objects

__all__ = ["ctg_interactive"]

_FROM_START = "time from the start (min)"
_VIEW_CM = 30.0  # of paper that a screen opens with, about
_GRID = "rgba(201, 143, 115, 0.35)"
_RATE, _EVENTS, _ACTIVITY = "y", "y2", "y3"  # panels, upon one axis of time
_DOMAINS = ((0.4, 1.0), (0.29, 0.39), (0.0, 0.28))
_DRAWN = {"accelerations": (GREEN, 0), "decelerations": (ORANGE, 0), "contractions": (BLUE, -2)}  # colour, height


def ctg_interactive(
    recording: Recording,
    morphology: Morphology | None = None,
    *,
    false_signal: ArrayLike | None = None,
    start: float | None = None,
    minutes: float | None = None,
    count: Count = "end",
    speed: float = 1,
    bpm: tuple[float, float] = (50, 210),
) -> "plotly.graph_objects.Figure":
    """Draw the layers of `fhr.plots.ctg` with one time axis to zoom and pan, and values under the pointer.

    The figure opens on the last 30 cm of paper; drag to pan, or drag the ends of the overview below, double-click for
    everything, click in the legend to hide a layer. There is no fixed scale: what is judged by eye belongs on `ctg`.
    Values beyond `bpm` are reached by panning. `fhr.plots.write_ctg` makes a page of it, with a list of events.
    plotly's button "Share chart", which would upload the recording, is taken out.

    Args:
        recording: what is drawn.
        morphology: of this very recording.
        false_signal: as in `ctg`.
        start: as in `ctg`.
        minutes: as in `ctg`; what is left out is not in the file.
        count: as in `ctg`, in decimal minutes.
        speed: cm/min, for how many minutes the figure opens with.
        bpm: range of heart rates that it opens with.

    Raises:
        FHRError: plotly is not installed; what `ctg` raises, but for the length.
    """
    try:
        from plotly.graph_objects import Figure
    except ImportError:
        raise FHRError(
            "an interactive figure needs plotly, which is not installed; "
            "pip install 'intrapartum-fhr[plotly]', or draw with fhr.plots.ctg"
        ) from None
    Paper(speed, bpm=bpm)  # its checks
    window = Window.of(recording, start, minutes, count)
    probability = checked_false_signal(false_signal, recording)
    if morphology is not None:
        check_morphology(morphology, recording)
    figure = Figure()
    part, time = window.inside, window.counted(np.arange(len(recording))[window.inside] / recording.fs)

    # As float32 a sample takes half the bytes; times are kept to 0.01 s in a recording of a day.
    x = time.astype(np.float32)

    def line(panel: str, signal: np.ndarray, name: str, color: str, unit: str = "") -> None:
        same = {"name": name, "legendgroup": name, "hovertemplate": f"%{{y:.4~g}} {unit}", "yaxis": panel}
        # Not `scattergl`, which the overview leaves out, and which wants graphics that an office computer may not have.
        figure.add_scatter(x=x, y=signal, mode="lines", line={"color": color, "width": 1}, **same)
        dots = alone(signal)
        if dots.any():
            marker = {"color": color, "size": 3}
            figure.add_scatter(x=x[dots], y=signal[dots], mode="markers", marker=marker, showlegend=False, **same)

    line(_RATE, recording.fhr[part], "fetal heart rate", "black", "bpm")
    if recording.mhr is not None and np.isfinite(recording.mhr[part]).any():
        line(_RATE, recording.mhr[part], "maternal heart rate", PURPLE, "bpm")
    line(_ACTIVITY, recording.uc[part], "uterine activity", "black")
    if morphology is not None:
        if np.isfinite(morphology.baseline[part]).any():
            line(_RATE, morphology.baseline[part], "baseline", BLUE, "bpm")
        _add_events(figure, morphology, window)
    if probability is not None:
        for level in LEVELS:
            first, after = runs(probability[part] >= level)
            spans = time[first], time[after - 1] + 1 / (60 * recording.fs)
            _add_spans(figure, _RATE, *spans, "false signal", AMBER, 0.13, showlegend=level == LEVELS[0])
    across: dict[str, Any] = {"xref": "x domain", "x0": 0, "x1": 1, "yref": _RATE, "layer": "below"}
    figure.add_shape(type="rect", y0=110, y1=160, fillcolor=GREEN, opacity=0.07, line_width=0, **across)
    for level in (110, 160):
        figure.add_shape(type="line", y0=level, y1=level, line={"color": "#C98F73", "width": 1.5}, **across)
    if window.start <= recording.stage2_start < window.end:
        at = float(window.counted(np.array([recording.stage2_start]))[0])
        dashed = {"color": BLUE, "width": 1, "dash": "dash"}
        for panel in (_RATE, _ACTIVITY):
            figure.add_shape(type="line", x0=at, x1=at, yref=f"{panel} domain", y0=0, y1=1, line=dashed)
        beside = {"x": at, "y": 1, "yref": f"{_RATE} domain", "xanchor": "left", "yanchor": "top", "showarrow": False}
        figure.add_annotation(text="second stage", font={"color": BLUE, "size": 10}, **beside)
    _lay_out(figure, recording, morphology, window, speed, bpm)
    return figure


def _add_events(figure: Any, morphology: Morphology, window: Window) -> None:
    """Bars in the row between the panels, and spans of the same name in the panel of the signal."""
    for name in EVENTS:
        found, (color, height) = list(events(morphology, name, window)), _DRAWN[name]
        if not found:
            continue
        start, end = np.array([event[:2] for event in found]).T
        figure.add_scatter(
            x=np.stack([start, (start + end) / 2, end, np.full(len(found), np.nan)], axis=1).ravel(),
            y=np.full(4 * len(found), height),
            # The empty line keeps the name off the bar.
            text=[text for event in found for text in ("", event.kind and f"<br>{event.kind}", "", "")],
            textposition="bottom center",
            textfont={"color": color, "size": 10},
            customdata=np.repeat([event.said for event in found], 4),
            mode="lines+text",
            line={"color": color, "width": 8},
            name=name,
            legendgroup=name,
            hovertemplate="%{customdata}<extra></extra>",
            yaxis=_EVENTS,
        )
        panel = _ACTIVITY if name == "contractions" else _RATE
        _add_spans(figure, panel, start, end, name, color, 0.12, showlegend=False)
    for panel, channel in ((_RATE, "fhr"), (_ACTIVITY, "uc")):
        uncertain = shown(morphology.uncertain[morphology.uncertain["channel"] == channel], window)
        _add_spans(figure, panel, *_times(uncertain, window), f"uncertain ({channel})", GREY, 0.25)
    _add_spans(figure, _RATE, *_times(shown(morphology.sinusoidal, window), window), "sinusoidal pattern", PURPLE, 0.15)


def _times(table: pd.DataFrame, window: Window) -> tuple[np.ndarray, np.ndarray]:
    return window.counted(table["start_s"].to_numpy(float)), window.counted(table["end_s"].to_numpy(float))


def _add_spans(
    figure: Any, panel: str, start: np.ndarray, end: np.ndarray, name: str, color: str, opacity: float, **more: Any
) -> None:
    # One trace of rectangles a layer: with a shape for each, zooming is slow from a hundred on.
    if len(start) == 0:
        return
    low, high = UC_RANGE if panel == _ACTIVITY else (0, 300)
    gap = np.full(len(start), np.nan)
    bottom, top = np.full(len(start), low), np.full(len(start), high)
    figure.add_scatter(
        x=np.stack([start, start, end, end, start, gap], axis=1).ravel(),
        y=np.stack([bottom, top, top, bottom, bottom, gap], axis=1).ravel(),
        fill="toself",
        fillcolor=color,
        opacity=opacity,
        mode="none",
        hoverinfo="skip",
        name=name,
        legendgroup=name,
        yaxis=panel,
        **more,
    )


def _lay_out(
    figure: Any, recording: Recording, morphology: Morphology | None, window: Window, speed: float, bpm: Sequence[float]
) -> None:
    lost = lost_words(recording, window.inside)
    title = {"text": f"<b>{escape(recording.name)}</b> · {lost}", "font": {"size": 15}}
    if morphology is not None:
        said = (f"{categories(morphology, window, 200)} · {BASIS}", signal_line(morphology, 200))
        title["subtitle"] = {"text": "<br>".join(escape(line) for line in said if line)}
    first, last = window.limits
    opened = _VIEW_CM / speed
    seen = [max(first, last - opened), last] if window.count == "end" else [first, min(last, first + opened)]
    figure.update_layout(
        template="plotly_white",
        title=title,
        height=760,
        margin={"t": 130, "l": 60, "r": 20, "b": 60},
        legend={"orientation": "h", "y": 1.01, "yanchor": "bottom"},
        hovermode="x unified",
        hoversubplots="axis",
        dragmode="pan",
        modebar={"remove": ["sendChartToCloud", "select2d", "lasso2d"]},
        xaxis={
            "anchor": _ACTIVITY,
            "range": seen,
            "rangeslider": {"visible": True, "range": [first, last], "thickness": 0.1},
            "gridcolor": _GRID,
            "hoverformat": ".2f",
            "zeroline": False,
            "title": {"text": "time to the end of the recording (min)" if window.count == "end" else _FROM_START},
        },
    )
    for panel, domain in zip((_RATE, _EVENTS, _ACTIVITY), _DOMAINS, strict=True):
        figure.update_layout({panel.replace("y", "yaxis"): {"domain": domain, "gridcolor": _GRID, "zeroline": False}})
    figure.update_layout(
        yaxis={"range": list(bpm), "dtick": 20, "title": {"text": "heart rate (bpm)"}},
        yaxis2={"range": [-2.6, 0.6], "visible": False, "fixedrange": True},
        yaxis3={"range": list(UC_RANGE), "dtick": 25, "title": {"text": "UC (a.u.)"}},
    )
