"""Linear models on a few features of the heart rate: the lines that a network has to beat, and shortcuts to suspect."""

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

from fhr.errors import FHRError
from fhr.features import DEEP_CTG, ORDER_STATISTICS, RawOrderStatistics
from fhr.preprocessing import Pipeline as Preparation

from .baseline_features import HURST, STAGE2, without_lengths
from .on_table import OnTableMaker
from .packed_lines import KeptLine

__all__ = ["BASELINES", "Baseline", "logistic", "ridge"]

_FARTHEST = 1e-7 - np.spacing(1)  # quantiles are kept this far from 0 and 1, whose deviates are infinite


@dataclass(frozen=True)
class Baseline:
    """A scikit-learn pipeline on columns of the feature table.

    Attributes:
        name: as it stands in tables.
        make: an unfitted pipeline.
        on_ph: learns pH itself, whatever the label; the risk score is minus the predicted pH. Of labels that are not
            cut from pH (Apgar) it may rank the risk, but it was not taught it: mark such a line in a table.
        columns: the features it uses; None for all that a model may be given, see `without_lengths`.
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

    def maker(self, table: pd.DataFrame, *, pipeline: Preparation | None = None, kept: bool = False) -> OnTableMaker:
        """The line on a table of features, for `fhr.evaluation.cross_validate`.

        Args:
            table: `baseline_table`; NaN where a window holds too little signal.
            pipeline: that cuts the window of the recordings; None for the last 60 min.
            kept: whether fitted lines are kept, for predictions; only those on order statistics alone can be.

        Raises:
            FHRError: a feature that the table does not have.
        """
        columns = list(without_lengths(table).columns if self.columns is None else self.columns)
        if missing := [column for column in columns if column not in table.columns]:
            raise FHRError(
                f"{self.name}: the table has no column {', '.join(missing)}; make it with fhr.evaluation.baseline_table"
            )
        keep = None
        if kept and set(columns) <= set(ORDER_STATISTICS):
            keep = KeptLine(RawOrderStatistics(tuple(columns)), pipeline or Preparation())
        return OnTableMaker(self.make, table[columns], "ph" if self.on_ph else "label", self.name, keep=keep)


def _filled() -> SimpleImputer:
    """NaN takes the median of the training records: a constant would tell a model how much signal was lost."""
    return SimpleImputer(strategy="median", keep_empty_features=True)


def logistic(*, balanced: bool = True) -> Pipeline:
    """Penalised logistic regression on standard scores; `balanced` weighs the classes alike."""
    classifier = LogisticRegression(C=0.02, class_weight="balanced" if balanced else None, max_iter=500)
    return make_pipeline(_filled(), StandardScaler(), classifier)


def _normal_deviate(quantiles: np.ndarray) -> np.ndarray:
    """As QuantileTransformer(output_distribution="normal") does, without its detour through scipy.stats."""
    deviate: np.ndarray = ndtri(np.clip(quantiles, _FARTHEST, 1 - _FARTHEST))
    return deviate


def ridge() -> Pipeline:
    """Ridge regression on normal scores, its penalty chosen by leave-one-out."""
    uniform = QuantileTransformer(n_quantiles=50, random_state=0)
    normal: BaseEstimator = FunctionTransformer(_normal_deviate)
    clip: BaseEstimator = FunctionTransformer(np.clip, kw_args={"a_min": -3, "a_max": 3})
    alpha = RidgeCV(np.logspace(0, 3.5, 15))
    return make_pipeline(_filled(), uniform, normal, StandardScaler(), clip, alpha)


BASELINES = (
    Baseline("21 order statistics, logistic", logistic, columns=ORDER_STATISTICS, slug="logistic"),
    Baseline("21 order statistics, ridge on pH", ridge, on_ph=True, columns=ORDER_STATISTICS, slug="ridge"),
    Baseline("MAD of the last 60 min alone", logistic, columns=("mad_60",), slug="mad"),
    Baseline("signal loss of the last 60 min alone", logistic, columns=("loss_60",), slug="loss"),
    Baseline("MAD, baseline and H of the last 60 min", logistic, columns=("mad_60", "start_60", HURST), slug="sparse"),
    Baseline("four features of DeepCTG of the last 30 min", logistic, columns=DEEP_CTG, slug="deepctg"),
    Baseline("length of stage 2 alone", logistic, columns=(STAGE2,), slug="stage2"),
)
"""Every entry of the protocol that is linear; the last one is a control, which no model may be given."""
