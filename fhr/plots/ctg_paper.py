"""CTG paper: its speed in cm a minute, its scale in beats per minute a cm, and the grid printed on it."""

from dataclasses import dataclass
from math import isfinite

import numpy as np
from matplotlib.axes import Axes

from fhr.errors import FHRError

from .palette import GREEN

__all__ = ["INCH", "NOTICE", "UC_RANGE", "Paper"]

INCH = 2.54  # cm
NOTICE = "research software, not a medical device"
UC_RANGE = (0.0, 100.0)
_UC_CM = 4.0  # 25 units to the centimetre, as printed on both papers
_PRINT = "#C98F73"  # the brown-red of printed grids; signals are black, blue and violet
_NORMAL = (110, 160)  # bpm, FIGO 2015 and NICHD 2008
_FAINT, _LINE, _STRONG = (0.25, 0.35), (0.4, 0.65), (0.8, 0.9)  # line width (pt) and opacity


@dataclass(frozen=True, slots=True)
class Paper:
    """Speed and scale of the paper.

    Speed and scale change what the eye sees as variability, so a clinic uses one pair: 1 cm/min with 20 bpm/cm in
    most of Europe, 2 cm/min in the Netherlands, 3 cm/min with 30 bpm/cm in North America.

    Args:
        speed: cm/min; 1, 2 or 3.
        scale: bpm/cm; 20 or 30.
        bpm: lowest and highest heart rate on the paper; North American paper has (30, 240).

    Raises:
        FHRError: another speed or scale, or a range that is empty or does not hold 110 to 160.

    Source:
        Ayres-de-Campos, Spong, Chandraharan 2015, Int. J. Gynecol. Obstet. 131:13-24, doi:10.1016/j.ijgo.2015.06.020
        (speeds and scales in use).
    """

    speed: float = 1
    scale: float = 20
    bpm: tuple[float, float] = (50, 210)

    def __post_init__(self) -> None:
        if self.speed not in (1, 2, 3):
            raise FHRError(f"speed={self.speed!r} cm/min is no paper speed; give 1, 2 or 3")
        if self.scale not in (20, 30):
            raise FHRError(f"scale={self.scale!r} bpm/cm is no paper scale; give 20 or 30")
        low, high = self.bpm
        if not (isfinite(low) and isfinite(high) and low < _NORMAL[0] and high > _NORMAL[1]):
            raise FHRError(f"bpm={self.bpm!r}: the paper must hold 110 to 160 bpm; give a range such as (50, 210)")

    @property
    def fhr_cm(self) -> float:
        """Height of the panel of heart rates."""
        return (self.bpm[1] - self.bpm[0]) / self.scale

    @property
    def uc_cm(self) -> float:
        """Height of the panel of uterine activity."""
        return _UC_CM

    @property
    def labelled_minutes(self) -> int:
        """Minutes from one written time to the next."""
        return 5 if self.speed == 1 else 1

    def print_fhr(self, axes: Axes) -> None:
        """Print grid, normal band and thick lines on the panel of heart rates, whose x axis is in minutes."""
        low, high = self.bpm
        axes.set_ylim(low, high)
        axes.axhspan(*_NORMAL, color=GREEN, alpha=0.07, linewidth=0, zorder=0.1)
        written = _multiples(low, high, self.scale)
        self._print(axes, fine=_multiples(low, high, 10), coarse=written)
        _rule(axes, np.array(_NORMAL), _STRONG, upright=False, width=1.1)
        self._number(axes, written)
        axes.set_ylabel("heart rate (bpm)", fontsize=7)

    def print_uc(self, axes: Axes) -> None:
        """Print the grid on the panel of uterine activity."""
        low, high = UC_RANGE
        axes.set_ylim(low, high)
        written = _multiples(low, high, 25)
        self._print(axes, fine=_multiples(low, high, 12.5), coarse=written)
        self._number(axes, written)
        axes.set_ylabel("UC (a.u.)", fontsize=7)

    def _print(self, axes: Axes, *, fine: np.ndarray, coarse: np.ndarray) -> None:
        _rule(axes, fine, _FAINT, upright=False)
        _rule(axes, coarse, _LINE, upright=False)
        start, end = axes.get_xlim()
        _rule(axes, _multiples(start, end, 0.5 / self.speed), _FAINT, upright=True)
        _rule(axes, _multiples(start, end, 1), _LINE, upright=True)
        _rule(axes, _multiples(start, end, 10), _STRONG, upright=True)
        for side in axes.spines.values():
            side.set(color=_PRINT, linewidth=0.7)

    def _number(self, axes: Axes, values: np.ndarray) -> None:
        axes.set_yticks(values)
        axes.tick_params(length=0, labelsize=7, labelright=True, pad=2)
        axes.tick_params(axis="x", pad=4)
        # As on paper, the numbers come back every so often: a long strip is read far from its edges.
        start, end = axes.get_xlim()
        tens = _multiples(start, end, 20 if self.speed == 1 else 10)
        low, high = values[0], values[-1]
        for x in tens[(tens - start > 3) & (end - tens > 3)]:
            for y in values[(values > low) & (values < high)]:
                axes.text(x, y, f"{y:g}", fontsize=5.5, color=_PRINT, ha="center", va="center", zorder=0.6, bbox=_BLANK)


_BLANK = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}


def _multiples(low: float, high: float, step: float) -> np.ndarray:
    return step * np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1)


def _rule(axes: Axes, at: np.ndarray, pen: tuple[float, float], *, upright: bool, width: float | None = None) -> None:
    # One collection of lines: a strip of hours has thousands, and a tick for each takes seconds.
    low, high = axes.get_ylim() if upright else axes.get_xlim()
    draw = axes.vlines if upright else axes.hlines
    draw(at, low, high, color=_PRINT, linewidth=width or pen[0], alpha=pen[1], zorder=0.5)
