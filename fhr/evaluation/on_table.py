"""A scikit-learn estimator on a table of features, as something that the protocol can fit."""

import logging
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import logit
from sklearn.base import clone
from sklearn.utils.validation import has_fit_parameter

from fhr.calibration import prior_of_weights
from fhr.compute import seed_of
from fhr.datasets import FittedModel, FittedNetwork, Place
from fhr.errors import FHRError
from fhr.synthesis import AS_IT_IS, Rebalancing

from .baseline_features import without_lengths
from .controls import permuted
from .packed_lines import KeptLine, linear_line
from .synthetic_rows import SyntheticRows

__all__ = ["OnTable", "OnTableMaker", "RowsAt", "rows_at"]

_log = logging.getLogger(__name__)

PH_RANGE = (6.95, 7.35)
"""A pH beyond these is learnt as the nearer of them: a few extreme births would lead the line."""
_LEAST_PH = 10  # records of known pH that a regression on it needs
_FARTHEST = 1e-7  # of a probability from 0 and 1, whose log-odds are infinite


class RowsAt(NamedTuple):
    """Rows of a table of features at a place, by use.

    Attributes:
        train: training and early-stopping records, a bootstrap of them where there are several members.
        held_out: of the inner fold.
        test: of the outer fold.
    """

    train: pd.DataFrame
    held_out: pd.DataFrame
    test: pd.DataFrame

    def scored(self, scores: np.ndarray) -> FittedModel:
        """The scores of the held-out rows, then the test rows, by name."""
        held_out, test = self.held_out.index, self.test.index
        return FittedModel(pd.Series(scores[: len(held_out)], held_out), pd.Series(scores[len(held_out) :], test))


def rows_at(table: pd.DataFrame, place: Place, seed: int, called: str) -> RowsAt:
    """Take the rows of a place from a table; those of other records where the place is a control.

    Args:
        table: one row a record, by name; records that are not in it are left out.
        place: what may be learnt from, and what is scored.
        seed: of the bootstrap.
        called: name of the model, for messages.

    Raises:
        FHRError: a table of other records.
    """
    if place.permutation is not None:  # among the records that are scored, as the report knows them
        table = permuted(table[table.index.isin(place.labels.index)], seed=place.permutation)
    part, known = place.partition, set(table.index.tolist())
    held_out, test = ([n for n in names if n in known] for names in (part.calibration, part.test))
    names = place.bootstrap(tuple(n for n in (*part.train, *part.validation) if n in known), seed)
    if not names or not test:
        raise FHRError(f"{called}: the table has none of the records of fold {place.fold}; index it by name")
    return RowsAt(*(table.iloc[table.index.get_indexer(pd.Index(n))] for n in (names, held_out, test)))


