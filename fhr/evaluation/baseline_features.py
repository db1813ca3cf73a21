"""Feature table of the baselines and controls: one row a record, whatever else a model sees of it."""

import logging
from collections.abc import Iterable
from dataclasses import replace
from math import isnan

import numpy as np
import pandas as pd

from fhr.errors import SignalError
from fhr.features import DEEP_CTG, ORDER_STATISTICS, FeatureSet, deep_ctg, order_statistics
from fhr.preprocessing import DEFAULT_STEPS, clean, cut_from
from fhr.recording import Recording, named_once

__all__ = ["BASELINE_COLUMNS", "HURST", "LENGTHS", "STAGE2", "baseline_table", "without_lengths"]

_log = logging.getLogger(__name__)

HURST = "hurst_60"
STAGE2 = "stage2_minutes"
BASELINE_COLUMNS = (*ORDER_STATISTICS, HURST, *DEEP_CTG, STAGE2)
"""The columns of `baseline_table`."""
LENGTHS = (STAGE2, "window", "start_s", "end_s", "to_end_s")
"""Columns, here and in `fhr.features.read_features`, that say how long a labour or its second stage was."""

_LAST_HOUR = FeatureSet(groups=("multiscale",), minutes=60)


def baseline_table(recordings: Iterable[Recording]) -> pd.DataFrame:
    """The features of every entry of `BASELINES`.

    - the 21 order statistics, of FHR as it was read (`fhr.features.order_statistics`);
    - hurst_60: half the slope of the wavelet spectrum, scales 3 to 8 at 4 Hz (`fhr.multiscale.analyze`), of the last
      60 min of cleaned FHR;
    - the four features of DeepCTG 1.0, of cleaned FHR (`fhr.features.deep_ctg`);
    - stage2_minutes: length of the second stage of labour, min; 0 where there was none. It is a control and no
      feature: it is known only once the child is born, and how long it was left to last tells how well the child
      seemed to be.

    Of windows that were cut out of recordings (`Pipeline.cut`) everything but the control is computed from the window
    alone: names such as `mad_60` then mean as much of it as there is.

    Args:
        recordings: any iterable; it is read once, one recording at a time.

    Returns:
        Index `record` (names), columns `BASELINE_COLUMNS`, in the order given; NaN where a recording is too short, too
        coarsely sampled, or holds too little signal. How much is missing is in the log.

    Raises:
        FHRError: two recordings of the same name, whose rows could not be told apart.
    """
    rows = {
        recording.name: [
            *order_statistics(recording.fhr, fs=recording.fs),
            _hurst(recording),
            *_deep_ctg(recording),
            _stage2(recording),
        ]
        for recording in named_once(recordings)
    }
    index = pd.Index(list(rows), name="record", dtype=object)
    table = pd.DataFrame(list(rows.values()), index=index, columns=list(BASELINE_COLUMNS), dtype=float)
    for column in (HURST, DEEP_CTG[0]):
        if missing := int(table[column].isna().sum()):
            _log.info("%s cannot be computed of %d of %d recordings", column, missing, len(table))
    return table


def without_lengths(table: pd.DataFrame) -> pd.DataFrame:
    """Columns of a table that a model may be given: all but `LENGTHS`, which tell the outcome.

    A table of nothing else is kept: it is a control.
    """
    kept = [column for column in table.columns if column not in LENGTHS]
    return table[kept] if kept and len(kept) < len(table.columns) else table


def _hurst(recording: Recording) -> float:
    hour = _LAST_HOUR
    if cut_from(recording):  # a window, of which all is taken
        hour = replace(hour, minutes=min(hour.minutes, recording.duration / 60))
    try:
        return float(hour(recording)[hour.names.index("hurst")])
    except SignalError as error:  # shorter than an hour, or not at a multiple of 4 Hz
        _log.debug("no %s: %s", HURST, error)
        return np.nan


def _deep_ctg(recording: Recording) -> np.ndarray:
    try:
        return deep_ctg(clean(recording, DEFAULT_STEPS).fhr, recording.uc, fs=recording.fs)
    except SignalError as error:  # below 1 Hz
        _log.debug("%s: no %s: %s", recording.name, DEEP_CTG, error)
        return np.full(len(DEEP_CTG), np.nan)


def _stage2(recording: Recording) -> float:
    minutes = recording.clinical.second_stage
    if isnan(minutes):  # not noted: from where it began, if it did
        minutes = (recording.duration - recording.stage2_start) / 60
    return 0.0 if isnan(minutes) else minutes
