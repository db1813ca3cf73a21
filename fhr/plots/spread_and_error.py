"""Spread over retrainings against the error of the prediction."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata, spearmanr

from fhr.compute import stream
from fhr.errors import FHRError

from .figure import Figure
from .inputs import checked
from .palette import BLUE, GREY, ORANGE

__all__ = ["spread_against_error"]


def spread_against_error(
    labels: ArrayLike,
    probabilities: ArrayLike,
    spread: ArrayLike,
    *,
    bins: int = 8,
    n_resamples: int = 500,
    seed: int = 0,
) -> Figure:
    r"""Draw the error :math:`|y - p|` against the spread over retrainings, with means of bins of equal mass.

    A calibrated probability p errs by :math:`2 p (1 - p)` on average whatever the spread, and the spread of a
    probability is itself small where p is near 0 or 1: the two rise together in a model whose spread knows nothing
    beyond its probability. That expectation is drawn beside the errors; only what exceeds it is news from the spread.
    The title has Spearman's rank correlation of the spread with the error, and of the spread with the expectation, with
    95% bootstrap intervals.

    Args:
        labels: (n,), 0 or 1.
        probabilities: (n,), in [0, 1]; mean over the retrainings.
        spread: (n,), standard deviation over the retrainings, not negative.
        bins: at most; equal spreads stay together.
        n_resamples: of records, for the intervals; they are pointwise.
        seed: of the resamples.

    Raises:
        OutcomeError: labels that are not 0 or 1, or of one class only.
        FHRError: arrays of another shape, not finite or out of range; fewer than one bin or resample.
    """
    y, p = checked(labels, probabilities, name="probabilities")
    _, sd = checked(labels, spread, name="spread")
    if p.min() < 0 or p.max() > 1 or sd.min() < 0:
        raise FHRError(
            f"probabilities from {p.min():.4g} to {p.max():.4g}, spread from {sd.min():.4g}; give "
            "probabilities in [0, 1] and standard deviations of them"
        )
    if bins < 1 or n_resamples < 1:
        raise FHRError(f"bins={bins}, n_resamples={n_resamples}; give at least 1 of each")
    error, expected = np.abs(y - p), 2 * p * (1 - p)
    generator = stream(seed, "records of a figure's band")
    edges = np.unique(np.quantile(sd, np.linspace(0, 1, bins + 1)[1:-1]))
    member = np.searchsorted(edges, sd, side="right")
    groups = [np.flatnonzero(member == k) for k in np.unique(member)]
    draws = [[error[generator.choice(g, len(g))].mean() for _ in range(n_resamples)] for g in groups]
    low, high = np.percentile(draws, [2.5, 97.5], axis=1)
    middle, mean = (np.array([v[g].mean() for g in groups]) for v in (sd, error))
    resamples = generator.integers(len(y), size=(n_resamples, len(y)))

    figure = Figure(figsize=(5.8, 4.8), layout="constrained")
    axes = figure.add_subplot()
    for k, (color, marker, name) in enumerate(((BLUE, "o", "negative"), (ORANGE, "^", "positive"))):
        of = y == k
        axes.scatter(
            sd[of],
            error[of],
            s=12,
            color=color,
            marker=marker,
            alpha=0.5,
            linewidths=0,
            label=f"{name} (n = {of.sum()})",
        )
    axes.plot(
        middle,
        [expected[g].mean() for g in groups],
        color=GREY,
        linewidth=1.4,
        linestyle="--",
        label="expected from p alone, 2 p (1 - p)",
    )
    axes.errorbar(
        middle,
        mean,
        yerr=np.clip([mean - low, high - mean], 0, None),
        color="black",
        marker="s",
        markersize=5,
        linewidth=1.4,
        capsize=3,
        label="mean error of a bin, 95% interval",
    )
    axes.set(ylim=(-0.02, 1.02), xlabel="spread over retrainings (SD of the probability)", ylabel="error |y - p|")
    lines = [
        f"rank correlation of the spread with {name}: {_correlation(sd, values, resamples)}"
        for name, values in (("the error", error), ("2 p (1 - p)", expected))
    ]
    axes.set_title("\n".join(lines), fontsize="small")
    axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=2, fontsize="small")
    return figure


def _correlation(a: np.ndarray, b: np.ndarray, resamples: np.ndarray) -> str:
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return "undefined, one of the two is constant"
    value = spearmanr(a, b).statistic
    told_apart = resamples[(np.ptp(a[resamples], axis=1) > 0) & (np.ptp(b[resamples], axis=1) > 0)]
    if not len(told_apart):
        return f"{value:.2f}"
    low, high = np.percentile(_rank_correlations(a[told_apart], b[told_apart]), [2.5, 97.5])
    return f"{value:.2f} ({low:.2f} to {high:.2f})"


def _rank_correlations(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Spearman's of each row, (rows,); SciPy's function takes one pair at a time."""
    a, b = (rankdata(values, axis=1) for values in (a, b))
    a, b = (ranks - ranks.mean(axis=1, keepdims=True) for ranks in (a, b))
    rows: np.ndarray = (a * b).sum(axis=1) / np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    return rows
