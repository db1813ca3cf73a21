"""Risk through a recording, window by window."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from fhr.errors import FHRError
from fhr.recording import Recording, Step

from .prediction import to_frame

if TYPE_CHECKING:
    from .predictor import Predictor

__all__ = ["timeline"]


def timeline(predictor: "Predictor", recording: Recording, *, step: float = 5.0) -> pd.DataFrame:
    """What the predictor would have said every `step` minutes, had the recording ended there.

    The window slides back from the end; nothing after a window's end is used, neither by the network nor by the
    features, cleaning or confidence. A network that learnt from the last minutes before birth knows nothing of earlier
    hours: every row but the last is an extrapolation, and says so in its warnings. Its probability is not one of an
    outcome so many minutes later, its sets guarantee nothing, and neighbouring rows share most of their signal.

    Args:
        predictor: of a classification.
        recording: of any length from one window on.
        step: minutes from one window to the next.

    Returns:
        The columns of `fhr.prediction.to_frame`, then `end` (min from the start of the recording to the window's end)
        and `to_end` (min from there to the end of the recording), in order of time. Windows without valid signal are
        left out.

    Raises:
        FHRError: a step that is not positive or shorter than a sample.
        SignalError: a recording that is shorter than one window, or without a usable one.
    """
    samples = step * 60 * recording.fs
    if not (np.isfinite(samples) and samples >= 1):
        raise FHRError(f"step={step} min at {recording.fs:g} Hz; give a positive number of minutes, such as 5")
    minutes = predictor.pipeline.minutes
    if predictor.features is not None:
        minutes = max(minutes, predictor.features.minutes)
    shortest = round(minutes * 60 * recording.fs)
    n_windows = max(int((len(recording) - shortest) // samples), 0) + 1
    ends = [len(recording) - round(k * samples) for k in range(n_windows - 1, -1, -1)]
    cut = [replace(_until(recording, end), name=str(end)) for end in ends]
    predictions, _ = predictor.predict_all(cut)
    if not predictions:
        predictor.predict(recording)  # raises, with the reason
    end = np.array([int(prediction.name) for prediction in predictions]) / recording.fs / 60
    to_end = recording.duration / 60 - end
    named = [
        replace(p, name=recording.name, warnings=(*p.warnings, *_extrapolation(t)))
        for p, t in zip(predictions, to_end, strict=True)
    ]
    return to_frame(named).assign(end=end, to_end=to_end)


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
    )


def _extrapolation(to_end: float) -> tuple[str, ...]:
    if to_end == 0:
        return ()
    return (f"{to_end:.3g} min before the end of the recording, where the network learnt nothing",)
