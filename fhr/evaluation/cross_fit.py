"""From the inner folds of one outer fold to calibrated probabilities of its test records.

Each inner model scores the inner fold that it was not trained on. Together these scores are out of fold for the whole
training part; one calibrator is fitted on them and applied to each model's test scores, whose probabilities are
averaged. Nothing is trained again.
"""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from fhr.calibration import RidgePlatt
from fhr.errors import SplitError

__all__ = ["FoldPrediction", "MemberScores", "cross_fit"]


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


def cross_fit(members: Sequence[MemberScores], labels: pd.Series) -> FoldPrediction:
    """Calibrate on the pooled held-out scores, average over the members.

    Args:
        members: one an inner fold; all with the same test records.
        labels: 0 or 1 by record name.

    Raises:
        SplitError: a record that is scored as held out by two members, or that is also a test record.
        FHRError: too few records to calibrate on.
    """
    held_out = pd.concat([member.calibration for member in members])
    test = members[0].test.index
    if held_out.index.has_duplicates or held_out.index.intersection(test).size:
        raise SplitError("inner folds overlap each other or the test fold; make a new split with `fhr splits`")
    calibrator = RidgePlatt().fit(held_out.to_numpy(), labels.loc[held_out.index].to_numpy())
    scores = pd.concat([member.test.loc[test] for member in members], axis=1)
    probabilities = pd.DataFrame(calibrator.predict(scores.to_numpy()), index=test)
    score = pd.Series(calibrator.standardize(scores.mean(axis=1)), index=test)
    return FoldPrediction(score, probabilities.mean(axis=1), calibrator)
