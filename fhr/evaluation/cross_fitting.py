"""Cross-fitting: the inner folds of one outer fold give calibrated probabilities of its test records.

Each network scores the inner fold that it was not trained on. Together these scores are out of fold for the whole
training part; one calibrator is fitted on them. Members of an inner fold are averaged first and calibrated then; the
average over inner folds is calibrated as an average, see `fhr.calibration.averaging`. Nothing is trained again.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from fhr.calibration import Calibrator, RidgePlatt
from fhr.calibration.averaging import averaging, between_inner_folds
from fhr.datasets import FittedModel
from fhr.errors import FHRError, SplitError

__all__ = ["RAW_COLUMNS", "FoldPrediction", "cross_fit", "raw_scores"]

RAW_COLUMNS = ("name", "repeat", "fold", "inner", "member", "use", "score")
"""Of the table of all that networks said of records which they had not seen; `use` is held_out or test."""


class FoldPrediction(NamedTuple):
    """The test records of one outer fold.

    Attributes:
        score: mean risk score over the networks, by record name, in standard deviations of the held-out scores,
            so that the folds of a repeat can be ranked together.
        probability: calibrated probability of the average over inner folds, by record name.
        calibrator: the cross-fitted calibrator.
        held_out: columns name, inner, member, score of the held-out records.
        test: risk scores, one row a record, one column a network: (inner, member).
        between: variance of the score of a test record over inner folds, which asks for no label.
    """

    score: pd.Series
    probability: pd.Series
    calibrator: Calibrator
    held_out: pd.DataFrame
    test: pd.DataFrame
    between: float


def raw_scores(model: FittedModel, *, repeat: int, fold: int, inner: int, member: int = 0) -> pd.DataFrame:
    """The scores of one model as a table with `RAW_COLUMNS`.

    Raises:
        FHRError: a score that is not finite.
    """
    names = [*model.held_out.index, *model.test.index]
    scores = np.concatenate([model.held_out.to_numpy(dtype=float), model.test.to_numpy(dtype=float)])
    if not (finite := np.isfinite(scores)).all():
        wrong = int(np.argmin(finite))
        raise FHRError(
            f"repeat {repeat}, fold {fold}, inner fold {inner}: record {names[wrong]} has the score {scores[wrong]}; a "
            "model gives each record a finite score"
        )
    use = ["held_out"] * len(model.held_out) + ["test"] * len(model.test)
    rows = {"name": names, "repeat": repeat, "fold": fold, "inner": inner, "member": member, "use": use}
    return pd.DataFrame(rows | {"score": scores})[list(RAW_COLUMNS)]


def cross_fit(raw: pd.DataFrame, labels: pd.Series, make: Callable[[], Calibrator] = RidgePlatt) -> FoldPrediction:
    """Calibrate on the held-out scores the average over the networks.

    Several members of one inner fold (retrainings on the same records) are averaged, on the held-out records before the
    calibrator is fitted, so that a record counts once, and on the test records before it is applied. The average over
    inner folds, whose scores vary less than those of the fit, is stretched by `fhr.calibration.averaging`.

    Args:
        raw: rows of one repeat and outer fold, with `RAW_COLUMNS`.
        labels: 0 or 1 by record name.
        make: an unfitted calibrator.

    Raises:
        SplitError: rows of several folds; a record that two inner folds hold out, or that is also a test record; one
            that a member did not score; a held-out one without a label.
        FHRError: too few records to calibrate on.
    """
    if raw["repeat"].nunique() != 1 or raw["fold"].nunique() != 1:
        raise SplitError("the scores are not those of one outer fold; calibrate each fold by itself")
    held_out, tested = raw[raw["use"] == "held_out"], raw[raw["use"] == "test"]
    in_folds = held_out[["name", "inner"]].drop_duplicates()
    if in_folds["name"].duplicated().any() or set(in_folds["name"].tolist()) & set(tested["name"].tolist()):
        raise SplitError("inner folds overlap each other or the test fold; make a new split with `fhr splits`")
    if unknown := sorted({*held_out["name"].tolist()} - {*labels.dropna().index.tolist()}):
        raise SplitError(f"{len(unknown)} held-out records have no label: {unknown[:3]}; leave them out")
    members = held_out.pivot(index="name", columns="member", values="score")
    test = tested.pivot(index="name", columns=["inner", "member"], values="score").sort_index(axis=1)
    if members.isna().any(axis=None) or test.isna().any(axis=None):
        raise SplitError("a network lacks records that another one of its fold has scored; score all of them")
    means = members.mean(axis=1)
    known, y = means.to_numpy(), labels.loc[means.index].to_numpy()
    calibrator = make().fit(known, y)
    several = test.columns.get_level_values("inner").has_duplicates
    by_inner = (test.T.groupby(level="inner").mean() if several else test.T).to_numpy()
    between = float(between_inner_folds(by_inner))
    averaged = averaging(known, np.ones(len(y)), y, between, len(by_inner))
    probabilities = calibrator.predict(averaged(by_inner))
    score = pd.Series(calibrator.standardize(test.mean(axis=1)), index=test.index)
    return FoldPrediction(
        score,
        pd.Series(probabilities, index=test.index),
        calibrator,
        held_out[["name", "inner", "member", "score"]].reset_index(drop=True),
        test,
        between,
    )
