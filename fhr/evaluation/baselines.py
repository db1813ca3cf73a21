"""Linear models on order statistics of fetal heart rate: the lines to beat, and signal loss, a shortcut to suspect."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, QuantileTransformer, StandardScaler

from fhr.datasets import Splits

from .cross_fit import MemberScores, cross_fit

__all__ = ["BASELINES", "Baseline", "baseline_predictions"]

_PH_RANGE = (6.95, 7.35)


@dataclass(frozen=True)
class Baseline:
    """A scikit-learn pipeline on the feature table.

    Attributes:
        name: as it stands in tables.
        make: an unfitted pipeline.
        on_ph: learns pH itself; the risk score is minus the predicted pH.
        columns: the features it uses; None for all.
    """

    name: str
    make: Callable[[], Pipeline]
    on_ph: bool = False
    columns: tuple[str, ...] | None = None

    def fit(self, features: pd.DataFrame, labels: pd.Series, ph: pd.Series) -> Callable[[pd.DataFrame], pd.Series]:
        """Fit on records of known label (and pH, where that is learnt); returns the risk score of others."""
        columns = features.columns if self.columns is None else list(self.columns)
        features = features[columns]
        if self.on_ph:
            known = features.index[ph.loc[features.index].notna()]
            model = self.make().fit(features.loc[known], ph.loc[known].clip(*_PH_RANGE))
            return lambda rows: pd.Series(-model.predict(rows[columns]), index=rows.index)
        model = self.make().fit(features, labels.loc[features.index])
        return lambda rows: pd.Series(model.decision_function(rows[columns]), index=rows.index)


def _logistic() -> Pipeline:
    classifier = LogisticRegression(C=0.02, class_weight="balanced", max_iter=500)
    return make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), classifier)


def _ridge() -> Pipeline:
    normal = QuantileTransformer(n_quantiles=50, output_distribution="normal", random_state=0)
    clip: BaseEstimator = FunctionTransformer(np.clip, kw_args={"a_min": -3, "a_max": 3})
    alpha = RidgeCV(np.logspace(0, 3.5, 15))
    return make_pipeline(SimpleImputer(strategy="median"), normal, StandardScaler(), clip, alpha)


BASELINES = (
    Baseline("21 order statistics, logistic", _logistic),
    Baseline("21 order statistics, ridge on pH", _ridge, on_ph=True),
    Baseline("MAD of the last 60 min alone", _logistic, columns=("mad_60",)),
    Baseline("signal loss of the last 60 min alone", _logistic, columns=("loss_60",)),
)


def baseline_predictions(
    baseline: Baseline,
    features: pd.DataFrame,
    labels: pd.Series,
    ph: pd.Series,
    splits: Splits,
    *,
    repeat: int,
    refit: bool = False,
) -> pd.DataFrame:
    """Out-of-fold scores and calibrated probabilities of one repeat.

    Args:
        baseline: what to fit.
        features: one row a record, NaN where a window holds too little signal.
        labels: 0 or 1 by record name; records without a label are not in it.
        ph: by record name.
        splits: outer folds.
        repeat: which of them.
        refit: one model on the whole training part, calibrated on the inner models' held-out scores, in place of
            the average of the inner models.

    Returns:
        Columns name, repeat, fold, label, score, probability.
    """
    rows = []
    for fold in range(len(splits.folds[repeat])):
        members = []
        for inner in range(4):
            part = splits.partition(repeat, fold, inner)
            fitted = [n for n in (*part.train, *part.validation) if n in labels.index]
            score = baseline.fit(features.loc[fitted], labels, ph)
            held_out, test = ([n for n in names if n in labels.index] for names in (part.calibration, part.test))
            members.append(MemberScores(score(features.loc[held_out]), score(features.loc[test])))
        prediction = cross_fit(members, labels)
        scores, probabilities = prediction.score, prediction.probability
        if refit:
            training = [n for n in labels.index if n not in set(splits.folds[repeat][fold])]
            raw = baseline.fit(features.loc[training], labels, ph)(features.loc[scores.index]).to_numpy()
            scores = pd.Series(prediction.calibrator.standardize(raw), index=scores.index)
            probabilities = pd.Series(prediction.calibrator.predict(raw), index=scores.index)
        rows.append(
            pd.DataFrame(
                {
                    "name": scores.index,
                    "repeat": repeat,
                    "fold": fold,
                    "label": labels.loc[scores.index].to_numpy().astype(int),
                    "score": scores.to_numpy(),
                    "probability": probabilities.to_numpy(),
                }
            )
        )
    return pd.concat(rows, ignore_index=True)
