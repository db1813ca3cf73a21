"""The kernel line and its rivals on the same groups of features, as models that the protocol can fit."""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from fhr.datasets import FittedModel, FittedNetwork, Place
from fhr.errors import FHRError
from fhr.features import NESTED_GROUPS, FeatureSet, features_by_name
from fhr.models import FittedKernelLine, KernelLine
from fhr.preprocessing import Pipeline as Preparation
from fhr.recording import Recording, named_once
from fhr.synthesis import AS_IT_IS, Rebalancing

from .baselines import logistic, ridge
from .fits import Maker
from .on_table import OnTableMaker, RowsAt, rows_at
from .packed_lines import KeptLine
from .synthetic_rows import SyntheticRows

__all__ = ["GROUP_LINES", "GroupLine", "KernelLineMaker", "feature_table", "group_features"]

_log = logging.getLogger(__name__)

_LOSS = "signal_loss"
_WITHOUT_LOSS = tuple(group for group in NESTED_GROUPS if group != _LOSS)


def group_features(pipeline: Preparation | None = None) -> FeatureSet:
    """Every feature that a line of `GROUP_LINES` uses.

    At 1 Hz, so that recordings of any whole rate can be taken; the lines are as good at 4 Hz.

    Args:
        pipeline: whose window and cleaning they have; None for the last 60 min.
    """
    given = pipeline or Preparation()
    return FeatureSet(
        groups=NESTED_GROUPS, fs=1.0, minutes=given.minutes, steps=given.steps, covariates=("nulliparity",)
    )


def feature_table(recordings: Iterable[Recording], features: FeatureSet) -> pd.DataFrame:
    """Features of the last window of each recording.

    Args:
        recordings: any iterable; it is read once, one recording at a time.
        features: what to compute.

    Returns:
        Index `record` (names), columns `features.names`; NaN where a window holds too little signal. A recording that
        is too short or of another rate has no row, and a line in the log.

    Raises:
        FHRError: two recordings of the same name, whose rows could not be told apart.
    """
    rows, unusable = features_by_name(named_once(recordings), features)
    for reason in unusable.values():
        _log.warning("left out: %s", reason)
    index, names = pd.Index(list(rows), name="record", dtype=object), list(features.names)
    return pd.DataFrame(np.array(list(rows.values())).reshape(len(rows), len(names)), index, names, dtype=float)


@dataclass(frozen=True, eq=False)
class KernelLineMaker:
    """A maker of kernel lines on one table, for `fhr.evaluation.cross_validate`.

    Args:
        table: `feature_table` of the features, one row a record.
        features: that the columns are.
        pipeline: whose window the features are of.
        name: of the model in tables.
        kept: whether fitted lines are kept, for predictions.
        rebalancing: of the classes of the training part; of what was drawn, or weighs more, the line learns the pH.
        synthetic: rows of recordings that are made, for rebalancing by a generator; None for those of `features`, which
            nothing keeps.

    Raises:
        FHRError: fitted lines that are to be kept beside rebalancing by a generator: their card names recordings alone.
    """

    table: pd.DataFrame
    features: FeatureSet
    pipeline: Preparation = field(default_factory=Preparation)
    name: str = "kernel line"
    kept: bool = False
    rebalancing: Rebalancing = AS_IT_IS
    synthetic: SyntheticRows | None = None

    def __post_init__(self) -> None:
        if self.kept and self.rebalancing.generator is not None:
            raise FHRError(
                f"{self.name}: lines that learn from what {self.rebalancing.generator.title} makes are not kept; give "
                "kept=False, or another rebalancing"
            )

    def __call__(self, place: Place, seed: int) -> "_KernelLineFit":
        """The line of one place."""
        return _KernelLineFit(self)

    def learnt(self, place: Place, seed: int) -> "LearntLine":
        """The line itself, fitted on training and early-stopping records of known pH.

        Raises:
            FHRError: too few of known pH, a table of other records, or a place without its database.
        """
        rows = rows_at(self.table, place, seed, self.name)
        if place.database is None:
            raise FHRError(f"{self.name}: it learns from pH and base deficit; give a place with its database")
        synthetic = self.synthetic or SyntheticRows(partial(feature_table, features=self.features))
        train, weights = self.rebalancing(rows.train, place, seed, synthetic)
        outcomes = place.database.outcomes.loc[train.index]
        model = KernelLine(place.target, self.features.column_groups).fit(train.to_numpy(), outcomes, weights)
        return LearntLine(rows, train, outcomes, model)


