"""Strip of a few centimetres as SVG, for notebooks: an overview at a glance, drawn by numpy alone."""

from collections.abc import Iterable
from html import escape
from typing import NamedTuple

import numpy as np

from .floating import floating

__all__ = ["Bar", "small_strip"]

_LEFT, _ACROSS, _RIGHT = 30, 600, 8  # px
_COLUMNS = 600  # stretches of which the lowest and the highest value are drawn
_BARS = (103, 5)  # top and height, px
_NORMAL = (110, 160)  # bpm


class _Panel(NamedTuple):
    top: float  # px
    bottom: float
    highest: float  # bpm, or units of the UC channel
    lowest: float

    def y(self, value: float) -> float:
        return self.top + (self.bottom - self.top) * (self.highest - value) / (self.highest - self.lowest)


_FHR, _UC = _Panel(4, 100, 210, 50), _Panel(112, 148, 100, 0)


class Bar(NamedTuple):
    """Event below the heart rate.

    Attributes:
        start: s from the start of the recording.
        end: s.
        color: of CSS.
    """

    start: float
    end: float
    color: str


def small_strip(
    fhr: np.ndarray, uc: np.ndarray | None = None, *, fs: float, said: str, bars: Iterable[Bar] = ()
) -> str:
    """Draw heart rate from 50 to 210 bpm above uterine activity from 0 to 100, as an `<svg>` that needs nothing else.

    Of each of 600 stretches the lowest and the highest value are drawn, so that no deceleration is lost. A stretch with
    nothing in it breaks the line, what is beyond the scale lies on its edge. Time is that to the end, in minutes.

    Args:
        fhr: (n,), bpm; NaN is missing.
        uc: (n,), or None for none.
        fs: sampling rate, Hz.
        said: text for who cannot see it, in plain text.
        bars: events between both.
    """
    fhr = floating(fhr)
    seconds = len(fhr) / fs
    low, high = (_FHR.y(level) for level in _NORMAL)
    parts = [f'<rect x="{_LEFT}" y="{high:g}" width="{_ACROSS}" height="{low - high:g}" fill="#009E73" opacity=".1"/>']
    for level in _NORMAL:
        y = _FHR.y(level)
        parts.append(f'<path d="M{_LEFT} {y:g}h{_ACROSS}" stroke="#C98F73" stroke-width=".7"/>')
        parts.append(f'<text x="{_LEFT - 4}" y="{y + 3:g}" text-anchor="end">{level}</text>')
    parts.append(_line(fhr, _FHR))
    for bar in bars:
        start, end = (_ACROSS * min(max(at / seconds, 0), 1) for at in (bar.start, bar.end))
        where = f'x="{_LEFT + start:.1f}" y="{_BARS[0]}" width="{max(end - start, 1):.1f}" height="{_BARS[1]}"'
        parts.append(f'<rect {where} fill="{bar.color}"/>')
    bottom = float(sum(_BARS))
    if uc is not None:
        parts.append(_line(floating(uc), _UC))
        bottom = _UC.bottom
    for share, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end")):
        minutes = "0 min" if share == 1 else f"\N{MINUS SIGN}{(1 - share) * seconds / 60:.3g}"
        at = f'x="{_LEFT + share * _ACROSS:g}" y="{bottom + 11:g}" text-anchor="{anchor}"'
        parts.append(f"<text {at}>{minutes}</text>")
    wide, high = _LEFT + _ACROSS + _RIGHT, bottom + 14
    size = f'viewBox="0 0 {wide} {high:g}" width="{wide}" style="max-width:100%;height:auto"'
    font = 'font-size="9" font-family="sans-serif" fill="currentColor"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(said)}" {size} {font}>'
    return f"{head}{''.join(parts)}</svg>"


def _line(signal: np.ndarray, panel: _Panel) -> str:
    lows, highs = _lowest_and_highest(np.clip(signal, panel.lowest, panel.highest))
    step, pen, drawn = _ACROSS / max(len(lows), 1), "M", []
    for i, ends in enumerate(zip(lows.tolist(), highs.tolist(), strict=True)):
        if np.isnan(ends[0]):
            pen = "M"
            continue
        x = _LEFT + (i + 0.5) * step
        for value in ends if i % 2 else ends[::-1]:  # up and down in turn: neighbours join at near ends
            drawn.append(f"{pen}{x:.1f} {panel.y(value):.1f}")
            pen = "L"
    style = 'fill="none" stroke="currentColor" stroke-width=".8" stroke-linejoin="round" stroke-linecap="round"'
    return f'<path d="{"".join(drawn)}" {style}/>'


def _lowest_and_highest(signal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each stretch of the signal, as many as there are columns or samples; NaN where nothing is known."""
    if not len(signal):
        return np.empty(0), np.empty(0)
    starts = np.arange(min(_COLUMNS, len(signal))) * len(signal) // min(_COLUMNS, len(signal))
    return np.fmin.reduceat(signal, starts), np.fmax.reduceat(signal, starts)
