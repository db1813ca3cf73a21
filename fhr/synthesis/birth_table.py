"""Table of births: what a bank of simulated labours and the records of a training fold are compared by."""

import logging
from collections.abc import Iterable
from math import isnan

import numpy as np
import pandas as pd

from fhr.errors import SignalError
from fhr.features import ORDER_STATISTICS, FeatureSet, order_statistics
from fhr.recording import Recording, named_once

__all__ = ["BIRTH_COLUMNS", "birth_table"]

_log = logging.getLogger(__name__)

MORPHOLOGY = FeatureSet(groups=("morphology",), minutes=60)
"""What a clinician reads in the last 60 min: baseline, accelerations, decelerations, contractions, variability."""
BIRTH_COLUMNS = (*ORDER_STATISTICS, *MORPHOLOGY.names, "section")
"""Columns of `birth_table`."""


def birth_table(recordings: Iterable[Recording]) -> pd.DataFrame:
    """Features of each birth that go with its outcome, none of them its outcome.

    - the 21 order statistics of FHR as it was read (`fhr.features.order_statistics`);
    - the morphology of the last 60 min of cleaned FHR (`fhr.features.FeatureSet`);
    - section: 1 where there was no second stage, else 0. It is no feature of a model, but how many of those with the
      label were born so is one of the things that a simulator is tuned to.

    Args:
        recordings: any iterable; it is read once, one recording at a time.

    Returns:
        Index `record` (names), columns `BIRTH_COLUMNS`; NaN where a recording is too short or holds too little signal.

    Raises:
        FHRError: two recordings of the same name, whose rows could not be told apart.
    """
    rows = {recording.name: birth_row(recording) for recording in named_once(recordings)}
    index = pd.Index(list(rows), name="record", dtype=object)
    return pd.DataFrame(list(rows.values()), index=index, columns=list(BIRTH_COLUMNS), dtype=float)


def birth_row(recording: Recording) -> np.ndarray:
    """The row of one birth, float64 (len(BIRTH_COLUMNS),)."""
    try:
        read = MORPHOLOGY(recording)
    except SignalError as error:  # shorter than an hour, or not at a multiple of 4 Hz
        _log.debug("no morphology: %s", error)
        read = np.full(len(MORPHOLOGY.names), np.nan)
    section = isnan(recording.stage2_start) and not recording.clinical.second_stage > 0
    return np.array([*order_statistics(recording.fhr, fs=recording.fs), *read, float(section)])
