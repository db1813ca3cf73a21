"""Learning curve of a recalibration: the log-loss that it saves, by the number of births that it learnt from."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from fhr.errors import FHRError

from .figure import Figure
from .palette import GREY, line_styles

__all__ = ["recalibration"]


def recalibration(
    births: ArrayLike, gains: Mapping[str, ArrayLike], bands: Mapping[str, tuple[ArrayLike, ArrayLike]]
) -> Figure:
    """Draw the log-loss saved on other births over the number of births that recalibrated, one line a method.

    Above 0 the recalibration pays, below 0 it harms. The band holds 80% of the draws: what one hospital might meet.

    Args:
        births: (k,), rising.
        gains: mean over draws by method, (k,); NaN where too few draws could be used.
        bands: 10th and 90th percentile over draws by method, (k,) each.

    Raises:
        FHRError: no method, or arrays that do not go together.
    """
    n = np.asarray(births, dtype=np.float64)
    if n.ndim != 1 or not len(n) or (np.diff(n) <= 0).any():
        raise FHRError(f"numbers of births of shape {n.shape} that do not rise; give such as [20, 50, 100]")
    figure = Figure(figsize=(5.8, 4.8), layout="constrained")
    axes = figure.add_subplot()
    axes.axhline(0, color=GREY, linewidth=1.2, linestyle="--", label="no recalibration")
    for (name, gain), style in zip(gains.items(), line_styles(gains, bands), strict=True):
        middle, low, high = (np.asarray(values, dtype=np.float64) for values in (gain, *bands[name]))
        if not middle.shape == low.shape == high.shape == n.shape:
            raise FHRError(
                f"{name} has shape {middle.shape} beside {len(n)} numbers of births; give one value for each"
            )
        axes.plot(n, middle, marker="o", markersize=5, linewidth=1.6, label=name, **style)
        axes.fill_between(n, low, high, color=style["color"], alpha=0.15, linewidth=0)
    axes.set(xscale="log", xlabel="births that recalibrated", ylabel="log-loss saved on other births")
    axes.set_xticks(n, [f"{value:g}" for value in n])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=2, fontsize="small")
    return figure
