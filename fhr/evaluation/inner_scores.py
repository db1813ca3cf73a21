"""Scores of settings by inner folds alone: AUROC of each, its mean and error, and what of differences is noise.

The held-out scores of an outer fold's training part are all that is looked at: whatever is chosen by them, the outer
fold can still judge.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import norm

from fhr.datasets import Place

from .fits import Maker
from .inner_aurocs import inner_aurocs
from .study import fitted_folds

__all__ = ["InnerScore", "SearchNoise", "inner_score", "search_noise"]


class InnerScore(NamedTuple):
    """AUROC of one configuration over held-out inner folds.

    Attributes:
        values: of each inner fold, in the order of outer fold and inner fold.
    """

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean over the inner folds."""
        return float(np.mean(self.values))

    @property
    def standard_error(self) -> float:
        """Standard error of the mean over the inner folds, which share training records; NaN for a single one."""
        return float(np.std(self.values, ddof=1) / np.sqrt(len(self.values))) if len(self.values) > 1 else float("nan")

    def __str__(self) -> str:
        """The mean, with its error where there is one."""
        several = len(self.values) > 1
        return f"{self.mean:.3f} +- {self.standard_error:.3f}" if several else f"{self.mean:.3f}"


class SearchNoise(NamedTuple):
    """Noise of the scores among which a best one was chosen.

    Attributes:
        difference: standard error of the difference of two configurations, paired over the inner folds.
        luck: how far the best of as many equally good configurations would lie above their mean, by noise alone.
        found: how far the best lies above the mean.
        untold: number of others that lie within two such errors of the best.
    """

    difference: float
    luck: float
    found: float
    untold: int


def inner_score(
    make: Maker, first: Place, places: Sequence[tuple[int, int]], *, inner: int, seed: int, workers: int = 1
) -> InnerScore:
    """Score what `make` gives by the held-out inner folds of the training parts of some outer folds.

    Args:
        make: see `fhr.evaluation.cross_validate`.
        first: a place of the database, with label and folds.
        places: repeat and outer fold of each; what the models say of the outer fold itself is dropped.
        inner: inner folds that are fitted.
        seed: of every model.
        workers: processes.

    Raises:
        FHRError: what the fit refuses, or inner folds of one class alone.
    """
    held_out = [
        fold.raw[fold.raw["use"] == "held_out"]
        for fold in fitted_folds(make, first, places, inner=inner, seed=seed, workers=workers)
    ]
    return InnerScore(tuple(inner_aurocs(pd.concat(held_out), first.labels)))


def search_noise(scores: Sequence[InnerScore]) -> SearchNoise | None:
    """Noise among several scores of the same inner folds, from what a table of configurations and folds leaves.

    With `r` the residuals of the N x K table after its row and column means, the error of one mean is
    `sqrt(sum(r^2) / ((N - 1)(K - 1) K))`, that of a difference sqrt(2) times as much, and `luck` is the error of one
    mean times the expected maximum of N standard normal numbers. How well these records stand for others is not in it.

    Returns:
        None of fewer than two configurations or two folds, or of unequal numbers of folds.
    """
    if len(scores) < 2 or len({len(score.values) for score in scores}) > 1 or len(scores[0].values) < 2:
        return None
    table = np.array([score.values for score in scores])
    n, k = table.shape
    means = table.mean(axis=1)
    residuals = table - means[:, None] - table.mean(axis=0) + table.mean()
    error = float(np.sqrt(np.square(residuals).sum() / ((n - 1) * (k - 1) * k)))
    best = float(means.max())
    near = int(np.sum(best - means <= 2 * np.sqrt(2) * error)) - 1
    return SearchNoise(float(np.sqrt(2)) * error, error * _expected_maximum(n), best - float(means.mean()), near)


def _expected_maximum(n: int) -> float:
    """Mean of the largest of n standard normal numbers."""
    x = np.linspace(-8.0, 8.0, 4001)
    return float(np.trapezoid(x * n * norm.pdf(x) * norm.cdf(x) ** (n - 1), x))
