"""Decision curve: the net benefit of acting on a probability."""

from collections.abc import Mapping

import numpy as np
from matplotlib.ticker import PercentFormatter
from numpy.typing import ArrayLike

from fhr.errors import FHRError

from .figure import Figure
from .palette import GREY, line_styles

__all__ = ["net_benefit"]


def net_benefit(
    thresholds: ArrayLike,
    benefits: Mapping[str, ArrayLike],
    treat_all: ArrayLike,
    *,
    bands: Mapping[str, tuple[ArrayLike, ArrayLike]] | None = None,
) -> Figure:
    r"""Draw the net benefit of each model over threshold probabilities, beside acting on everyone and on no one.

    .. math:: NB(t) = \frac{TP}{n} - \frac{FP}{n} \frac{t}{1 - t}

    The threshold t says how many false alarms one true finding is worth: (1 - t) / t. A model is of use at those
    thresholds where it lies above both references, which were fixed before looking at the curve. 0.01 is one more true
    finding in 100 births with no more false alarms. The vertical axis is cut below: acting on everyone falls far.

    Args:
        thresholds: (m,), rising, in (0, 1); 2 to 30% in this package's protocol.
        benefits: (m,) for each model, by name.
        treat_all: (m,), of acting on everyone.
        bands: low and high ends, (m,) each, for some of the models.

    Raises:
        FHRError: no model, more than can be told apart, arrays that do not go together, thresholds out of range.

    Source:
        Vickers and Elkin 2006, Med. Decis. Making 26:565, doi:10.1177/0272989X06295361.
    """
    t = np.asarray(thresholds, dtype=np.float64)
    if t.ndim != 1 or not len(t) or t[0] <= 0 or t[-1] >= 1 or (np.diff(t) <= 0).any():
        raise FHRError(f"thresholds of shape {t.shape} do not rise inside (0, 1); give such as np.linspace(0.02, 0.3)")
    figure = Figure(figsize=(5.8, 4.8), layout="constrained")
    axes = figure.add_subplot()
    axes.plot(
        t, _checked("treat_all", treat_all, t), color=GREY, linewidth=1.2, linestyle="--", label="act on everyone"
    )
    axes.axhline(0, color="black", linewidth=1.0, label="act on no one")
    drawn = [np.zeros(1), _checked("treat_all", treat_all, t)[:1]]
    for (name, benefit), style in zip(benefits.items(), line_styles(benefits, bands), strict=True):
        drawn.append(_checked(name, benefit, t))
        axes.plot(t, drawn[-1], linewidth=1.6, label=name, **style)
        if bands and name in bands:
            low, high = (_checked(f"band of {name}", edge, t) for edge in bands[name])
            axes.fill_between(t, low, high, color=style["color"], alpha=0.15, linewidth=0)
            drawn += [high]
    top = max(1e-3, *(float(d.max()) for d in drawn))
    axes.set(xlim=(t[0], t[-1]), ylim=(-0.3 * top, 1.08 * top), xlabel="threshold probability", ylabel="net benefit")
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=2, fontsize="small")
    return figure


def _checked(name: str, values: ArrayLike, thresholds: np.ndarray) -> np.ndarray:
    benefit = np.asarray(values, dtype=np.float64)
    if benefit.shape != thresholds.shape or not np.isfinite(benefit).all():
        raise FHRError(
            f"{name} has shape {benefit.shape} beside {len(thresholds)} thresholds; give one finite value for each"
        )
    return benefit
