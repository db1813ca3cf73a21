"""The kernel line and its rivals on the same groups of features, as models that the protocol can fit."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from fhr.datasets import FittedModel, Place
from fhr.errors import FHRError, SignalError
from fhr.features import NESTED_GROUPS, FeatureSet
from fhr.models import KernelLine
from fhr.recording import Recording

from .baselines import logistic, ridge
from .fits import Maker
from .on_table import OnTableMaker, rows_at

__all__ = ["GROUP_LINES", "GroupLine", "KernelLineMaker", "feature_table", "group_features"]

_log = logging.getLogger(__name__)

_LOSS = "signal_loss"
_WITHOUT_LOSS = tuple(group for group in NESTED_GROUPS if group != _LOSS)


def group_features(minutes: float = 60.0) -> FeatureSet:
    """Every feature that a line of `GROUP_LINES` uses, of windows of so many minutes.

    At 1 Hz, so that recordings of any whole rate can be taken; the lines are as good at 4 Hz.
    """
    return FeatureSet(groups=NESTED_GROUPS, fs=1.0, minutes=minutes, covariates=("nulliparity",))


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
    rows: dict[str, np.ndarray] = {}
    for recording in recordings:
        if recording.name in rows:
            raise FHRError(f"two recordings are named {recording.name!r}; give each its own name")
        try:
            rows[recording.name] = features(recording)
        except SignalError as error:
            _log.warning("left out: %s", error)
    index = pd.Index(list(rows), name="record", dtype=object)
    return pd.DataFrame(np.array(list(rows.values())).reshape(len(rows), -1), index, list(features.names), dtype=float)


@dataclass(frozen=True, eq=False)
class _KernelLineFit:
    """A kernel line at one place."""

    table: pd.DataFrame
    groups: tuple[str, ...]
    name: str

    def fit(self, place: Place, seed: int) -> FittedModel:
        """Fit on training and early-stopping records of known pH, a bootstrap where there are several members.

        Raises:
            FHRError: too few of known pH, or a table of other records.
        """
        rows = rows_at(self.table, place, seed, self.name)
        if place.database is None:
            raise FHRError(f"{self.name}: it learns from pH and base deficit; give a place with its database")
        model = KernelLine(place.target, self.groups).fit(
            rows.train.to_numpy(), place.database.outcomes.loc[rows.train.index]
        )
        return rows.scored(model.scores(pd.concat([rows.held_out, rows.test]).to_numpy()))


@dataclass(frozen=True, eq=False)
class KernelLineMaker:
    """A maker of kernel lines on one table, for `fhr.evaluation.cross_validate`.

    Args:
        table: `feature_table`, one row a record.
        groups: the group of each column, see `fhr.features.FeatureSet.column_groups`.
        name: of the model in tables.
    """

    table: pd.DataFrame
    groups: tuple[str, ...]
    name: str = "kernel line"

    def __call__(self, place: Place, seed: int) -> _KernelLineFit:
        """The line of one place."""
        return _KernelLineFit(self.table, self.groups, self.name)


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

    def features(self, minutes: float = 60.0) -> FeatureSet:
        """Its own features, of windows of so many minutes."""
        return replace(group_features(minutes), groups=self.groups, covariates=self.covariates)

    def maker(self, table: pd.DataFrame, *, minutes: float = 60.0) -> Maker:
        """The line on a table, for `fhr.evaluation.cross_validate`.

        Args:
            table: `feature_table` of `group_features(minutes)`, or of its own features.
            minutes: length of the windows.

        Raises:
            FHRError: a feature that the table does not have.
        """
        features = self.features(minutes)
        if missing := [name for name in features.names if name not in table.columns]:
            raise FHRError(
                f"{self.name}: the table has no column {missing[0]}; make it with fhr.evaluation.feature_table"
            )
        columns = table[list(features.names)]
        if self.make is None:
            return KernelLineMaker(columns, features.column_groups, self.name)
        return OnTableMaker(self.make, columns, "ph" if self.on_ph else "label", self.name)


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
