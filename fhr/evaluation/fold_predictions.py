"""The table of out-of-fold predictions: what a confidence card says of each test record, from raw scores of a fold."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from fhr.calibration import Calibrator, Reference, RidgePlatt
from fhr.confidence import Confidence
from fhr.errors import SplitError

from .cross_fitting import cross_fit

__all__ = ["out_of_fold"]


def out_of_fold(raw: pd.DataFrame, labels: pd.Series, make: Callable[[], Calibrator] = RidgePlatt) -> pd.DataFrame:
    """A table of the test records of one outer fold, each judged by models that have not seen it.

    `fhr.confidence.Confidence` judges them, as it judges the births that a predictor of this fold is given.

    Args:
        raw: rows of one repeat and outer fold, with `RAW_COLUMNS`.
        labels: 0 or 1 by record name.
        make: an unfitted calibrator.

    Returns:
        Columns name, repeat, fold, label, score, probability (see `cross_fit`); low, high: ends of the 95% interval of
        the calibration curve, NaN where there are too few records for it; spread: standard deviation of the
        probability over the networks; at_risk: 1 where the probability reaches the threshold at which 90% of the
        held-out negatives are below, missing where no threshold does that; flip_rate: the probability that two
        averages of as many networks disagree on it; p_negative and p_positive: conformal p-values of the two classes,
        a set at level 1 - alpha holds those above alpha.

    Raises:
        SplitError: as `cross_fit`, or a test record without a label.
        FHRError: too few records to calibrate on.
    """
    prediction = cross_fit(raw, labels, make)
    names, networks = prediction.test.index, prediction.test.to_numpy().T
    if unknown := sorted({*names.tolist()} - {*labels.dropna().index.tolist()}):
        raise SplitError(
            f"{len(unknown)} predicted records have no known label: {unknown[:3]}; leave them out, or predict them "
            "with `fhr predict`"
        )
    no_statistics = pd.DataFrame()  # what is typical of training records matters to new recordings alone
    reference = Reference.of(prediction.held_out, labels, no_statistics, prediction.calibrator, prediction.between)
    inner = prediction.test.columns.get_level_values("inner").tolist()
    n = len(inner)
    judged = Confidence([prediction.calibrator] * n, [reference] * n, inner, target="label").judge(networks)
    p_negative, p_positive = np.asarray(judged.p_values).T
    return pd.DataFrame(
        {
            "name": names,
            "repeat": raw["repeat"].iloc[0],
            "fold": raw["fold"].iloc[0],
            "label": labels.loc[names].to_numpy().astype(int),
            "score": prediction.score.to_numpy(),
            "probability": judged.probability,
            "low": _column(judged.low),
            "high": _column(judged.high),
            "spread": _column(judged.spread),
            "at_risk": pd.NA if judged.decision is None else judged.decision.astype(int),
            "flip_rate": _column(judged.flip_rate),
            "p_negative": p_negative,
            "p_positive": p_positive,
        }
    )


def _column(values: np.ndarray | None) -> np.ndarray | float:
    return np.nan if values is None else values