class LearntLine(NamedTuple):
    """A kernel line at one place, with what it was fitted to.

    Attributes:
        rows: of the table, by use.
        train: rows that it was fitted to, after rebalancing.
        outcomes: of these rows.
        model: the line.
    """

    rows: RowsAt
    train: pd.DataFrame
    outcomes: pd.DataFrame
    model: FittedKernelLine


@dataclass(frozen=True, eq=False)
class _KernelLineFit:
    """A kernel line at one place."""

    made_by: KernelLineMaker

    def fit(self, place: Place, seed: int) -> FittedModel:
        """Fit on training and early-stopping records of known pH, a bootstrap where there are several members.

        Raises:
            FHRError: too few of known pH, or a table of other records.
        """
        made, start = self.made_by, time.monotonic()
        rows, _, _, model = made.learnt(place, seed)
        scored = rows.scored(model.scores(pd.concat([rows.held_out, rows.test]).to_numpy()))
        if not made.kept or place.permutation is not None:
            return scored
        names = [*dict.fromkeys(rows.train.index), *rows.held_out.index]
        seconds = {"seconds": time.monotonic() - start}
        packed = KeptLine(made.features, made.pipeline).pack(model, place, names)
        return scored._replace(network=FittedNetwork(packed, device="cpu", metrics=seconds))


@dataclass(frozen=True)
class GroupLine:
    """A model on the features of `group_features`.

    Attributes:
        name: as it stands in tables.
        slug: its short name, for the command line.
        groups: that it uses.
        covariates: that it uses.
        make: an unfitted scikit-learn pipeline; None for the kernel line.
        on_ph: whether the pipeline learns pH itself.
    """

    name: str
    slug: str
    groups: tuple[str, ...] = _WITHOUT_LOSS
    covariates: tuple[str, ...] = ()
    make: Callable[[], Pipeline] | None = None
    on_ph: bool = False

    def features(self, pipeline: Preparation | None = None) -> FeatureSet:
        """Features that it uses, see `group_features`."""
        return replace(group_features(pipeline), groups=self.groups, covariates=self.covariates)

    def maker(self, table: pd.DataFrame, *, pipeline: Preparation | None = None, kept: bool = False) -> Maker:
        """The line on a table, for `fhr.evaluation.cross_validate`.

        Args:
            table: `feature_table` of `group_features(pipeline)`, or of its own features.
            pipeline: whose window the features are of; None for the last 60 min.
            kept: whether fitted lines are kept, for predictions.

        Raises:
            FHRError: a feature that the table does not have.
        """
        features = self.features(pipeline)
        if missing := [name for name in features.names if name not in table.columns]:
            raise FHRError(
                f"{self.name}: the table has no column {missing[0]}; make it with fhr.evaluation.feature_table"
            )
        columns = table[list(features.names)]
        if self.make is None:
            return KernelLineMaker(columns, features, pipeline or Preparation(), self.name, kept)
        keep = KeptLine(features, pipeline or Preparation()) if kept else None
        return OnTableMaker(self.make, columns, "ph" if self.on_ph else "label", self.name, keep=keep)


_PARITY = ("nulliparity",)
GROUP_LINES = (
    GroupLine("kernel line", "kernel"),
    GroupLine("kernel line with parity", "kernel-parity", covariates=_PARITY),
    GroupLine("kernel line with signal loss", "kernel-loss", NESTED_GROUPS),
    GroupLine("kernel line with signal loss and parity", "kernel-loss-parity", NESTED_GROUPS, _PARITY),
    GroupLine("feature groups, ridge on pH", "groups-ridge", make=ridge, on_ph=True),
    GroupLine("feature groups, logistic", "groups-logistic", make=logistic),
)
"""The kernel line with and without what says how much signal was lost and what is known before birth, and its rivals.
Those without are given no column of signal loss."""
