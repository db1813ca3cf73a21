"""The ROC curve with its bootstrap band."""

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from sklearn import metrics

from fhr.errors import FHRError

from .inputs import checked
from .palette import BLUE, GREY

__all__ = ["roc_curve"]


def roc_curve(
    labels: ArrayLike, scores: ArrayLike, *, n_resamples: int = 500, confidence: float = 0.95, seed: int = 0
) -> Figure:
    """ROC curve, its area, and a pointwise band: the percentiles of the true positive rate over resampled records.

    Args:
        labels: (n,), 0 or 1.
        scores: (n,), finite; higher means more at risk.
        n_resamples: number of resamples; those of one class are dropped.
        confidence: of the band and of the area's interval, in (0, 1).
        seed: of the resamples.

    Raises:
        OutcomeError: labels that are not 0 or 1, or of one class only.
        FHRError: scores of another shape, or not finite; a confidence out of range.
    """
    y, s = checked(labels, scores)
    if not 0 < confidence < 1:
        raise FHRError(f"confidence={confidence} is not in (0, 1); give a fraction such as 0.95")
    grid = np.linspace(0, 1, 201)
    generator, curves, areas = np.random.default_rng(seed), [], []
    for _ in range(n_resamples):
        records = generator.integers(len(y), size=len(y))
        if 0 < y[records].sum() < len(y):
            fpr, tpr, _ = metrics.roc_curve(y[records], s[records])
            curves.append(np.interp(grid, fpr, tpr))
            areas.append(metrics.auc(fpr, tpr))

    figure = Figure(figsize=(4.8, 4.8), layout="constrained")
    axes = figure.add_subplot(aspect="equal")
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle="--", label="chance")
    label = f"AUROC {metrics.roc_auc_score(y, s):.3f}"
    if curves:
        tails = [50 * (1 - confidence), 50 * (1 + confidence)]
        low, high = np.percentile(curves, tails, axis=0)
        axes.fill_between(
            grid, low, high, color=BLUE, alpha=0.2, linewidth=0, label=f"{100 * confidence:g}% band, pointwise"
        )
        label += " ({:.3f} to {:.3f})".format(*np.percentile(areas, tails))
    fpr, tpr, _ = metrics.roc_curve(y, s, drop_intermediate=False)
    axes.plot(fpr, tpr, color=BLUE, linewidth=1.6, label=label)
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), xlabel="false positive rate", ylabel="true positive rate")
    axes.set_title(f"{y.sum()} positive, {len(y) - y.sum()} negative", fontsize="medium")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right", fontsize="small")
    return figure
