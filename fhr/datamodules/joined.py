"""Recordings that a generator made, prepared to be trained on beside the records of a fold, or in place of them."""

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
import pandas as pd

from fhr.datasets import Database, told_of_use
from fhr.errors import FHRError
from fhr.features import FeatureSet
from fhr.preprocessing import Pipeline
from fhr.recording import Heritage, Recording

from .features import compute_features

__all__ = ["Joined", "joined"]


class Joined(NamedTuple):
    """Recordings that can be trained on, by name.

    Attributes:
        signals: prepared windows.
        labels: 0 or 1.
        outcomes: pH and base deficit among their columns, NaN where unknown.
        recordings: themselves.
        features: one row each; None where none are asked for.
    """

    signals: dict[str, np.ndarray]
    labels: pd.Series
    outcomes: pd.DataFrame
    recordings: dict[str, Recording]
    features: pd.DataFrame | None


def joined(
    drawn: Database, target: str, pipeline: Pipeline, features: FeatureSet | None, *, taken: Collection[str]
) -> Joined:
    """Prepare recordings that were drawn, as the records of the fold are.

    Args:
        drawn: with their outcomes; those without the outcome, or that cannot be prepared, are left out.
        target: the label with its inequality.
        pipeline: of the windows.
        features: beside the signal; None for none.
        taken: names of the records.

    Raises:
        FHRError: a name that a record has, or recordings that cannot be used.
        CheckpointError: drawn by what was fitted to test records, in a cross-validation.
    """
    if pipeline.is_cut:  # features and typicality see the window alone
        drawn = drawn.changed(pipeline.cut)
    composition = drawn.composition
    told_of_use(lambda: Heritage(drawn.digests, composition).seen, f"what is trained on {drawn.origin} has")
    if twice := {*drawn.names} & {*taken}:
        raise FHRError(f"the recording {min(twice)!r} that was drawn has the name of a record; draw other names")
    windows, unusable = pipeline.prepare(drawn)
    signals = {window.recording.name: window.signal for window in windows}
    labels = drawn.labels(target).dropna()
    more = None if features is None else compute_features(drawn, features)
    without = {*unusable, *(() if more is None else more.unusable)}
    names = [name for name in drawn.names if name in labels.index and name in signals and name not in without]
    if not names:
        raise FHRError(f"{drawn.origin}: none of {len(drawn)} recordings can be trained on; draw more, or longer ones")
    return Joined(
        {name: signals[name] for name in names},
        labels.loc[names],
        drawn.outcomes.loc[names],
        {name: drawn[name] for name in names},
        None if more is None else more.table.loc[names],
    )
