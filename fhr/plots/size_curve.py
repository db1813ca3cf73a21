"""Verdicts against the size of a change: the share that provably stays, and the share that no change found flips."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes

from fhr.errors import FHRError

from .figure import Figure
from .palette import BLUE, GREEN, GREY, ORANGE

__all__ = ["SizeCurve", "size_curves_figure"]

_COLUMNS = 3


class SizeCurve(NamedTuple):
    """Shares against size, each (k,), 0 to 1; NaN where something was not computed.

    Attributes:
        size: in the unit, the first of no change.
        unit: of the size.
        certified: share that is proven to stay.
        attacked: share that no change found flips.
        right: share that is right and proven to stay.
        right_attacked: share that is right and not flipped by what was found.
    """

    size: np.ndarray
    unit: str
    certified: np.ndarray
    attacked: np.ndarray
    right: np.ndarray | None = None
    right_attacked: np.ndarray | None = None


def size_curves_figure(curves: Mapping[str, SizeCurve], *, title: str = "") -> Figure:
    """Draw a panel a threat.

    Between the lines of proof and of attack lies what is not known: what is above the attacks has been flipped, what is
    below the proofs cannot be.

    Args:
        curves: by the words above each panel.
        title: of the figure, in plain text.

    Raises:
        FHRError: no curve.
    """
    if not curves:
        raise FHRError("no curve to draw; give one or more")
    rows = -(-len(curves) // _COLUMNS)
    columns = min(_COLUMNS, len(curves))
    figure = Figure(figsize=(4.2 * columns, 3.0 * rows + 0.6), layout="constrained")
    figure.subplots(rows, columns, squeeze=False)
    for axes, (words, curve) in zip(figure.axes, curves.items(), strict=False):
        _draw(axes, words, curve)
    for axes in figure.axes[len(curves) :]:
        axes.set_axis_off()
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False, fontsize="small")
    if title:
        figure.suptitle(title, fontsize="medium", parse_math=False)
    return figure


def _draw(axes: Axes, words: str, curve: SizeCurve) -> None:
    place = np.arange(len(curve.size))  # sizes are usual ones, some times as large as the one before
    axes.fill_between(place, curve.certified, curve.attacked, color=GREY, alpha=0.15, linewidth=0)
    lines = (
        (curve.attacked, ORANGE, "o--", "no flip found"),
        (curve.certified, BLUE, "o-", "proven unchanged"),
        (curve.right_attacked, GREEN, "s:", "right, no flip found"),
        (curve.right, GREEN, "s-", "right, proven unchanged"),
    )
    for values, color, style, label in lines:
        if values is not None:
            axes.plot(place, values, style, color=color, label=label, markersize=3.5, linewidth=1.3)
    axes.set(ylim=(-0.03, 1.03), title=words)
    axes.title.set_fontsize("medium")
    axes.set_xticks(place, [f"{size:g}" for size in curve.size])
    axes.set_xlabel(curve.unit, fontsize="small")
    axes.set_ylabel("share of verdicts", fontsize="small")
    axes.grid(color=GREY, alpha=0.3)
