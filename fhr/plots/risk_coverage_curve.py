"""Risk-coverage curve: the error as the least certain records are left to the clinician."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from fhr.errors import FHRError

from .figure import Figure
from .palette import line_styles

__all__ = ["risk_coverage"]


def risk_coverage(
    curves: Mapping[str, tuple[ArrayLike, ArrayLike]],
    *,
    notes: Mapping[str, str] | None = None,
    error: str = "error among the answered",
) -> Figure:
    r"""Draw the mean error of the answered records against their share, the most certain first.

    Dashed, what leaving out records at random would give: the error of all of them. Dotted, the lower bound
    :math:`\max(0, (c - 1 + e) / c)` at coverage c and overall error e: a confidence that puts every error last reaches
    it where errors are 0 or 1. A curve near the dashed line says that the confidence knows nothing of the errors.

    Args:
        curves: coverage and mean error, both (m,), by name of model; coverage rising in (0, 1] to 1, errors in [0, 1].
        notes: what the legend says of a model behind its name, such as "AURC 0.081 (0.06 to 0.11)".
        error: label of the axis.

    Raises:
        FHRError: no curve, more of them than can be told apart, a curve that is not as said, a note of no curve.

    Source:
        Geifman and El-Yaniv 2017, NeurIPS, arXiv:1705.08500.
    """
    figure = Figure(figsize=(5.4, 4.8), layout="constrained")
    axes = figure.add_subplot()
    top = 0.0
    for (name, curve), style in zip(curves.items(), line_styles(curves, notes), strict=True):
        coverage, risk = _checked(name, *curve)
        c = np.linspace(1 / 200, 1, 200)
        every = {"color": style["color"], "linewidth": 0.9}
        axes.plot([0, 1], [risk[-1], risk[-1]], linestyle="--", gid="random", **every)
        axes.plot(c, np.maximum(0, (c - 1 + risk[-1]) / c), linestyle=":", gid="bound", **every)
        label = " ".join(filter(None, [name + ":" if name in (notes or {}) else name, (notes or {}).get(name)]))
        axes.plot(coverage, risk, linewidth=1.6, label=label, **style)
        # The first few answers are one or two records: their mean is noise, and would set the scale.
        top = max(top, risk[-1], *risk[coverage >= 0.1])
    axes.plot([], [], color="black", linewidth=0.9, linestyle="--", label="records left out at random")
    axes.plot([], [], color="black", linewidth=0.9, linestyle=":", label="lower bound: all errors left out first")
    axes.set(
        xlim=(-0.01, 1.01), ylim=(-0.03 * (top or 1), 1.1 * top or 1), xlabel="coverage: share answered", ylabel=error
    )
    axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", fontsize="small")
    return figure


def _checked(name: str, coverage: ArrayLike, risk: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    c, r = np.asarray(coverage, dtype=np.float64), np.asarray(risk, dtype=np.float64)
    if c.ndim != 1 or c.shape != r.shape or not len(c):
        raise FHRError(f"{name}: coverage of shape {c.shape} and risk of shape {r.shape}; give two arrays (m,)")
    if not (c[0] > 0 and (np.diff(c) > 0).all() and np.isclose(c[-1], 1)):
        raise FHRError(f"{name}: coverage does not rise in (0, 1] up to 1; sort it, and leave out the coverage of 0")
    if not ((r >= 0) & (r <= 1)).all():
        raise FHRError(f"{name}: risk is not in [0, 1] everywhere; give the mean error among the answered records")
    return c, r
