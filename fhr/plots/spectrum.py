"""Singularity spectrum: the share of time that a signal has each regularity."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from fhr.errors import FHRError

from .figure import Figure
from .one_signal import OneSignal, written
from .palette import BLUE, GREY, ORANGE

if TYPE_CHECKING:
    from fhr.multiscale import MultiscaleResult

__all__ = ["singularity_spectrum"]

_HALF_WIDTH = 0.6  # of the axis of h


def singularity_spectrum(result: "MultiscaleResult", index: int = 0, *, title: str | None = None) -> Figure:
    r"""Draw the points (h(q), D(q)) of each moment with their intervals, and the parabola that c1 and c2 make.

    .. math:: D(h) \approx 1 + \frac{(h - c_1)^2}{2 c_2}, \quad c_2 < 0

    D(h) is the Hausdorff dimension of the set of instants whose Hoelder exponent is h: 1 for nearly all of them, below
    1 for rare ones. A monofractal signal has a single point (H, 1); small positive moments q look at the rough (left)
    side, negative ones at the smooth (right) side. Intervals are pointwise. Where c2 is not negative there is no
    parabola.

    Args:
        result: of `fhr.multiscale.analyze` with moments, such as `q=[-2, -1, 0, 1, 2]`.
        index: of the signal in the flattened batch, as a row of `result.to_frame()`.
        title: above the panel.

    Raises:
        FHRError: a result without moments, or no signal of this index.

    Source:
        Wendt, Abry, Jaffard 2007, IEEE Signal Process. Mag. 24(4):38-48, doi:10.1109/MSP.2007.4286563.
    """
    if result.q is None:
        raise FHRError("the result has no spectrum, q is None; call analyze with moments, such as q=[-2, -1, 0, 1, 2]")
    signal = OneSignal(result, index)
    order = np.argsort(result.q)
    q = result.q[order]
    h, d = signal.estimate("h")[order], signal.estimate("D")[order]
    h_low, h_high = signal.interval("h")[:, order]
    d_low, d_high = signal.interval("D")[:, order]
    figure = Figure(figsize=(5.2, 4.2), layout="constrained")
    axes = figure.add_subplot()
    axes.set(xlabel="Hölder exponent h", ylabel="D(h)")
    axes.grid(alpha=0.3)
    figure.suptitle(title or "")
    if not np.isfinite(h).any():
        axes.set_xticks([])
        signal.explain(axes)
        return figure
    axes.hlines(d, h_low, h_high, color=BLUE, alpha=0.35, linewidth=1.2)
    axes.vlines(h, d_low, d_high, color=BLUE, alpha=0.35, linewidth=1.2)
    axes.plot(h, d, color=BLUE, marker="o", markersize=4.5, linewidth=1.2, label="(h(q), D(q))")
    for i, away in {0: 8, len(q) - 1: -8}.items():
        axes.annotate(
            f"q = {q[i]:g}",
            (h[i], d[i]),
            xytext=(away, -2),
            textcoords="offset points",
            ha="left" if away > 0 else "right",
            fontsize="small",
        )
    c, (low, high) = signal.estimate("log_cumulants")[:2], signal.interval("log_cumulants")[:, :2]
    reach = _parabola(axes, *c) if len(c) > 1 else 0.0
    # One scale for all signals, widened where it must be: a monofractal spectrum has to look narrow.
    seen = np.abs(np.concatenate([h, h_low, h_high, [c[0] + reach]]) - c[0])
    axes.set_xlim(c[0] + 1.08 * max(_HALF_WIDTH, np.nanmax(seen)) * np.array([-1, 1]))
    axes.set_ylim(min(0, d.min()) - 0.04, max(1.15, d.max() + 0.04))
    axes.axhline(1, color=GREY, linewidth=0.8, linestyle=":")
    axes.set_title("\n".join(map(written, ("c1", "c2"), c, low, high)), fontsize="medium")
    figure.legend(loc="outside lower center", ncols=2, fontsize="small")
    if signal.warning:
        figure.supxlabel(signal.warning, color=ORANGE, fontsize="small")
    return figure


def _parabola(axes: Axes, c1: float, c2: float) -> float:
    """Draw it down to D = 0; returns how far that is from c1."""
    if c2 >= 0:
        axes.plot([], [], color=ORANGE, linewidth=0.9, label="no parabola, c2 is not negative")
        return 0.0
    reach = float(np.sqrt(-2 * c2))
    x = np.linspace(c1 - reach, c1 + reach, 201)
    axes.plot(x, 1 + (x - c1) ** 2 / (2 * c2), color=ORANGE, linewidth=0.9, label="parabola of c1 and c2")
    return reach
