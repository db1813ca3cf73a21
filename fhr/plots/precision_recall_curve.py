"""Precision-recall curve with its bootstrap band, of one set of scores or of the repeats of a cross-validation."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from .figure import Figure
from .inputs import checked_confidence, checked_repeats
from .palette import BLUE, ORANGE
from .resampled_records import above_thresholds, resampled_records

__all__ = ["precision_recall"]

_GRID = np.linspace(0, 1, 201)[1:]


def precision_recall(
    labels: ArrayLike, scores: ArrayLike, *, n_resamples: int = 500, confidence: float = 0.95, seed: int = 0
) -> Figure:
    r"""Draw precision against recall, average precision, a pointwise band over resampled records, and the prevalence.

    .. math:: P(r) = P_k, \; k \text{ the first threshold with recall } R_k \ge r, \quad
        \mathrm{AP} = \int_0^1 P(r) \, dr = \sum_k (R_k - R_{k-1}) P_k

    A useless score has the prevalence at every recall: the same curve means more where the outcome is rare. Steps, not
    straight lines: those would flatter. With several repeats, mean precision at each recall and mean area; each repeat
    is a thin line, and a resampled record carries its scores of all repeats along.

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
        Davis and Goadrich 2006, ICML, doi:10.1145/1143844.1143874.
    """
    y, s = checked_repeats(labels, scores)
    checked_confidence(confidence)
    recall = np.arange(1, y.sum() + 1) / y.sum()  # all that a threshold can reach: its mean precision is the area
    everyone = np.ones((1, len(y)), dtype=np.int64)
    each = [_precision(y, repeat, everyone, recall)[0][0] for repeat in s]
    label = f"AUPRC {np.mean(each):.3f}"

    figure = Figure(figsize=(4.8, 4.8), layout="constrained")
    axes = figure.add_subplot(aspect="equal")
    axes.axhline(y.mean(), color=ORANGE, linewidth=1, linestyle=":", label=f"no skill: prevalence {y.mean():.3f}")
    counts = resampled_records(y, n_resamples, seed)
    if len(counts):
        tails = [50 * (1 - confidence), 50 * (1 + confidence)]
        drawn = [_precision(y, repeat, counts, _GRID) for repeat in s]
        low, high = np.percentile(np.mean([curve for curve, _ in drawn], axis=0), tails, axis=0)
        axes.fill_between(
            _GRID, low, high, color=BLUE, alpha=0.2, linewidth=0, label=f"{100 * confidence:g}% band, pointwise"
        )
        label += " ({:.3f} to {:.3f})".format(*np.percentile(np.mean([area for _, area in drawn], axis=0), tails))
    if len(s) > 1:
        for curve in each:
            _steps(axes, recall, curve, width=0.5, alpha=0.35)
        label += f", {len(s)} repeats"
    _steps(axes, recall, np.mean(each, axis=0), width=1.6, label=label)
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), xlabel="recall (sensitivity)", ylabel="precision")
    axes.set_title(f"{y.sum()} positive, {len(y) - y.sum()} negative", fontsize="medium")
    axes.grid(alpha=0.3)
    axes.legend(loc="upper right", fontsize="small")
    return figure


def _precision(
    labels: np.ndarray, scores: np.ndarray, counts: np.ndarray, at: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Precision (m, len(at)) of each resample at the recalls `at`, and its average precision (m,)."""
    positive, negative = above_thresholds(labels, scores, counts)
    with np.errstate(invalid="ignore"):  # a resample may hold nobody above the first thresholds: no recall reaches them
        precision = np.nan_to_num(positive / (positive + negative))
    wanted = np.ceil(at * positive[:, -1:] - 1e-9)  # positive records, for the recall
    first = [np.searchsorted(found, w) for found, w in zip(positive, wanted, strict=True)]
    area = (np.diff(positive, prepend=0, axis=1) * precision).sum(axis=1) / positive[:, -1]
    return np.take_along_axis(precision, np.array(first), axis=1), area


def _steps(axes: Axes, recall: np.ndarray, precision: np.ndarray, *, width: float, **line: Any) -> None:
    x, y = np.insert(recall, 0, 0.0), np.insert(precision, 0, precision[0])
    axes.plot(x, y, color=BLUE, linewidth=width, drawstyle="steps-pre", **line)
