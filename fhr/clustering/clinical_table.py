"""`clinical_table`: what an obstetrician would ask of the windows in which kinds are sought, and of their births."""

import logging
from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import pandas as pd

from fhr.compute import progress
from fhr.datasets import Target
from fhr.errors import DatasetNotFoundError, FHRError, SignalError
from fhr.features import FeatureSet
from fhr.recording import Outcome, Recording
from fhr.similarity import LabourWindows, OpenIndex, SimilarityIndex

from .clinical_columns import CLINICAL
from .points import Points

__all__ = ["clinical_table"]

_log = logging.getLogger(__name__)


def clinical_table(
    among: OpenIndex | SimilarityIndex, points: Points | None = None, *, targets: Sequence[str] = ("ph<=7.15",)
) -> pd.DataFrame:
    """Morphology of the very windows of an index, outcomes and covariates, for `what_distinguishes`.

    Args:
        among: the index; only an opened one, whose recordings are at hand, gives more than outcomes.
        points: `Points.of_index` of it; None for all windows.
        targets: labels of outcomes, as columns of 0 and 1.

    Returns:
        A row a point in their order, by name of the labour; a column of which nothing is known is left out.
        `attrs["said"]` holds sentences on what is missing.

    Raises:
        FHRError: points of another index, a recording that has changed since the index was made, or nothing known.
    """
    opened = among if isinstance(among, OpenIndex) else OpenIndex(among, None)
    index, said = opened.index, list[str]()
    rows = np.arange(len(index.windows)) if points is None else points.rows
    windows = index.windows.iloc[rows[rows < len(index.windows)]]
    if points is not None and not np.array_equal(windows["record"].to_numpy().astype(str), points.names):
        raise FHRError("the points are not of this index; take those of `Points.of_index`")
    births = index.labours[list(asdict(Outcome()))].copy()
    features = FeatureSet(groups=("morphology",), minutes=index.minutes)
    morphology = np.full((len(windows), len(features.names)), np.nan)
    if opened.recordings is None:
        said.append("the recordings are not at hand: outcomes alone are compared")
    else:
        places = windows.reset_index(drop=True).groupby("record").groups
        for name, some in progress(places.items(), description="clinical table", total=len(places)):
            try:
                recording = opened.recording(str(name))
                morphology[some] = _features(recording, index, features, windows["end_s"].to_numpy()[some])
            except (DatasetNotFoundError, SignalError) as error:
                said.append(f"{name} lacks its morphology: {error}")
                _log.info("%s lacks its morphology: %s", name, error)
                continue
            births.loc[name, list(CLINICAL)] = [number(recording.clinical) for number in CLINICAL.values()]
            births.loc[name, list(asdict(recording.outcome))] = list(asdict(recording.outcome).values())
    for target in map(Target, targets):
        births[str(target)] = target(births)
    names = pd.Index(windows["record"].astype(str), name="record")
    table = pd.DataFrame(morphology, index=names, columns=list(features.names)).join(births)
    table = table.dropna(axis=1, how="all")
    if not table.shape[1]:
        raise FHRError(f"nothing is known of the labours of {index.origin}: no recording is at hand, and no outcome")
    if seen := index.n_learnt_from:
        said.append(f"the embedding learnt from {seen} of the labours: an outcome that it learnt from is not apart")
    table.attrs["said"] = said
    return table


def _features(recording: Recording, index: SimilarityIndex, features: FeatureSet, ends: np.ndarray) -> np.ndarray:
    """Features of the windows of a recording that end there."""
    cut = LabourWindows.of(recording, minutes=index.minutes, fs=features.fs, step=index.step, steps=features.steps)
    places = np.abs(cut.end[:, None] - ends).argmin(axis=0)
    signal = cut.signal[places].astype(np.float64)
    return features.compute(signal[:, 0], signal[:, 1])
