"""Linear models on a few features of fetal heart rate: the lines to beat, and shortcuts to suspect."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtri
from sklearn.base import BaseEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, QuantileTransformer, StandardScaler

from fhr.datasets import Splits
from fhr.errors import FHRError
from fhr.features import DEEP_CTG, ORDER_STATISTICS

from .baseline_features import HURST, STAGE2
from .cross_fitting import MemberScores, cross_fit, raw_scores

__all__ = ["BASELINES", "N_INNER", "Baseline", "baseline_predictions", "baseline_scores"]

N_INNER = 4
_PH_RANGE = (6.95, 7.35)
_LEAST_PH = 10  # records of known pH that a regression on it needs
_FARTHEST = 1e-7 - np.spacing(1)  # quantiles are kept this far from 0 and 1, whose deviates are infinite


@dataclass(frozen=True)
class Baseline:
    """A scikit-learn pipeline on columns of the feature table.

    Attributes:
        name: as it stands in tables.
        make: an unfitted pipeline.
        on_ph: learns pH itself, whatever the label; the risk score is minus the predicted pH. Of labels that are not
            cut from pH (Apgar) it may rank the risk, but it was not taught it: mark such a line in a table.
        columns: the features it uses; None for all.
        slug: its short name, for the command line; made of the name where it is not given.
    """

    name: str
    make: Callable[[], Pipeline]
    on_ph: bool = False
    columns: tuple[str, ...] | None = None
    slug: str = ""

    def __post_init__(self) -> None:
        if not self.slug:
            words = "".join(letter if letter.isalnum() else " " for letter in self.name.lower()).split()
            object.__setattr__(self, "slug", "-".join(words))

    def fit(self, features: pd.DataFrame, labels: pd.Series, ph: pd.Series) -> Callable[[pd.DataFrame], pd.Series]:
        """Fit on records of known label (and pH, where that is learnt); returns the risk score of others.

        Raises:
            FHRError: a feature that the table does not have, records of one class only, or too few of known pH.
        """
        columns = list(features.columns if self.columns is None else self.columns)
        if missing := [column for column in columns if column not in features.columns]:
            raise FHRError(
                f"{self.name}: the table has no column {', '.join(missing)}; make it with fhr.evaluation.baseline_table"
            )
        features = features[columns]
        if self.on_ph:
            known = features.index[ph.loc[features.index].notna()]
            if len(known) < _LEAST_PH:
                raise FHRError(f"{self.name}: {len(known)} training records of known pH; at least {_LEAST_PH} needed")
            model = self.make().fit(features.loc[known].to_numpy(), ph.loc[known].clip(*_PH_RANGE).to_numpy())
            return lambda rows: pd.Series(-model.predict(rows[columns].to_numpy()), index=rows.index)
        classes = labels.loc[features.index].to_numpy()
        if not 0 < classes.sum() < len(classes):
            raise FHRError(
                f"{self.name}: none of {len(classes)} training records has the label {int(not classes.any())}; a "
                "commoner label, more recordings or fewer folds are needed"
            )
        model = self.make().fit(features.to_numpy(), classes)
        return lambda rows: pd.Series(model.decision_function(rows[columns].to_numpy()), index=rows.index)


def _filled() -> SimpleImputer:
    """NaN takes the median of the training records: a constant would tell a model how much signal was lost."""
    return SimpleImputer(strategy="median", keep_empty_features=True)


def _logistic() -> Pipeline:
    classifier = LogisticRegression(C=0.02, class_weight="balanced", max_iter=500)
    return make_pipeline(_filled(), StandardScaler(), classifier)


def _normal_deviate(quantiles: np.ndarray) -> np.ndarray:
    """As QuantileTransformer(output_distribution="normal") does, without its detour through scipy.stats."""
    deviate: np.ndarray = ndtri(np.clip(quantiles, _FARTHEST, 1 - _FARTHEST))
    return deviate


def _ridge() -> Pipeline:
    uniform = QuantileTransformer(n_quantiles=50, random_state=0)
    normal: BaseEstimator = FunctionTransformer(_normal_deviate)
    clip: BaseEstimator = FunctionTransformer(np.clip, kw_args={"a_min": -3, "a_max": 3})
    alpha = RidgeCV(np.logspace(0, 3.5, 15))
    return make_pipeline(_filled(), uniform, normal, StandardScaler(), clip, alpha)


BASELINES = (
    Baseline("21 order statistics, logistic", _logistic, columns=ORDER_STATISTICS, slug="logistic"),
    Baseline("21 order statistics, ridge on pH", _ridge, on_ph=True, columns=ORDER_STATISTICS, slug="ridge"),
    Baseline("MAD of the last 60 min alone", _logistic, columns=("mad_60",), slug="mad"),
    Baseline("signal loss of the last 60 min alone", _logistic, columns=("loss_60",), slug="loss"),
    Baseline("MAD, baseline and H of the last 60 min", _logistic, columns=("mad_60", "start_60", HURST), slug="sparse"),
    Baseline("four features of DeepCTG of the last 30 min", _logistic, columns=DEEP_CTG, slug="deepctg"),
    Baseline("length of stage 2 alone", _logistic, columns=(STAGE2,), slug="stage2"),
)
"""Every entry of the protocol that is linear; the last one is a control, which no model may be given."""


def baseline_scores(
    baseline: Baseline, features: pd.DataFrame, labels: pd.Series, ph: pd.Series, splits: Splits, *, repeat: int
) -> pd.DataFrame:
    """Raw risk scores of one repeat: of each inner model, on its held-out inner fold and on the outer test fold.

    Args:
        baseline: what to fit.
        features: `baseline_table`; NaN where a window holds too little signal.
        labels: 0 or 1 by record name; records without a label (NaN, or not in it) are left out.
        ph: by record name.
        splits: outer folds.
        repeat: which of them.

    Returns:
        Columns `RAW_COLUMNS`; a linear model has one member, 0.

    Raises:
        FHRError: a column that the table lacks, or a training part of one class only.
        SplitError: no such repeat.
    """
    labels = labels.dropna()
    rows = []
    for fold in range(len(splits.folds[0])):
        for inner in range(N_INNER):
            part = splits.partition(repeat, fold, inner, n_inner=N_INNER)
            fitted = [n for n in (*part.train, *part.validation) if n in labels.index]
            held_out, test = ([n for n in names if n in labels.index] for names in (part.calibration, part.test))
            score = baseline.fit(features.loc[fitted], labels, ph)(features.loc[held_out + test])
            members = MemberScores(score.loc[held_out], score.loc[test])
            rows.append(raw_scores(members, repeat=repeat, fold=fold, inner=inner))
    return pd.concat(rows, ignore_index=True)


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
        features: `baseline_table`; NaN where a window holds too little signal.
        labels: 0 or 1 by record name; records without a label (NaN, or not in it) are left out.
        ph: by record name.
        splits: outer folds.
        repeat: which of them.
        refit: one model on the whole training part, calibrated on the inner models' held-out scores, in place of
            the average of the inner models.

    Returns:
        Columns name, repeat, fold, label, score, probability.

    Raises:
        FHRError: as `baseline_scores`; too few records of a class to calibrate on.
        SplitError: no such repeat.
    """
    labels = labels.dropna()
    raw = baseline_scores(baseline, features, labels, ph, splits, repeat=repeat)
    rows = []
    for fold, test_fold in enumerate(splits.folds[repeat]):
        prediction = cross_fit(raw[raw["fold"] == fold], labels)
        scores, probabilities = prediction.score, prediction.probability
        if refit:
            training = [n for n in labels.index if n not in set(test_fold)]
            again = baseline.fit(features.loc[training], labels, ph)(features.loc[scores.index]).to_numpy()
            scores = pd.Series(prediction.calibrator.standardize(again), index=scores.index)
            probabilities = pd.Series(prediction.calibrator.predict(again), index=scores.index)
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
