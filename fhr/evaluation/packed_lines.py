"""Fitted lines as checkpoints: arrays, with what they and their calibrator learn from and what they take."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.preprocessing import QuantileTransformer, StandardScaler

import fhr
from fhr.datasets import Place
from fhr.errors import FHRError
from fhr.features import FeatureSet, RawOrderStatistics
from fhr.models import ArrayModel, CheckpointCard, FittedLinearLine, pack_model
from fhr.preprocessing import Pipeline
from fhr.recording import Composition

__all__ = ["KeptLine", "linear_line"]


@dataclass(frozen=True)
class KeptLine:
    """Input of a line, as its checkpoint says it.

    Args:
        features: that the line takes.
        pipeline: whose window they are of.
    """

    features: FeatureSet | RawOrderStatistics
    pipeline: Pipeline

    def pack(self, model: ArrayModel, place: Place, names: Sequence[str]) -> bytes:
        """The line with its card.

        Args:
            model: fitted at a place.
            place: with its database.
            names: of the records that the line and its calibrator learn from.

        Raises:
            FHRError: a place without its database.
        """
        database = place.database
        if database is None:
            raise FHRError("a line that is kept for predictions; give a place with its database")
        digests = dict(zip(database.names, database.digests, strict=True))
        composition = Composition.of(database[name] for name in names)
        card = CheckpointCard(
            network=model.specification,
            pipeline=self.pipeline.to_dict(),
            target=place.target,
            prevalence=float(place.labels.loc[list(names)].mean()),
            learnt_from=tuple(sorted(digests[name] for name in names)),
            data=database.checksum,
            splits=place.splits.checksum,
            fold=(place.split_repeat, place.fold, place.inner),
            epochs=1,
            calibrator=None,
            version=fhr.__version__,
            features={"set": self.features.to_dict(), "checksum": self.features.checksum},
            member=place.member,
            **({} if composition.all_measured else composition.plain()),
        )
        return pack_model(card, model)


def linear_line(pipeline: Any) -> FittedLinearLine:
    """A fitted pipeline of `fhr.evaluation.logistic` or `ridge` as arrays, with the same scores.

    Raises:
        FHRError: another pipeline.
    """
    steps = {type(step): step for _, step in getattr(pipeline, "steps", [])}
    line = steps.get(LogisticRegression, steps.get(RidgeCV))
    if line is None or SimpleImputer not in steps or StandardScaler not in steps:
        raise FHRError(f"{type(pipeline).__name__} is no fitted line of this package; fit `logistic` or `ridge`")
    median = np.nan_to_num(steps[SimpleImputer].statistics_)
    quantiles = steps[QuantileTransformer].quantiles_ if QuantileTransformer in steps else np.empty((0, len(median)))
    # The riskier, the lower the pH that is predicted.
    sign = -1.0 if isinstance(line, RidgeCV) else 1.0
    return FittedLinearLine(
        median=median.astype(np.float64),
        quantiles=np.asarray(quantiles, dtype=np.float64),
        centre=steps[StandardScaler].mean_,
        spread=steps[StandardScaler].scale_,
        coefficients=sign * np.ravel(line.coef_),
        offset=sign * float(np.ravel(line.intercept_)[0]),
    )