@dataclass(frozen=True, eq=False)
class OnTable:
    """An estimator that learns the label, or pH, from a table of features.

    Its risk score is the decision function, else the log-odds of the predicted probability, else what a regressor
    predicts; minus the predicted pH where it learns pH. Scaling, imputation and selection belong into the estimator (a
    pipeline), so that they are fitted on the training part alone.

    Args:
        estimator: unfitted; of scikit-learn or alike. It is copied for each fit, and given arrays without column names.
        table: one row a record, by name, with numbers; records that are not in it are left out, and so are columns
            that say how long a labour or its second stage was (`stage2_minutes` of `baseline_table`), with a line in
            the log; alone they are a control.
        learn: `label`, or `ph` for a regressor of pH, on records of known pH.
        name: for messages.
        rebalancing: of the classes of the training part, before any step of the estimator is fitted; weights go to its
            last step alone. Log-odds of a classifier that gives probabilities are put back to the prevalence of the
            training part, a shift that ranks nothing.
        synthetic: rows of recordings that are made, for rebalancing by a generator.
        keep: what the checkpoint of a fitted line says of its input, for `logistic` and `ridge` of this package without
            rebalancing, see `fhr.evaluation.packed_lines`; None keeps nothing.

    Raises:
        FHRError: a record with several rows; with rebalancing, an estimator that weighs the classes itself, or one that
            takes no weights where these are asked for.
    """

    estimator: Any
    table: pd.DataFrame
    learn: Literal["label", "ph"] = "label"
    name: str = ""
    rebalancing: Rebalancing = AS_IT_IS
    synthetic: SyntheticRows | None = None
    keep: KeptLine | None = None

    def __post_init__(self) -> None:
        if not self.table.index.is_unique:
            twice = self.table.index[self.table.index.duplicated()][0]
            raise FHRError(
                f"{self._called}: the table has several rows of {twice!r}; give one row a record, by its name"
            )
        if self.rebalancing.method != "none":
            _check_rebalanced(self.estimator, self.rebalancing, self._called)
        allowed = without_lengths(self.table)
        if allowed.shape[1] < self.table.shape[1]:
            _say_left_out(self._called, tuple(self.table.columns.difference(allowed.columns)))
            object.__setattr__(self, "table", allowed)

    def fit(self, place: Place, seed: int) -> FittedModel:
        """Fit on training and early-stopping records, on a bootstrap of them where there are several members.

        Args:
            place: what may be learnt from, and what is scored.
            seed: of the bootstrap, and of the steps of the estimator whose `random_state` is None.

        Raises:
            FHRError: records of one class only, too few of known pH, or a table of other records.
        """
        rows = rows_at(self.table, place, seed, self._called)
        train, weights = self.rebalancing(rows.train, place, seed, self.synthetic)
        model = self._fitted(train, weights, place, seed)
        scores = self._score(model, pd.concat([rows.held_out, rows.test]))
        if self.rebalancing.method != "none" and self.learn == "label" and hasattr(model, "predict_proba"):
            here, there = (place.labels.loc[one.index].to_numpy() for one in (rows.train, train))
            seen = prior_of_weights(there, np.ones(len(there)) if weights is None else weights)
            scores = scores + logit(here.mean()) - logit(seen)
        scored = rows.scored(scores)
        if self.keep is None or self.rebalancing.method != "none" or place.permutation is not None:
            return scored
        names = [*dict.fromkeys(rows.train.index), *rows.held_out.index]
        return scored._replace(network=FittedNetwork(self.keep.pack(linear_line(model), place, names), device="cpu"))

    @property
    def _called(self) -> str:
        return self.name or type(self.estimator).__name__

    def _fitted(self, rows: pd.DataFrame, weights: np.ndarray | None, place: Place, seed: int) -> Any:
        # A copy: the estimator may be one for all places, and learns at each anew.
        estimator = clone(self.estimator) if hasattr(self.estimator, "get_params") else deepcopy(self.estimator)
        _seed(estimator, seed)
        if self.learn == "ph":
            known = place.ph.loc[rows.index].notna().to_numpy()
            rows, weights = rows[known], None if weights is None else weights[known]
            if len(rows) < _LEAST_PH:
                raise FHRError(f"{self._called}: {len(rows)} training records of known pH; at least {_LEAST_PH} needed")
            target = place.ph.loc[rows.index].clip(*PH_RANGE).to_numpy()
            estimator.fit(rows.to_numpy(), target, **_weighted(estimator, weights))
            return estimator
        classes = place.labels.loc[rows.index].to_numpy()
        if not 0 < classes.sum() < len(classes):
            raise FHRError(
                f"{self._called}: none of {len(classes)} training records has the label {int(not classes.any())}; a "
                "commoner label, more recordings or fewer folds are needed"
            )
        estimator.fit(rows.to_numpy(), classes, **_weighted(estimator, weights))
        return estimator

    def _score(self, model: Any, rows: pd.DataFrame) -> np.ndarray:
        x = rows.to_numpy()
        if self.learn == "ph":
            return -np.asarray(model.predict(x), dtype=float)
        if hasattr(model, "decision_function"):
            return np.asarray(model.decision_function(x), dtype=float)
        if hasattr(model, "predict_proba"):
            p = np.clip(np.asarray(model.predict_proba(x), dtype=float)[:, 1], _FARTHEST, 1 - _FARTHEST)
            return np.asarray(np.log(p / (1 - p)))
        return np.asarray(model.predict(x), dtype=float)


@dataclass(frozen=True, eq=False)
class OnTableMaker:
    """A maker of `OnTable`: a new estimator for each place, on one table; arguments as there."""

    estimator: Callable[[], Any]
    table: pd.DataFrame
    learn: Literal["label", "ph"] = "label"
    name: str = ""
    rebalancing: Rebalancing = AS_IT_IS
    synthetic: SyntheticRows | None = None
    keep: KeptLine | None = None

    def __call__(self, place: Place, seed: int) -> OnTable:
        """The estimator of one place."""
        return OnTable(self.estimator(), self.table, self.learn, self.name, self.rebalancing, self.synthetic, self.keep)


@cache  # once, not for every fold
def _say_left_out(called: str, columns: tuple[str, ...]) -> None:
    _log.warning(
        "%s: not given %s, which is known only once the child is born and tells the outcome",
        called,
        ", ".join(columns),
    )


def _check_rebalanced(estimator: Any, rebalancing: Rebalancing, called: str) -> None:
    """Refuse what would be rebalanced twice, or cannot be."""
    settings = estimator.get_params() if hasattr(estimator, "get_params") else {}
    of_its_own = [key for key, value in settings.items() if key.split("__")[-1] == "class_weight" and value is not None]
    if of_its_own:
        raise FHRError(
            f"{called}: {of_its_own[0]}={settings[of_its_own[0]]!r} beside rebalancing by {rebalancing.title}; give an "
            "estimator that does not weigh the classes itself"
        )
    last = estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator
    if rebalancing.method == "weights" and not has_fit_parameter(last, "sample_weight"):
        raise FHRError(f"{called}: {type(last).__name__} takes no sample_weight; rebalance by oversampling")


def _weighted(estimator: Any, weights: np.ndarray | None) -> dict[str, np.ndarray]:
    """Argument of `fit` that hands weights to the last step."""
    if weights is None:
        return {}
    step = f"{estimator.steps[-1][0]}__" if hasattr(estimator, "steps") else ""
    return {f"{step}sample_weight": weights}


def _seed(estimator: Any, seed: int) -> None:
    """Give every step without a `random_state` of its own one that the seed of this fit stands for."""
    if hasattr(estimator, "get_params"):
        steps = estimator.get_params().items()
        unseeded = [key for key, value in steps if key.split("__")[-1] == "random_state" and value is None]
        if unseeded:
            estimator.set_params(**{key: seed_of(seed, "steps of an estimator", i) for i, key in enumerate(unseeded)})
