"""Log-scale diagram: it shows if there is scaling at all, before any exponent is believed."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from .figure import Figure
from .one_signal import OneSignal, written
from .palette import BLUE, GREY, ORANGE

if TYPE_CHECKING:
    from fhr.multiscale import MultiscaleResult

__all__ = ["logscale_diagram"]


def logscale_diagram(result: "MultiscaleResult", index: int = 0, *, title: str | None = None) -> Figure:
    r"""Draw cumulants C_1(j), C_2(j), ... of the log-leaders against scale, with the lines whose slopes are c1, c2, ...

    .. math:: C_m(j) \approx C_m^0 + c_m \ln 2^j

    The area of a point follows the number of leaders, which is its weight in the fit and stands below its scale; bars
    are its bootstrap interval. Points that leave the line by more than their bars say that there is no one scaling law
    over these scales. Where the analysis gave no exponent, points stand without a line and the reason below.

    Args:
        result: of `fhr.multiscale.analyze`.
        index: of the signal in the flattened batch, as a row of `result.to_frame()`.
        title: above the panels.

    Raises:
        FHRError: no signal of this index.

    Source:
        Wendt, Abry, Jaffard 2007, IEEE Signal Process. Mag. 24(4):38-48, doi:10.1109/MSP.2007.4286563. Left out:
        scales outside the fit; analyse with a smaller j1 or a larger j2 to see them.
    """
    signal = OneSignal(result, index)
    curves, (low, high) = signal.estimate("cumulants"), signal.interval("cumulants")
    slopes, ends = signal.estimate("log_cumulants"), signal.interval("log_cumulants")
    n, seconds = signal.estimate("n_j"), 2.0**result.scales / result.fs
    figure = Figure(figsize=(3.6 * len(curves), 3.8), layout="constrained")
    panels = figure.subplots(1, len(curves), squeeze=False)[0]
    for m, axes in enumerate(panels, start=1):
        _draw(axes, result.scales, n, curves[m - 1], low[m - 1], high[m - 1], np.isfinite(slopes[m - 1]))
        axes.set_title(written(f"c{m}", slopes[m - 1], *ends[:, m - 1]), fontsize="medium")
        axes.set_ylabel(f"$C_{m}(j)$")
        axes.set_xticks(result.scales, [f"{j}\n{count:.0f}" for j, count in zip(result.scales, n, strict=True)])
        axes.set_xlabel("scale j, number of leaders")
        above = axes.secondary_xaxis("top")
        above.set_xticks(result.scales, [f"{s:.3g}" for s in seconds])
        above.set_xlabel("interval $2^j / f_s$ (s)", fontsize="small")
    if not np.isfinite(curves).any():
        signal.explain(panels[len(panels) // 2])
    elif signal.warning:
        figure.supxlabel(signal.warning, color=ORANGE, fontsize="small")
    figure.suptitle(title or "")
    return figure


def _draw(
    axes: Axes, scales: np.ndarray, n: np.ndarray, curve: np.ndarray, low: np.ndarray, high: np.ndarray, fitted: bool
) -> None:
    axes.set_xlim(scales[0] - 0.5, scales[-1] + 0.5)
    axes.grid(alpha=0.3)
    axes.vlines(scales, low, high, color=BLUE, linewidth=1.4)
    axes.scatter(scales, curve, s=14 + 120 * n / max(n.max(), 1), color=BLUE, alpha=0.75, linewidths=0)
    if fitted:
        line = np.polynomial.Polynomial.fit(scales, curve, 1, w=np.sqrt(n))
        axes.plot(scales, line(scales), color=ORANGE, linewidth=1.4)
    axes.margins(y=0.12)
    if np.nanmin([*curve, np.inf]) < 0 < np.nanmax([*curve, -np.inf]):
        axes.axhline(0, color=GREY, linewidth=0.8, zorder=0)
