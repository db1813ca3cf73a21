"""ROC curves of several models of the same records."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike
from sklearn import metrics

from .figure import Figure
from .inputs import checked_repeats
from .palette import GREY, line_styles
from .roc import mean_roc

__all__ = ["compare_curves"]


def compare_curves(
    labels: ArrayLike, scores: Mapping[str, ArrayLike], *, notes: Mapping[str, str] | None = None
) -> Figure:
    """Draw the ROC curves in one panel, with their areas and the caller's remark on each below.

    There are no bands: two curves of the same records err together, so that bands which overlap say nothing of the
    difference. That belongs into `notes`, from a paired comparison.

    Args:
        labels: (n,), 0 or 1.
        scores: (n,) or (n_repeats, n) by name of the model, finite, higher means more at risk; of the same records in
            the same order. Curves and areas of several repeats are means.
        notes: what stands behind the area of a model, such as "+0.03 (0.01 to 0.05) over signal loss".

    Raises:
        OutcomeError: labels that are not 0 or 1, or of one class only.
        FHRError: no model, more than can be told apart, scores of another shape or not finite, a note of no model.
    """
    figure = Figure(figsize=(5.2, 5.2 + 0.2 * len(scores)), layout="constrained")
    axes = figure.add_subplot(aspect="equal")
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle="--")
    for (name, values), style in zip(scores.items(), line_styles(scores, notes), strict=True):
        y, s = checked_repeats(labels, values, name=f"scores of {name}")
        label = f"{name}: AUROC {np.mean([metrics.roc_auc_score(y, repeat) for repeat in s]):.3f}"
        axes.plot(
            *mean_roc(y, s), linewidth=1.6, label=", ".join(filter(None, [label, (notes or {}).get(name)])), **style
        )
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), xlabel="false positive rate", ylabel="true positive rate")
    axes.set_title(f"{y.sum()} positive, {len(y) - y.sum()} negative", fontsize="medium")
    axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", fontsize="small")
    return figure
