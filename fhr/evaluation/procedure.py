"""The whole procedure: families of models, of which one is chosen, or all are combined, inside each outer fold."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from fhr.datasets import Place
from fhr.errors import FHRError

from .cross_fitting import RAW_COLUMNS
from .fits import FAMILY, Fit, Maker
from .inner_aurocs import inner_aurocs

__all__ = ["Combined", "Procedure", "combine"]

_PENALTY = 1.0  # of unequal weights, in units of one record's log-loss


class Combined(NamedTuple):
    """The scores of one outer fold after its families were combined.

    Attributes:
        raw: columns `RAW_COLUMNS`.
        weights: of each family, summing to 1; 1 for the chosen one alone.
        inner_scores: mean AUROC of each family over the held-out inner folds, which chose it.
        centre: that the score of each family is put at; 0 where one is chosen, whose score stays as it is.
        spread: that it is divided by; 1 where one is chosen.
    """

    raw: pd.DataFrame
    weights: tuple[float, ...]
    inner_scores: tuple[float, ...]
    centre: tuple[float, ...]
    spread: tuple[float, ...]


@dataclass(frozen=True)
class Procedure:
    """Several makers as one more maker, for `fhr.evaluation.cross_validate`.

    Args:
        makers: one a family; each fit of a maker that gives a list is a family too.
        by: `choose` takes, in each outer fold, the family whose held-out inner folds have the highest mean AUROC;
            `mean` averages all at equal weight; `weigh` averages them at weights that are fitted to the held-out inner
            folds. Nothing of the outer fold decides.

    Raises:
        FHRError: no maker, a procedure among the makers, or another word.
    """

    makers: tuple[Maker, ...]
    by: Literal["choose", "mean", "weigh"] = "choose"

    def __post_init__(self) -> None:
        object.__setattr__(self, "makers", tuple(self.makers))
        if not self.makers:
            raise FHRError("a procedure without a maker; give one or more")
        if any(isinstance(maker, Procedure) for maker in self.makers):
            raise FHRError("a procedure among the makers of a procedure; give the makers of both in one")
        if self.by not in ("choose", "mean", "weigh"):
            raise FHRError(f"by={self.by!r}; combine families by choose, mean or weigh")

    def __call__(self, place: Place, seed: int) -> list[Fit]:
        """One fit of every maker."""
        made = (maker(place, seed) for maker in self.makers)
        return [fit for one in made for fit in (one if isinstance(one, list | tuple) else (one,))]


def combine(raw: pd.DataFrame, labels: pd.Series, by: str = "mean") -> Combined:
    """One outer fold's scores of several families as scores of one model.

    Each family is first put in standard deviations of its held-out scores, so that families on different scales weigh
    alike. Weights are fitted by a logistic regression of the label on the standardised held-out scores that keeps them
    positive and draws them towards equality; a held-out record then enters with the weights that the other inner folds
    give, so that the calibrator is not fitted to scores which know their own label.

    Args:
        raw: rows of one repeat and outer fold, with `RAW_COLUMNS` and `family`.
        labels: 0 or 1 by record name.
        by: see `Procedure`.
    """
    families = [rows.drop(columns=FAMILY) for _, rows in raw.groupby(FAMILY, sort=True)]
    keys = [column for column in RAW_COLUMNS if column != "score"]
    wide = pd.concat([rows.set_index(keys)["score"] for rows in families], axis=1, keys=range(len(families)))
    if wide.isna().any(axis=None):
        lacking = wide.index[wide.isna().any(axis=1)].get_level_values("name").unique()
        raise FHRError(
            f"a family left {len(lacking)} records out that another one scored, {lacking[0]} the first; give all "
            "families the same records, or leave these out of the database"
        )
    inner_scores = tuple(_mean_auroc(rows, labels) for rows in families)
    if by == "choose":
        best = int(np.argmax(np.nan_to_num(inner_scores, nan=-np.inf)))
        weights = tuple(float(k == best) for k in range(len(families)))
        zeros, ones = (0.0,) * len(families), (1.0,) * len(families)
        return Combined(families[best].reset_index(drop=True), weights, inner_scores, zeros, ones)
    is_test, inner = (wide.index.get_level_values("use") == "test"), wide.index.get_level_values("inner")
    x = wide.to_numpy()
    centre, spread = x[~is_test].mean(axis=0), x[~is_test].std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    z = (x - centre) / spread
    equal = np.full(len(families), 1 / len(families))
    if by == "mean":
        fitted, of_rows = equal, np.tile(equal, (len(z), 1))
    else:
        y = np.zeros(len(z))
        y[~is_test] = labels.loc[wide.index.get_level_values("name")[~is_test]]
        fitted, of_rows = _weights(z[~is_test], y[~is_test]), np.empty(z.shape)
        of_rows[is_test] = fitted
        for k in inner.unique():
            others = ~is_test & (inner != k)
            of_rows[~is_test & (inner == k)] = _weights(z[others], y[others]) if others.any() else equal
    scores = pd.Series((z * of_rows).sum(axis=1), wide.index, name="score").reset_index()
    weights, at, divisor = (tuple(float(value) for value in values) for values in (fitted, centre, spread))
    return Combined(scores[list(RAW_COLUMNS)], weights, inner_scores, centre=at, spread=divisor)


def _mean_auroc(rows: pd.DataFrame, labels: pd.Series) -> float:
    values = inner_aurocs(rows[rows["use"] == "held_out"], labels)
    return float(np.mean(values)) if values else float("nan")


def _weights(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Positive weights that sum to 1: log-loss of a logistic curve of the weighted score, with a penalty."""
    k = x.shape[1]

    def loss(theta: np.ndarray) -> float:
        w = np.exp(theta[:k] - theta[:k].max())
        w /= w.sum()
        logit = theta[k] + np.exp(theta[k + 1]) * (x @ w)
        return float(np.logaddexp(0, logit).sum() - y @ logit + _PENALTY * np.square(w - 1 / k).sum() * k)

    start = np.zeros(k + 2)
    start[k] = np.log((y.mean() + 1e-3) / (1 - y.mean() + 1e-3))
    theta = minimize(loss, start, method="L-BFGS-B").x[:k]
    w = np.exp(theta - theta.max())
    return np.asarray(w / w.sum())
