"""ROC curve with its bootstrap band, of one set of scores or of the repeats of a cross-validation."""

import numpy as np
from numpy.typing import ArrayLike

from .figure import Figure
from .inputs import checked_confidence, checked_repeats
from .palette import BLUE, GREY
from .resampled_records import above_thresholds, resampled_records

__all__ = ["mean_roc", "roc_curve"]

_GRID = np.linspace(0, 1, 201)


def roc_curve(
    labels: ArrayLike, scores: ArrayLike, *, n_resamples: int = 500, confidence: float = 0.95, seed: int = 0
) -> Figure:
    """Draw the ROC curve, its area, and a pointwise band: percentiles of the true positive rate over resampled records.

    With several repeats, the curve is their mean true positive rate at each false positive rate and the area the mean
    of their areas; each repeat is a thin line. A resampled record carries its scores of all repeats along, so that the
    band does not shrink with their number.

    Args:
        labels: (n,), 0 or 1.
        scores: (n,) or (n_repeats, n), finite; higher means more at risk.
        n_resamples: number of resamples; those of one class are dropped.
        confidence: of the band and of the area's interval, in (0, 1).
        seed: of the resamples.

    Raises:
        OutcomeError: labels that are not 0 or 1, or of one class only.
        FHRError: scores of another shape, or not finite; a confidence out of range.

    Source:
        Vertical averaging: Fawcett 2006, Pattern Recognit. Lett. 27:861, doi:10.1016/j.patrec.2005.10.010.
    """
    y, s = checked_repeats(labels, scores)
    checked_confidence(confidence)
    figure = Figure(figsize=(4.8, 4.8), layout="constrained")
    axes = figure.add_subplot(aspect="equal")
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle="--", label="chance")
    label = f"AUROC {_area(y, s, np.ones((1, len(y)), dtype=np.int64))[0]:.3f}"
    counts = resampled_records(y, n_resamples, seed)
    if len(counts):
        tails = [50 * (1 - confidence), 50 * (1 + confidence)]
        curves = np.mean([_interpolated(*_rates(y, repeat, counts)) for repeat in s], axis=0)
        low, high = np.percentile(curves, tails, axis=0)
        axes.fill_between(
            _GRID, low, high, color=BLUE, alpha=0.2, linewidth=0, label=f"{100 * confidence:g}% band, pointwise"
        )
        label += " ({:.3f} to {:.3f})".format(*np.percentile(_area(y, s, counts), tails))
    if len(s) > 1:
        for repeat in s:
            axes.plot(*mean_roc(y, repeat[None]), color=BLUE, linewidth=0.5, alpha=0.35)
        label += f", {len(s)} repeats"
    axes.plot(*mean_roc(y, s), color=BLUE, linewidth=1.6, label=label)
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), xlabel="false positive rate", ylabel="true positive rate")
    axes.set_title(f"{y.sum()} positive, {len(y) - y.sum()} negative", fontsize="medium")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right", fontsize="small")
    return figure


def mean_roc(labels: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """False and true positive rates: every threshold of one repeat, or the mean of (n_repeats, n) on a grid."""
    everyone = np.ones((1, len(labels)), dtype=np.int64)
    if len(scores) == 1:
        fpr, tpr = _rates(labels, scores[0], everyone)
        return fpr[0], tpr[0]
    curves = [_interpolated(*_rates(labels, repeat, everyone))[0] for repeat in scores]
    return np.insert(_GRID, 0, 0.0), np.insert(np.mean(curves, axis=0), 0, 0.0)


def _rates(labels: np.ndarray, scores: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rates = [np.pad(hits / hits[:, -1:], ((0, 0), (1, 0))) for hits in above_thresholds(labels, scores, counts)]
    return rates[1], rates[0]


def _interpolated(fpr: np.ndarray, tpr: np.ndarray) -> np.ndarray:
    return np.array([np.interp(_GRID, x, y) for x, y in zip(fpr, tpr, strict=True)])


def _area(labels: np.ndarray, scores: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Mean over repeats, for each row of `counts`."""
    rates = (_rates(labels, repeat, counts) for repeat in scores)
    return np.mean([np.trapezoid(tpr, fpr, axis=1) for fpr, tpr in rates], axis=0)
