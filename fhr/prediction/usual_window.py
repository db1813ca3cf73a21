"""The window beside which networks are explained: the heart rate at its baseline, the uterus at rest, the same gaps."""

import numpy as np

from fhr.morphology import find
from fhr.preprocessing import Pipeline, Window, fill_runs, last_minutes
from fhr.recording import Recording

__all__ = ["at_rest", "usual_window"]


def at_rest(recording: Recording) -> tuple[np.ndarray, np.ndarray]:
    """FHR and UC (n,) float64 without variability, accelerations, decelerations and contractions.

    FHR is its own baseline (`fhr.morphology.find`) wherever it was measured, UC a straight line from onset to end of
    each contraction. What is missing stays missing; where no baseline can be given the heart rate stays as it is.

    Args:
        recording: cleaned.

    Raises:
        SignalError: a recording below 1 Hz.
    """
    fhr, uc, fs = recording.fhr.astype(np.float64), recording.uc.astype(np.float64), recording.fs
    found, n = find(fhr, uc, fs), len(recording)
    start, end = (np.rint(t * fs).astype(np.intp).clip(0, n) for t in found.contractions[:2])
    contracted, known = fill_runs(start, end, n), ~np.isnan(uc)
    resting = np.flatnonzero(known & ~contracted)
    if len(resting):
        uc = np.where(known & contracted, np.interp(np.arange(n), resting, uc[resting]), uc)
    return np.where(np.isnan(fhr) | np.isnan(found.baseline), fhr, found.baseline), uc


def usual_window(window: Window, pipeline: Pipeline) -> np.ndarray:
    """The window of a recording at rest, see `at_rest`, with the mask of the window.

    What the level of the baseline itself adds to a score cannot be told beside this.

    Args:
        window: prepared by the pipeline.
        pipeline: of the networks.

    Returns:
        float32 (channel, time), as `window.signal`.

    Raises:
        SignalError: a recording below 1 Hz.
    """
    recording, minutes = window.recording, pipeline.n_times / pipeline.fs / 60
    resting = dict(zip(("fhr", "uc"), at_rest(recording), strict=True))
    usual = window.signal.copy()
    for row, channel in zip(usual, pipeline.channels, strict=True):
        if channel in resting:
            row[:] = pipeline.plane(channel, last_minutes(resting[channel], recording.fs, minutes), recording.fs)
    return usual
