"""Risk through a recording, window by window."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from fhr.confidence import PREDICTION_COLUMNS, Prediction, to_frame
from fhr.errors import FHRError, SignalError
from fhr.recording import PATH, RECORD, Recording, Step, TableColumn, column_names

__all__ = ["TIMELINE_COLUMNS", "through_recording"]

_KEY = (RECORD.name, PATH.name)
TIMELINE_COLUMNS = (
    *(column for column in PREDICTION_COLUMNS if column.name not in _KEY),
    TableColumn("end", "end of the window, from the start of the recording", "min", "number", 4),
    TableColumn("to_end", "from there to the end of the recording", "min", "number", 4),
    *(column for column in PREDICTION_COLUMNS if column.name in _KEY),
)
"""Columns of `Predictor.timeline`."""


def through_recording(
    recording: Recording,
    predict_all: Callable[[Sequence[Recording]], tuple[list[Prediction], dict[str, str]]],
    *,
    minutes: float,
    step: float = 5.0,
) -> pd.DataFrame:
    """Predictions for the recording as if it had ended every `step` minutes, see `Predictor.timeline`.

    The probability of a row is not one of an outcome so many minutes later, its sets guarantee nothing, and
    neighbouring rows share most of their signal.

    Args:
        recording: of any length from one window on.
        predict_all: predictions of recordings, and by name the reason for each that cannot be used.
        minutes: least length of a recording that can be predicted.
        step: minutes from one window to the next.

    Returns:
        The columns of `to_frame`, with `end` and `to_end` before the key, see `TIMELINE_COLUMNS`.

    Raises:
        FHRError: a step that is not positive or shorter than a sample.
        SignalError: a recording that is shorter than one window, or without a usable one.
    """
    samples = step * 60 * recording.fs
    if not (np.isfinite(samples) and samples >= 1):
        raise FHRError(f"step={step} min at {recording.fs:g} Hz; give a positive number of minutes, such as 5")
    shortest = round(minutes * 60 * recording.fs)
    n_windows = max(int((len(recording) - shortest) // samples), 0) + 1
    ends = [len(recording) - round(k * samples) for k in range(n_windows - 1, -1, -1)]
    cut = [replace(_until(recording, end), name=str(end)) for end in ends]
    predictions, _ = predict_all(cut)
    if not predictions:
        _, unusable = predict_all([recording])  # by its own name
        raise SignalError(unusable[recording.name])
    end = np.array([int(prediction.name) for prediction in predictions]) / recording.fs / 60
    to_end = recording.duration / 60 - end
    named = [
        replace(p, name=recording.name, warnings=(*p.warnings, *_extrapolation(t)))
        for p, t in zip(predictions, to_end, strict=True)
    ]
    return to_frame(named).assign(end=end, to_end=to_end)[list(column_names(TIMELINE_COLUMNS))]


def _until(recording: Recording, end: int) -> Recording:
    """The recording as if it had ended at sample `end`."""
    if end == len(recording):
        return recording
    mhr = None if recording.mhr is None else recording.mhr[:end]
    begun = recording.stage2_start < end / recording.fs
    return recording.after(
        Step("end", {"sample": end}),
        fhr=recording.fhr[:end],
        uc=recording.uc[:end],
        mhr=mhr,
        stage2_start=recording.stage2_start if begun else np.nan,
        clinical=replace(recording.clinical, second_stage=np.nan),  # nobody knows its length before it is over
    )


def _extrapolation(to_end: float) -> tuple[str, ...]:
    if to_end == 0:
        return ()
    return (f"{to_end:.3g} min before the end of the recording, where the network learnt nothing",)
