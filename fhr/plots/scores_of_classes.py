"""Scores of all records, by class."""

from numpy.typing import ArrayLike

from fhr.compute import stream

from .figure import Figure
from .inputs import checked
from .palette import BLUE, ORANGE

__all__ = ["score_by_class"]


def score_by_class(
    labels: ArrayLike,
    scores: ArrayLike,
    *,
    names: tuple[str, str] = ("negative", "positive"),
    score: str = "score",
    seed: int = 0,
) -> Figure:
    """Draw one dot a record over a box of quartiles (whiskers: 5th and 95th percentile), one row a class.

    Args:
        labels: (n,), 0 or 1.
        scores: (n,), finite.
        names: of class 0 and class 1.
        score: label of the axis.
        seed: of the dots' vertical scatter, which means nothing.

    Raises:
        OutcomeError: labels that are not 0 or 1, or of one class only.
        FHRError: scores of another shape, or not finite.
    """
    y, s = checked(labels, scores)
    generator = stream(seed, "jitter of a figure")
    figure = Figure(figsize=(6.4, 3.0), layout="constrained")
    axes = figure.add_subplot()
    for k, colour in enumerate((BLUE, ORANGE)):
        x = s[y == k]
        axes.scatter(x, k + generator.uniform(-0.3, 0.3, len(x)), s=10, color=colour, alpha=0.45, linewidths=0)
        axes.boxplot(
            x,
            positions=[k],
            widths=0.5,
            whis=(5, 95),
            showfliers=False,
            orientation="horizontal",
            manage_ticks=False,
            medianprops={"color": "black", "linewidth": 1.5},
        )
    axes.set_yticks([0, 1], [f"{name}\n(n = {(y == k).sum()})" for k, name in enumerate(names)])
    axes.set(ylim=(-0.5, 1.5), xlabel=score)
    axes.grid(axis="x", alpha=0.3)
    return figure
