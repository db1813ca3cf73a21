"""From the inner folds of one outer fold to calibrated probabilities of its test records.

Each inner model scores the inner fold that it was not trained on. Together these scores are out of fold for the whole
training part; one calibrator is fitted on them and applied to each model's test scores, whose probabilities are
averaged. Nothing is trained again.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import pandas as pd

from fhr.calibration import RidgePlatt
from fhr.errors import SplitError

__all__ = ["RAW_COLUMNS", "FoldPrediction", "MemberScores", "cross_fit", "inner_scores", "raw_scores"]

RAW_COLUMNS = ("name", "repeat", "fold", "inner", "member", "use", "score")
"""Of the table of all that networks said of records which they had not seen; `use` is held_out or test."""


class MemberScores(NamedTuple):
    """What one inner model says of records that it has not seen.

    Attributes:
        calibration: risk scores of the held-out inner fold, by record name.
        test: risk scores of the outer fold, by record name.
    """

    calibration: pd.Series
    test: pd.Series


class FoldPrediction(NamedTuple):
    """The test records of one outer fold.

    Attributes:
        score: mean risk score over the inner models, by record name, in standard deviations of the held-out scores,
            so that the folds of a repeat can be ranked together.
        probability: mean calibrated probability over the inner models, by record name.
        calibrator: the cross-fitted calibrator.
    """

    score: pd.Series
    probability: pd.Series
    calibrator: RidgePlatt


def raw_scores(scores: MemberScores, *, repeat: int, fold: int, inner: int, member: int = 0) -> pd.DataFrame:
    """The scores of one network as a table with `RAW_COLUMNS`."""
    parts = []
    for use, values in (("held_out", scores.calibration), ("test", scores.test)):
        rows = {"name": values.index, "repeat": repeat, "fold": fold, "inner": inner, "member": member, "use": use}
        parts.append(pd.DataFrame(rows | {"score": values.to_numpy()}))
    return pd.concat(parts, ignore_index=True)[list(RAW_COLUMNS)]


def inner_scores(raw: pd.DataFrame) -> list[MemberScores]:
    """What each inner model of one outer fold says, the mean over its members.

    Args:
        raw: rows of one repeat and fold, with `RAW_COLUMNS`.

    Raises:
        SplitError: more than one fold, or a member that lacks a record which another one has.
    """
    if raw[["repeat", "fold"]].drop_duplicates().shape[0] != 1:
        raise SplitError("scores of several outer folds; give those of one")
    models = []
    for inner, rows in raw.groupby("inner", sort=True):
        scores = []
        for use in ("held_out", "test"):
            table = rows[rows["use"] == use].pivot(index="name", columns="member", values="score")
            if table.isna().any(axis=None):
                raise SplitError(f"inner fold {inner}: a member lacks records that another one has scored")
            scores.append(table.mean(axis=1))
        models.append(MemberScores(*scores))
    return models


def cross_fit(
    members: Sequence[MemberScores], labels: pd.Series, make: Callable[[], RidgePlatt] = RidgePlatt
) -> FoldPrediction:
    """Calibrate on the pooled held-out scores, average over the inner models.

    Args:
        members: one an inner fold; all with the same test records.
        labels: 0 or 1 by record name.
        make: an unfitted calibrator.

    Raises:
        SplitError: a record that is scored as held out by two members, or that is also a test record; a record
            without a label.
        FHRError: too few records to calibrate on.
    """
    held_out = pd.concat([member.calibration for member in members])
    test = members[0].test.index
    if held_out.index.has_duplicates or held_out.index.intersection(test).size:
        raise SplitError("inner folds overlap each other or the test fold; make a new split with `fhr splits`")
    if unknown := sorted({*held_out.index, *test} - {*labels.index}):
        raise SplitError(
            f"{len(unknown)} scored records have no label: {unknown[:3]}; leave them out, or predict these records "
            "with `fhr predict`"
        )
    calibrator = make().fit(held_out.to_numpy(), labels.loc[held_out.index].to_numpy())
    scores = pd.concat([member.test.loc[test] for member in members], axis=1)
    probabilities = pd.DataFrame(calibrator.predict(scores.to_numpy()), index=test)
    score = pd.Series(calibrator.standardize(scores.mean(axis=1)), index=test)
    return FoldPrediction(score, probabilities.mean(axis=1), calibrator)
